"""Fixtures of the airports' tests: real MongoDB, and real mail and SMS servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.write_concern import WriteConcern

from app.settings import Settings
from app.store import schema
from tests.airports.world import Newark, clock_settings
from tests.providers import Mailbox, Twilio, smtp_server, twilio_server
from tests.why.world import World, settings_for


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with smtp_server() as found:
        yield found


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    with twilio_server() as found:
        yield found


@pytest.fixture
def settings(database_uri: str) -> Settings:
    return Settings(mongodb_uri=database_uri, kafka_bootstrap_servers="h:1", **clock_settings())


@pytest.fixture
def newark(database: Database[dict[str, Any]], settings: Settings) -> Newark:
    schema.ensure(database)
    return Newark(database.with_options(write_concern=WriteConcern("majority")), settings)


@pytest.fixture
def world(newark: Newark, database_uri: str, mailbox: Mailbox, twilio: Twilio) -> Iterator[World]:
    """Delivery and pages on Newark's database and clock."""
    made = World(newark.db, settings_for(database_uri, mailbox, twilio, **clock_settings()))
    yield made
    made.close()
