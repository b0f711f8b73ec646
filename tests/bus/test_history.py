"""What a topic still holds of the past, on a broker that deletes records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kafka import TopicPartition

from app.bus import clients, topics
from app.bus.history import History, changed_flights
from app.domain.namespaces import FLIGHTS
from app.settings import Settings

NOW = datetime.now(UTC)
BACKUP = NOW - timedelta(days=1)
BEFORE, AFTER = NOW - timedelta(days=2), NOW


class Topic:
    """The topic of flights with two partitions, to be written to and cut by hand."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.name = topics.name(settings, FLIGHTS.topic)
        self.admin = clients.admin(settings)
        topics.ensure(self.admin, settings)
        self.producer: Any = clients.producer(settings)

    def write(self, partition: int, *moments: datetime) -> None:
        for moment in moments:
            at = int(moment.timestamp() * 1000)
            self.producer.send(self.name, b"{", b"f1", partition=partition, timestamp_ms=at).get(10)

    def cut(self, partition: int, before: int) -> None:
        self.admin.delete_records({TopicPartition(self.name, partition): before})

    def history(self) -> History:
        return changed_flights(self.settings, topics.TopicIds(self.admin).current(self.name))

    def close(self) -> None:
        self.producer.close()
        self.admin.delete_topics([self.name])
        self.admin.close()


@pytest.fixture
def topic(apache_kafka: str, topic_prefix: str) -> Iterator[Topic]:
    made = Topic(
        Settings(
            mongodb_uri="mongodb://h/d",
            kafka_bootstrap_servers=apache_kafka,
            kafka_topic_prefix=topic_prefix,
            kafka_partitions=2,
        )
    )
    yield made
    made.close()


def test_a_topic_reaches_back_where_each_of_its_partitions_does(topic: Topic) -> None:
    assert topic.history().reaches(BACKUP), "nothing was ever deleted"
    topic.write(0, BEFORE, AFTER)
    topic.write(1, BEFORE, BEFORE, AFTER)
    assert topic.history().reaches(BACKUP)
    topic.cut(1, 1)
    assert topic.history().reaches(BACKUP), "the rest begins before"
    topic.cut(1, 2)
    assert not topic.history().reaches(BACKUP), "though the other partition has something older"
    assert topic.history().last.keys() == {"f1"}


def test_a_partition_that_is_empty_because_all_was_deleted_says_nothing(topic: Topic) -> None:
    topic.write(0, BEFORE, AFTER)
    topic.write(1, BEFORE)
    topic.cut(1, 1)
    assert not topic.history().reaches(BACKUP)
