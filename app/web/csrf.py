"""Cookies and the tokens of forms: whoever comes with a cookie proves that the form was ours.

Flask's own cookie is signed, not secret; it holds the token's counterpart and staff's key id. Who is signed in as a
person is in a cookie of its own (app/web/person_cookie.py).
"""

from __future__ import annotations

from flask import Flask
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import Forbidden

from app.domain.speech import say
from app.settings import Settings

LEAST_SECRET = 32
"""Characters that SECRET_KEY must have before anybody can sign in."""

_csrf = CSRFProtect()


def configure(app: Flask, settings: Settings) -> None:
    """Set how sessions and tokens of forms are made. Without SECRET_KEY nobody can sign in."""
    secure = is_secure(settings)
    app.config.update(
        SECRET_KEY=settings.secret_key.get_secret_value() if settings.secret_key else None,
        SESSION_COOKIE_NAME=cookie_name(settings, "gatecall"),
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_CHECK_DEFAULT=False,  # access.py says which requests need one
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        WTF_CSRF_SSL_STRICT=False,  # the Referrer-Policy may leave no referrer to compare
    )
    _csrf.init_app(app)


def is_secure(settings: Settings) -> bool:
    """Whether people come over https, so that cookies travel over nothing else."""
    return settings.public_url.startswith("https://")


def cookie_name(settings: Settings, name: str) -> str:
    """The cookie's name; a browser takes the first form only over https, for this host alone (RFC 6265bis,
    4.1.3.2)."""
    return f"__Host-{name}" if is_secure(settings) else name


def is_possible(settings: Settings) -> bool:
    """Whether SECRET_KEY is there and long enough for sessions and tokens."""
    return settings.secret_key is not None and len(settings.secret_key.get_secret_value()) >= LEAST_SECRET


def check() -> None:
    """Raises Forbidden unless the present request has the token of its session: the form's field `csrf_token`, or
    the header X-CSRFToken."""
    try:
        _csrf.protect()
    except CSRFError as error:
        raise Forbidden(
            say("This form is of another session or too old, and nothing was changed. Load the page again.")
        ) from error
