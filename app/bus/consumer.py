"""The one consumer loop: poll, decode, hand over, and commit last.

Offsets belong to a topic's id, which is committed with them: offsets of a topic that was made again, or has
another number of partitions, mean nothing, and reading begins at the earliest one. What cannot be handled
for now is read again; what makes the handler fail, or kills the process, is found by counting attempts
outside the process, and set aside.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog
from kafka import ConsumerRebalanceListener, TopicPartition
from kafka.errors import CommitFailedError, IllegalGenerationError, KafkaError, RebalanceInProgressError
from kafka.structs import OffsetAndMetadata

from app import crash_points
from app.bus import envelope
from app.bus.lag import Lag
from app.bus.topics import TopicIds
from app.domain.errors import BadEventError, TransientError
from app.domain.events import ChangeEvent
from app.metrics import CONSUMER_LOST

log = structlog.get_logger()

SINGLE_ATTEMPTS = 3
"""How often one event may make the handler fail, alone, before it is set aside."""

_DIVIDED_ANEW = (CommitFailedError, IllegalGenerationError, RebalanceInProgressError)
_POLL_MS = 500
_CLOSE_MS = 5_000
_ANSWER_WITHIN_MS = 10_000
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 15.0
# A batch takes seconds at most; the group itself gives up on a member after max_poll_interval (300 s).
_STUCK_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class Received:
    """One message of a topic. event: BadEventError when it cannot be decoded; key: "" when it has none.

    published_at: when Kafka has it from, aware UTC; None when the message does not say.
    """

    topic: str
    partition: int
    offset: int
    key: str
    event: ChangeEvent | BadEventError
    published_at: datetime | None = None


Handler = Callable[[Sequence[Received]], None]
"""Does all that follows from a batch, in the order given within each partition; safe to repeat.

Raises TransientError when it did not work now: the same messages come again.
"""

SetAside = Callable[[Received, str], None]
"""Makes a dead letter of a message that makes the handler fail, with the words of the failure."""


Lost = Callable[[str], None]
"""Told of a topic, by its full name, that Kafka deleted messages of it which nobody of the group had read. Sees to it
that what they said is read anew. Raises TransientError when that cannot be done now."""


class Stop(Protocol):
    """The part of the stop flag that the loop needs."""

    def is_set(self) -> bool:
        """Whether the process is to end."""
        ...

    def wait(self, seconds: float) -> bool:
        """Sleep, but not beyond the stop; True when the process is to end."""
        ...


class Attempts(Protocol):
    """Counts attempts outside the process. `name` is a partition of a group; only its last offset is kept.

    Methods raise TransientError when nothing can be counted now.
    """

    def count(self, name: str, offset: int) -> int:
        """One more attempt at what begins at offset; returns how many there were, this one included."""
        ...

    def forget(self, name: str, offset: int) -> None:
        """Take one attempt back: it says nothing against what begins at offset."""
        ...

    def last(self, name: str) -> int | None:
        """The offset last counted, None when nothing was."""
        ...


class _Assigned(ConsumerRebalanceListener):  # type: ignore[misc]
    """Notes which partitions came. It runs inside the client's own loop, so it does no more than that."""

    def __init__(self, note: Callable[[set[TopicPartition]], None]) -> None:
        self._note = note

    def on_partitions_assigned(self, assigned: Any) -> None:
        self._note(set(assigned))

    def on_partitions_revoked(self, revoked: Any) -> None:
        """Nothing to do: every batch is committed before the next poll."""


