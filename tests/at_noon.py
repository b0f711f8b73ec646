"""What the tests of the consumers behind topics share: a database with the schema, made once a package, and a system
whose airports' clock shows noon in New York on 8 February 2013."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.write_concern import WriteConcern

from app.channels.email import EmailChannel
from app.domain.clock import system_now
from app.runtime import StopFlag
from app.settings import Settings
from app.store.leases import Leases
from consumers.delivery.digesting import Digester
from consumers.delivery.process import shared_terms
from tests.providers import Mailbox, Twilio
from tests.web_process import Docs
from tests.why.world import World, settings_for

NOON = datetime(2013, 2, 8, 17, tzinfo=UTC)
"""What clocks on UTC show at noon in New York, when the tests begin."""


def clock_settings() -> dict[str, Any]:
    """It is noon there on that day."""
    return {"demo": True, "demo_clock_start": NOON, "demo_clock_origin": system_now()}


@pytest.fixture
def database(prepared: Docs) -> Docs:
    """In place of one for each test, whose schema would take longer than the test."""
    return prepared


@pytest.fixture
def settings(database_uri: str) -> Settings:
    """Of a consumer at noon."""
    return Settings(mongodb_uri=database_uri, kafka_bootstrap_servers="h:1", **clock_settings())


@pytest.fixture
def sure(database: Docs) -> Docs:
    """The database as processes write to it."""
    return database.with_options(write_concern=WriteConcern("majority"))


@pytest.fixture
def world(sure: Docs, database_uri: str, mailbox: Mailbox, twilio: Twilio) -> Iterator[World]:
    """Delivery and pages on the same database and clock."""
    made = World(sure, settings_for(database_uri, mailbox, twilio, **clock_settings()))
    yield made
    made.close()


@pytest.fixture
def digester(world: World) -> Iterator[Digester]:
    """What sends the digests of that world."""
    terms = shared_terms(world.settings, world.db, EmailChannel(world.settings))
    made = Digester(terms, Leases(world.db, "one"), 30.0, StopFlag(), world.settings.public_url)
    yield made
    made.close()
