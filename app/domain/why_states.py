"""How a message stands, in a word or two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.domain.speech import current, say, to_say
from app.domain.why import WAIT, Notification, Quiet, Thread
from app.domain.why_reasons import REASONS, title

_NOUNS_WITH_CAPITALS: Final = frozenset({"de"})
"""There a title goes on with its capital inside another sentence."""


@dataclass(frozen=True, slots=True)
class State:
    """How a message stands, in a word or two. shape: a `.st-*` class."""

    shape: str
    words: str


def state_of(thread: Thread) -> State:
    """How one channel stands."""
    last = thread.last
    if isinstance(last, Notification):
        return state_of_row(last)
    if isinstance(last, Quiet):
        if last.action == WAIT:
            return State("held", say("Held"))
        return State("skipped", say("Not sent: {reason}", reason=_inside(title(last.reason))))
    if thread.talk is not None and thread.talk.due_at is not None:
        return State("held", say("Waiting"))
    return State("skipped", say("Not sent"))


_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "sent": ("departed", to_say("Sent")),
    "delivered": ("ok", to_say("Delivered")),
    "failed": ("failed", to_say("Failed")),
    "undelivered": ("failed", to_say("Not delivered")),
    "retrying": ("held", to_say("Trying again")),
    "unknown": ("held", to_say("Not known whether it arrived")),
}


def state_of_row(row: Notification) -> State:
    """How a notification stands."""
    if row.status == "skipped":
        code = row.reason or ""
        reason = title(code) if code in REASONS else code
        return State("skipped", say("Skipped: {reason}", reason=_inside(reason)))
    status = row.delivery if row.delivery in {"delivered", "undelivered"} else row.status
    if status not in _STATES:
        return State("held", status.capitalize())
    shape, words = _STATES[status]
    return State(shape, say(words))


def _inside(text: str) -> str:
    """A title in the middle of a sentence."""
    return text if current().language in _NOUNS_WITH_CAPITALS else f"{text[:1].lower()}{text[1:]}"
