"""People at browsers, on a real MongoDB; their mail comes from the rows that the web leaves, or from a real sender."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern
from werkzeug.test import TestResponse

from app.channels.base import Channel
from app.channels.email import EmailChannel
from app.channels.sms import SmsChannel
from app.domain.clock import real_time
from app.runtime import Health, StopFlag
from app.settings import Settings, load
from app.store.service_messages import ServiceMessage, ServiceMessages, bell_of
from app.web import create_app
from app.web.feed import Feed
from app.web.services import Services
from consumers.delivery.process import shared_terms
from consumers.delivery.service_messages import ServiceSender, senders_of
from tests.providers import Mailbox, Twilio

KEY = "k" * 40
NOW = datetime.now(UTC).replace(microsecond=0)
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
PAGE = {"Accept": "text/html"}
ADA = "ada@example.org"


class Browser:
    """One browser: keeps cookies, sends forms with their token."""

    def __init__(self, app: Flask, agent: str = "Mozilla/5.0 (X11; Linux x86_64) Firefox/131.0") -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()
        self.headers = PAGE | {"User-Agent": agent, "Accept-Language": "en-GB,en;q=0.5"}

    def get(self, address: str) -> TestResponse:
        return self.client.get(address, headers=self.headers)

    def token(self, address: str) -> str:
        found = _TOKEN.search(self.get(address).text)
        assert found, f"no form at {address}"
        return html.unescape(found[1])

    def post(self, address: str, *, token_of: str | None = "/sign-in", **fields: Any) -> TestResponse:
        if token_of is not None:
            fields["csrf_token"] = self.token(token_of)
        return self.client.post(address, data=fields, headers=self.headers)

    def ask(self, email: str = ADA, **more: str) -> TestResponse:
        return self.post("/sign-in", email=email, **more)


class Place:
    """A web process, its database, and the mail it leaves for delivery."""

    def __init__(self, database: Database[dict[str, Any]], settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self.moment = NOW
        feed = Feed(settings, self.now)
        services = Services(settings, database, feed, Health(), real_time(), self.now)
        self.app = create_app(services)
        self.messages = ServiceMessages(database, settings.signing_keys)

    def now(self) -> datetime:
        return self.moment

    def pass_time(self, **length: float) -> None:
        self.moment += timedelta(**length)

    def browser(self, **how: str) -> Browser:
        return Browser(self.app, **how)

    def mail(self, channel: str = "email") -> ServiceMessage | None:
        """The next message that waits, taken out; None when none does."""
        found = self.messages.claim(channel, "test", self.moment, timedelta(minutes=1))
        if found is not None:
            self.messages.done(found.id, "test")
        return found

    def link(self) -> str:
        """The address in the next mail."""
        message = self.mail()
        assert message is not None, "no mail was written"
        return f"/sign-in/{message.details['token']}"

    def signed_in(self, email: str = ADA, **user: Any) -> Browser:
        """A browser in which somebody with this address is signed in."""
        if not list(self.database["users"].find({"email": email})):
            self.database["users"].insert_one(
                {"name": "Ada", "email": email, "verified": {"email": email}} | user
            )
        browser = self.browser()
        assert browser.ask(email).status_code == 303
        link = self.link()
        answer = browser.post(link, token_of=link)
        assert answer.status_code == 303, answer.text
        return browser

    def sender(self, channel: Channel) -> ServiceSender:
        """The sender of service messages as the delivery process builds it, with this place's clock."""
        shared = {channel.name: shared_terms(self.settings, self.database, channel)}
        shared = {name: replace(terms, now=self.now) for name, terms in shared.items()}
        return senders_of(self.settings, self.database, shared, StopFlag())[bell_of(channel.name)]


@pytest.fixture
def prepared(prepared: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    """Read and written as the processes do."""
    return prepared.with_options(write_concern=WriteConcern("majority"), read_concern=ReadConcern("majority"))


def settings_for(mongo_uri: str, name: str, **more: Any) -> Settings:
    values: dict[str, Any] = {
        "mongodb_uri": mongo_uri.replace("/?", f"/{name}?"),
        "kafka_bootstrap_servers": "127.0.0.1:9",
        "mail_server": "127.0.0.1",
        "mail_port": 9,
        "secret_key": KEY,
        "twilio_account_sid": "AC1",
        "twilio_auth_token": "token",
        "twilio_from": "+15550100000",
        "send_timeout_s": 2,
        "claim_lease_s": 4,
        "health_port": 0,
    }
    return load(**(values | more))


@pytest.fixture
def place(prepared: Database[dict[str, Any]], mongo_uri: str) -> Place:
    """Nobody is there yet."""
    return Place(prepared, settings_for(mongo_uri, prepared.name))


@pytest.fixture
def mail_place(prepared: Database[dict[str, Any]], mongo_uri: str, mailbox: Mailbox) -> Place:
    """With a mail server."""
    return Place(prepared, settings_for(mongo_uri, prepared.name, mail_port=mailbox.port))


@pytest.fixture
def sms_place(prepared: Database[dict[str, Any]], mongo_uri: str, twilio: Twilio) -> Place:
    """With a Twilio."""
    return Place(prepared, settings_for(mongo_uri, prepared.name, twilio_api_base_url=twilio.url))


@pytest.fixture
def by_mail(mail_place: Place) -> Iterator[ServiceSender]:
    sender = mail_place.sender(EmailChannel(mail_place.settings))
    yield sender
    sender.close()


@pytest.fixture
def by_sms(sms_place: Place) -> Iterator[ServiceSender]:
    sender = sms_place.sender(SmsChannel(sms_place.settings))
    yield sender
    sender.close()
