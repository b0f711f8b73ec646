"""The cookie of a person who is signed in: 256 random bits, and the row of `sessions` that they find."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, g, request

from app.store.sessions import Session, Sessions
from app.web.csrf import cookie_name, is_secure
from app.web.services import Services, services

_NAME = "gatecall-person"


def sessions(parts: Services) -> Sessions:
    """The store of sessions, as long as SESSION_DAYS."""
    return Sessions(parts.database, timedelta(days=parts.settings.session_days))


def value() -> str | None:
    """What the browser sent; None when it sent nothing."""
    return request.cookies.get(cookie_name(services().settings, _NAME))


def present() -> Session | None:
    """The session of the present request, None when nobody is signed in. Asked of MongoDB once a request; raises
    PyMongoError."""
    if "person_session" not in g:
        parts, sent = services(), value()
        g.person_session = sessions(parts).find(sent, parts.now()) if sent else None
    found: Session | None = g.person_session
    return found


def give(answer: Response, new: str) -> None:
    """Set the cookie of a session that begins. Whatever the browser had before is replaced, never taken over."""
    settings = services().settings
    answer.set_cookie(
        cookie_name(settings, _NAME),
        new,
        max_age=timedelta(days=settings.session_days),
        secure=is_secure(settings),
        httponly=True,
        samesite="Lax",
        path="/",
    )


def take(answer: Response) -> None:
    """Have the browser forget the cookie."""
    settings = services().settings
    answer.delete_cookie(
        cookie_name(settings, _NAME), path="/", secure=is_secure(settings), httponly=True, samesite="Lax"
    )
