"""The connections of one sender, and what each answer says of the provider behind it."""

from __future__ import annotations

import time
from dataclasses import replace

import structlog
from pymongo.errors import PyMongoError

from app import metrics
from app.channels.base import Sender, telling
from app.runtime import StopFlag
from app.store.claim_records import AGAIN
from consumers.delivery.providers import Route
from consumers.delivery.sending import Ready, Result, hand_over
from consumers.delivery.terms import Terms

log = structlog.get_logger()

_LEASE_MARGIN_S = 1.0
_AFTER_PROBE_S = 1.0
_RATE_WAIT_S = 0.5
"""A sender that waits for its provider's rate looks again after so long."""


class Hands:
    """Gives one message after the other to a channel's first or second provider, in one thread."""

    def __init__(self, terms: Terms, stop: StopFlag) -> None:
        self._terms = terms
        self._stop = stop
        self.sender = terms.channel.open()
        self._spare: Sender | None = None
        self.average_s = 0.02
        """What a hand-over takes, lately."""

    def close(self) -> None:
        """Give the connections back."""
        self.sender.close()
        if self._spare is not None:
            self._spare.close()

    def abort(self) -> None:
        """End a hand-over under way, from another thread: its outcome is written as it is."""
        self.sender.abort()
        spare = self._spare
        if spare is not None:
            spare.abort()

    def granted(self, want: int, route: Route) -> int:
        """How many messages the provider's rate lets go now; waits a little when it is none. Raises
        PyMongoError."""
        grant = route.provider.take(want)
        if grant.granted == 0:
            wait_s = min(grant.wait_s, _RATE_WAIT_S)
            self._stop.wait(wait_s)
            metrics.RATE_WAITS.labels(self._terms.channel.name).inc(wait_s)
        return grant.granted

    def may_go_on(self, lease_ends: float, route: Route) -> bool:
        """Whether there is time for another hand-over before the claims lapse (monotonic clock), and the provider
        takes any. Raises PyMongoError."""
        if self._stop.is_set() or not route.may_send():
            return False
        return lease_ends - time.monotonic() > self._terms.send_timeout_s + _LEASE_MARGIN_S

    def send(self, ready: Ready, route: Route) -> Result:
        """Hand one message over; raises nothing."""
        terms, noted = self._terms, ready.noted
        asked_for = noted.previous if noted.previous and noted.previous.startswith(AGAIN) else None
        if noted.previous is not None and asked_for is None:  # what staff send again is no accident
            metrics.DOUBTFUL_SENDS.labels(terms.channel.name).inc()
        # what is asked for again is to arrive again, also where repeats are dropped
        state = noted.note.order if asked_for is None else f"{noted.note.order} {asked_for}"
        ready = replace(ready, parcel=telling(ready.parcel, state))
        started = time.monotonic()
        name = route.provider.name if route.fallback else None
        sender = self._sender_of(route)
        result = hand_over(sender, ready, terms.send_timeout_s, terms.channel.name, terms.now, name)
        self.average_s += 0.1 * (time.monotonic() - started - self.average_s)
        try:
            self._note_answer(result, route)
        except PyMongoError as error:
            # what became of the message is written all the same; the next failure opens the breaker
            log.warning("breaker could not be set", provider=route.provider.name, why=type(error).__name__)
        return result

    def rest_s(self, route: Route) -> float:
        """How long the message of a failed probe rests: until another one may have had its turn, not at all
        while the other provider takes it. Raises PyMongoError."""
        outage_s = self._terms.providers.left_s() if route.probing else 0.0
        return outage_s + _AFTER_PROBE_S if outage_s else 0.0

    def _note_answer(self, result: Result, route: Route) -> None:
        """What the answer says of the provider. Raises PyMongoError."""
        provider = route.provider
        if self._terms.endpoints is not None:
            self._terms.endpoints.note(result, self._terms.bell)
        elif result.channel_down:
            provider.failed(result.attempt.words or "", result.retry_after_s)
        elif not result.answered:
            provider.silent(probing=route.probing)
        else:
            provider.answered()

    def _sender_of(self, route: Route) -> Sender:
        if not route.fallback:
            return self.sender
        metrics.FALLBACK_SENDS.labels(self._terms.channel.name).inc()
        if self._spare is None:
            assert self._terms.channel.fallback is not None, "a route leads there"
            self._spare = self._terms.channel.fallback.open()
        return self._spare
