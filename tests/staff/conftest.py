"""The pages for staff on a real MongoDB, with a browser that keeps its cookie and a clock that tests move."""

from __future__ import annotations

import hashlib
import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database
from werkzeug.test import TestResponse

from app.domain.clock import DomainClock
from app.runtime import Health
from app.settings import Settings
from app.web import create_app
from app.web.feed import Feed
from app.web.services import Services

KEY, OTHER_KEY = "gck_for_staff", "gck_of_somebody_else"
NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


class Desk:
    """A member of staff at a browser."""

    def __init__(self, database: Database[dict[str, Any]], settings: Settings) -> None:
        self.database = database
        self.moment = NOW
        clock = DomainClock(NOW, NOW, 1.0, system=self.now)
        feed = Feed(settings, self.now)
        self.app = create_app(Services(settings, database, feed, Health(), clock, self.now))
        self.client: FlaskClient = self.app.test_client()

    def now(self) -> datetime:
        return self.moment

    def pass_time(self, **length: float) -> None:
        self.moment += timedelta(**length)

    def get(self, address: str, status: int = 200) -> str:
        answer = self.client.get(address, headers={"Accept": "text/html"})
        assert answer.status_code == status, (address, answer.status_code, answer.text[:500])
        return answer.text

    def token(self, address: str = "/staff/sign-in") -> str:
        found = _TOKEN.search(self.client.get(address, headers={"Accept": "text/html"}).text)
        assert found, address
        return html.unescape(found[1])

    def post(self, address: str, *, token_of: str | None = "/staff/", **fields: Any) -> TestResponse:
        """Send a form as a browser does. token_of: the page with the form; None sends no token."""
        if token_of is not None:
            fields["csrf_token"] = self.token(token_of)
        return self.client.post(address, data=fields, headers={"Accept": "text/html"})

    def is_in(self) -> bool:
        answer = self.client.get("/staff/", headers={"Accept": "text/html"})
        assert answer.status_code == 200 or answer.location == "/staff/sign-in?next=/staff/"
        return answer.status_code == 200

    def sign_in(self, key: str = KEY, **fields: str) -> TestResponse:
        return self.post("/staff/sign-in", token_of="/staff/sign-in", key=key, **fields)


def settings_for(mongo_uri: str, **more: Any) -> Settings:
    values: dict[str, Any] = {
        "mongodb_uri": mongo_uri.replace("/?", "/staff?"),
        "kafka_bootstrap_servers": "127.0.0.1:1",
        "mail_server": "mail.example.org",
        "staff_key_hashes": f"{hash_of(KEY)},{hash_of(OTHER_KEY)}",
        "secret_key": "s" * 32,
    }
    return Settings(**(values | more))


@pytest.fixture
def desk(prepared: Database[dict[str, Any]], mongo_uri: str) -> Desk:
    """Somebody who has not signed in."""
    return Desk(prepared, settings_for(mongo_uri))


@pytest.fixture
def staff(desk: Desk) -> Desk:
    """Somebody who is signed in."""
    assert desk.sign_in().status_code == 303
    return desk