class ConsumerLoop:
    """Reads topics as a member of a group. One thread calls `run`; `problem` may be called from any."""

    def __init__(
        self,
        consumer: Any,
        topic_ids: TopicIds,
        topics: Sequence[str],
        *,
        group: str,
        handle: Handler,
        set_aside: SetAside,
        attempts: Attempts,
        lost: Lost,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """consumer: from clients.consumer. topics: full names. group: names the attempts."""
        self._consumer = consumer
        self._topic_ids = topic_ids
        self._topics = list(topics)
        self._group = group
        self._handle = handle
        self._set_aside = set_aside
        self._attempts = attempts
        self._lost = lost
        self._monotonic = monotonic
        self._unplaced: set[TopicPartition] = set()  # their position is not looked up yet
        self._uncounted: set[TopicPartition] = set()  # their next batch may be the one that failed before
        self._in_vain: set[str] = set()  # names with an attempt that may be counted and was none
        self._ids: dict[str, str] = {}
        self._last_turn = monotonic()
        self._trouble: str | None = None
        self._lag = Lag(group, topics)
        for topic in topics:  # a counter that begins with 1 shows no increase
            CONSUMER_LOST.labels(group, topic)

    def run(self, stop: Stop) -> None:
        """Until the stop flag is set. Failures are waited out with growing pauses, never skipped."""
        self._consumer.subscribe(self._topics, listener=_Assigned(self._assigned))
        failures = 0
        while not stop.is_set():
            try:
                self.turn()
                failures, self._trouble = 0, None
            except _DIVIDED_ANEW as error:
                # Only polling goes on with the division; during a longer pause the group would give up on us.
                self._read_again(error, counted=False)
                stop.wait(_FIRST_PAUSE_S)
            except (TransientError, KafkaError, OSError) as error:
                failures += 1
                self._read_again(error, counted=False)
                stop.wait(_pause_s(failures))
            except Exception as error:  # the message at fault is found by counting, see `_one_by_one`
                failures += 1
                log.exception("batch failed, it is tried again", attempt=failures)
                self._read_again(error, counted=True)
                stop.wait(_pause_s(failures))
        # Only after a stop: whatever else ends this thread may have left the client in no state to be closed, and
        # the wait for that would hide that the thread is dead.
        self._consumer.close(autocommit=False, timeout_ms=_CLOSE_MS)

    def turn(self) -> int:
        """One poll and all that follows from it; returns how many messages were handled and committed."""
        polled: Mapping[TopicPartition, list[Any]] = self._consumer.poll(timeout_ms=_POLL_MS)
        self._last_turn = self._monotonic()
        self._notice_new_topics()
        if self._unplaced:
            # All of them, because what came of the others is dropped here too, and their positions have moved.
            self._place(set(self._consumer.assignment()))
            return 0  # what came was read from a position that nobody had looked at
        self._lag.polled(polled)
        self._lag.ends({tp: self._consumer.highwater(tp) for tp in self._consumer.assignment()})
        careful = [
            tp for tp in polled if tp in self._uncounted and self._failed_before(tp, polled[tp][0].offset)
        ]
        plain = {tp: records for tp, records in polled.items() if tp not in careful}
        self._uncounted -= plain.keys()
        self._all_at_once(plain)
        for tp in careful:
            if self._one_by_one(tp, polled[tp]):
                self._uncounted.discard(tp)
            else:
                self._unplaced.add(tp)
        self._last_turn = self._monotonic()
        return sum(map(len, polled.values()))

    def problem(self) -> str | None:
        """For the health check: None when the loop goes round, else what is wrong."""
        if self._trouble:
            return self._trouble
        silent_s = self._monotonic() - self._last_turn
        return f"no turn for {silent_s:.0f} s" if silent_s > _STUCK_AFTER_S else None

    def _assigned(self, partitions: set[TopicPartition]) -> None:
        self._unplaced |= partitions
        self._uncounted |= partitions

    def _read_again(self, error: Exception, *, counted: bool) -> None:
        """Nothing was committed: go back to what was. counted: the failure may be the messages' own."""
        self._trouble = f"{type(error).__name__}: {error}"
        if not counted:
            log.warning("waiting, the same messages are read again", why=self._trouble)
        partitions = set(self._consumer.assignment())
        self._unplaced |= partitions
        if counted:
            self._uncounted |= partitions

    def _place(self, partitions: set[TopicPartition]) -> None:
        """Begin where the last batch was committed, if it was of the topic that is there now."""
        for topic in {tp.topic for tp in partitions}:
            before, now = self._ids.get(topic), self._topic_ids.current(topic, fresh=True).id
            mine = [tp for tp in partitions if tp.topic == topic]
            starts = self._consumer.beginning_offsets(mine, timeout_ms=_ANSWER_WITHIN_MS)
            for tp in mine:
                committed = self._consumer.committed(tp, metadata=True)
                if committed is not None and (committed.metadata or before or now) != now:
                    # What was committed with the offset decides alone. It has no id when an operator set it, and on
                    # brokers that do not keep what goes with an offset.
                    log.warning(
                        "the topic is another one now, reading it from its start",
                        topic=topic,
                        partition=tp.partition,
                    )
                    self._begin_at(tp, starts[tp], now)
                elif (unread := starts[tp] - max(committed.offset if committed else 0, 0)) > 0:
                    self._miss(tp, unread)
                    self._begin_at(tp, starts[tp], now)
                elif committed is None or committed.offset < 0:
                    self._consumer.seek(tp, starts[tp])
                else:
                    self._consumer.seek(tp, committed.offset)
                    self._lag.placed(tp, committed.offset)
            self._ids[topic] = now
        self._unplaced.clear()  # those that are not ours any more too

    def _miss(self, tp: TopicPartition, unread: int) -> None:
        """Kafka's retention was faster than this group: what the messages said must be read from the source."""
        log.error(
            "Kafka deleted messages before they were read",
            topic=tp.topic,
            partition=tp.partition,
            messages=unread,
        )
        self._lost(tp.topic)
        CONSUMER_LOST.labels(self._group, tp.topic).inc(unread)

    def _begin_at(self, tp: TopicPartition, start: int, topic_id: str) -> None:
        """The committed offset means nothing any more: replace it, before anything else can go wrong."""
        self._consumer.commit({tp: OffsetAndMetadata(start, topic_id, -1)})
        self._consumer.seek(tp, start)

    def _notice_new_topics(self) -> None:
        for topic, known in list(self._ids.items()):
            if self._topic_ids.current(topic).id != known:
                self._unplaced |= {tp for tp in self._consumer.assignment() if tp.topic == topic}

    def _all_at_once(self, polled: Mapping[TopicPartition, list[Any]]) -> None:
        batch = [_received(record) for records in polled.values() for record in records]
        if batch:
            self._handle(batch)
            committed = self._commit({tp: records[-1].offset + 1 for tp, records in polled.items()})
            for tp, records in polled.items():
                self._lag.handled(tp, records[-1])
                if not committed:  # nothing is wrong with what another member begins at now
                    self._attempts.forget(self._name(tp), records[0].offset)

    def _failed_before(self, tp: TopicPartition, offset: int) -> bool:
        """Whether what begins here was begun before, in vain: by this process, or by one that died of it."""
        name = self._name(tp)
        return self._attempts.last(f"{name}/single") == offset or self._attempts.count(name, offset) > 1

    def _one_by_one(self, tp: TopicPartition, records: Sequence[Any]) -> bool:
        """Each message alone and committed alone; the one that failed SINGLE_ATTEMPTS times is set aside. False when a
        commit was refused: that one, and the rest, are left to whoever gets the partition."""
        name = f"{self._name(tp)}/single"
        for record in records:
            received = _received(record)
            if self._begin(name, record.offset) > SINGLE_ATTEMPTS:
                log.error("message set aside", topic=tp.topic, partition=tp.partition, offset=record.offset)
                self._set_aside(received, f"handling it failed {SINGLE_ATTEMPTS} times")
            else:
                self._handle_one(name, received)
            if not self._commit({tp: record.offset + 1}):
                self._attempts.forget(name, record.offset)
                return False
            self._lag.handled(tp, record)
        return True

    def _begin(self, name: str, offset: int) -> int:
        """Count an attempt before it is made. One that could not be counted for sure is not made, and is taken
        back first the next time: a message that the handler never saw is not to blame."""
        if name in self._in_vain:
            self._attempts.forget(name, offset)
        self._in_vain.add(name)
        attempt = self._attempts.count(name, offset)
        self._in_vain.discard(name)
        return attempt

    def _handle_one(self, name: str, received: Received) -> None:
        """One that did not work now is no failure of the message: its attempt is taken back."""
        try:
            self._handle([received])
        except TransientError:
            self._in_vain.add(name)
            self._attempts.forget(name, received.offset)
            self._in_vain.discard(name)
            raise

    def _commit(self, offsets: Mapping[TopicPartition, int]) -> bool:
        """N5. With the id that the topic had when its position was looked up, never a newer one. False when it was
        refused, because the group is being divided anew."""
        entries = {tp: OffsetAndMetadata(offset, self._ids[tp.topic], -1) for tp, offset in offsets.items()}
        try:
            self._consumer.commit(entries)
            crash_points.reached("N5.committed")
        except _DIVIDED_ANEW as error:
            # The partitions went to another member, which reads the same again; that is harmless.
            log.info("not committed, the group is being divided anew", why=type(error).__name__)
            return False
        return True

    def _name(self, tp: TopicPartition) -> str:
        return f"{self._group}/{tp.topic}/{self._ids[tp.topic]}/{tp.partition}"


def _received(record: Any) -> Received:
    event: ChangeEvent | BadEventError
    try:
        event = envelope.decode(record.value)
    except BadEventError as error:
        event = error
    key = record.key.decode(errors="replace") if record.key else ""
    return Received(record.topic, record.partition, record.offset, key, event, _published_at(record))


def _published_at(record: Any) -> datetime | None:
    # Milliseconds since the epoch; -1 where the broker keeps no time.
    return datetime.fromtimestamp(record.timestamp / 1000, UTC) if (record.timestamp or 0) > 0 else None


def _pause_s(failures: int) -> float:
    longest = min(_FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10), _LONGEST_PAUSE_S)
    return longest * random.uniform(0.5, 1.0)
