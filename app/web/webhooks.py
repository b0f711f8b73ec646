"""A person's webhook, for their page and for the API: linked, given a new secret, tried, ended, sent to again.

All of it is about whoever asks (`access.own`). Secrets are in the answers of `link` and `rotate` alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from app.channels import registry
from app.channels.webhook import WebhookChannel
from app.channels.webhook_guard import NotAllowedError
from app.channels.webhook_secrets import Secrets, SecretSeal, new_secret
from app.domain import wording_service
from app.domain.errors import GatecallError, TransientError, UnknownOutcomeError
from app.domain.people import Person, masked_words
from app.store.linked import LinkedChannels
from app.store.resending import Resending, Why
from app.store.suppressions import Suppressions
from app.store.tries import Tries
from app.store.users import Users
from app.web import access, choosing
from app.web.problems import Problem
from app.web.services import Services, services

log = structlog.get_logger()

CHANNEL = "webhook"
TESTS_AN_HOUR = 10
AGAIN_AN_HOUR = 20
_WITHIN_S = 8.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a test came to. words: of the server, or why it could not be asked."""

    worked: bool
    words: str


@dataclass(frozen=True, slots=True)
class Linked:
    """What was just linked. secret: to check signatures with; it is told this once. outcome: of the test."""

    secret: str
    outcome: Outcome


def is_on() -> bool:
    """Whether this system sends webhooks."""
    return CHANNEL in services().settings.channels


def found() -> Mapping[str, Any] | None:
    """The link as it is stored, stopped or not; None when there is none."""
    return links().get(access.own(), CHANNEL)


def link(url: str, way: str, words: str, as_read: Mapping[str, Any] | None = None) -> Linked | None:
    """Link an address with a new secret; a test goes there at once, and need not work: whoever checks signatures needs
    the secret first. as_read: fields of the link that must still be so. way, words: for the proof.

    None when the link is another one by now, or the person is gone. Raises NotAllowedError for an address that we send
    nothing to; Problem: 403 while webhooks are off, 429 after too many tests.
    """
    parts = _on()
    _count_test(parts)
    own = Secrets(new_secret())
    sealed = SecretSeal(parts.settings.signing_keys).sealed(own)
    outcome = _tested(Person(access.own(), "", linked={CHANNEL: url}, sealed={CHANNEL: sealed}))
    if not links().link(access.own(), CHANNEL, url, parts.now(), {"sealed": sealed}, as_read=as_read):
        return None
    user = Users(parts.database).get(access.own())
    if user is not None:
        choosing.prove(parts, user, CHANNEL, given=True, way=way, words=words)
    log.info("webhook linked", person=access.own())
    return Linked(own.present, outcome)


def rotate(row: Mapping[str, Any]) -> str | None:
    """A new secret; the old one signs along for a day. row: the link as it was read. None when it is another one by
    now. Raises Problem 403 while webhooks are off."""
    parts, sealed = _on(), bytes(row["sealed"])
    seal = SecretSeal(parts.settings.signing_keys)
    try:
        own = seal.opened(sealed).rotated(parts.now())
    except TransientError:  # SECRET_KEY was changed: there is no old one any more
        own = Secrets(new_secret())
    if not links().change(access.own(), CHANNEL, {"sealed": sealed}, {"sealed": seal.sealed(own)}):
        return None
    log.info("webhook's secret replaced", person=access.own())
    return own.present


def test(row: Mapping[str, Any]) -> Outcome:
    """Send a test there now; once it is taken, what waited goes there, too. Raises Problem: 403 while webhooks are off,
    429 after too many."""
    parts = _on()
    _count_test(parts)
    sealed = {CHANNEL: bytes(row["sealed"])}
    try:
        outcome = _tested(Person(access.own(), "", linked={CHANNEL: row["address"]}, sealed=sealed))
    except NotAllowedError as error:
        return Outcome(worked=False, words=str(error))
    if outcome.worked:
        links().works(access.own(), CHANNEL, row["address"], parts.now())
    return outcome


def end(way: str, words: str, address: str | None = None) -> bool:
    """Nothing more goes there; what is open on it settles in silence. It works while webhooks are off, too. address:
    only if it is this one. False when there was none. way, words: for the proof."""
    parts = services()
    linked = Users(parts.database).get(access.own())  # the proof names the address that is gone afterwards
    if linked is None or not links().unlink(access.own(), CHANNEL, address):
        return False
    choosing.prove(parts, linked, CHANNEL, given=False, way=way, words=words)
    log.info("webhook unlinked", person=access.own())
    return True


def again(row_id: str, words: str) -> bool:
    """Send one of the messages again, as things stand now. words: who asks for it and how. False when it is not there,
    or not the person's.

    Raises Problem: 403 while webhooks are off, 409 with the reason when it would be pointless, 429 after too many.
    """
    parts = _on()
    row = parts.database["notifications"].find_one({"_id": row_id}, {"person": 1, "channel": 1})
    if row is None or row["person"] != access.own() or row["channel"] != CHANNEL:
        return False
    tries = Tries(parts.database, "webhook-again", AGAIN_AN_HOUR, timedelta(hours=1))
    if not tries.take(access.own(), parts.now()):
        raise Problem(429, "Too many in an hour", f"At most {AGAIN_AN_HOUR} in an hour. Wait a little.")
    channels = {CHANNEL: registry.open_channel(CHANNEL, parts.settings)}
    hashes = Suppressions(parts.database, parts.settings)
    store = Resending(parts.database, channels, parts.settings.rules, hashes)
    who = access.asker().label
    refused = store.send(row_id, who, words, parts.now(), parts.clock(), force=True)
    if refused is not None and refused is not Why.NO_NOTIFICATION:
        raise Problem(409, "Not sent again", f"{str(refused)[:1].upper()}{str(refused)[1:]}.")
    return refused is None


def links() -> LinkedChannels:
    """The store of what people linked."""
    parts = services()
    return LinkedChannels(parts.database, Suppressions(parts.database, parts.settings))


def _on() -> Services:
    if not is_on():
        raise Problem(403, "Webhooks are off", "This system sends none. E-mail works.")
    return services()


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


def _count_test(parts: Services) -> None:
    tries = Tries(parts.database, "webhook-test", TESTS_AN_HOUR, timedelta(hours=1))
    if not tries.take(access.own(), parts.now()):
        raise Problem(429, "Too many tests", f"At most {TESTS_AN_HOUR} in an hour. Wait a little.")
