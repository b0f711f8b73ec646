"""The providers of one channel as its senders see them: which one may be given messages now, and how many.

The breaker and the bucket are shared by all processes (app/store/provider_state.py). What was read is good
for a second, so a message costs no round trip; a group costs one, where a rate is set or a ramp is on.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from app import metrics
from app.domain.clock import Now
from app.domain.reports import without_addresses
from app.store.provider_state import CLOSED, OPEN, Grant, ProviderState, Standing
from consumers.delivery.pauses import DOWN_FIRST_S, DOWN_LONGEST_S, ramp_rate

log = structlog.get_logger()

_FRESH = timedelta(seconds=1)
_SILENT_IN_A_ROW = 5
"""Hand-overs without an answer, after which a provider counts as down."""
_PROBE_MARGIN = timedelta(seconds=15)
_BURST_S = 1.0
"""What a full bucket holds: so many seconds' worth."""


class Provider:
    """One provider: whether it is up, and how fast it may be given messages.

    name: in metrics and in the store. rate: messages a second of all processes together, None without a
    limit. probe_s: how long a probe may take. now: the system clock.
    """

    def __init__(self, name: str, state: ProviderState, rate: float | None, probe_s: float, now: Now) -> None:
        self.name = name
        self._state = state
        self._rate = rate
        self._probe_for = timedelta(seconds=probe_s) + _PROBE_MARGIN
        self._now = now
        self._lock = threading.Lock()
        self._standing = Standing()
        self._read_at: datetime | None = None
        self._silent = 0
        self._untried = False

    def standing(self) -> Standing:
        """How it stands, as of a second ago at most. Raises PyMongoError."""
        now = self._now()
        with self._lock:
            if self._read_at is None or not timedelta() <= now - self._read_at < _FRESH:
                self._note(self._state.read())
            return self._standing

    def is_closed(self) -> bool:
        """Whether messages go through. Raises PyMongoError."""
        return self.standing().state == CLOSED

    def words(self) -> str | None:
        """What was wrong when last looked at; None when nothing was, or when no message is there that could show
        whether it still is. Asks nobody."""
        with self._lock:
            return None if self._untried else self._standing.words

    def untried(self) -> None:
        """It might be up again, and there is nothing to try it with: nobody waits for it."""
        with self._lock:
            self._untried = True

    def left_s(self) -> float:
        """Seconds until a probe makes sense, 0 when messages go or the probe is due. Raises PyMongoError."""
        standing = self.standing()
        if standing.until is None:
            return 0.0
        until = max(standing.until, standing.probe_until or standing.until)
        return max((until - self._now()).total_seconds(), 0.0)

    def probe(self, token: str) -> bool:
        """Half-open: whether this sender is the one that may try one message. Raises PyMongoError."""
        if self.left_s() > 0:
            return False
        ours = self._state.probe(token, self._now(), self._probe_for)
        self._forget()
        return ours

    def unprobe(self, token: str) -> None:
        """Nothing was tried after all. Raises PyMongoError."""
        self._state.unprobe(token)
        self._forget()

    def limit(self) -> float | None:
        """Messages a second that all senders together may hand over now; None: no limit."""
        standing = self.standing()
        ramp = None
        if standing.ramp_from is not None:
            ramp = ramp_rate((self._now() - standing.ramp_from).total_seconds(), standing.outage_s)
        limits = [rate for rate in (self._rate, ramp) if rate is not None]
        return min(limits, default=None)

    def take(self, want: int) -> Grant:
        """How many of `want` messages may go now. Raises PyMongoError."""
        limit = self.limit()
        if limit is None:
            return Grant(want, 0.0)
        grant, standing = self._state.take(want, limit, max(limit * _BURST_S, 1.0), self._now())
        with self._lock:
            self._note(standing)
        return grant

    def failed(self, words: str, asked_s: float | None = None) -> None:
        """A failure that would hit every message: open the breaker for all. Raises PyMongoError.

        words: of the provider; health pages show them, so no address or number in them is kept.
        """
        first_s = DOWN_FIRST_S * random.uniform(0.5, 1.0)
        standing = self._state.trip(
            self._now(),
            without_addresses(words),
            first_s=first_s,
            longest_s=DOWN_LONGEST_S,
            least_s=asked_s or 0.0,
        )
        with self._lock:
            self._note(standing)
        log.warning("provider is down, pausing", provider=self.name, pause_s=round(self.left_s(), 1))

    def silent(self, *, probing: bool) -> None:
        """No answer to a hand-over: several in a row, or a probe's, open the breaker. Raises PyMongoError."""
        with self._lock:
            self._silent += 1
            down = probing or self._silent >= _SILENT_IN_A_ROW
            if down:
                self._silent = 0
        if down:
            self.failed("hand-overs are not answered")

    def answered(self) -> None:
        """The provider answers: close the breaker if it is open, and begin slowly. Raises PyMongoError."""
        with self._lock:
            self._silent = 0
            before = self._standing
        if before.state != OPEN:
            return
        standing = self._state.close(self._now(), tokens=1.0, least_outage_s=_not_over_s(before))
        with self._lock:
            self._note(standing)
        log.info("provider is up again", provider=self.name, outage_s=round(standing.outage_s))

    def _forget(self) -> None:
        with self._lock:
            self._read_at = None

    def _note(self, standing: Standing) -> None:
        if standing.since != self._standing.since or standing.failures != self._standing.failures:
            self._untried = False
        self._standing, self._read_at = standing, self._now()
        metrics.PROVIDER_OPEN.labels(self.name).set(standing.state == OPEN)


def _not_over_s(standing: Standing) -> float:
    """The length of the outage before this one, if it went down again while its ramp was still on; else 0."""
    if standing.since is None or standing.ramp_from is None:
        return 0.0
    up_for_s = (standing.since - standing.ramp_from).total_seconds()
    return standing.outage_s if ramp_rate(up_for_s, standing.outage_s) is not None else 0.0


@dataclass(frozen=True, slots=True)
class Route:
    """The provider that a sender gives its next messages to. probing: one message, to see whether it is up
    again. fallback: it is the second one."""

    provider: Provider
    fallback: bool = False
    probing: bool = False

    def may_send(self) -> bool:
        """Whether messages still go this way. Raises PyMongoError."""
        return self.probing or self.provider.is_closed()


class Providers:
    """The first provider of a channel, and the second if there is one."""

    def __init__(self, primary: Provider, fallback: Provider | None = None) -> None:
        self.primary = primary
        self.fallback = fallback

    def choose(self, token: str) -> Route | None:
        """Where messages may go now: the first while it is up, else the second; None when none may.

        token: of whoever may have to probe. Raises PyMongoError.
        """
        for provider in (self.primary, self.fallback):
            if provider is None:
                continue
            second = provider is self.fallback
            if provider.is_closed():
                return Route(provider, second)
            if provider.probe(token):
                return Route(provider, second, probing=True)
        return None

    @contextmanager
    def route(self, token: str) -> Iterator[Route | None]:
        """`choose` for the time of one batch; a probe is given back afterwards. Raises PyMongoError."""
        found = self.choose(token)
        try:
            yield found
        finally:
            if found is not None and found.probing:
                found.provider.unprobe(token)

    def left_s(self) -> float:
        """Seconds until messages may go again, 0 when they may now. Raises PyMongoError."""
        if self.fallback is None:
            return self.primary.left_s()
        return min(self.primary.left_s(), self.fallback.left_s())

    def words(self) -> str | None:
        """What is wrong when no message can go, None when one can; asks nobody."""
        wrong = self.primary.words()
        return wrong if self.fallback is None or self.fallback.words() else None
