"""A test message to oneself: only where one is reached, and a few an hour."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.store.service_messages import Kind, ServiceMessages
from app.store.sessions import Sessions
from tests.stopping.conftest import PUBLIC, Web

HTML = {"Accept": "text/html"}


def signed_in(web: Web, **fields: object) -> FlaskClient:
    """A browser in which p1 is signed in; it keeps cookies as over https."""
    web.person(**fields)
    client = web.app.test_client()
    value = Sessions(web.database, timedelta(days=1)).begin(web.stored(), "a browser", web.now())
    client.set_cookie("__Host-gatecall-person", value, domain="gatecall.example.org", secure=True)
    return client


def ask(client: FlaskClient, channel: str, *, with_token: bool = True) -> TestResponse:
    fields = {"channel": channel}
    if with_token:
        page = client.get("/staff/sign-in", base_url=PUBLIC, headers=HTML).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        fields |= {"csrf_token": html.unescape(found[1])} if found else {}
    return client.post("/my/test", base_url=PUBLIC, data=fields, headers=HTML)


@pytest.fixture
def client(web: Web) -> FlaskClient:
    return signed_in(web, verified={"email": "p1@example.org", "phone": "+15550100001"})


def test_a_test_goes_to_ones_own_address_and_the_row_holds_it_sealed(web: Web, client: FlaskClient) -> None:
    assert ask(client, "sms").status_code == 303
    row = web.database["service_messages"].find_one({})
    assert row is not None
    assert (row["kind"], row["channel"]) == ("test", "sms")
    assert "5550100001" not in str(row)
    keys = web.settings.signing_keys
    message = ServiceMessages(web.database, keys).claim("sms", "t", web.now(), timedelta(minutes=1))
    assert message is not None
    assert (message.kind, message.address) == (Kind.TEST, "+15550100001")


def test_three_an_hour_are_enough(web: Web, client: FlaskClient) -> None:
    assert [ask(client, "sms").status_code for _ in range(5)] == [303, 303, 303, 429, 429]
    assert web.database["service_messages"].count_documents({}) == 3
    refused = ask(client, "sms")
    assert "3 tests an hour" in refused.text
    assert refused.headers["Retry-After"] == "3600"
    web.pass_time(minutes=61)
    Sessions(web.database, timedelta(days=1))
    assert ask(client, "sms").status_code == 303


def test_an_address_that_is_not_verified_gets_nothing(web: Web) -> None:
    client = signed_in(web, verified={"email": "p1@example.org"})
    assert ask(client, "sms").status_code == 400
    assert web.database["service_messages"].count_documents({}) == 0


@pytest.mark.parametrize("channel", ["", "pigeon", "email", "$ne"])
def test_a_channel_that_is_not_there_gets_nothing(web: Web, client: FlaskClient, channel: str) -> None:
    assert ask(client, channel).status_code == 400
    assert web.database["service_messages"].count_documents({}) == 0


def test_nobody_sends_without_being_signed_in_or_without_the_forms_token(
    web: Web, client: FlaskClient
) -> None:
    assert ask(web.app.test_client(), "sms", with_token=False).status_code in (303, 401, 403)
    assert ask(client, "sms", with_token=False).status_code == 403
    assert web.database["service_messages"].count_documents({}) == 0
