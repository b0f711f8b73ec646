"""Publishing to one topic: in order, and acknowledged before anybody counts on it.

kafka-python's `flush` does not raise when a record was lost: every record's own future is looked at (W3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError
from kafka.partitioner.default import murmur2

from app.bus import clients
from app.bus.topics import TopicState
from app.domain.events import ChangeEvent

_NEVER = (MessageSizeTooLargeError, RecordListTooLargeError)
_REMEMBERED_KEYS = 200_000


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key: murmur2, as every Kafka client's default partitioner has it."""
    return int((murmur2(key.encode("utf-8")) & 0x7FFFFFFF) % partitions)


@dataclass(slots=True)
class Sent:
    """Records that were handed over together, each with its future, in order."""

    events: list[ChangeEvent] = field(default_factory=list)
    futures: list[Any] = field(default_factory=list)

    def is_done(self) -> bool:
        """Whether every record was acknowledged or refused."""
        return all(future.is_done for future in self.futures)


class Publisher:
    """One topic of one producer. Not for several threads.

    producer: as clients.producer makes it; closed with the publisher.
    """

    def __init__(self, producer: Any, topic: TopicState) -> None:
        self._producer = producer
        self.topic = topic
        self._partitions: dict[str, int] = {}

    def send(self, event: ChangeEvent, message: bytes, sent: Sent) -> None:
        """Hand a message over, into the partition of its key; `sent` receives its future.

        Does not wait, except while the topic is looked up. Raises TransientError when that fails.
        """
        partition = self._partitions.get(event.key)
        if partition is None:
            if len(self._partitions) >= _REMEMBERED_KEYS:
                self._partitions.clear()
            partition = self._partitions[event.key] = partition_of(event.key, self.topic.partitions)
        self.send_to(partition, event, message, sent)

    def send_to(self, partition: int, event: ChangeEvent, message: bytes, sent: Sent) -> None:
        """Hand a message over, into this partition."""
        try:
            key = event.key.encode("utf-8")
            future = self._producer.send(self.topic.name, message, key, partition=partition)
        except (KafkaError, ValueError) as error:  # ValueError: the topic has fewer partitions than it had
            raise clients.transient(f"publishing to {self.topic.name}", error) from error
        sent.events.append(event)
        sent.futures.append(future)

    def flush(self, timeout_s: float) -> None:
        """Send at once what waits for company, and wait until it is answered, at most timeout_s seconds.

        Says nothing about success: ask `refused`.
        """
        try:
            self._producer.flush(timeout=timeout_s)
        except KafkaError:
            return  # the futures tell

    def refused(self, sent: Sent, timeout_s: float) -> Sequence[ChangeEvent]:
        """Wait for the acknowledgement of every record; the events that the brokers never take (too large).

        Raises TransientError when one failed for now, or none came within timeout_s seconds.
        """
        never = []
        for event, future in zip(sent.events, sent.futures, strict=True):
            try:
                if not future.is_done:
                    future.get(timeout=timeout_s)
                elif future.exception is not None:
                    raise future.exception
            except _NEVER:
                never.append(event)
            except KafkaError as error:
                raise clients.transient(f"publishing to {self.topic.name}", error) from error
        return never

    def close(self, timeout_s: float) -> bool:
        """Close the producer; False when records were still on their way after timeout_s seconds: ask again.

        What is left fails by itself within clients.DELIVERY_TIMEOUT_S.
        """
        try:
            self._producer.close(timeout=timeout_s)
        except KafkaError:
            return False
        return True
