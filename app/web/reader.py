"""Whom a page is drawn for: the bar shows who is signed in, and what was drawn for a person is kept by nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, g, request
from pymongo.errors import PyMongoError

from app.domain import people, speech
from app.store import ids
from app.web import csrf, person_cookie
from app.web.services import services

_OPEN = frozenset({"pages", "sign_in", "my", "stopping"})
"""Blueprints whose pages have the bar with the person in it."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A person who is signed in. initials: one or two capitals, "" when the name has none. language: a tag of
    `speech.LANGUAGES`; None when they chose none of those. clock: 12 or 24; None when they chose none."""

    person: str
    name: str
    initials: str
    language: str | None
    clock: int | None


def register(app: Flask) -> None:
    """Tell every template who reads it (`reader()`, `can_sign_in()`), and keep pages of persons out of caches."""

    @app.context_processor
    def names() -> dict[str, Any]:
        return {"reader": present, "can_sign_in": lambda: csrf.is_possible(services().settings)}

    @app.after_request
    def keep_from_others(answer: Response) -> Response:
        # The page for an address that does not exist is of no blueprint, and may have the person in its bar, too.
        if request.blueprint in _OPEN or "reader" in g:
            answer.vary.add("Cookie")
        if g.get("reader") is not None:
            answer.headers.setdefault("Cache-Control", "private, no-store")
        return answer


def keep_nothing(answer: Response) -> Response:
    """After a request: the answer is kept nowhere and found by no search engine, and its address is told to no other
    site."""
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer


def present() -> Reader | None:
    """Who is signed in, asked of MongoDB once a request and only when the browser sent a person's cookie; None for
    everybody else, and while MongoDB does not answer."""
    if "reader" not in g:
        g.reader = _read()
    found: Reader | None = g.reader
    return found


def _read() -> Reader | None:
    if not csrf.is_possible(services().settings):
        return None
    try:
        session = person_cookie.present()
    except PyMongoError:
        return None  # the page that says so must be drawn all the same
    if session is None:
        return None
    name = people.parse(session.user).name
    words = [word for word in name.split() if word[:1].isalnum()]
    picked = [words[0], words[-1]] if len(words) > 1 else words
    initials = "".join(word[0] for word in picked).upper()
    language, clock = session.user.get("language"), session.user.get("clock")
    return Reader(
        ids.text(session.user["_id"]),
        name,
        initials,
        _spoken(language),
        clock if clock in (12, 24) else None,
    )


def _spoken(tag: object) -> str | None:
    """The language nearest to a tag of a person's document, if there is one."""
    if not isinstance(tag, str):
        return None
    main = tag.partition("-")[0].lower()
    return main if main in speech.LANGUAGES else None
