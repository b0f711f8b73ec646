"""What I was told and what not, newest first, each with the whole chain behind "Why?"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import request

from app.domain import alert_words, speech, why_reasons, why_words
from app.domain.speech import say
from app.domain.why import WAIT, Chain, Notification, Quiet
from app.domain.why_view import Line, View
from app.domain.why_view import view as view_of
from app.domain.why_words import State
from app.store import why_rows
from app.store.own_notifications import LEDGER, OwnNotifications
from app.store.why import WhyReader
from app.web import access
from app.web.api.answers import Mark, cursor_after, wanted_page
from app.web.my import frame, inbox, notification_filter
from app.web.my.frame import Answer, Document
from app.web.problems import Problem
from app.web.services import Services, services

PAGE = 20
"""Messages on a page: each has its chain in it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A message, or the decision not to send one now. lines: the chain, () when the change is too long ago."""

    title: str
    channel: str
    channel_name: str
    at: str
    state: State
    lines: tuple[Line, ...]
    place: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Day:
    """Entries of one day in the person's zone."""

    name: str
    entries: tuple[Entry, ...]


class Chains:
    """The chains of a page: those of a mail and of the text with the same news are one, read once."""

    def __init__(self, parts: Services, person: str) -> None:
        self._parts = parts
        self._person = person
        self._reader = WhyReader(parts.database)
        self._found: dict[str, tuple[Chain, View] | None] = {}

    def of(self, event_id: str) -> tuple[Chain, View] | None:
        """The chain of an event and its words; None when nothing knows of it any more."""
        if event_id not in self._found:
            event = self._reader.event(event_id)
            chain = self._reader.chain(event, self._person) if event else None
            self._found[event_id] = (chain, view_of(chain, self._parts.clock, you=True)) if chain else None
        return self._found[event_id]


def view() -> Answer:
    """A page of the history; `?cursor=` for what is older, `show`, `channel` and `about` for a part of it."""
    user, parts = frame.own(), services()
    try:
        asked = wanted_page({"limit": str(PAGE)} | _given("cursor"))
        wanted = notification_filter.read(request.args)
    except Problem as problem:
        return frame.problem(problem)
    before = (asked.after.at, asked.after.id) if asked.after else None
    store = OwnNotifications(parts.database)
    held = store.held(access.own())
    rows = store.page(access.own(), before, PAGE + 1, wanted, held)
    chains = Chains(parts, access.own())
    days: dict[str, list[Entry]] = {}
    for collection, at, row in rows[:PAGE]:
        name = frame.shown_day(parts.clock.at(at), user)
        days.setdefault(name, []).append(_entry(collection, row, user, parts, chains, row["_id"] in held))
    counts = store.counts(access.own(), wanted, held)
    since = parts.now() - timedelta(days=7)
    return frame.draw(
        "notifications.html",
        days=tuple(Day(name, tuple(entries)) for name, entries in days.items()),
        older=cursor_after([Mark(at, row["_id"]) for _, at, row in rows], PAGE),
        is_first=before is None,
        inbox=inbox.top(user, parts) if before is None and wanted.is_everything else None,
        may_have_inbox=inbox.may_be_switched_on(user, parts),
        filter=notification_filter.shown(parts.database, wanted, counts),
        figures=notification_filter.figures(store.since(access.own(), since, notification_filter.MOST)),
    )


def _given(name: str) -> dict[str, str]:
    value = request.args.get(name)
    return {name: value} if value else {}


def _entry(
    collection: str,
    row: Document,
    user: Mapping[str, Any],
    parts: Services,
    chains: Chains,
    is_held: bool,
) -> Entry:
    item = why_rows.notification(row) if collection == LEDGER else why_rows.quiet(row)
    channel = str(row["channel"])
    found = chains.of(item.event_id)
    chain, shown = found if found else (None, None)
    lines, title = tuple[Line, ...](), None
    if chain is not None and shown is not None:
        own = next((one for one in shown.channels if one.channel == channel), None)
        lines = (*shown.lines, *(own.lines if own else ()))
        title = _news(chain, item)
    at = item.created_at if isinstance(item, Notification) else item.decided_at
    told = item.title if isinstance(item, Notification) else None
    return Entry(
        title=told
        or title
        or alert_words.capital(why_words.changes(item.changes))
        or say("News about a flight"),
        channel=channel,
        channel_name=why_words.channel_name(channel),
        at=frame.shown_time(parts.clock.at(at), user),
        state=_state(item, is_held, user, parts),
        lines=lines,
        place=shown.place if shown else None,
        url=_url(chain),
    )


def _state(item: Notification | Quiet, is_held: bool, user: Mapping[str, Any], parts: Services) -> State:
    if isinstance(item, Notification):
        return why_words.state_of_row(item)
    if item.action != WAIT:
        return State(
            "skipped", say("Not sent: {reason}", reason=_behind_a_colon(why_reasons.title(item.reason)))
        )
    if not is_held:
        return State("skipped", say("Was held, then decided anew"))
    if item.until is None:
        return State("held", say("Held"))
    until = parts.clock.at(item.until)
    if (until - parts.clock()).total_seconds() < 72_000:
        return State("held", say("Held until {time}", time=frame.shown_time(until, user)))
    return State("held", say("Held until {time}", time=frame.shown_moment(until, user)))


def _behind_a_colon(title: str) -> str:
    """English goes on in small letters; elsewhere the first word may be a noun."""
    return title[:1].lower() + title[1:] if speech.current().language == speech.ENGLISH else title


def _news(chain: Chain, item: Notification | Quiet) -> str | None:
    """What a message would have said: the flight or airport, and what changed."""
    changed = why_words.changes(item.changes or chain.event.changes)
    if chain.about is None:
        return None
    return f"{chain.title}: {changed}" if changed else chain.title


def _url(chain: Chain | None) -> str | None:
    return chain.path if chain else None
