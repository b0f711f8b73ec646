"""My webhook: where it leads, its secret, shown once, and what was sent there lately."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import Blueprint, request
from werkzeug.wrappers import Response

from app.channels import registry
from app.channels.webhook import WebhookChannel
from app.channels.webhook_guard import NotAllowedError
from app.channels.webhook_secrets import Secrets, SecretSeal, new_secret
from app.domain import wording_service
from app.domain.errors import GatecallError, TransientError, UnknownOutcomeError
from app.domain.people import Person, masked_words
from app.store import resending
from app.store.linked import LinkedChannels
from app.store.resending import Resending, Why
from app.store.suppressions import Suppressions
from app.store.tries import Tries
from app.web import access, choosing
from app.web.my import frame
from app.web.my.frame import Answer, Fields
from app.web.problems import Problem
from app.web.services import services

log = structlog.get_logger()

CHANNEL = "webhook"
TESTS_AN_HOUR = 10
AGAIN_AN_HOUR = 20
_SHOWN = 25
_WITHIN_S = 8.0
_LINKED = "Linked on the page Webhook"
_ENDED = "Unlinked on the page Webhook"
_STATES: Mapping[str, tuple[str, str]] = {
    "sent": ("ok", "Taken"),
    "failed": ("failed", "Failed"),
    "skipped": ("skipped", "Skipped"),
    "unknown": ("held", "No answer"),
    "retrying": ("held", "Tried again later"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How the webhook stands. address, since: None while none is linked. stopped: why nothing goes there any more.

    failing: since when and why it does not work now; None when it does. old_until: so long the old secret signs along.
    """

    is_on: bool
    address: str | None = None
    since: str | None = None
    stopped: str | None = None
    failing: str | None = None
    old_until: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to it. shape: of its status. words: of the server's last answer, "" without."""

    id: str
    at: str
    title: str
    shape: str
    status: str
    words: str
    tries: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a test came to. words: of the server, or why it could not be asked."""

    worked: bool
    words: str


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    rule = blueprint.add_url_rule
    rule("/webhook", view_func=view, endpoint="webhook", methods=["GET"])
    rule("/webhook/link", view_func=link, endpoint="link_webhook", methods=["POST"])
    rule("/webhook/secret", view_func=rotate, endpoint="rotate_webhook", methods=["POST"])
    rule("/webhook/test", view_func=test, endpoint="test_webhook", methods=["POST"])
    rule("/webhook/end", view_func=end, endpoint="unlink_webhook", methods=["POST"])
    rule("/webhook/again", view_func=again, endpoint="webhook_again", methods=["POST"])


def view() -> Answer:
    """What is linked, and what was sent there lately."""
    return _page(Fields({"url": ""}, {}))


def link() -> Answer:
    """Link an address, with a new secret that this answer alone shows; a test goes there at once.

    The test need not work: whoever checks signatures needs the secret first. Raises Problem: 403 while webhooks are
    off, 429 after too many tests.
    """
    parts, url = _on(), request.form.get("url", "").strip()
    _count_test()
    found = Secrets(new_secret())
    sealed = SecretSeal(parts.settings.signing_keys).sealed(found)
    person = Person(access.own(), "", linked={CHANNEL: url}, sealed={CHANNEL: sealed})
    try:
        outcome = _tested(person)
    except NotAllowedError as error:
        return _page(Fields({"url": url}, {"url": str(error)}), 422)
    if not _links().link(access.own(), CHANNEL, url, parts.now(), {"sealed": sealed}):
        raise frame.not_yours("person")
    choosing.prove(parts, frame.own(), CHANNEL, given=True, way="page", words=_LINKED)
    log.info("webhook linked", person=access.own())
    return _page(Fields({"url": ""}, {}), secret=found.present, outcome=outcome)


def rotate() -> Answer:
    """A new secret, which this answer alone shows; the old one signs along for a day. Raises Problem 409 when the
    webhook was changed meanwhile."""
    parts, row = _on(), _own_link()
    seal, sealed = SecretSeal(parts.settings.signing_keys), bytes(row["sealed"])
    try:
        found = seal.opened(sealed).rotated(parts.now())
    except TransientError:  # SECRET_KEY was changed: there is no old one any more
        found = Secrets(new_secret())
    if not _links().change(access.own(), CHANNEL, {"sealed": sealed}, {"sealed": seal.sealed(found)}):
        raise Problem(409, "Nothing was done", "The webhook was changed meanwhile. Look at it again.")
    log.info("webhook's secret replaced", person=access.own())
    return _page(Fields({"url": ""}, {}), secret=found.present)


def test() -> Answer:
    """Send a test there now, and say what came of it. Raises Problem 429 after too many."""
    _on()
    row = _own_link()
    _count_test()
    person = Person(
        access.own(), "", linked={CHANNEL: row["address"]}, sealed={CHANNEL: bytes(row["sealed"])}
    )
    try:
        outcome = _tested(person)
    except NotAllowedError as error:
        outcome = Outcome(worked=False, words=str(error))
    return _page(Fields({"url": ""}, {}), outcome=outcome)


def end() -> Response:
    """Nothing more goes there; what is open on it settles in silence."""
    parts, user = services(), frame.own()
    choosing.prove(parts, user, CHANNEL, given=False, way="page", words=_ENDED)
    _links().unlink(access.own(), CHANNEL)
    log.info("webhook unlinked", person=access.own())
    return frame.back("my.webhook", "webhook-ended")


def again() -> Response:
    """Send one of the messages again, as things stand now.

    Raises NotFound for what is not there or somebody else's, Problem 409 with the reason when it would be pointless,
    429 after too many.
    """
    parts, row_id = _on(), request.form.get("id", "")
    row = parts.database["notifications"].find_one({"_id": row_id}, {"person": 1, "channel": 1})
    if row is None or row["person"] != access.own() or row["channel"] != CHANNEL:
        raise frame.not_yours("message")
    if not Tries(parts.database, "webhook-again", AGAIN_AN_HOUR, timedelta(hours=1)).take(
        access.own(), parts.now()
    ):
        raise Problem(429, "Too many", f"At most {AGAIN_AN_HOUR} in an hour. Wait a little.")
    channels = {CHANNEL: registry.open_channel(CHANNEL, parts.settings)}
    store = Resending(
        parts.database, channels, parts.settings.rules, Suppressions(parts.database, parts.settings)
    )
    who, why = access.asker().label, "asked for on the page Webhook"
    refused = store.send(row_id, who, why, parts.now(), parts.clock(), force=True)
    if refused is Why.NO_NOTIFICATION:
        raise frame.not_yours("message")
    if refused is not None:
        raise Problem(409, "Not sent again", f"{str(refused)[:1].upper()}{str(refused)[1:]}.")
    return frame.back("my.webhook", "webhook-again")


def standing(user: Mapping[str, Any]) -> Standing:
    """How the webhook of the person who asks stands."""
    parts = services()
    is_on, row = CHANNEL in parts.settings.channels, _links().get(access.own(), CHANNEL)
    if row is None:
        return Standing(is_on)
    found = Standing(is_on, str(row.get("address")), _moment(row.get("since"), user))
    if stopped := row.get("stopped"):
        why = "it answered that it is gone" if stopped.get("reason") == "gone" else "it failed for too long"
        said = f" Its last answer: {masked_words(stopped['words'])}" if stopped.get("words") else ""
        return replace(found, stopped=f"Stopped on {_moment(stopped.get('at'), user)}, because {why}.{said}")
    if since := row.get("failing_since"):
        until, words = _moment(row.get("rests_until"), user), masked_words(row.get("words") or "no answer")
        found = replace(
            found, failing=f"Since {_moment(since, user)}: {words}. It is tried again after {until}."
        )
    try:
        own = SecretSeal(parts.settings.signing_keys).opened(bytes(row.get("sealed") or b""))
    except (GatecallError, ValueError):
        return found
    signs_along = len(own.at(parts.now())) > 1
    return replace(found, old_until=_moment(own.old_until, user)) if signs_along else found


def _page(
    form: Fields, status: int = 200, *, secret: str | None = None, outcome: Outcome | None = None
) -> Answer:
    user, parts = frame.own(), services()
    wanted = resending.query(person=access.own(), channel=CHANNEL)
    rows = resending.find(parts.database, wanted, None, skip=0, limit=_SHOWN)
    deliveries = tuple(_delivery(row, user) for row in rows)
    values = {"secret": secret, "outcome": outcome, "deliveries": deliveries}
    return frame.draw("webhook.html", status, form=form, standing=standing(user), **values)


def _delivery(row: Mapping[str, Any], user: Mapping[str, Any]) -> Delivery:
    attempts = row.get("attempts") or ()
    last = attempts[-1] if attempts else {}
    shape, status = _STATES.get(str(row["status"]), ("held", str(row["status"]).capitalize()))
    return Delivery(
        id=row["_id"],
        at=_moment(last.get("ended_at") or row["created_at"], user) or "",
        title=row.get("title") or "No message",
        shape=shape,
        status=status,
        words=masked_words(str(last.get("words") or "")),
        tries=len(attempts),
    )


def _tested(person: Person) -> Outcome:
    """A test, sent now. Raises NotAllowedError."""
    settings = services().settings
    channel = WebhookChannel(settings)
    message = wording_service.test_message(CHANNEL, settings.public_url)
    sender = channel.open()
    try:
        receipt = sender.send(channel.pack(f"test {secrets.token_hex(8)}", person, message), _WITHIN_S)
    except NotAllowedError:
        raise
    except UnknownOutcomeError as error:
        return Outcome(worked=False, words=str(error))
    except GatecallError as error:
        return Outcome(worked=False, words=masked_words(str(error)))
    finally:
        sender.close()
    return Outcome(worked=True, words=masked_words(receipt.words))


def _count_test() -> None:
    parts = services()
    if not Tries(parts.database, "webhook-test", TESTS_AN_HOUR, timedelta(hours=1)).take(
        access.own(), parts.now()
    ):
        raise Problem(429, "Too many tests", f"At most {TESTS_AN_HOUR} in an hour. Wait a little.")


def _own_link() -> Mapping[str, Any]:
    row = _links().get(access.own(), CHANNEL)
    if row is None or row.get("stopped") or not row.get("sealed"):
        raise frame.not_yours("webhook")
    return row


def _on() -> Any:
    parts = services()
    if CHANNEL not in parts.settings.channels:
        raise Problem(403, "Webhooks are off", "This system sends none. E-mail works.")
    return parts


def _links() -> LinkedChannels:
    parts = services()
    return LinkedChannels(parts.database, Suppressions(parts.database, parts.settings))


def _moment(at: object, user: Mapping[str, Any]) -> str | None:
    return frame.shown_moment(services().clock.at(at), user) if isinstance(at, datetime) else None
