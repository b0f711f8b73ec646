"""Servers of people's own: what each answer says of one link, where other channels have one provider for everybody.

A link that fails rests, for longer each time, so that a dead server takes up one sender now and then and nobody else's
messages wait. One that has not taken a message for days is stopped, as is one that says it is gone; its owner is told.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog

from app import metrics
from app.channels.addresses import address_on
from app.domain.clock import Now
from app.domain.errors import PermanentError
from app.domain.people import Person, speaking_to
from app.store.linked import LinkedChannels
from app.store.notifications import Outcome
from app.store.people import People
from app.store.service_messages import Kind, ServiceMessages
from consumers.delivery.bell import Bell
from consumers.delivery.sending import Ready, Result

log = structlog.get_logger()

GONE, FAILING = "gone", "failing"
"""Why a link was stopped."""

_LEAST_FAILURES = 3
"""A single failure, and none before or after it for days, stops nothing."""
_MAIL_IS_OF_USE = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class _Rest:
    address: str
    until: datetime


class Endpoints:
    """The links of one such channel, for all senders of a process.

    messages: None where none can be sealed. stop_after: without one success. now: the system clock.
    """

    def __init__(
        self,
        channel: str,
        linked: LinkedChannels,
        people: People,
        messages: ServiceMessages | None,
        stop_after: timedelta,
        probe: timedelta,
        now: Now,
    ) -> None:
        self._channel = channel
        self._linked = linked
        self._people = people
        self._messages = messages
        self._stop_after = stop_after
        self._probe = probe
        self._now = now
        self._lock = threading.Lock()
        self._resting: dict[str, _Rest] = {}

    def waits_until(self, person: Person) -> datetime | None:
        """D2: when the person's link may be tried again, system clock; None for now.

        Of those who come when its rest is over one tries; the others wait for what comes of it. Raises PyMongoError.
        """
        until, now = person.resting.get(self._channel), self._now()
        if until is not None and until > now:
            return until
        with self._lock:
            self._resting.pop(person.id, None)  # another process may have found that it works
        if until is None:
            return None
        soon = now + self._probe
        return None if self._linked.try_again(person.id, self._channel, until, soon) else soon

    def rests(self, ready: Ready) -> bool:
        """Whether the link failed since D2 read it, as far as this process knows: then nothing is handed over."""
        with self._lock:
            rest = self._resting.get(ready.noted.conversation.person)
        return rest is not None and rest.address == ready.parcel.address and rest.until > self._now()

    def note(self, result: Result, bell: Bell) -> None:
        """What an answer says of the link: it works, rests or is stopped. Raises PyMongoError."""
        ready, outcome = result.ready, result.attempt.outcome
        person, address = ready.noted.conversation.person, ready.parcel.address
        words = result.attempt.words or ""
        if outcome is Outcome.ACCEPTED:
            if ready.rested and self._linked.works(person, self._channel, address, self._now()):
                bell.ring()
        elif result.address_down and not result.answered:
            return  # UnopenedError: the fault is ours, and nobody was asked
        elif result.refused is not None:
            self._stop(person, address, GONE, words)
        else:
            self._failed(person, address, words, result)

    def _failed(self, person: str, address: str, words: str, result: Result) -> None:
        now = self._now()
        rests = result.attempt.outcome is not Outcome.NEVER  # then it answered, and the next message may do
        failing = self._linked.failed(
            person, self._channel, address, words, result.retry_after_s, now, rests=rests
        )
        if failing is None:
            return
        with self._lock:
            self._resting = {who: one for who, one in self._resting.items() if one.until > now}
            self._resting[person] = _Rest(address, failing.rests_until)
        if failing.failures >= _LEAST_FAILURES and now - failing.since >= self._stop_after:
            self._stop(person, address, FAILING, words)

    def _stop(self, person: str, address: str, reason: str, words: str) -> None:
        """Have the link's owner told, then stop it: who dies between leaves it for the next message to do again, and a
        mail too many is better than none. Raises PyMongoError."""
        if not self._linked.may_stop(person, self._channel, address, self._now()):
            return
        found = self._people.by_id([person]).get(person)
        if found is not None:
            self._tell(found, address, reason, words)
        if self._linked.stop(person, self._channel, address, reason, words, self._now()):
            metrics.LINKS_STOPPED.labels(self._channel, reason).inc()
            log.info("link stopped", person=person, channel=self._channel, reason=reason)

    def _tell(self, person: Person, address: str, reason: str, words: str) -> None:
        """Post the mail that says so; without an address the page does. Raises PyMongoError."""
        if self._messages is None:
            return
        details = {"channel": self._channel, "reason": reason, "words": words}
        details["host"] = urlsplit(address).hostname or ""
        try:
            to = address_on("email", person)
        except PermanentError:
            return
        with speaking_to(person):
            self._messages.post(Kind.LINK_STOPPED, "email", to, details, self._now(), _MAIL_IS_OF_USE)
