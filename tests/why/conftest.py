"""A world with a notifier, a delivery and pages; the schema is made once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from app.domain import places
from app.store import schema
from tests.providers import Mailbox, Twilio, smtp_server, twilio_server
from tests.why.world import World, settings_for


@pytest.fixture(scope="package")
def prepared(mongo_client: MongoClient[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    places.load()
    database = mongo_client[f"test_why_{uuid.uuid4().hex[:12]}"]
    schema.ensure(database)
    yield database
    mongo_client.drop_database(database.name)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with smtp_server() as found:
        yield found


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    with twilio_server() as found:
        yield found


@pytest.fixture
def world(
    prepared: Database[dict[str, Any]], mongo_uri: str, mailbox: Mailbox, twilio: Twilio
) -> Iterator[World]:
    for name in prepared.list_collection_names():
        if not name.startswith("system."):
            prepared[name].delete_many({})
    settings = settings_for(mongo_uri.replace("/?", f"/{prepared.name}?"), mailbox, twilio)
    made = World(prepared, settings)
    yield made
    made.close()
