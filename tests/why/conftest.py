"""A world with a notifier, a delivery and pages; the schema is made once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from tests.providers import Mailbox, Twilio
from tests.web_process import Docs, emptied, uri_of, with_schema
from tests.why.world import World, settings_for


@pytest.fixture(scope="package")
def prepared(mongo_client: MongoClient[dict[str, Any]]) -> Iterator[Docs]:
    with with_schema(mongo_client, "why") as database:
        yield database


@pytest.fixture
def world(prepared: Docs, mongo_uri: str, mailbox: Mailbox, twilio: Twilio) -> Iterator[World]:
    settings = settings_for(uri_of(mongo_uri, prepared), mailbox, twilio)
    made = World(emptied(prepared), settings)
    yield made
    made.close()
