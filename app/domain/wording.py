"""Every sentence a person reads in a message about a flight, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.flight import Flight
from app.domain.news import Kind, Role


@dataclass(frozen=True, slots=True)
class FlightNews:
    """What is to be said to one person about one flight.

    kinds: most important first, at least one. doubtful: an earlier message may or may not have arrived, so say
    "now: ..." instead of "was ...". found_late: the change was found after a gap. changed_at: when it was saved, now:
    the present; both on the domain clock, aware UTC. public_url: no slash at its end.
    """

    heard: Flight
    want: Flight
    kinds: tuple[Kind, ...]
    role: Role
    doubtful: bool
    found_late: bool
    changed_at: datetime
    now: datetime
    public_url: str


@dataclass(frozen=True, slots=True)
class Highlight:
    """The change itself, set large. tone is "change" or "bad"; old is None when it is not to be shown."""

    label: str
    old: str | None
    new: str
    note: str | None
    tone: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message in words, before it becomes an e-mail or an SMS.

    subject: one line, the news itself. opening: the news in a sentence or two. facts: label and value, in
    order. advice: what to do, a sentence each. link: label and address. footer: why this person gets it, and
    when it was changed and sent. sms: the whole text of at most one part where possible.
    """

    subject: str
    headline: str
    preheader: str
    opening: str
    highlight: Highlight
    facts: tuple[tuple[str, str], ...]
    advice: tuple[str, ...]
    link: tuple[str, str]
    footer: tuple[str, ...]
    sms: str


def compose(news: FlightNews) -> Message:
    """The message for one person about one flight."""
    raise NotImplementedError
