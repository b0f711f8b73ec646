"""Sending service messages: sign-in links, codes, tests. One sender a channel, beside those of the conversations.

It shares the breakers and the rates of the channel's providers with them. The steps:
S1 claim one with a lease; S2 hand it over; S3 delete its row. A process that dies between S1 and S3 leaves a row whose
lease ends, and it is sent (again) by another; the Message-ID is the same.
"""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from pymongo.database import Database
from pymongo.errors import PyMongoError

from app import crash_points, metrics
from app.channels.base import AddressDownError, Channel, ChannelDownError, NoAnswerError, Sender
from app.domain import wording_pickup, wording_service
from app.domain.channels import LINKED
from app.domain.clock import Now
from app.domain.errors import PermanentError, TransientError, UnknownOutcomeError
from app.domain.people import Person, speaking_as_chosen
from app.domain.reports import Refusal, without_addresses
from app.domain.speech import Speech, speaking
from app.domain.wording_shapes import Message
from app.runtime import StopFlag
from app.settings import Settings
from app.store.notifications import Outcome
from app.store.pickup_questions import PickupQuestions
from app.store.service_messages import Kind, ServiceMessage, ServiceMessages, UnreadableError, bell_of
from app.store.suppressions import Suppressions
from app.store.users import Users
from consumers.delivery.bell import Bell
from consumers.delivery.pauses import back_off_s
from consumers.delivery.providers import Providers, Route
from consumers.delivery.terms import Terms
from consumers.delivery.turns import until_stopped

log = structlog.get_logger()

_NET_S = 10.0
_LEAST_REST_S = 0.05
_LONGEST_BACK_OFF_S = 60.0
"""Somebody waits before a screen, and the row lives for minutes."""
_SIGN_IN_PATH = "/sign-in/"
_PICKUP_PATH = "/pickup/"


def senders_of(
    settings: Settings, database: Database[dict[str, Any]], shared: Mapping[str, Terms], stop: StopFlag
) -> dict[str, ServiceSender]:
    """The sender of each channel's service messages, by its doorbell. None at all without SECRET_KEY: nothing can be
    sealed, so there are none."""
    if not settings.signing_keys:
        return {}
    messages, users = ServiceMessages(database, settings.signing_keys), Users(database)
    return {
        bell_of(name): ServiceSender(
            ServiceTerms(
                *(terms.channel, messages, terms.providers, terms.suppressions, settings.public_url),
                *(terms.lease, terms.send_timeout_s, terms.now),
                *(PickupQuestions(database, terms.suppressions), users),
            ),
            stop,
        )
        for name, terms in shared.items()
    }


def _at(message: ServiceMessage) -> Person:
    """Nobody, reached at the message's address by its channel alone."""
    if message.channel in LINKED:
        sealed = base64.b64decode(message.details.get("sealed", ""))
        own = {message.channel: sealed} if sealed else {}
        return Person("", "", linked={message.channel: message.address}, sealed=own)
    if message.channel == "email":
        return Person("", "", message.address)
    return Person("", "", None, message.address)


@dataclass(frozen=True, slots=True)
class ServiceTerms:
    """What the sender of one channel works with. lease: of a claim; longer than send_timeout_s. now: the system
    clock."""

    channel: Channel
    messages: ServiceMessages
    providers: Providers
    suppressions: Suppressions
    public_url: str
    lease: timedelta
    send_timeout_s: float
    now: Now
    questions: PickupQuestions
    users: Users


