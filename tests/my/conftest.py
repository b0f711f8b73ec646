"""A web process on a real MongoDB, and browsers of people who are signed in."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.settings import Settings
from app.store.sessions import Sessions
from tests.web_process import KEY, Docs, WebProcess, settings_of

__all__ = ["KEY"]  # beside what is defined here

NOW = datetime(2013, 2, 8, 19, 42, tzinfo=UTC)
"""14:42 in New York."""

UA407: dict[str, Any] = {
    "_id": "f407",
    "flight_number": "UA407",
    "airline": "UA",
    "origin": "EWR",
    "destination": "DEN",
    "departure_date": "2013-02-08",
    "departure_time": "15:45",
    "arrival_date": "2013-02-08",
    "arrival_time": "18:05",
    "status": "scheduled",
}


class Web(WebProcess):
    """The web process, and those who use it."""

    def __init__(self, database: Docs, settings: Settings) -> None:
        super().__init__(database, settings, NOW)
        self.sessions = Sessions(database, timedelta(days=30))

    def flight(self, **fields: Any) -> dict[str, Any]:
        document = UA407 | fields
        self.database["flights"].insert_one(dict(document))
        return document

    def stored(self, collection: str, **wanted: Any) -> list[dict[str, Any]]:
        return list(self.database[collection].find(wanted))

    def person(self, id_: str = "p1", **fields: Any) -> Person:
        email = f"{id_}@example.org"
        user = {"_id": id_, "name": "Maya Ortiz", "email": email, "verified": {"email": email}} | fields
        self.database["users"].insert_one(dict(user))
        return self.signed_in(id_, "Chromium on Linux")

    def signed_in(self, id_: str, browser: str) -> Person:
        """Another browser of somebody."""
        user = self.database["users"].find_one({"_id": id_})
        assert user is not None
        value = self.sessions.begin(user, browser, self.now())
        client = self.app.test_client()
        client.set_cookie("gatecall-person", value)
        return Person(id_, client)

    def stranger(self) -> Person:
        return Person("", self.app.test_client())


class Person:
    """Somebody with a browser; signed in, unless a stranger."""

    def __init__(self, id_: str, client: FlaskClient) -> None:
        self.id = id_
        self.client = client

    def answer(self, path: str) -> TestResponse:
        return self.client.get(path, headers={"Accept": "text/html"})

    def get(self, path: str, status: int = 200) -> str:
        answer = self.answer(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:400])
        return answer.text

    def token(self, page: str = "/my/flights") -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page))
        assert found
        return found[1]

    def post(self, path: str, *, page: str = "/my/flights", **form: Any) -> TestResponse:
        """Send a form as the page has it, with its token."""
        data = {"csrf_token": self.token(page)} | form
        return self.client.post(path, data=data, headers={"Accept": "text/html"})

    def done(self, path: str, *, page: str = "/my/flights", **form: Any) -> str:
        """The page that a form leads to, which says what was done."""
        answer = self.post(path, page=page, **form)
        assert answer.status_code == 303, (answer.status_code, answer.text[:600])
        return self.get(answer.location)


def text_of(page: str) -> str:
    """What of a page people read."""
    main = page[page.index("<main") : page.index("</main>")]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


@pytest.fixture
def web(prepared: Docs, mongo_uri: str) -> Web:
    return Web(prepared, settings_of(mongo_uri, prepared, mail_server="mail.example.org"))


@pytest.fixture
def maya(web: Web) -> Person:
    return web.person(time_zone="America/New_York")
