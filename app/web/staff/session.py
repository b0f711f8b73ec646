"""Staff sign in with their key; a signed cookie keeps them signed in for some hours.

The cookie holds no key, only which key it was. It ends with its time, with signing out, and when that key is
taken out of the settings. Who is signed in as a person with the role staff or admin comes in, too.
"""

from __future__ import annotations

import re
from datetime import timedelta

import structlog
from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden

from app.domain.speech import plural, say
from app.settings import Settings
from app.store.tries import Tries
from app.store.users import ADMIN, STAFF
from app.web import access, csrf, reader, staff_key
from app.web.services import Services, services

log = structlog.get_logger()

SIGN_IN, SIGN_OUT = "staff.sign_in", "staff.sign_out"

_TRIES, _WINDOW = 10, timedelta(minutes=10)
# Where a browser may be sent after signing in: our own pages for staff.
_OWN = re.compile(r"/staff(/[A-Za-z0-9._~%:@|+-]+)*/?(\?[A-Za-z0-9._~%:@|+&=-]*)?")


def guard(blueprint: Blueprint) -> None:
    """Close every view of the blueprint that is not declared open to all who are not staff; keep nothing of them."""
    access.of_blueprint(blueprint, access.STAFF_ALONE)
    blueprint.after_request(reader.keep_nothing)


def staff_id() -> str | None:
    """Who of staff is signed in, as an id that says nothing about the key ("staff:0123456789ab", "person:ID"); None
    for nobody."""
    who = access.asker()
    return who.label if who.roles & {STAFF, ADMIN} else None


def signed_in() -> str:
    """The same within a guarded view, where somebody is."""
    who = staff_id()
    if who is None:
        raise Forbidden(say("Nobody is signed in."))
    return who


@access.public
def sign_in() -> tuple[str, int] | Response:
    """The form, and what it sends: the key is compared in constant time, and wrong ones are limited per address."""
    parts = services()
    wanted = _own_address(request.values.get("next", ""))
    closed = _why_closed(parts.settings)
    if closed:
        return render_template("staff/sign_in.html", closed=closed), 403
    if request.method != "POST":
        return redirect(wanted, 303) if staff_id() else _form(wanted)  # type: ignore[return-value]
    who = staff_key.who_has(request.form.get("key", ""), parts.settings)
    if who is None:
        return _refused(wanted, parts)
    staff_key.remember(who, parts.now())
    log.info("staff signed in", staff=who)
    return redirect(wanted, 303)  # type: ignore[return-value]


def _refused(wanted: str, parts: Services) -> tuple[str, int]:
    """Only wrong keys count: behind a proxy all share an address, and nobody may lock the others out."""
    tries = Tries(parts.database, "staff", _TRIES, _WINDOW)
    if tries.take(request.remote_addr or "unknown", parts.now()):
        log.warning("sign-in as staff refused")
        words = say("This is not a staff key of this system. Look for blanks or missing letters.")
        return _form(wanted, words, 401)
    log.warning("too many tries to sign in as staff")
    words = plural(
        "This is not a staff key, and there were too many tries from your address. Wait {number} minute.",
        "This is not a staff key, and there were too many tries from your address. Wait {number} minutes.",
        _WINDOW // timedelta(minutes=1),
    )
    return _form(wanted, words, 429)


def sign_out() -> Response:
    """End the session in this browser."""
    staff_key.forget()
    return redirect(url_for(SIGN_IN), 303)  # type: ignore[return-value]


def _form(wanted: str, wrong: str | None = None, status: int = 200) -> tuple[str, int]:
    return render_template("staff/sign_in.html", wanted=wanted, wrong=wrong), status


def _own_address(wanted: str) -> str:
    return wanted if _OWN.fullmatch(wanted) else url_for("staff.home")


def _why_closed(settings: Settings) -> str | None:
    if not csrf.is_possible(settings):
        return say(
            "Set SECRET_KEY to at least {number} random characters and restart the web process.",
            number=csrf.LEAST_SECRET,
        )
    if not settings.staff_key_hashes:
        return say("Make a key with `gatecall staff-key`, put its hash into STAFF_KEY_HASHES and restart.")
    return None
