"""What tests of pages share: a database with the schema, made once, and a web process on it whose time they move."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database

from app import settings as settings_module
from app.domain.clock import DomainClock
from app.runtime import Health
from app.settings import Settings
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
