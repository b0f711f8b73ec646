"""Fixtures of the notifier's tests."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from app.settings import Settings
from app.store import schema
from tests.notifier.reading import Line
from tests.notifier.world import World


@pytest.fixture(scope="session")
def prepared(mongo_client: MongoClient[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """A database with the schema; making it takes longer than most of the tests that use it."""
    database = mongo_client[f"test_{uuid.uuid4().hex[:12]}"]
    schema.ensure(database)
    yield database
    mongo_client.drop_database(database.name)


@pytest.fixture
def world(prepared: Database[dict[str, Any]]) -> World:
    """A notifier and an empty database; one channel."""
    for name in prepared.list_collection_names():
        if not name.startswith("system."):
            prepared[name].delete_many({})
    return World(prepared)


@pytest.fixture
def line(kafka: str, topic_prefix: str, world: World) -> Iterator[Line]:
    yield from _line(kafka, topic_prefix, world)


@pytest.fixture
def apache_line(apache_kafka: str, topic_prefix: str, world: World) -> Iterator[Line]:
    yield from _line(apache_kafka, topic_prefix, world)


def _line(kafka: str, topic_prefix: str, world: World) -> Iterator[Line]:
    settings = Settings(
        mongodb_uri="mongodb://h/d",
        kafka_bootstrap_servers=kafka,
        kafka_topic_prefix=topic_prefix,
        kafka_partitions=1,
        kafka_session_timeout_s=6,
    )
    opened = Line(settings, world)
    yield opened
    opened.close()
