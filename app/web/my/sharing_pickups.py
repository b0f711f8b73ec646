"""Whom I asked to pick me up, as my page lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain import airlines
from app.domain.errors import BadEventError
from app.domain.flight import parse
from app.domain.speech import say, to_say
from app.store import shown
from app.store.pickups import State
from app.web import access, picking_up
from app.web.my import frame
from app.web.my.frame import Document
from app.web.services import services


@dataclass(frozen=True, slots=True)
class Listed:
    """One who was asked. shape: of the pill that says how it stands. is_over: nothing comes to them."""

    id: str
    name: str
    detail: str
    words: str
    shape: str
    is_over: bool


_WORDS: Mapping[State, tuple[str, str]] = {
    State.ASKED: (to_say("Asked"), "held"),
    State.AGREED: (to_say("Agreed"), "ok"),
    State.DECLINED: (to_say("Said no"), "skipped"),
    State.STOPPED: (to_say("Stopped"), "skipped"),
    State.EXPIRED: (to_say("No answer"), "skipped"),
}


def listed(user: Document) -> list[Listed]:
    """Everybody the person asked, the latest first."""
    parts = services()
    found = picking_up.of(parts, access.own())
    documents = shown.by_ids(parts.database, {one.flight for one in found})
    rows = []
    for one in found:
        state = one.state_at(parts.now())
        words, shape = _WORDS[state]
        flight = _name(documents.get(one.flight))
        detail = say("{flight}, {mailbox}", flight=flight, mailbox=one.mailbox)
        if state is State.ASKED:
            until = frame.shown_moment(parts.clock.at(one.until), user)
            detail = say(
                "{flight}, {mailbox}. Until {until}", flight=flight, mailbox=one.mailbox, until=until
            )
        is_over = state not in {State.ASKED, State.AGREED}
        rows.append(Listed(one.id, one.name, detail, say(words), shape, is_over))
    return rows


def _name(document: Document | None) -> str:
    try:
        return airlines.written(parse(document or {}).flight_number)
    except (BadEventError, KeyError):
        return say("a flight that is gone")
