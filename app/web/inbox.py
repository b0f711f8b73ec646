"""The inbox of a person who is signed in: whether they have one, how much in it is new, what they have seen.

Pages, the API and the bar of every page ask here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask import Flask, g
from pymongo.errors import PyMongoError

from app.channels.inbox import NAME
from app.domain import people
from app.domain.reports import Report, State
from app.domain.speech import plural, say
from app.store import ids
from app.store.callbacks import Callbacks
from app.store.inbox import MOST_COUNTED, Inbox, Unseen
from app.store.linked import LinkedChannels
from app.store.suppressions import Suppressions
from app.web import person_cookie, reader
from app.web.services import Services, services

STOPPED_BY_CHOICE = "by_choice"
_AT_ONCE = 100
"""Entries that are reported before they are marked."""


def register(app: Flask) -> None:
    """Tell every template how much is new (`inbox_unseen()`, `inbox_words()`)."""

    @app.context_processor
    def names() -> dict[str, Any]:
        return {"inbox_unseen": present, "inbox_words": words}


def is_on(parts: Services, user: Mapping[str, Any]) -> bool:
    """Whether this person has an inbox."""
    return NAME in parts.settings.channels and NAME in people.links(user.get("linked"))


def present() -> Unseen | None:
    """What the reader of this page has not seen, asked of MongoDB once a request; None for whoever has no inbox, and
    while MongoDB does not answer."""
    if "inbox_unseen" not in g:
        g.inbox_unseen = _unseen()
    found: Unseen | None = g.inbox_unseen
    return found


def words(unseen: Unseen) -> str:
    """The count in words, for those who hear pages."""
    if unseen.count >= MOST_COUNTED:
        return say("{most} or more new entries in your inbox", most=MOST_COUNTED)
    if not unseen.count:
        return say("Nothing new in your inbox")
    return plural("{number} new entry in your inbox", "{number} new entries in your inbox", unseen.count)


def switch_on(parts: Services, person: str) -> None:
    """Give the person an inbox; its conversations begin in silence with what was announced. Raises PyMongoError."""
    _links(parts).link(person, NAME, person, parts.now())


def switch_off(parts: Services, person: str) -> None:
    """Nothing more comes; what is in the inbox stays until it is over. Raises PyMongoError."""
    _links(parts).stop(person, NAME, person, STOPPED_BY_CHOICE, None, parts.now())


def at_sign_in(parts: Services, user: Mapping[str, Any]) -> None:
    """Whoever signs in has an inbox from then on, unless they switched it off. Raises PyMongoError."""
    linked = user.get("linked")
    if NAME not in parts.settings.channels or (isinstance(linked, Mapping) and NAME in linked):
        return
    switch_on(parts, ids.text(user["_id"]))


def mark_seen(parts: Services, person: str, entries: Collection[str] | None, until: str | None = None) -> int:
    """The person has seen these entries, None for all; returns how many were new to them. Raises PyMongoError.

    until: the newest entry they were shown; what came later stays new. None for what is there now.

    The ledger learns it as a report of the channel, so that nothing waits for it any more. The report goes first: what
    is repeated after a crash is written once.
    """
    inbox, now = Inbox(parts.database), parts.now()
    callbacks = Callbacks(parts.database, Suppressions(parts.database, parts.settings))
    new, marked = inbox.new_among(person, entries, until), 0
    for start in range(0, len(new), _AT_ONCE):
        part = new[start : start + _AT_ONCE]
        for id_, is_news in part:
            if is_news:
                callbacks.take(Report(NAME, id_, State.READ, words="seen on the page"), now)
        marked += inbox.mark_seen(person, [id_ for id_, _ in part], now)
    return marked


def _unseen() -> Unseen | None:
    try:
        if reader.present() is None:
            return None
        session, parts = person_cookie.present(), services()
        if session is None or not is_on(parts, session.user):
            return None
        return Inbox(parts.database).unseen(ids.text(session.user["_id"]))
    except PyMongoError:
        return None  # the page that says so must be drawn all the same


def _links(parts: Services) -> LinkedChannels:
    return LinkedChannels(parts.database, Suppressions(parts.database, parts.settings))
