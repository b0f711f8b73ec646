"""The API with a real database: people who are signed in, programs with keys, flights to book."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId
from flask.testing import FlaskClient
from pymongo.database import Database
from werkzeug.test import TestResponse

from app import settings as settings_module
from app.domain.clock import DomainClock
from app.runtime import Health
from app.settings import Settings
from app.store import client as store_client
from app.store.api_keys import ApiKeys
from app.store.sessions import Sessions
from app.web import create_app
from app.web.feed import Feed
from app.web.services import Services

Document = dict[str, Any]

STAFF_KEY = "gck_for_tests"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAY = "2026-12-01"


@pytest.fixture
def settings(mongo_uri: str, prepared: Database[Document]) -> Settings:
    """Settings of a web process that nobody limits."""
    hosts, _, options = mongo_uri.removeprefix("mongodb://").partition("/")
    return settings_module.load(
        mongodb_uri=f"mongodb://{hosts}/{prepared.name}?{options.partition('?')[2]}",
        kafka_bootstrap_servers="127.0.0.1:9",
        staff_key_hashes=hashlib.sha256(STAFF_KEY.encode()).hexdigest(),
        secret_key="a secret of tests, long enough for anything",
        cors_origins="https://board.example",
        rate_limit="100000/minute",
    )


@pytest.fixture
def api_database(settings: Settings, prepared: Database[Document]) -> Database[Document]:
    """The database as the processes open it, with nothing in it."""
    return store_client.database(prepared.client, settings)


class Asking:
    """Somebody who asks the API: with a browser's cookie, or with a key."""

    def __init__(self, client: FlaskClient, person: str, headers: dict[str, str]) -> None:
        self.client = client
        self.person = person
        self.headers = headers

    def ask(self, method: str, path: str, sent: Any = None, **headers: str) -> TestResponse:
        """One request; `If_Match="..."` becomes a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        options: dict[str, Any] = {"headers": self.headers | named}
        if sent is not None:
            options["json"] = sent
        return self.client.open(f"/api/v1{path}", method=method, **options)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.ask("GET", path, **headers)

    def post(self, path: str, sent: Any = None, **headers: str) -> TestResponse:
        return self.ask("POST", path, {} if sent is None else sent, **headers)

    def patch(self, path: str, sent: Any, **headers: str) -> TestResponse:
        """Without If-Match among the headers: read first, as a client does."""
        if "If_Match" not in headers:
            headers["If_Match"] = self.get(path).headers["ETag"]
        return self.ask("PATCH", path, sent, **headers)

    def delete(self, path: str, **headers: str) -> TestResponse:
        return self.ask("DELETE", path, **headers)


class Site:
    """A web process without a server, with a database whose schema is there."""

    def __init__(self, settings: Settings, database: Database[Document]) -> None:
        self.settings = settings
        self.moment = NOW
        self.database = database
        self.feed = Feed(settings, self.now)
        # What is over, and what is not, must not depend on the day on which tests run.
        clock = DomainClock(NOW, NOW, 1.0, system=self.now)
        services = Services(settings, database, self.feed, Health(), clock, self.now)
        self.app = create_app(services)

    def now(self) -> datetime:
        return self.moment

    def person(self, user_id: Any = None, **fields: Any) -> Asking:
        """A person who is signed in; fields of their document."""
        user = {"_id": ObjectId() if user_id is None else user_id, "name": "Ada Lovelace"} | fields
        self.database.users.insert_one(user)
        return self.signed_in(user)

    def signed_in(self, user: Document) -> Asking:
        """Another browser of a person."""
        value = Sessions(self.database, timedelta(days=30)).begin(user, "Firefox on Linux", self.now())
        client = self.app.test_client()
        client.set_cookie("gatecall-person", value)
        token = client.get("/api/v1/me").headers["X-CSRFToken"]
        return Asking(client, str(user["_id"]), {"X-CSRFToken": token})

    def program(self, *scopes: str) -> Asking:
        """A program with a key that has these scopes."""
        key, made = ApiKeys(self.database).create("import", scopes, None, "tests", self.now())
        return Asking(self.app.test_client(), made.prefix, {"Authorization": f"Bearer {key}"})

    def stranger(self) -> Asking:
        return Asking(self.app.test_client(), "", {})

    def flight(self, number: str = "UA1545", origin: str = "EWR", **fields: Any) -> Document:
        """A flight that is in the schedule."""
        document = {
            "_id": ObjectId(), "flight_number": number, "origin": origin, "destination": "IAH",
            "departure_date": DAY, "departure_time": "10:00", "gate": "C70",
        } | fields  # fmt: skip
        self.database.flights.insert_one(document)
        return document


@pytest.fixture
def site(settings: Settings, api_database: Database[Document]) -> Site:
    return Site(settings, api_database)


@pytest.fixture
def site_with(api_database: Database[Document], settings: Settings) -> Callable[..., Site]:
    """Makes a site with other settings on the same database."""
    return lambda **more: Site(settings.model_copy(update=more), api_database)


@pytest.fixture
def ada(site: Site) -> Asking:
    """A person who is signed in."""
    return site.person(email="ada@example.org", verified={"email": "ada@example.org"})


@pytest.fixture
def bob(site: Site) -> Asking:
    """Another one."""
    return site.person(name="Bob", email="bob@example.org")


def fields_at_fault(answer: TestResponse) -> set[str]:
    """The fields that a problem names."""
    assert answer.mimetype == "application/problem+json", answer.text
    found = answer.json
    assert found is not None
    return {fault["field"] for fault in found.get("errors", [])}
