"""Fixtures of the notifier's tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database

from app.settings import Settings
from tests.notifier.reading import Line
from tests.notifier.world import World


@pytest.fixture
def world(prepared: Database[dict[str, Any]]) -> World:
    """A notifier and an empty database; one channel."""
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
