"""Signing out: here, or everywhere. The row goes, so the cookie is nothing any more, wherever it still is."""

from __future__ import annotations

import structlog
from flask import Response, redirect, session, url_for

from app.web import access, person_cookie
from app.web.services import services

log = structlog.get_logger()


@access.person
def sign_out() -> Response:
    """End the session of this browser."""
    value = person_cookie.value()
    assert value is not None, "who is signed in has a cookie"
    person_cookie.sessions(services()).end(value)
    log.info("a person signed out", person=access.own())
    return left()


@access.person
def everywhere() -> Response:
    """End every session of the person."""
    ended = person_cookie.sessions(services()).end_all(access.own())
    log.info("a person signed out everywhere", person=access.own(), sessions=ended)
    return left()


def left() -> Response:
    """The answer that has the browser forget who was signed in, and leads to the board."""
    session.clear()
    answer: Response = redirect(url_for("pages.board"), 303)  # type: ignore[assignment]
    person_cookie.take(answer)
    return answer