class ServiceSender:
    """Sends the service messages of one channel, in one thread, on connections of its own."""

    def __init__(self, terms: ServiceTerms, stop: StopFlag) -> None:
        self._terms = terms
        self._stop = stop
        self._sender = terms.channel.open()
        self._spare: Sender | None = None
        self.bell = Bell()
        self.ended = threading.Event()

    def run(self) -> None:
        """Send until the stop; what MongoDB cannot answer now is tried again."""
        try:
            until_stopped(self._stop, self._turn)
        finally:
            self.close()
            self.ended.set()

    def _turn(self) -> None:
        seen = self.bell.rings
        if not self.send_next():
            self._rest(seen)

    def close(self) -> None:
        """Give the connections back."""
        for sender in (self._sender, self._spare):
            if sender is not None:
                sender.close()

    def abort(self) -> None:
        """End a hand-over under way, from another thread."""
        for sender in (self._sender, self._spare):
            if sender is not None:
                sender.abort()

    def send_next(self) -> bool:
        """One message, S1 to S3; False when none is due, or none may go now. Raises PyMongoError."""
        terms = self._terms
        token = secrets.token_hex(12)
        if terms.messages.drop_expired(terms.channel.name, terms.now()):
            log.warning("service messages were too old to be sent", channel=terms.channel.name)
        due = terms.messages.next_due(terms.channel.name, terms.now())
        if due is None or due > terms.now():
            return False
        with terms.providers.route(token) as route:
            return route is not None and self._granted(route) and self._send_one(token, route)

    def _send_one(self, token: str, route: Route) -> bool:
        """S1, S2, S3 for the message that is due for longest. Raises PyMongoError."""
        terms = self._terms
        try:
            message = terms.messages.claim(terms.channel.name, token, terms.now(), terms.lease)
        except UnreadableError as error:
            log.error("service message cannot be opened and is dropped", service_message=error.id)
            terms.messages.done(error.id, token)
            return True
        if message is None:
            return False
        crash_points.reached("S1.claimed")
        if self._stop.is_set():
            terms.messages.give_back(message.id, token, terms.now())
            return False
        outcome, asked_s = self._hand_over(message, route)
        crash_points.reached("S2.sent")
        if outcome in (Outcome.ACCEPTED, Outcome.NEVER):
            terms.messages.done(message.id, token)
        else:
            pause_s = max(min(back_off_s(message.tries), _LONGEST_BACK_OFF_S), asked_s or 0.0)
            terms.messages.again(message.id, token, terms.now() + timedelta(seconds=pause_s))
        return True

    def _hand_over(self, message: ServiceMessage, route: Route) -> tuple[Outcome, float | None]:
        """S2: what became of it, and for how long the provider asked us to wait. Raises PyMongoError."""
        terms = self._terms
        channel, asked_s = terms.channel.name, None
        words: str | None = None
        started = terms.now()
        try:
            person = _at(message)
            if self._opted_out(message):
                raise PermanentError("the number has asked to hear nothing")
            if message.kind is Kind.PICKUP and not self._may_ask(message):
                raise PermanentError("it was taken back, or this address is not asked")
            speech = self._speech(message)
            with speaking(speech.language, speech.clock):
                parcel = terms.channel.pack(f"service {message.id}", person, self._worded(message))
            receipt = self._sender_of(route).send(parcel, terms.send_timeout_s)
            outcome, words = Outcome.ACCEPTED, receipt.words
            route.provider.answered()
        except AddressDownError as error:
            outcome, words, asked_s = Outcome.LATER, str(error), error.retry_after_s
        except ChannelDownError as error:
            outcome, words, asked_s = Outcome.LATER, str(error), error.retry_after_s
            route.provider.failed(words, asked_s)
        except NoAnswerError as error:
            outcome, words = Outcome.LATER, str(error)
            route.provider.silent(probing=route.probing)
        except TransientError as error:
            outcome, words, asked_s = Outcome.LATER, str(error), error.retry_after_s
            route.provider.answered()
        except PermanentError as error:
            outcome, words = Outcome.NEVER, str(error)
        except (
            UnknownOutcomeError
        ) as error:  # twice the same link or code does no harm, none locks somebody out
            outcome, words = Outcome.UNKNOWN, str(error)
            route.provider.silent(probing=route.probing)
        except PyMongoError:
            raise
        except Exception as error:  # a defect in one message must not hold up the others
            log.exception("service message cannot be sent", service_message=message.id)
            outcome, words = Outcome.NEVER, type(error).__name__
        metrics.SERVICE_MESSAGES.labels(channel, message.kind, outcome).inc()
        log.info(
            "service message handed over"
            if outcome is Outcome.ACCEPTED
            else "service message not handed over",
            service_message=message.id,
            kind=str(message.kind),
            channel=channel,
            outcome=str(outcome),
            words=without_addresses(words) if words and outcome is not Outcome.ACCEPTED else None,
            duration_ms=round((terms.now() - started).total_seconds() * 1000),
        )
        return outcome, asked_s

    def _speech(self, message: ServiceMessage) -> Speech:
        """What it is said in: as its row says; a sign-in mail as the person chose who has the address. Who asked for it
        did not say who they are. Raises PyMongoError."""
        if message.kind is not Kind.SIGN_IN:
            return message.speech
        users = self._terms.users.by_email(message.address)
        chosen = next((user for user in users if user.get("language")), {})
        with speaking(message.speech.language, message.speech.clock), speaking_as_chosen(chosen) as speech:
            return speech

    def _worded(self, message: ServiceMessage) -> Message:
        """The message in words. Raises KeyError, ValueError when its details are not what its kind needs."""
        terms, details = self._terms, message.details
        worded: dict[Kind, Callable[[], Message]] = {
            Kind.SIGN_IN: lambda: wording_service.sign_in(
                f"{terms.public_url}{_SIGN_IN_PATH}{details['token']}",
                int(details["minutes"]),
                details.get("browser", ""),
            ),
            Kind.PHONE_CODE: lambda: wording_service.phone_code(
                details["code"], int(details["minutes"]), terms.public_url
            ),
            Kind.TEST: lambda: wording_service.test_message(message.channel, terms.public_url),
            Kind.LINK_STOPPED: lambda: wording_service.link_stopped(
                *(details["channel"], details["host"], details["reason"], details["words"]), terms.public_url
            ),
        }
        if message.kind is Kind.PICKUP:
            return wording_pickup.question(details, f"{terms.public_url}{_PICKUP_PATH}{details['token']}")
        return worded[message.kind]()

    def _may_ask(self, message: ServiceMessage) -> bool:
        """Whether somebody who could pick up may be asked at this address. Raises PyMongoError."""
        terms = self._terms
        return terms.questions.may_go(message.details["pickup"], message.address, terms.now())

    def _opted_out(self, message: ServiceMessage) -> bool:
        """Whether the number said STOP: then not even a code goes there. Raises PyMongoError."""
        if message.channel != "sms":
            return False
        ids = self._terms.suppressions.ids_of(message.channel, message.address)
        own, _ = self._terms.suppressions.concerning(message.channel, ids, {})
        return any(found.reason is Refusal.OPTED_OUT for found in own.values())

    def _granted(self, route: Route) -> bool:
        """Whether the provider's rate lets one go; waits a little when not. Raises PyMongoError."""
        if route.probing:
            return True
        grant = route.provider.take(1)
        if grant.granted == 0:
            self._stop.wait(min(grant.wait_s, 0.5))
        return grant.granted > 0

    def _sender_of(self, route: Route) -> Sender:
        if not route.fallback:
            return self._sender
        if self._spare is None:
            assert self._terms.channel.fallback is not None, "a route leads there"
            self._spare = self._terms.channel.fallback.open()
        return self._spare

    def _rest(self, seen: int) -> None:
        terms = self._terms
        now = terms.now()
        due = terms.messages.next_due(terms.channel.name, now)
        until_due_s = (due - now).total_seconds() if due else _NET_S
        if due and (outage_s := terms.providers.left_s()):
            until_due_s = max(until_due_s, outage_s)
        self.bell.wait(seen, max(_LEAST_REST_S, min(until_due_s, _NET_S)))
