"""The web process on a real MongoDB with a person in it; the schema is made once."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.channels.links import Links
from app.settings import Settings
from app.store.suppressions import Suppressions
from tests.web_process import KEY, Docs, WebProcess, settings_of
from tests.why.conftest import world

__all__ = ["KEY", "world"]  # beside what is defined here

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
PUBLIC = "https://gatecall.example.org"
TOKEN = "twilio token"


class Web(WebProcess):
    """The web process, and what links and providers do to it."""

    def __init__(self, database: Docs, settings: Settings) -> None:
        super().__init__(database, settings, NOW)
        self.links = Links.of(settings)
        self.suppressions = Suppressions(database, settings)

    @property
    def client(self) -> FlaskClient:
        """A browser that has no cookie and keeps none."""
        return self.app.test_client(use_cookies=False)

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

    def press(self, page: TestResponse, ends: str) -> TestResponse:
        """Press the button of the page's form whose address ends so, with the fields that the form has."""
        forms = re.findall(r'<form[^>]* action="([^"]+)"[^>]*>(.*?)</form>', page.text, re.DOTALL)
        address, inside = next(form for form in forms if form[0].endswith(ends))
        fields: dict[str, list[str]] = {}
        for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', inside):
            fields.setdefault(name, []).append(value)
        return self.client.post(address.removeprefix(PUBLIC), data=fields, headers={"Accept": "text/html"})


@pytest.fixture
def web(prepared: Docs, mongo_uri: str) -> Web:
    settings = settings_of(
        mongo_uri,
        prepared,
        public_url=PUBLIC,
        staff_key_hashes="ab" * 32,
        twilio_account_sid="AC1",
        twilio_auth_token=TOKEN,
        twilio_from="+15550100000",
    )
    return Web(prepared, settings)
