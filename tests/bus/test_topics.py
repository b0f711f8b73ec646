"""Topics on a real broker: made once, recognised when made again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kafka.partitioner.default import DefaultPartitioner

from app import settings as settings_module
from app.bus import clients, envelope, topics
from app.bus.publisher import Publisher, Sent, partition_of
from app.domain.errors import SetupError, TransientError
from app.domain.namespaces import BOOKINGS, FLIGHTS, WATCHED
from app.runtime import StopFlag
from app.settings import Settings
from tests.bus.test_envelope import event


@pytest.fixture
def settings(kafka: str, topic_prefix: str) -> Settings:
    return settings_module.load(
        mongodb_uri="mongodb://localhost/unused",
        kafka_bootstrap_servers=kafka,
        kafka_topic_prefix=topic_prefix,
        kafka_partitions=3,
    )


@pytest.fixture
def admin(settings: Settings) -> Iterator[Any]:
    client = clients.admin(settings)
    yield client
    there = set(client.list_topics())
    client.delete_topics([n for n in (topics.name(settings, x.topic) for x in WATCHED) if n in there])
    client.close()


def test_missing_topics_are_made_once_and_others_left_alone(settings: Settings, admin: Any) -> None:
    assert len(topics.missing(admin, settings)) == len(WATCHED) + 1  # and that of operations
    topics.ensure(admin, settings)
    ids = {n.topic: topics.TopicIds(admin).current(topics.name(settings, n.topic)).id for n in WATCHED}
    topics.ensure(admin, settings.model_copy(update={"kafka_partitions": 5}))
    assert topics.missing(admin, settings) == []
    assert ids == {
        n.topic: topics.TopicIds(admin).current(topics.name(settings, n.topic)).id for n in WATCHED
    }
    assert all(i.endswith("/3") for i in ids.values())


def test_topics_that_share_flights_must_have_equal_partitions(settings: Settings, admin: Any) -> None:
    admin.create_topics(
        {topics.name(settings, BOOKINGS.topic): {"num_partitions": 2, "replication_factor": 1}}
    )
    with pytest.raises(SetupError, match=r"--alter --topic .*bookings.changes --partitions 3"):
        topics.ensure(admin, settings)


def test_a_topic_made_again_has_another_id_and_a_missing_one_is_transient(
    settings: Settings, admin: Any
) -> None:
    topics.ensure(admin, settings)
    name, ids = topics.name(settings, FLIGHTS.topic), topics.TopicIds(admin)
    before = ids.current(name)
    admin.delete_topics([name])
    assert ids.current(name) == before, "remembered for a while"
    with pytest.raises(TransientError, match="gatecall topics"):
        ids.current(name, fresh=True)
    topics.ensure(admin, settings)
    after = ids.current(name, fresh=True)
    assert after.id != before.id
    assert after.partitions == before.partitions


def test_a_message_reaches_the_partition_that_every_client_would_choose(
    settings: Settings, admin: Any
) -> None:
    topics.ensure(admin, settings)
    state = topics.TopicIds(admin).current(topics.name(settings, FLIGHTS.topic))

    class Cluster:
        def topics(self) -> set[str]:
            return {state.name}

        def partitions_for_topic(self, _: str) -> set[int]:
            return set(range(state.partitions))

        available_partitions_for_topic = partitions_for_topic

    publisher, sent = Publisher(clients.producer(settings), state), Sent()
    keys = [f"f{n}" for n in range(30)] + ["Zürich ✈"]
    for key in keys:
        publisher.send(event(key=key), envelope.encode(event(key=key)), sent)
    publisher.flush(10)
    assert sent.is_done()
    assert list(publisher.refused(sent, 5)) == []
    assert publisher.close(5)
    for key, future in zip(keys, sent.futures, strict=True):
        chosen = DefaultPartitioner().partition(state.name, key, key.encode(), None, None, Cluster())
        assert future.value.partition == chosen == partition_of(key, state.partitions)


def test_waiting_for_a_broker_ends_with_the_process(settings: Settings) -> None:
    stop = StopFlag()
    nobody = settings.model_copy(update={"kafka_bootstrap_servers": ("127.0.0.1:1",)})
    stop.set()
    assert clients.wait_until_reachable(nobody, stop) is False
    assert clients.wait_until_reachable(settings, StopFlag()) is True
