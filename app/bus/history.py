"""What a topic still holds of the past: the latest event of each key, and how far back it reaches."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError

from app.bus import clients, envelope
from app.bus.topics import TopicState
from app.domain.errors import BadEventError, TransientError
from app.domain.flight import identity_of
from app.domain.namespaces import FLIGHTS
from app.domain.order import Order
from app.settings import Settings

_ANSWER_WITHIN_MS = 10_000
_SILENT_FOR_S = 30.0
# Sorts after every order: of a message that cannot be read, so that nobody takes it for nothing.
_UNREADABLE = Order("~")


@dataclass(slots=True)
class History:
    """last: the order of the latest event by key. cut: by the number of each partition from which something was
    deleted since it was made, of when its first message is that is left, by Kafka's clock; None when none is.
    identities: of flights' documents by key, as an event said it first."""

    last: dict[str, Order] = field(default_factory=dict)
    cut: dict[int, datetime | None] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)

    def reaches(self, moment: datetime) -> bool:
        """Whether every partition has everything from then on."""
        return all(first_at is not None and first_at < moment for first_at in self.cut.values())


def changed_flights(settings: Settings, topic: TopicState) -> History:
    """Read the whole topic. Raises TransientError when Kafka does not answer, or stops answering."""
    reader = clients.reader(settings)
    try:
        return _read(reader, [TopicPartition(topic.name, number) for number in range(topic.partitions)])
    except (KafkaError, OSError) as error:
        raise clients.transient(f"reading {topic.name}", error) from error
    finally:
        reader.close()


def _read(reader: Any, partitions: list[TopicPartition]) -> History:
    reader.assign(partitions)
    begin = reader.beginning_offsets(partitions)
    ends = reader.end_offsets(partitions, timeout_ms=_ANSWER_WITHIN_MS)
    for partition in partitions:
        reader.seek(partition, begin[partition])
    history = History(cut={tp.partition: None for tp, offset in begin.items() if offset})
    left = {partition for partition in partitions if begin[partition] < ends[partition]}
    heard_at = time.monotonic()
    while left:
        polled = reader.poll(timeout_ms=500)
        if polled:
            heard_at = time.monotonic()
        elif time.monotonic() - heard_at > _SILENT_FOR_S:
            raise TransientError("Kafka does not send what it has")
        for partition, records in polled.items():
            for record in records:
                _take(history, record)
            if reader.position(partition, timeout_ms=_ANSWER_WITHIN_MS) >= ends[partition]:
                left.discard(partition)
    return history


def _take(history: History, record: Any) -> None:
    if record.partition in history.cut and history.cut[record.partition] is None:
        history.cut[record.partition] = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    if not record.key:
        return
    key = record.key.decode(errors="replace")
    try:
        event = envelope.decode(record.value)
        found = event.order
    except BadEventError:
        event, found = None, _UNREADABLE
    history.last[key] = max(history.last.get(key, found), found)
    if event is not None and event.collection == FLIGHTS.collection and key not in history.identities:
        with suppress(BadEventError):
            history.identities[key] = identity_of(event.after or event.before or {})
