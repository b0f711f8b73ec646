"""How a server or a service of a person's own stands, in their language: for the pages Webhook and Apprise."""

from __future__ import annotations

from app.domain.speech import say


def said_to_stop(reason: object, at: str | None) -> str:
    """Why nothing goes there any more. at: since when, as the person reads times."""
    if reason == "gone":
        return say("Stopped on {time}, because it answered that it is gone.", time=at)
    return say("Stopped on {time}, because it failed for too long.", time=at)


def said_to_fail(since: str | None, answer: str, until: str | None) -> str:
    """That it does not work now. answer: the server's words; since, until: as the person reads times."""
    return say(
        "Since {time}: {answer}. It is tried again after {until}.", time=since, answer=answer, until=until
    )
