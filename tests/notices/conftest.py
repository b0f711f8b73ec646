"""Fixtures of the notices' tests: real MongoDB, and real mail and SMS servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.write_concern import WriteConcern

from app.settings import Settings
from tests.airports.world import clock_settings
from tests.notices.world import Noticing
from tests.providers import Mailbox, Twilio
from tests.web_process import Docs, emptied, with_schema
from tests.why.world import World, settings_for


@pytest.fixture(scope="package")
def prepared(mongo_client: MongoClient[dict[str, Any]]) -> Iterator[Docs]:
    with with_schema(mongo_client, "notices") as database:
        yield database


@pytest.fixture
def database(prepared: Docs) -> Docs:
    """In place of one for each test, whose schema would take longer than the test."""
    return emptied(prepared)


@pytest.fixture
def settings(database_uri: str) -> Settings:
    return Settings(mongodb_uri=database_uri, kafka_bootstrap_servers="h:1", **clock_settings())


@pytest.fixture
def notices(database: Docs, settings: Settings) -> Noticing:
    return Noticing(database.with_options(write_concern=WriteConcern("majority")), settings)


@pytest.fixture
def world(notices: Noticing, database_uri: str, mailbox: Mailbox, twilio: Twilio) -> Iterator[World]:
    """Delivery and pages on the same database and clock."""
    made = World(notices.db, settings_for(database_uri, mailbox, twilio, **clock_settings()))
    yield made
    made.close()
