"""My inbox: what I was told, as it comes. The pages are whole without a script; with it, new entries appear by
themselves, and what was on the screen counts as seen.

A page asks for its news and waits: for so long at most, so many pages of one person, and so many of all.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson
from flask import Blueprint, current_app, render_template, request
from werkzeug.wrappers import Response

from app.channels.inbox import NAME
from app.store.inbox import Inbox, Unseen
from app.web import access, inbox, person_cookie
from app.web.api.answers import Mark, cursor_after, wanted_page
from app.web.my import frame
from app.web.my.frame import Answer, Document
from app.web.problems import Problem
from app.web.services import Services, services

FEW, PAGE = 6, 20
"""Entries at the top of the first of my pages, and on a page of the inbox."""
LONGEST_WAIT_S = 25
_LOOK_EVERY_S = 1.0
_OF_ONE = 4
"""So many pages of one person may wait at the same time."""
_EXTENSION = "gatecall-inbox"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is shown. url: a page of ours or somebody's https address, None without. is_latest: nothing newer
    is known about the same flight."""

    id: str
    title: str
    lines: tuple[str, ...]
    at: str
    url: str | None
    label: str
    why: str | None
    tone: str
    is_new: bool
    is_latest: bool


@dataclass(frozen=True, slots=True)
class Box:
    """The inbox as a page shows it. unseen: in all of it. has_more: there are older entries."""

    entries: tuple[Entry, ...]
    unseen: Unseen
    has_more: bool


