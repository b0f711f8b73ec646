"""Delivery with the channel `inbox`, and browsers of people who have one, on a real MongoDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from app.channels import registry
from app.settings import Settings, load
from app.store import schema
from tests.delivery.world import World
from tests.inbox.stand import KEY
from tests.my.conftest import NOW, Person, Web
from tests.web_process import Docs, uri_of

LINK = {"linked": {"inbox": {"address": "p1", "since": NOW}}}


def settings_for(uri: str, **more: Any) -> Settings:
    """Settings with which people have inboxes."""
    own: dict[str, Any] = {"mongodb_uri": uri, "kafka_bootstrap_servers": "127.0.0.1:9", "secret_key": KEY}
    return load(**own | {"mail_server": "localhost", "inbox_connections": 1} | more)


@pytest.fixture
def world(database: Database[dict[str, Any]], database_uri: str) -> Iterator[World]:
    """Delivery to inboxes."""
    sure = database.with_options(write_concern=WriteConcern("majority"), read_concern=ReadConcern("majority"))
    database["inbox"].create_indexes(list(schema.COLLECTIONS["inbox"].indexes))
    settings = settings_for(database_uri, send_timeout_s=3, claim_lease_s=8)
    made = World(sure, settings, registry.open_channel("inbox", settings))
    yield made
    made.close()


@pytest.fixture
def web(prepared: Docs, mongo_uri: str) -> Web:
    return Web(prepared, settings_for(uri_of(mongo_uri, prepared)))


@pytest.fixture
def maya(web: Web) -> Person:
    """Somebody who has an inbox."""
    return web.person(time_zone="America/New_York", **LINK)
