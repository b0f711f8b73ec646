"""Notifications as staff see them: what was sent, failed or skipped, and why; and sending one again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app.channels import registry
from app.domain import alert_words, speech, subjects
from app.domain.channels import LINKED, NAMES
from app.domain.news import Role
from app.domain.people import Person, masked_email, masked_words, shown_phone
from app.domain.reports import State
from app.domain.speech import say, say_as, to_say
from app.domain.why_fields import kind_words
from app.domain.why_reasons import REASONS, title
from app.domain.wording_terms import as_sentence
from app.store import resending
from app.store.conversations import FAILED
from app.store.notifications import Outcome, Status
from app.store.resending import FORCEABLE, TROUBLED, UNDELIVERED, Looked, Resending, Why
from app.store.suppressions import Suppressions
from app.web import refusals
from app.web.services import services
from app.web.staff import asked, session

log = structlog.get_logger()

_ENDPOINT, _ONE = "staff.notifications", "staff.notification"
_PAGE = 25
_LEAST_WORDS, _MOST_WORDS = 5, 300
_LABELS: Mapping[str, str] = {
    TROUBLED: to_say("Not sent"),
    UNDELIVERED: to_say("Not delivered"),
    "delivered": to_say("Delivered"),
    Status.SENT: to_say("Sent"),
    Status.FAILED: to_say("Failed"),
    Status.SKIPPED: to_say("Skipped"),
    Status.UNKNOWN: to_say("Unknown"),
    Status.RETRYING: to_say("Retrying"),
    "all": to_say("All"),
}
_OUTCOMES: Mapping[str, str] = {
    # Translators: how an attempt to send a message ended.
    Outcome.ACCEPTED: to_say("Accepted"),
    # Translators: how an attempt to send a message ended: it is to be tried again later.
    Outcome.LATER: to_say("Later"),
    # Translators: how an attempt to send a message ended: it was refused for good.
    Outcome.NEVER: to_say("Never"),
    Outcome.UNKNOWN: to_say("Unknown"),
}
_REPORTS: Mapping[str, str] = {
    State.QUEUED: to_say("queued"),
    State.SENDING: to_say("sending"),
    State.SENT: to_say("sent"),
    State.DELAYED: to_say("delayed"),
    State.DELIVERED: to_say("delivered"),
    State.UNDELIVERED: to_say("undelivered"),
    State.READ: to_say("read"),
}
"""What a provider reports of a message."""
_ROLES: Mapping[str, str] = {
    Role.TRAVELLER: to_say("traveller"),
    Role.FOLLOWER: to_say("follower"),
    # Translators: somebody who picks a traveller up.
    Role.PICKUP: to_say("pickup"),
    # Translators: somebody who made a fare alert.
    Role.ALERT: to_say("alert"),
}
_WITH_CAPITALS = frozenset({"de"})
"""Languages in which a sentence behind a colon begins with a capital."""
_REPORTED = frozenset({"delivered", UNDELIVERED})
_SHAPES = {"sent": "ok", "delivered": "ok", "skipped": "skipped", "retrying": "held", "unknown": "held"}


@dataclass(frozen=True, slots=True)
class Row:
    """A notification in the list. shape: of its status; tries: how many attempts there were."""

    id: str
    at: datetime
    status: str
    shape: str
    flight: str
    title: str
    channel: str
    person: str
    reason: str
    tries: int
    again: int


def view() -> str:
    """The list with its filters. :raise 400: a filter cannot be understood."""
    parts = services()
    args, number = request.args, asked.page_number(request.args)
    statuses = (TROUBLED, *map(str, Status), UNDELIVERED, "all")
    status = asked.one_of(args, "status", statuses, TROUBLED)
    channel = asked.one_of(args, "channel", ("all", *NAMES), "all")
    wanted = resending.query(
        status=None if status == "all" else status,
        person=asked.text(args, "person"),
        channel=None if channel == "all" else channel,
        since=asked.moment(args, "since"),
        until=asked.moment(args, "until"),
    )
    skip = (number - 1) * _PAGE
    found = resending.find(parts.database, wanted, asked.text(args, "about"), skip=skip, limit=_PAGE + 1)
    return render_template(
        "staff/notifications.html",
        rows=[_row(row) for row in found[:_PAGE]],
        args=args,
        statuses=[(one, status_label(one)) for one in statuses],
        status=status,
        channels=("all", *NAMES),
        channel=channel,
        pages={
            "number": number,
            "previous": asked.address(_ENDPOINT, args, page=number - 1) if number > 1 else None,
            "next": asked.address(_ENDPOINT, args, page=number + 1) if len(found) > _PAGE else None,
        },
    )


def detail() -> str | tuple[str, int]:
    """One notification: its attempts, the provider's words, its history, and the form that sends it again.

    Its id is `?id=`. :raise 404: there is none.
    """
    return _detail(request.args.get("id", ""))


def send_again() -> Response | tuple[str, int]:
    """Send a notification again, with the reason of whoever asks. :raise 404: there is no such notification."""
    parts = services()
    row_id, words = request.form.get("id", ""), " ".join(request.form.get("why", "").split())
    if not _LEAST_WORDS <= len(words) <= _MOST_WORDS:
        wrong = say(
            "Say why, in {least} to {most} characters: whoever looks later wants to know.",
            least=_LEAST_WORDS,
            most=_MOST_WORDS,
        )
        return _detail(row_id, wrong=wrong, typed=words), 400
    who, force = session.signed_in(), request.form.get("force") == "yes"
    why_not = _resending().send(row_id, who, words, parts.now(), parts.clock(), force=force)
    if why_not is Why.NO_NOTIFICATION:
        raise NotFound(say("There is no such notification."))
    if why_not is not None:
        return _detail(
            row_id, wrong=say("Not sent again: {reason}.", reason=_clause(why_not)), typed=words
        ), 409
    log.info("notification sent again by staff", notification_id=row_id, staff=who, forced=force)
    return redirect(url_for(_ONE, id=row_id, did="again"), 303)


def _detail(row_id: str, *, wrong: str | None = None, typed: str = "") -> str:
    looked = _resending().look(row_id, services().clock())
    if looked is None:
        raise NotFound(
            say("There is no such notification. Notifications are kept 13 months unless set otherwise.")
        )
    row = looked.row
    return render_template(
        "staff/notification.html",
        row=_row(row),
        kinds=_kinds(row),
        raw=row,
        reported=_reported((row.get("delivery") or {}).get("state")),
        attempts=[_attempt(attempt) for attempt in row["attempts"]],
        words=masked_words((row.get("delivery") or {}).get("words") or ""),
        address=_address(looked.person, row["channel"]),
        person=looked.person is not None,
        role=say(_ROLES[looked.role]) if looked.role else None,
        state=_state(looked),
        changes=_changes(row),
        why_not=_clause(looked.why_not) if looked.why_not else None,
        forceable=looked.why_not in FORCEABLE,
        wrong=wrong,
        typed=typed,
        did=request.args.get("did") == "again",
    )


def status_label(status: str) -> str:
    """How a notification stands, in a word or two; a status without one as it is stored."""
    return say(_LABELS[status]) if status in _LABELS else status.capitalize()


def _attempt(attempt: Mapping[str, Any]) -> dict[str, Any]:
    """An attempt as the page shows it: outcome and reports in words, a provider's own words masked."""
    reports = [
        {**report, "state": alert_words.capital(_reported(report["state"]))}
        for report in attempt.get("reports") or ()
    ]
    outcome = attempt["outcome"]
    return {
        **attempt,
        "outcome": say(_OUTCOMES[outcome]) if outcome in _OUTCOMES else outcome.capitalize(),
        "words": masked_words(attempt.get("words") or ""),
        "reports": reports,
    }


