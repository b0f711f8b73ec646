"""The feed and the API: in this process with a feed that tests fill, and with a real broker behind it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo import MongoClient
from pymongo.database import Database

from app import settings as settings_module
from app.bus import clients, topics
from app.bus.log_reader import Entry, LogReader
from app.domain.clock import real_time, system_now
from app.domain.events import ChangeEvent
from app.runtime import Health, StopFlag
from app.settings import Settings
from app.web import create_app
from app.web.feed import Feed
from app.web.services import Services
from app.web.wsgi import PUBLIC, start_reader

STAFF_KEY = "gck_for_tests"
UNUSED = "test_nobody_writes_here"
ORIGIN = "https://board.example"


def until(condition: Callable[[], Any], *, within_s: float = 15.0) -> Any:
    """What the condition returns as soon as it is true; fails after within_s."""
    deadline = time.monotonic() + within_s
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def settings(mongo_uri: str, topic_prefix: str) -> Settings:
    """Settings of a web process; Kafka's address is one where nobody listens."""
    return settings_module.load(
        mongodb_uri=mongo_uri.replace("/?", f"/{UNUSED}?"),
        kafka_bootstrap_servers="127.0.0.1:9",
        kafka_topic_prefix=topic_prefix,
        kafka_partitions=3,
        staff_key_hashes=hashlib.sha256(STAFF_KEY.encode()).hexdigest(),
        cors_origins=ORIGIN,
        feed_waiting=4,
    )


class Site:
    """A web process without a server: its feed is filled by the test, its time moved by it."""

    def __init__(self, settings: Settings, database: Database[dict[str, Any]]) -> None:
        self.settings = settings
        self.moment = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
        self.silent_s = 0.0
        self.feed = Feed(settings, lambda: self.moment, monotonic=lambda: time.monotonic() + self.silent_s)
        self.health = Health()
        services = Services(settings, database, self.feed, self.health, real_time(), lambda: self.moment)
        self.app = create_app(services)
        self.client: FlaskClient = self.app.test_client()
        self._positions = [0, 0, 0]

    def begin(self, log: str = "a log") -> None:
        """Read an empty log to its end."""
        self._positions = [0, 0, 0]
        self.feed.begin([log], self._positions)
        self.feed.current_as_of(time.monotonic())

    def take(self, *events: ChangeEvent, partition: int = 0) -> None:
        """Read events from a partition."""
        entries = []
        for event in events:
            entries.append(Entry(partition, self._positions[partition], event))
            self._positions[partition] += 1
        self.feed.take(entries, self._positions)
        self.feed.current_as_of(time.monotonic())


@pytest.fixture
def site(settings: Settings, mongo_client: MongoClient[dict[str, Any]]) -> Site:
    """A site whose log was read to its end and is empty; its database does not exist."""
    found = Site(settings, mongo_client[UNUSED])
    found.begin()
    return found


class Reading:
    """A feed filled by a real log reader."""

    def __init__(self, settings: Settings) -> None:
        self.feed = Feed(settings, system_now)
        self.health = Health()
        self._stop = StopFlag()
        reader = LogReader(settings, PUBLIC, self.feed, timedelta(hours=settings.feed_hours), system_now)
        self.thread = start_reader(reader, self._stop, self.health)

    def ready(self) -> Feed:
        """The feed, once the log was read to its end."""
        until(self.feed.is_ready, within_s=30)
        return self.feed

    def close(self) -> None:
        """Stop reading."""
        self._stop.set()
        self.feed.close()
        self.thread.join(20)
        assert not self.thread.is_alive()


@pytest.fixture
def reading(settings: Settings) -> Iterator[Callable[..., Reading]]:
    """Starts readers; all are stopped afterwards."""
    started: list[Reading] = []

    def start(other: Settings | None = None) -> Reading:
        started.append(Reading(other or settings))
        return started[-1]

    yield start
    for one in started:
        one.close()


def with_broker(settings: Settings, servers: str, **more: Any) -> Settings:
    """The settings with a broker, its topics made."""
    found = settings.model_copy(update={"kafka_bootstrap_servers": tuple(servers.split(",")), **more})
    admin = clients.admin(found)
    try:
        topics.ensure(admin, found)
    finally:
        admin.close()
    return found
