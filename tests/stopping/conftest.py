"""The web process on a real MongoDB with a person in it; the schema is made once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo import MongoClient
from pymongo.database import Database
from werkzeug.test import TestResponse

from app import settings as settings_module
from app.channels.links import Links
from app.domain.clock import real_time
from app.runtime import Health
from app.settings import Settings
from app.store import schema
from app.store.suppressions import Suppressions
from app.web import create_app
from app.web.feed import Feed
from app.web.services import Services

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
KEY = "a secret key for tests, long enough to sign"
PUBLIC = "https://gatecall.example.org"
TOKEN = "twilio token"


class Web:
    """A web process without a server, and time that tests move."""

    def __init__(self, database: Database[dict[str, Any]], settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self.moment = NOW
        services = Services(settings, database, Feed(settings, self.now), Health(), real_time(), self.now)
        self.app = create_app(services)
        self.links = Links.of(settings)
        self.suppressions = Suppressions(database, settings)

    @property
    def client(self) -> FlaskClient:
        """A browser that has no cookie and keeps none."""
        return self.app.test_client(use_cookies=False)

    def now(self) -> datetime:
        return self.moment

    def pass_time(self, **length: float) -> None:
        self.moment += timedelta(**length)

    def person(self, number: int = 1, **fields: Any) -> str:
        user = {"_id": f"p{number}", "name": f"P {number}", "email": f"p{number}@example.org"}
        user |= {"phone": f"+1555010{number:04d}"} | fields
        self.database["users"].insert_one({k: v for k, v in user.items() if v is not None})
        return f"p{number}"

    def stored(self, number: int = 1) -> dict[str, Any]:
        found = self.database["users"].find_one({"_id": f"p{number}"})
        assert found is not None
        return found

    def consents(self) -> list[dict[str, Any]]:
        return list(self.database["consents"].find().sort("at", 1))

    def get(self, url: str) -> TestResponse:
        return self.client.get(url.removeprefix(PUBLIC), headers={"Accept": "text/html"})

    def post(self, url: str, **form: str) -> TestResponse:
        fields = {name.replace("__", "-"): value for name, value in form.items()}
        return self.client.post(url.removeprefix(PUBLIC), data=fields, headers={"Accept": "text/html"})


@pytest.fixture(scope="package")
def prepared(mongo_client: MongoClient[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    database = mongo_client[f"test_stopping_{uuid.uuid4().hex[:12]}"]
    schema.ensure(database)
    yield database
    mongo_client.drop_database(database.name)


@pytest.fixture
def web(prepared: Database[dict[str, Any]], mongo_uri: str) -> Web:
    for name in prepared.list_collection_names():
        if not name.startswith("system."):
            prepared[name].delete_many({})
    settings = settings_module.load(
        mongodb_uri=mongo_uri.replace("/?", f"/{prepared.name}?"),
        kafka_bootstrap_servers="127.0.0.1:9",
        public_url=PUBLIC,
        secret_key=KEY,
        staff_key_hashes="ab" * 32,
        twilio_account_sid="AC1",
        twilio_auth_token=TOKEN,
        twilio_from="+15550100000",
    )
    return Web(prepared, settings)