def _reported(state: str | None) -> str:
    """What a provider reported, in a word; "" when it reported nothing."""
    if not state:
        return ""
    return say(_REPORTS[state]) if state in _REPORTS else state


def _kinds(row: Mapping[str, Any]) -> str:
    return ", ".join(kind_words(str(kind)) for kind in row.get("kinds", ()))


def _clause(why: Why) -> str:
    """Why it is not sent again, as it goes on behind a colon, without a full stop."""
    words = refusals.as_sentence(why).rstrip(".।")
    return words if speech.current().language in _WITH_CAPITALS else words[:1].lower() + words[1:]


def _resending() -> Resending:
    parts = services()
    settings = parts.settings
    channels = {channel.name: channel for channel in registry.open_all(settings)}
    return Resending(parts.database, channels, settings.rules, Suppressions(parts.database, settings))


def _row(row: Mapping[str, Any]) -> Row:
    status, kind = _status(row), subjects.of(row["subject"])
    reason = (row["delivery"].get("words") if status == UNDELIVERED else None) or row.get("reason") or ""
    return Row(
        id=row["_id"],
        at=row["created_at"],
        status=status_label(status),
        shape=_SHAPES.get(status, "failed"),
        flight=kind.line(kind.parse(row["to"])),
        title=row.get("title") or _kinds(row),
        channel=row["channel"],
        person=row["person"],
        reason=_reason(reason),
        tries=len(row.get("attempts", ())),
        again=len(row.get("again", ())),
    )


