"""Staff sign in with their key; a signed cookie keeps them signed in for some hours.

The cookie holds no key, only which key it was. It ends with its time, with signing out, and when that key is
taken out of the settings. Every view of a guarded blueprint is closed unless it is named as open, and every
form that changes something carries a token of its session.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection
from datetime import datetime, timedelta

import structlog
from flask import Blueprint, Flask, Response, redirect, render_template, request, session, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import Forbidden

from app.settings import Settings
from app.store.tries import Tries
from app.web.services import Services, services

log = structlog.get_logger()

SIGN_IN, SIGN_OUT = "staff.sign_in", "staff.sign_out"

_WHO, _SINCE = "staff", "since"
_LEAST_SECRET = 32
_TRIES, _WINDOW = 10, timedelta(minutes=10)
_LONGEST_KEY = 200
# Where a browser may be sent after signing in: our own pages for staff.
_OWN = re.compile(r"/staff(/[A-Za-z0-9._~%:@|+-]+)*/?(\?[A-Za-z0-9._~%:@|+&=-]*)?")
_UNCHANGING = frozenset({"GET", "HEAD", "OPTIONS"})

_csrf = CSRFProtect()


def configure(app: Flask, settings: Settings) -> None:
    """Set how sessions and tokens of forms are made. Without SECRET_KEY nobody can sign in."""
    secure = settings.public_url.startswith("https://")
    app.config.update(
        SECRET_KEY=_secret(settings),
        # A browser takes the first name only over https, for this host alone (RFC 6265bis, 4.1.3.2).
        SESSION_COOKIE_NAME="__Host-gatecall" if secure else "gatecall",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_CHECK_DEFAULT=False,  # the API takes no cookies, so it needs no tokens
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        WTF_CSRF_SSL_STRICT=False,  # the Referrer-Policy may leave no referrer to compare
    )
    _csrf.init_app(app)


def guard(blueprint: Blueprint, *, open_to_all: Collection[str] = ()) -> None:
    """Close every view of the blueprint to all who are not signed in.

    open_to_all: endpoints that stay open, like "staff.sign_in". What changes something (POST and its like) needs the
    form's token also there. Whoever asks for a page is sent to the sign-in, everything else is refused.
    """

    @blueprint.before_request
    def check() -> Response | None:
        if request.endpoint not in open_to_all and staff_id() is None:
            if request.method not in _UNCHANGING:
                raise Forbidden("Your session has ended, and nothing was changed. Sign in and do it again.")
            wanted = request.full_path.rstrip("?")
            return redirect(url_for(SIGN_IN, next=wanted), 303)  # type: ignore[return-value]
        if request.method not in _UNCHANGING:
            _check_token()
        return None

    @blueprint.after_request
    def keep_nothing(answer: Response) -> Response:
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["X-Robots-Tag"] = "noindex"
        answer.headers["Referrer-Policy"] = "same-origin"
        return answer


def staff_id() -> str | None:
    """Who is signed in, as an id that says nothing about the key ("staff:0123456789ab"); None for nobody."""
    parts = services()
    who, since = session.get(_WHO), session.get(_SINCE)
    if not (isinstance(who, str) and isinstance(since, str)):
        return None
    if who not in {_id_of(known) for known in parts.settings.staff_key_hashes}:
        return None
    lasts = timedelta(hours=parts.settings.staff_session_hours)
    return who if parts.now() - datetime.fromisoformat(since) < lasts else None


def signed_in() -> str:
    """The same within a guarded view, where somebody is."""
    who = staff_id()
    if who is None:
        raise Forbidden("Nobody is signed in.")
    return who


def sign_in() -> tuple[str, int] | Response:
    """The form, and what it sends: the key is compared in constant time, and wrong ones are limited per address."""
    parts = services()
    wanted = _own_address(request.values.get("next", ""))
    closed = _why_closed(parts.settings)
    if closed:
        return render_template("staff/sign_in.html", closed=closed), 403
    if request.method != "POST":
        return redirect(wanted, 303) if staff_id() else _form(wanted)  # type: ignore[return-value]
    who = _who_has(request.form.get("key", ""), parts.settings)
    if who is None:
        return _refused(wanted, parts)
    session.clear()
    session[_WHO], session[_SINCE] = who, parts.now().isoformat()
    log.info("staff signed in", staff=who)
    return redirect(wanted, 303)  # type: ignore[return-value]


def _refused(wanted: str, parts: Services) -> tuple[str, int]:
    """Only wrong keys count: behind a proxy all share an address, and nobody may lock the others out."""
    tries = Tries(parts.database, "staff", _TRIES, _WINDOW)
    if tries.take(request.remote_addr or "unknown", parts.now()):
        log.warning("sign-in as staff refused")
        return _form(
            wanted, "This is not a staff key of this system. Look for blanks or missing letters.", 401
        )
    log.warning("too many tries to sign in as staff")
    minutes = _WINDOW // timedelta(minutes=1)
    words = (
        f"This is not a staff key, and there were too many tries from your address. Wait {minutes} minutes."
    )
    return _form(wanted, words, 429)


def sign_out() -> Response:
    """End the session in this browser."""
    session.clear()
    return redirect(url_for(SIGN_IN), 303)  # type: ignore[return-value]


def _form(wanted: str, wrong: str | None = None, status: int = 200) -> tuple[str, int]:
    return render_template("staff/sign_in.html", wanted=wanted, wrong=wrong), status


def _who_has(key: str, settings: Settings) -> str | None:
    digest = hashlib.sha256(key.strip()[:_LONGEST_KEY].encode("utf-8", "surrogateescape")).hexdigest()
    # All hashes are compared, so that the time tells nothing about which one is near.
    matching = [known for known in settings.staff_key_hashes if hmac.compare_digest(known, digest)]
    return _id_of(matching[0]) if matching else None


def _id_of(key_hash: str) -> str:
    """The same id as `staff_key.identify` gives."""
    return f"staff:{key_hash[:12]}"


def _own_address(wanted: str) -> str:
    return wanted if _OWN.fullmatch(wanted) else url_for("staff.home")


def _secret(settings: Settings) -> str | None:
    return settings.secret_key.get_secret_value() if settings.secret_key else None


def _why_closed(settings: Settings) -> str | None:
    secret = _secret(settings)
    if secret is None or len(secret) < _LEAST_SECRET:
        return f"Set SECRET_KEY to at least {_LEAST_SECRET} random characters and restart the web process."
    if not settings.staff_key_hashes:
        return "Make a key with `gatecall staff-key`, put its hash into STAFF_KEY_HASHES and restart."
    return None


def _check_token() -> None:
    if _why_closed(services().settings):
        return  # nothing can be changed without a session; sign_in says what is missing
    try:
        _csrf.protect()
    except CSRFError as error:
        words = "This form is of another session or too old, and nothing was changed. Load the page again."
        raise Forbidden(words) from error
