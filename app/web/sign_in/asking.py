"""Asking for a sign-in link: the form, and what happens to an address, the same for every address."""

from __future__ import annotations

import math
import re
import secrets
from datetime import datetime, timedelta

import structlog
from flask import Response, redirect, render_template, request, session, url_for

from app.channels.addresses import address_on
from app.domain.errors import PermanentError
from app.domain.people import Person
from app.domain.speech import minutes, say
from app.settings import Settings
from app.store.service_messages import Kind, ServiceMessages
from app.store.sign_ins import SignIns
from app.store.tries import Tries
from app.web import access, csrf
from app.web.services import Services, services
from app.web.sign_in import browsers, known_browser
from app.web.sign_in.lasting import sign_in_lasts
from app.web.sign_in.own_paths import own_path

log = structlog.get_logger()

NONCE = "gatecall-door"
PER_CLIENT, PER_PAIR, PER_ADDRESS, WINDOW = 20, 5, 15, timedelta(hours=1)
"""Links an hour: of one client to all addresses, of one client to one address, and to one address from all clients. A
browser that has signed in to an address has PER_PAIR for it of its own, which nobody else can use up."""
AGAIN_AFTER = timedelta(seconds=60)

_NONCE_BYTES = 16
_NONCE = re.compile(r"[A-Za-z0-9_-]{22}")
_LONGEST_ADDRESS = 320
_ASKED = "asked"

Answer = tuple[str, int] | Response


@access.public
def start() -> Answer:
    """GET: the form. POST: send a link to the address, whether or not anybody has it.

    No person is looked up, so that neither the answer nor its time says who is known here.
    """
    parts = services()
    wanted = own_path(request.values.get("next", ""))
    if closed := why_closed(parts.settings):
        return render_template("sign_in/start.html", closed=closed), 403
    if request.method != "POST":
        if access.asker().person is not None:
            return redirect(wanted, 303)  # type: ignore[return-value]
        return _form(wanted)
    given = request.form.get("email", "").strip()
    try:
        address = address_on("email", Person("", "", given[:_LONGEST_ADDRESS]))
    except PermanentError:
        return _form(wanted, say("Enter an e-mail address such as name@example.org"), 400, given)
    if wait_s := _wait_s(address, parts.now()):
        return _sent(address, wait_s)
    if not _may_send(address, parts):
        log.warning("too many sign-in links were asked for")
        return _form(
            wanted, say("Too many links were asked for. Wait an hour, or use the last one."), 429, given
        )
    return _send(address, wanted, parts)


@access.public
def sent() -> Answer:
    """What to do now that a link was sent; the button to send another, and when it works."""
    asked = session.get(_ASKED)
    if why_closed(services().settings) or not isinstance(asked, dict):
        return redirect(url_for("sign_in.start"), 303)  # type: ignore[return-value]
    return _sent(str(asked.get("address")), _wait_s(str(asked.get("address")), services().now()))


def nonce() -> str:
    """What binds links to this browser; "" when it never asked for one."""
    found = request.cookies.get(csrf.cookie_name(services().settings, NONCE), "")
    return found if _NONCE.fullmatch(found) else ""


def forget(answer: Response) -> None:
    """After a sign-in: the nonce is used up, and what was asked for is over."""
    settings = services().settings
    answer.delete_cookie(
        csrf.cookie_name(settings, NONCE),
        path="/",
        secure=csrf.is_secure(settings),
        httponly=True,
        samesite="Lax",
    )


def why_closed(settings: Settings) -> str | None:
    """Why nobody can sign in, for whoever runs the system; None when people can."""
    if not csrf.is_possible(settings):
        return say(
            "Set SECRET_KEY to at least {number} random characters and restart.", number=csrf.LEAST_SECRET
        )
    if "email" not in settings.channels:
        return say("Set MAIL_SERVER, so that links can be sent, and restart.")
    return None


def _may_send(address: str, parts: Services) -> bool:
    """Count one more link to an address; False when there were too many. Whether anybody has it is not asked.

    Of the client first: who asks for many addresses, or often for one, uses up nothing of anybody's.
    """
    now, to, client = parts.now(), address.lower(), request.remote_addr or "unknown"
    if (browser := known_browser.name_for(address)) is not None:
        return Tries(parts.database, "sign-in-known", PER_PAIR, WINDOW).take(f"{browser} {to}", now)
    return (
        Tries(parts.database, "sign-in-client", PER_CLIENT, WINDOW).take(client, now)
        and Tries(parts.database, "sign-in-pair", PER_PAIR, WINDOW).take(f"{client} {to}", now)
        and Tries(parts.database, "sign-in-address", PER_ADDRESS, WINDOW).take(to, now)
    )


def _send(address: str, wanted: str, parts: Services) -> Response:
    settings, now = parts.settings, parts.now()
    lasting = sign_in_lasts(settings)
    # A browser keeps its nonce, so that of two mails the first one works, too.
    own = nonce() or secrets.token_urlsafe(_NONCE_BYTES)
    token = SignIns(parts.database, lasting).begin(address, own, wanted, now)
    details = {"token": token, "minutes": str(settings.sign_in_minutes), "browser": browsers.name_of(request)}
    messages = ServiceMessages(parts.database, settings.signing_keys)
    messages.post(Kind.SIGN_IN, "email", address, details, now, lasting)
    session[_ASKED] = {"address": address, "at": now.timestamp(), "wanted": wanted}
    log.info("sign-in link asked for")
    answer: Response = redirect(url_for("sign_in.sent"), 303)  # type: ignore[assignment]
    answer.set_cookie(
        csrf.cookie_name(settings, NONCE),
        own,
        max_age=lasting * 2,
        secure=csrf.is_secure(settings),
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return answer


def _wait_s(address: str, now: datetime) -> int:
    """Seconds until this browser may have another link sent to the address; 0 when it may now."""
    asked = session.get(_ASKED)
    if not isinstance(asked, dict) or asked.get("address") != address:
        return 0
    at = asked.get("at")
    gone_s = now.timestamp() - at if isinstance(at, (int, float)) else math.inf
    return max(0, math.ceil(AGAIN_AFTER.total_seconds() - gone_s)) if gone_s >= 0 else 0


def _sent(address: str, wait_s: int) -> Answer:
    asked = session.get(_ASKED) or {}
    settings = services().settings
    page = render_template(
        "sign_in/sent.html",
        address=address,
        lasting=minutes(settings.sign_in_minutes),
        wait=f"{wait_s // 60}:{wait_s % 60:02d}" if wait_s else None,
        wait_s=wait_s,
        wanted=own_path(str(asked.get("wanted", ""))),
        sender=settings.mail_default_sender,
    )
    return page, 200


def _form(wanted: str, wrong: str | None = None, status: int = 200, email: str = "") -> Answer:
    page = render_template("sign_in/start.html", wanted=wanted, wrong=wrong, email=email[:_LONGEST_ADDRESS])
    return page, status
