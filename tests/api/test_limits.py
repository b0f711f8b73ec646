"""How much one asker may ask, over all processes; who may read answers from elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.settings import SettingsError, load
from app.store import schema
from app.store.rate_limits import COUNTERS
from tests.api.conftest import Site

Sites = Callable[..., Site]


def test_headers_count_down_and_then_it_is_too_much(site_with: Sites) -> None:
    site = site_with(rate_limit="5/minute")
    stranger = site.stranger()
    left = []
    for _ in range(5):
        answer = stranger.get("/places?q=EWR")
        assert answer.status_code == 200
        assert answer.headers["RateLimit-Limit"] == "5"
        assert 0 < int(answer.headers["RateLimit-Reset"]) <= 61
        left.append(answer.headers["RateLimit-Remaining"])
    assert left == ["4", "3", "2", "1", "0"]
    refused = stranger.get("/places?q=EWR")
    assert refused.status_code == 429
    assert refused.mimetype == "application/problem+json"
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    assert refused.headers["RateLimit-Remaining"] == "0"


def test_processes_count_together_and_askers_apart(site_with: Sites) -> None:
    one, other = site_with(rate_limit="4/minute"), site_with(rate_limit="4/minute")
    ada = one.person()  # signing in read /me once
    for _ in range(3):
        assert ada.get("/me").status_code == 200
    assert ada.get("/me").status_code == 429
    again = other.app.test_client()
    again._cookies = ada.client._cookies
    assert again.get("/api/v1/me").status_code == 429, "another process knows"
    assert one.person(name="Bob").get("/me").status_code == 200
    assert one.stranger().get("/places?q=EWR").status_code == 200


@pytest.mark.parametrize("path", ["/changes/e1/why", "/people/p1/notifications"])
def test_what_staff_ask_is_counted_too(site_with: Sites, path: str) -> None:
    program = site_with(rate_limit="2/minute").program("staff")
    answers = [program.get(path) for _ in range(3)]
    assert [answer.status_code == 429 for answer in answers] == [False, False, True]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]


def test_what_is_counted_names_nobody_and_ends(site_with: Sites) -> None:
    site = site_with(rate_limit="9/minute")
    ada = site.person()
    ada.get("/me")
    rows = list(site.database[COUNTERS].find())
    assert rows
    assert ada.person not in str(rows)
    assert "127.0.0.1" not in str(rows)
    assert all("expireAt" in row for row in rows)
    keys = [index.document["key"] for index in schema.COLLECTIONS[COUNTERS].indexes]
    assert [list(key) for key in keys] == [["expireAt"]]


def test_a_limit_that_is_not_understood_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match="120/minute"):
        load(mongodb_uri="mongodb://h/d", kafka_bootstrap_servers="h:1", rate_limit="much")


def test_making_the_application_opens_nothing(site_with: Sites) -> None:
    site = site_with(rate_limit="9/minute")
    commands = site.database[COUNTERS].count_documents({})
    assert commands == 0


def test_pages_of_other_origins_cannot_read_what_is_a_persons(site: Site) -> None:
    ada = site.person()
    for origin in ("https://board.example", "https://evil.example", "null"):
        answer = ada.get("/me", Origin=origin)
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Access-Control-Allow-Credentials" not in answer.headers
        preflight = ada.ask(
            "OPTIONS", "/me", Origin=origin, Access_Control_Request_Method="PATCH",
            Access_Control_Request_Headers="X-CSRFToken",
        )  # fmt: skip
        assert "Access-Control-Allow-Origin" not in preflight.headers
