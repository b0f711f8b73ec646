"""The consumer loop when topics are made again, grow, or have lost what was not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.bus import topics as bus_topics
from app.bus.consumer import Received
from app.bus.topics import TopicIds, TopicState
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
