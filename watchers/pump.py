"""From the stream to the topic, while it goes on: batches in order, tokens after acknowledgements (W3)."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from app import crash_points
from app.bus.publisher import Sent
from app.domain.errors import ResumeTokenLostError
from app.runtime import StopFlag
from app.store.resume_tokens import Position
from watchers.outbox import Outbox
from watchers.prefetch import Prefetch
from watchers.stream import Batch

# A killed watcher repeats at most this much: so many events, or so long.
STORE_EVENTS = 5_000
STORE_BUSY_S = 1.0
# A quiet collection's token must move too, lest it leave the oplog.
STORE_IDLE_S = 10.0
# Batches whose acknowledgements may be outstanding while the next one is published.
_IN_FLIGHT = 3
_IDLE_WAIT_S = 0.5
_STOP_S = 2.5


class Pump:
    """Moves batches from a prefetch to an outbox.

    store: stores a position; every event before it is acknowledged then. keep_lease: called in every round.
    Both may raise. reached: told of each batch that is acknowledged, and all before it.
    each_round: called between batches, may publish and raise.
    """

    def __init__(
        self,
        batches: Prefetch,
        outbox: Outbox,
        store: Callable[[Position], None],
        keep_lease: Callable[[], None],
        reached: Callable[[Batch], None],
        each_round: Callable[[], None],
    ) -> None:
        self._batches = batches
        self._outbox = outbox
        self._store = store
        self._keep_lease = keep_lease
        self._reached = reached
        self._each_round = each_round
        self._in_flight: deque[tuple[Sent, Batch]] = deque()
        self._acknowledged: Position | None = None
        self._events = 0
        self._stored_at = time.monotonic()

    def run(self, stop: StopFlag) -> None:
        """W3: publish a batch in order; wait for every acknowledgement; store the token; on idle turns too.

        The next batch is published while the last one's acknowledgements arrive. Raises ResumeTokenLostError
        when the stream cannot go on, TransientError when a publish failed for now.
        """
        while not stop.is_set():
            self._keep_lease()
            self._each_round()
            batch = self._batches.ready()
            if batch is None:
                self._settle_all()
                self._store_if_due()
                batch = self._batches.wait(_IDLE_WAIT_S)
            if batch is None:
                continue
            self._in_flight.append((self._outbox.put(batch.changes), batch))
            if batch.changes:
                crash_points.reached("W3.published")
            if batch.ended:
                # The position after it is never stored: whoever starts from there would not know of the snapshot owed.
                self._settle_all()
                raise ResumeTokenLostError("the collection was dropped or renamed")
            while len(self._in_flight) > _IN_FLIGHT or self._oldest_is_done():
                self._settle_oldest()
            self._store_if_due()
        self._settle_all(_STOP_S)
        self._store_now()

    def _oldest_is_done(self) -> bool:
        return bool(self._in_flight) and self._in_flight[0][0].is_done()

    def _settle_all(self, timeout_s: float | None = None) -> None:
        while self._in_flight:
            self._settle_oldest(timeout_s)

    def _settle_oldest(self, timeout_s: float | None = None) -> None:
        sent, batch = self._in_flight[0]
        if timeout_s is None:
            self._outbox.settle(sent, self._keep_lease)
        else:
            self._outbox.settle(sent, self._keep_lease, timeout_s=timeout_s)
        self._in_flight.popleft()
        self._acknowledged = batch.position
        self._events += len(sent.events)
        self._reached(batch)

    def _store_if_due(self) -> None:
        waited_s = time.monotonic() - self._stored_at
        if (
            self._events >= STORE_EVENTS
            or (self._events and waited_s >= STORE_BUSY_S)
            or (self._acknowledged is not None and waited_s >= STORE_IDLE_S)
        ):
            self._store_now()

    def _store_now(self) -> None:
        if self._acknowledged is None:
            return
        self._store(self._acknowledged)
        self._acknowledged, self._events, self._stored_at = None, 0, time.monotonic()
