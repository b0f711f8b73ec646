"""A message to oneself, to see that it arrives: only to addresses that count, and a few an hour, or a form would be a
way to flood a mailbox."""

from __future__ import annotations

import base64
from datetime import timedelta

import structlog
from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from app.channels.addresses import address_on
from app.domain.errors import PermanentError
from app.domain.people import parse, speaking_as_chosen
from app.store.service_messages import Kind, ServiceMessages
from app.store.tries import Tries
from app.store.users import Users
from app.web import access, refusals
from app.web.pages import errors
from app.web.problems import Problem
from app.web.services import Services, services

log = structlog.get_logger()

MOST, WITHIN = 3, timedelta(hours=1)
_OF_USE = timedelta(minutes=15)
_THEN = "/my/profile?done=test"


def blueprint() -> Blueprint:
    """POST /my/test, for a person who is signed in."""
    made = Blueprint("trial_message", __name__)
    access.of_blueprint(made, access.PERSON)
    made.add_url_rule("/my/test", view_func=view, endpoint="send", methods=["POST"])
    errors.register(made)
    made.register_error_handler(Problem, _refused)
    return made


def view() -> Response:
    """Send a test by the channel that the form names, and go back to the profile."""
    send(services(), access.own(), request.form.get("channel", ""))
    return redirect(_THEN, 303)


def _refused(found: Problem) -> tuple[str, int, dict[str, str]]:
    title, words = refusals.said(found.title), refusals.said(found.detail)
    body = render_template("error.html", title=title, words=words, reference=None, again=False, sign_in=False)
    return body, found.status, found.headers


def send(parts: Services, person: str, channel: str) -> str:
    """Have a test message sent to the person's own address; its id.

    Raises Problem 400 for another channel or one without an address that counts, 429 when it was enough; PyMongoError.
    """
    user = Users(parts.database).get(person)
    if user is None or channel not in parts.settings.channels:
        raise Problem(400, "There is no such channel", f"Name one of {', '.join(parts.settings.channels)}.")
    try:
        own = parse(user)
        address = address_on(channel, own)
    except PermanentError as error:
        raise Problem(400, "Nothing was sent", f"There is no verified address for it: {error}.") from error
    if not Tries(parts.database, "test-send", MOST, WITHIN).take(person, parts.now()):
        seconds = int(WITHIN.total_seconds())
        words = f"{MOST} tests an hour are enough. Try again later."
        raise Problem(429, "Too many tests", words, headers={"Retry-After": str(seconds)})
    sealed = ServiceMessages(parts.database, parts.settings.signing_keys)
    kept = own.sealed.get(channel)
    details = {"sealed": base64.b64encode(kept).decode()} if kept else {}
    with speaking_as_chosen(user):
        sent = sealed.post(Kind.TEST, channel, address, details, parts.now(), _OF_USE)
    log.info("test message asked for", person=person, channel=channel)
    return sent