class WaitingPages:
    """How many pages may wait at the same time; the others are answered at once. Safe for several threads."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._waiting: Counter[str] = Counter()
        self._lock = threading.Lock()

    def enter(self, person: str) -> bool:
        """Take a place; False when there is none, or the person has enough. Every True needs one `leave`."""
        with self._lock:
            if self._waiting.total() >= self._places or self._waiting[person] >= _OF_ONE:
                return False
            self._waiting[person] += 1
        return True

    def leave(self, person: str) -> None:
        """Give the place back."""
        with self._lock:
            self._waiting[person] -= 1
            if not self._waiting[person]:
                del self._waiting[person]


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.add_url_rule("/inbox", view_func=view, endpoint="inbox", methods=["GET"])
    blueprint.add_url_rule("/inbox/newest", view_func=newest, endpoint="inbox_newest", methods=["GET"])
    blueprint.add_url_rule("/inbox/news", view_func=news, endpoint="inbox_news", methods=["GET"])
    for path, view_func in (("seen", seen), ("on", switch_on), ("off", switch_off)):
        blueprint.add_url_rule(
            f"/inbox/{path}", view_func=view_func, endpoint=f"inbox_{path}", methods=["POST"]
        )
    blueprint.record_once(
        lambda state: state.app.extensions.setdefault(
            _EXTENSION, WaitingPages(state.app.extensions["gatecall"].settings.inbox_waiting)
        )
    )


def view() -> Answer:
    """All of the inbox, a page at a time; `?cursor=` for what is older."""
    user, parts = frame.own(), services()
    cursor = request.args.get("cursor")
    try:
        asked = wanted_page({"limit": str(PAGE)} | ({"cursor": cursor} if cursor else {}))
    except Problem as problem:
        return frame.problem(problem)
    before = (asked.after.at, asked.after.id) if asked.after else None
    store, person = Inbox(parts.database), access.own()
    unseen = store.unseen(person)  # first: what comes meanwhile is not what the button marks
    rows = store.page(person, before, PAGE + 1)
    return frame.draw(
        "inbox.html",
        box=_box(rows, PAGE, user, parts, unseen),
        is_on=inbox.is_on(parts, user),
        may_be_on=may_be_switched_on(user, parts),
        is_first=before is None,
        older=cursor_after([Mark(row["at"], row["_id"]) for row in rows], PAGE),
    )


def newest() -> str:
    """The entries at the top, as a part of a page that a script puts in the place of the one it has."""
    shown = top(frame.own(), services())
    return render_template("my/inbox_part.html", box=shown) if shown else ""


def news() -> Response:
    """How much is new: at once when `state` is not what it was, else as soon as it changes or after `wait` seconds.

    Raises Problem 401 when the person signed out meanwhile.
    """
    person, parts = access.own(), services()
    store, known = Inbox(parts.database), request.args.get("state", "")
    found = store.unseen(person)
    if found.state == known and (wait_s := _wait_s()) > 0:
        found = _waited(store, person, found, wait_s, parts)
        sent = person_cookie.value()
        if sent is None or person_cookie.sessions(parts).find(sent, parts.now()) is None:
            raise Problem(401, "Signed out", "Sign in again.")
    body = {
        "state": found.state,
        "unseen": found.count,
        "words": inbox.words(found),
        "newest": found.newest,
    }
    return cast(Response, current_app.response_class(orjson.dumps(body), content_type="application/json"))


def seen() -> Response:
    """Everything was seen that was there when the page was drawn: `until` is the newest of it."""
    inbox.mark_seen(services(), access.own(), None, request.form.get("until") or None)
    return frame.back("my.inbox" if request.form.get("from") == "inbox" else "my.notifications", "inbox-seen")


def switch_on() -> Response:
    """Have an inbox from now on. Raises Problem 403 while there are none."""
    if NAME not in services().settings.channels:
        raise Problem(403, "There are no inboxes", "This system has them switched off.")
    inbox.switch_on(services(), access.own())
    return frame.back("my.notifications", "inbox-on")


def switch_off() -> Response:
    """Nothing more comes to the inbox."""
    inbox.switch_off(services(), access.own())
    return frame.back("my.inbox", "inbox-off")


def top(user: Mapping[str, Any], parts: Services) -> Box | None:
    """What stands at the top of my first page; None for whoever has no inbox."""
    if not inbox.is_on(parts, user):
        return None
    store, person = Inbox(parts.database), access.own()
    unseen = store.unseen(person)  # first, as above
    return _box(store.page(person, None, FEW + 1), FEW, user, parts, unseen)


def may_be_switched_on(user: Mapping[str, Any], parts: Services) -> bool:
    """Whether there are inboxes, and this person has none."""
    return NAME in parts.settings.channels and not inbox.is_on(parts, user)


def _box(rows: list[Document], most: int, user: Mapping[str, Any], parts: Services, unseen: Unseen) -> Box:
    store, person = Inbox(parts.database), access.own()
    latest = store.latest(person, {row["subject"] for row in rows[:most] if row["subject"]})
    entries = tuple(_entry(row, user, parts, latest) for row in rows[:most])
    return Box(entries, unseen, len(rows) > most)


def _entry(row: Document, user: Mapping[str, Any], parts: Services, latest: frozenset[str]) -> Entry:
    url = str(row["link"]["url"])
    return Entry(
        id=row["_id"],
        title=row["title"],
        lines=tuple(row["lines"]),
        at=frame.shown_moment(parts.clock.at(row["at"]), user),
        url=url if url.startswith(("/", "https://")) and not url.startswith("//") else None,
        label=row["link"]["label"],
        why=row.get("why"),
        tone=row["tone"],
        is_new=row.get("unseen") is True,
        is_latest=row["subject"] is None or row["_id"] in latest,
    )


def _waited(store: Inbox, person: str, found: Unseen, wait_s: float, parts: Services) -> Unseen:
    """What is new after something changed or the time was over; at once when there is no place to wait."""
    room: WaitingPages = current_app.extensions[_EXTENSION]
    if not room.enter(person):
        return found
    try:
        known, ends = found.state, time.monotonic() + wait_s
        while found.state == known and not parts.feed.closed and (left := ends - time.monotonic()) > 0:
            time.sleep(min(_LOOK_EVERY_S, left))
            found = store.unseen(person)
    finally:
        room.leave(person)
    return found


def _wait_s() -> int:
    text = request.args.get("wait", "0")
    return min(int(text), LONGEST_WAIT_S) if text.isascii() and text.isdigit() and len(text) < 5 else 0