def _reason(reason: str) -> str:
    """Why, in words, and what staff can do; a provider's own words masked."""
    if reason not in REASONS:
        return masked_words(reason)
    what = as_sentence(title(reason))
    if reason.startswith("suppressed_"):
        remedy = say("{command} uses the address again.", command="`gatecall suppressions remove`")
        return f"{what} {say(REASONS[reason][1])} {remedy}"
    return what


def _status(row: Mapping[str, Any]) -> str:
    """How it stands: as the ledger has it, or where its provider knows more, as that reported."""
    reported = (row.get("delivery") or {}).get("state")
    return str(reported if row["status"] == Status.SENT and reported in _REPORTED else row["status"])


def _address(person: Person | None, channel: str) -> str:
    """Masked, or that there is none."""
    if person is not None and channel in LINKED:
        # shown whole, the address of a webhook would be a key to somebody's house
        return say_as("address", "linked") if channel in person.linked else say_as("address", "none")
    address = {"email": person.email, "sms": person.phone}.get(channel) if person else None
    if address is None:
        return say_as("address", "none")
    return masked_email(address) if channel == "email" else shown_phone(address)


def _state(looked: Looked) -> str:
    """How the conversation stands, in a sentence."""
    conversation = looked.conversation
    if conversation is None:
        return say("It has ended; nothing more is said about it.")
    if "claim" in conversation:
        return say("It is being sent now.")
    if "due_at" in conversation:
        later = conversation.get("not_before") or conversation["due_at"]
        return say(
            "It is due; delivery takes it at {time} UTC or as soon as it can.",
            time=f"{later:%Y-%m-%d %H:%M:%S}",
        )
    if "fold" in conversation:
        return say(
            "It waits for the person's digest, at {time} UTC.", time=f"{conversation['fold']:%Y-%m-%d %H:%M}"
        )
    if conversation.get("status") == FAILED:
        return say("The last message failed for good; the next change tries anew.")
    if conversation.get("doubt"):
        return say("It is not known whether the last message arrived.")
    if resending.is_undelivered(looked.row):
        return say("The message came back, so the person may not know how the flight stands.")
    if conversation.get("heard") == conversation.get("want"):
        return say("The person knows how the flight stands.")
    return say("What differs from what the person heard was not worth a message, or came too late.")


def _changes(row: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Field, before, after: what the message was about."""
    before, after = row.get("from") or {}, row["to"]
    names = [*after, *(name for name in before if name not in after)]
    differing = [name for name in names if before.get(name) != after.get(name)]
    return [
        (n.replace("_", " "), *(str(of.get(n) or say_as("value", "none")) for of in (before, after)))
        for n in differing
    ]
