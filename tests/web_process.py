"""What tests of pages share: a database with the schema, made once, and a web process on it whose time they move."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from app import settings as settings_module
from app.domain import places
from app.domain.clock import DomainClock
from app.runtime import Health
from app.settings import Settings
from app.store import schema
from app.web import create_app
from app.web.feed import Feed
from app.web.services import Services

Docs = Database[dict[str, Any]]
KEY = "a secret key for tests, long enough to sign"


class WebProcess:
    """A web process without a server. moment: the system's present, which the domain clock shows, too."""

    def __init__(self, database: Docs, settings: Settings, moment: datetime) -> None:
        self.database = database
        self.settings = settings
        self.moment = moment
        clock = DomainClock(moment, moment, 1.0, system=self.now)
        services = Services(settings, database, Feed(settings, self.now), Health(), clock, self.now)
        self.app = create_app(services)

    def now(self) -> datetime:
        return self.moment

    def pass_time(self, **length: float) -> None:
        self.moment += timedelta(**length)


@contextmanager
def with_schema(client: MongoClient[dict[str, Any]], what: str) -> Iterator[Docs]:
    """A database of its own with the schema, for many tests: making one takes longer than a test."""
    places.load()
    database = client[f"test_{what}_{uuid.uuid4().hex[:12]}"]
    schema.ensure(database)
    yield database
    client.drop_database(database.name)


def emptied(database: Docs) -> Docs:
    """The database without what an earlier test left in it; schema and indexes stay."""
    for name in database.list_collection_names():
        if not name.startswith("system."):
            database[name].delete_many({})
    return database


def settings_of(mongo_uri: str, database: Docs, **more: Any) -> Settings:
    """Settings of a web process on this database, with a key to sign with, and no channel unless more says so."""
    plain: dict[str, Any] = {
        "mongodb_uri": uri_of(mongo_uri, database),
        "kafka_bootstrap_servers": "127.0.0.1:9",
        "secret_key": KEY,
    }
    return settings_module.load(**(plain | more))


def uri_of(mongo_uri: str, database: Docs) -> str:
    """Where a process finds the database, as MONGODB_URI takes it."""
    return mongo_uri.replace("/?", f"/{database.name}?")
