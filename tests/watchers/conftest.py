"""A watcher on real servers: a database with images, topics of its own, and a reader of what reached them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from kafka import TopicPartition
from pymongo.database import Database

from app import settings as settings_module
from app.bus import clients, envelope, topics
from app.domain.clock import system_now
from app.domain.events import ChangeEvent, Op
from app.domain.namespaces import BY_COLLECTION, WATCHED
from app.runtime import StopFlag
from app.settings import Settings
from app.store import client as mongo
from app.store.leases import Leases
from watchers.watcher import Surroundings, Watcher

Documents = Database[dict[str, Any]]
IMAGES = {"changeStreamPreAndPostImages": {"enabled": True}}


class TopicReader:
    """Reads one topic from its beginning, and goes on where it stopped."""

    def __init__(self, settings: Settings, collection: str) -> None:
        self._consumer = clients.reader(settings)
        name = topics.name(settings, BY_COLLECTION[collection].topic)
        self._consumer.assign([TopicPartition(name, p) for p in range(settings.kafka_partitions)])
        self._consumer.seek_to_beginning()
        self.events: list[ChangeEvent] = []
        self.keys: list[bytes] = []

    def until(self, enough: Callable[[list[ChangeEvent]], Any], timeout_s: float = 30) -> list[ChangeEvent]:
        """Everything read so far, as soon as `enough` says so; fails after timeout_s."""
        deadline = time.monotonic() + timeout_s
        while not enough(self.events):
            if time.monotonic() > deadline:
                shown = [(e.op.value, e.document_key) for e in self.events[-30:]]
                raise AssertionError(
                    f"not enough after {timeout_s} s: {len(self.events)} events, last {shown}"
                )
            for records in self._consumer.poll(200).values():
                self.keys += [record.key for record in records]
                self.events += [envelope.decode(record.value) for record in records]
        return self.events

    def close(self) -> None:
        self._consumer.close()


class Line:
    """The surroundings of watchers in one test."""

    def __init__(self, settings: Settings, database: Documents) -> None:
        self.settings = settings
        self.database = database
        self.admin = clients.admin(settings)
        topics.ensure(self.admin, settings)
        self._readers: list[TopicReader] = []
        self.closed = False

    def topic(self, collection: str) -> str:
        return topics.name(self.settings, BY_COLLECTION[collection].topic)

    def around(self, holder: str = "the test", lease_s: float = 30, **more: Any) -> Surroundings:
        values = {
            "database": self.database,
            "topic_ids": topics.TopicIds(self.admin),
            "topic_name": partial(topics.name, self.settings),
            "producer": partial(clients.producer, self.settings),
            "ensure_topics": partial(topics.ensure, self.admin, self.settings),
            "leases": Leases(self.database, holder),
            "lease_s": lease_s,
            "now": system_now,
        }
        return Surroundings(**(values | more))

    @contextmanager
    def watching(self, collection: str = "flights", **around: Any) -> Iterator[Watcher]:
        """Run a watcher in a thread while the block runs."""
        stop = StopFlag()
        watcher = Watcher(BY_COLLECTION[collection], self.around(**around), stop)
        failed: list[BaseException] = []

        def work() -> None:
            try:
                watcher.run()
            except BaseException as error:  # noqa: BLE001 - shown below
                failed.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield watcher
        finally:
            stop.set()
            thread.join(20)
            assert not thread.is_alive(), "the watcher did not stop"
            assert not failed, failed

    def reader(self, collection: str = "flights") -> TopicReader:
        reader = TopicReader(self.settings, collection)
        self._readers.append(reader)
        return reader

    def environment(self, **more: str) -> dict[str, str]:
        """For a process of the product."""
        return os.environ | {
            "MONGODB_URI": self.settings.mongodb_uri.get_secret_value(),
            "KAFKA_BOOTSTRAP_SERVERS": ",".join(self.settings.kafka_bootstrap_servers),
            "KAFKA_TOPIC_PREFIX": self.settings.kafka_topic_prefix,
            "KAFKA_PARTITIONS": str(self.settings.kafka_partitions),
            "HEALTH_PORT": "0",
            "LEASE_S": "2",
            **more,
        }

    def close_early(self) -> None:
        """Close while a broker of the test's own still runs."""
        self.close()
        self.closed = True

    def close(self) -> None:
        if self.closed:
            return
        for reader in self._readers:
            reader.close()
        every = (*(namespace.topic for namespace in WATCHED), topics.OPERATIONS)
        names = [topics.name(self.settings, topic) for topic in every]
        missing = topics.missing(self.admin, self.settings)
        self.admin.delete_topics([name for name in names if name not in missing])
        self.admin.close()


def markers(count: int) -> Callable[[list[ChangeEvent]], bool]:
    """Enough when a snapshot's markers are there, one for each partition."""
    return lambda events: sum(event.op is Op.MARKER for event in events) >= count


def of_document(events: list[ChangeEvent], document_key: str) -> list[ChangeEvent]:
    return [event for event in events if event.document_key == document_key]


def without_snapshots(events: list[ChangeEvent]) -> list[ChangeEvent]:
    return [event for event in events if event.op not in {Op.SNAPSHOT, Op.MARKER}]


def eventually(holds: Callable[[], Any], timeout_s: float = 45) -> Any:
    """What `holds` returns, as soon as it is true; fails after timeout_s."""
    deadline = time.monotonic() + timeout_s
    while not (found := holds()):
        assert time.monotonic() < deadline, f"did not happen within {timeout_s} s"
        time.sleep(0.05)
    return found


@pytest.fixture
def make_line(topic_prefix: str) -> Iterator[Callable[..., Line]]:
    """Make a line on given servers; it is closed after the test."""
    made = []

    def make(uri: str, kafka: str, *, images: bool = True) -> Line:
        settings = settings_module.load(
            mongodb_uri=uri,
            kafka_bootstrap_servers=kafka,
            kafka_topic_prefix=topic_prefix,
            kafka_partitions=3,
        )
        client = mongo.connect(settings, app_name="test-watchers")
        database = mongo.database(client, settings)
        for namespace in WATCHED:
            database.create_collection(namespace.collection, **(IMAGES if images else {}))
        line = Line(settings, database)
        made.append((line, client))
        return line

    yield make
    for line, client in made:
        line.close()
        client.close()


@pytest.fixture
def line(make_line: Callable[..., Line], database_uri: str, kafka: str) -> Line:
    """A line on the shared servers; all collections keep images."""
    return make_line(database_uri, kafka)


@pytest.fixture
def line_without_images(make_line: Callable[..., Line], database_uri: str, kafka: str) -> Line:
    """A line on the shared servers; no collection keeps images."""
    return make_line(database_uri, kafka, images=False)
