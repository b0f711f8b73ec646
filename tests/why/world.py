"""A notifier, a delivery with real providers' servers, and the web pages, on one database."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from flask.testing import FlaskClient
from pymongo.database import Database

from app.channels.email import EmailChannel
from app.channels.sms import SmsChannel
from app.domain.clock import real_time, system_now
from app.domain.why import Chain
from app.runtime import Health, StopFlag
from app.settings import Settings, load
from app.store.why import WhyReader
from app.web import create_app
from app.web.feed import Feed
from app.web.services import Services
from consumers.delivery.process import shared_terms
from consumers.delivery.worker import Worker
from tests.notifier.world import World as Notifying
from tests.providers import Mailbox, Twilio

KEY = "k" * 40
STAFF_KEY = "gck_for_why"


def settings_for(uri: str, mailbox: Mailbox, twilio: Twilio, **more: Any) -> Settings:
    """Settings of a system with both channels."""
    values: dict[str, Any] = {
        "mongodb_uri": uri,
        "kafka_bootstrap_servers": "127.0.0.1:9",
        "health_port": 0,
        "mail_server": "127.0.0.1",
        "mail_port": mailbox.port,
        "mail_connections": 1,
        "twilio_account_sid": "AC1",
        "twilio_auth_token": "token",
        "twilio_from": "+15550100000",
        "twilio_api_base_url": twilio.url,
        "twilio_connections": 1,
        "send_timeout_s": 3,
        "claim_lease_s": 8,
        "secret_key": KEY,
        "public_url": "https://gatecall.example",
        "staff_key_hashes": hashlib.sha256(STAFF_KEY.encode()).hexdigest(),
    }
    return load(**(values | more))


class World:
    """Says what happened (`notifying`), delivers, and answers requests."""

    def __init__(self, database: Database[dict[str, Any]], settings: Settings) -> None:
        self.settings = settings
        self.notifying = Notifying(database, channels=("email", "sms"))
        self.db = self.notifying.db
        self.reader = WhyReader(self.db)
        self.moment = system_now()
        self._senders = [
            Worker(shared_terms(settings, self.db, channel), StopFlag())
            for channel in (EmailChannel(settings), SmsChannel(settings))
        ]

    def person(self, name: str = "p1", **user: Any) -> None:
        """A user who is booked on the flight; with email=None or phone=None without."""
        values = {
            "_id": name,
            "name": f"Name of {name}",
            "email": f"{name}@example.org",
            "phone": "+15550104217",
        }
        values |= user
        self.db.users.insert_one({k: v for k, v in values.items() if v is not None})
        self.notifying.books(name)

    def deliver(self) -> None:
        """Everything that is due, on both channels."""
        for sender in self._senders:
            while sender.deliver_due():
                pass

    def chain(self, event: str, person: str = "p1") -> Chain:
        """The chain of an event."""
        found = self.reader.event(event)
        assert found is not None, event
        return self.reader.chain(found, person)

    def site(self, **changes: Any) -> FlaskClient:
        """Requests to a web process; changes: other settings of it."""
        settings = self.settings.model_copy(update=changes)
        feed = Feed(settings, lambda: self.moment, monotonic=time.monotonic)
        services = Services(settings, self.db, feed, Health(), real_time(), lambda: self.moment)
        return create_app(services).test_client()

    def close(self) -> None:
        """Close the senders' connections."""
        for sender in self._senders:
            sender.close()
