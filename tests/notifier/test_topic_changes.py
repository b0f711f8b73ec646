"""The consumer loop when topics are made again, grow, or have lost what was not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from app.bus import topics as bus_topics
from app.bus.consumer import Received
from app.bus.topics import TopicIds, TopicState
from app.metrics import CONSUMER_LOST
from tests.notifier.reading import Line, until

OTHER = "bookings.changes"


class Ids(TopicIds):
    """What the brokers say, but for the topics that are said to have another id."""

    other: dict[str, str]

    def current(self, full_name: str, *, fresh: bool = False) -> TopicState:
        found = super().current(full_name, fresh=fresh)
        return replace(found, uuid=self.other.get(full_name, found.uuid))


class Polling:
    """A real consumer; `after` is called with what every poll brought."""

    def __init__(self, consumer: Any, after: Any) -> None:
        self._consumer = consumer
        self._after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._consumer, name)

    def poll(self, **how: Any) -> Any:
        polled = self._consumer.poll(**how)
        self._after(polled)
        return polled


def test_what_came_of_one_topic_with_the_change_of_another_is_not_skipped(line: Line) -> None:
    other = bus_topics.name(line.settings, OTHER)
    ids, keys = Ids(line.admin, max_age_s=0.2), list[str]()
    ids.other = {}

    def made_again(polled: Any) -> None:
        if "made again" in {record.key.decode() for records in polled.values() for record in records}:
            ids.other = {other: "another"}
            ids.forget(other)

    def handle(batch: Sequence[Received]) -> None:
        keys.extend(received.key for received in batch)

    consumer = Polling(line.consumer(), made_again)
    with line.reading(handle, consumer, topic_ids=ids, topics=[line.topic, other]):
        line.publish("first")
        line.publish("first", topic=other)
        until(lambda: len(keys) == 2, "both topics are read")
        line.publish("made again")
        until(lambda: ids.other, "the change is noticed with a message of the other topic")
        line.publish("last")
        until(lambda: "last" in keys, "reading goes on")
    assert "made again" in keys
    assert line.committed().offset == 3


def test_offsets_of_the_present_topic_are_gone_on_from_whatever_this_member_remembers(
    apache_line: Line,
) -> None:
    """Another member began the topic anew, and this one gets its partition."""
    line = apache_line  # Tansu keeps no metadata of offsets
    keys: list[str] = []
    loop = line.loop(lambda batch: keys.extend(received.key for received in batch))
    line.publish("a", "b")
    with line.reading(lambda batch: keys.extend(received.key for received in batch)):
        until(lambda: keys == ["a", "b"], "another member reads")
    loop._ids[line.topic] = "of the old topic/1"
    with line.running(loop):
        line.publish("c")
        until(lambda: "c" in keys, "this one goes on")
    assert keys == ["a", "b", "c"]


@pytest.mark.parametrize("committed", [1, None])
def test_what_kafka_deleted_before_it_was_read_is_told_and_counted_once(
    apache_line: Line, committed: int | None
) -> None:
    line, keys = apache_line, list[str]()
    partition = TopicPartition(line.topic, 0)
    line.publish("a", "b", "c", "d")
    if committed is not None:
        consumer, topic_id = line.consumer(), TopicIds(line.admin).current(line.topic).id
        consumer.commit({partition: OffsetAndMetadata(committed, topic_id, -1)})
        consumer.close()
    line.admin.delete_records({partition: 3})
    counter = CONSUMER_LOST.labels("test", line.topic)
    with line.reading(lambda batch: keys.extend(received.key for received in batch)):
        until(lambda: keys, "what is left is read")
    assert keys == ["d"]
    assert line.lost == [line.topic]
    assert counter._value.get() == 3 - (committed or 0)
    line.publish("e")
    with line.reading(lambda batch: keys.extend(received.key for received in batch)):
        until(lambda: "e" in keys, "reading goes on")
    assert (keys, line.lost) == (["d", "e"], [line.topic])


def test_what_kafka_deleted_after_it_was_read_is_no_loss(apache_line: Line) -> None:
    line, keys = apache_line, list[str]()
    line.publish("a", "b")
    with line.reading(lambda batch: keys.extend(received.key for received in batch)):
        until(lambda: len(keys) == 2, "both are read")
    line.admin.delete_records({TopicPartition(line.topic, 0): 2})
    line.publish("c")
    with line.reading(lambda batch: keys.extend(received.key for received in batch)):
        until(lambda: "c" in keys, "reading goes on")
    assert (keys, line.lost) == (["a", "b", "c"], [])
