"""Reads whole topics from a point in time on, without a consumer group: every process sees every message.

The reader survives whatever happens to Kafka: it tries again by itself and goes on where it stood. A topic
that was made again is another log: the sink is told to begin anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import structlog
from kafka import TopicPartition
from kafka.errors import KafkaError

from app.bus import clients, envelope, topics
from app.domain.clock import Now
from app.domain.errors import BadEventError, TransientError
from app.domain.events import ChangeEvent
from app.domain.namespaces import Namespace
from app.runtime import StopFlag
from app.settings import Settings

log = structlog.get_logger()

_POLL_MS = 250
# So often Kafka is asked where its logs end; between two answers nobody knows how current the data is.
_LOOK_EVERY_S = 1.0
# So often it is looked whether a topic was made again.
_TOPICS_EVERY_S = 2.0
_ANSWER_WITHIN_MS = 4_000
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 2.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One message. partition: its number among all partitions read. event: None when it cannot be read."""

    partition: int
    offset: int
    event: ChangeEvent | None


class Sink(Protocol):
    """Who is told what was read; called by the reader's thread alone."""

    def begin(self, topic_ids: Sequence[str], positions: Sequence[int]) -> None:
        """Another log begins. positions: the first offset that will be read, one for each partition."""
        ...

    def take(self, entries: Sequence[Entry], positions: Sequence[int]) -> None:
        """Entries of each partition come in order, once. positions: the next offsets, as in begin."""
        ...

    def lost(self, partition: int, offset: int) -> None:
        """Kafka deleted messages of a partition before they were read; offset: of the first one left."""
        ...

    def current_as_of(self, moment: float) -> None:
        """Everything that stood in the log at this moment (time.monotonic) has been taken."""
        ...


class LogReader:
    """Reads the topics of some collections into a sink.

    reach: how far back the first read begins, by the messages' own time. now: the system clock.
    """

    def __init__(
        self,
        settings: Settings,
        namespaces: Sequence[Namespace],
        sink: Sink,
        reach: timedelta,
        now: Now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._names = [topics.name(settings, namespace.topic) for namespace in namespaces]
        self._sink = sink
        self._reach = reach
        self._now = now
        self._monotonic = monotonic
        self._topic_ids: list[str] = []
        self._partitions: list[TopicPartition] = []
        self._positions: list[int] = []

    def run(self, stop: StopFlag) -> None:
        """Read until stopped. Whatever fails is tried again with fresh connections, where it stood."""
        pause_s = _FIRST_PAUSE_S
        while not stop.is_set():
            began = self._monotonic()
            try:
                self._follow(stop)
                pause_s = _FIRST_PAUSE_S
            except (KafkaError, TransientError, OSError) as error:
                log.warning(
                    "log reader lost Kafka", why=f"{type(error).__name__}: {error}", retry_in_s=pause_s
                )
            except Exception:
                # Not Kafka's fault, then: what was read may be half taken, so everything is read again.
                log.exception("log reader failed, it begins anew", retry_in_s=pause_s)
                self._topic_ids = []
            if self._monotonic() - began > 10 * _LONGEST_PAUSE_S:
                pause_s = _FIRST_PAUSE_S
            stop.wait(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _follow(self, stop: StopFlag) -> None:
        """Read with one pair of connections until stopped, or until a topic is another one."""
        admin = clients.admin(self._settings)
        try:
            consumer = clients.reader(self._settings)
            try:
                known = topics.TopicIds(admin, max_age_s=_TOPICS_EVERY_S)
                self._place(consumer, known)
                self._read(consumer, known, stop)
            finally:
                consumer.close()
        finally:
            admin.close()

    def _place(self, consumer: Any, known: topics.TopicIds) -> None:
        """Go to where reading stopped, or to the start of a log that is another one.

        The topics' ids are read before any offset: so an offset can at worst be called one of an older topic,
        which the next look finds out, and never one of a newer.
        """
        states = [known.current(name, fresh=True) for name in self._names]
        topic_ids = [state.id for state in states]
        partitions = [
            TopicPartition(state.name, number) for state in states for number in range(state.partitions)
        ]
        consumer.assign(partitions)
        if topic_ids != self._topic_ids:
            positions = self._first_offsets(consumer, partitions)
            log.info("log reader begins", partitions=len(partitions), topics=len(states))
            self._sink.begin(topic_ids, positions)
            self._topic_ids, self._partitions, self._positions = topic_ids, partitions, positions
        for partition, position in zip(self._partitions, self._positions, strict=True):
            consumer.seek(partition, position)

    def _first_offsets(self, consumer: Any, partitions: Sequence[TopicPartition]) -> list[int]:
        since_ms = int((self._now() - self._reach).timestamp() * 1000)
        # The ends first: what arrives between the two questions is newer than the end, and will be read.
        ends = consumer.end_offsets(partitions, timeout_ms=_ANSWER_WITHIN_MS)
        found = consumer.offsets_for_times(dict.fromkeys(partitions, since_ms), timeout_ms=_ANSWER_WITHIN_MS)
        return [
            ends[partition] if found[partition] is None else min(found[partition].offset, ends[partition])
            for partition in partitions
        ]

    def _read(self, consumer: Any, known: topics.TopicIds, stop: StopFlag) -> None:
        numbers = {partition: number for number, partition in enumerate(self._partitions)}
        looked_at, ends = float("-inf"), None
        while not stop.is_set():
            now = self._monotonic()
            if ends is None and now - looked_at >= _LOOK_EVERY_S:
                if [known.current(name).id for name in self._names] != self._topic_ids:
                    log.warning("a topic was made again or has grown, the log reader begins anew")
                    return
                answer = consumer.end_offsets(self._partitions, timeout_ms=_ANSWER_WITHIN_MS)
                looked_at, ends = now, [answer[partition] for partition in self._partitions]
            if ends is not None and all(p >= end for p, end in zip(self._positions, ends, strict=True)):
                self._sink.current_as_of(looked_at)
                ends = None
            self._take(consumer.poll(timeout_ms=_POLL_MS), numbers)

    def _take(self, polled: Any, numbers: dict[TopicPartition, int]) -> None:
        entries = []
        for partition, records in polled.items():
            number = numbers[partition]
            for record in records:
                position = self._positions[number]
                if record.offset < position:
                    self._went_back(number, record.offset)
                if record.offset > position:
                    self._sink.lost(number, record.offset)
                entries.append(Entry(number, record.offset, _event(record)))
                self._positions[number] = record.offset + 1
        if entries:
            self._sink.take(entries, self._positions)

    def _went_back(self, number: int, offset: int) -> None:
        """Kafka lost the end of a log (an unclean election): what was read is no longer what is there."""
        self._topic_ids = []
        partition = self._partitions[number]
        raise TransientError(f"{partition.topic}/{partition.partition} went back to offset {offset}")


def _event(record: Any) -> ChangeEvent | None:
    try:
        return envelope.decode(record.value)
    except BadEventError as error:
        place = f"{record.topic}/{record.partition}"
        log.warning(
            "message skipped", place=place, offset=record.offset, reason=error.reason, field=error.field
        )
        return None
