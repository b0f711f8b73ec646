"""A web process, a real mail server, and delivery's sender of the questions between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app import settings as settings_module
from app.channels.email import EmailChannel
from app.runtime import StopFlag
from app.settings import Settings
from app.store.service_messages import bell_of
from consumers.delivery.process import shared_terms
from consumers.delivery.service_messages import ServiceSender, senders_of
from tests.my.conftest import KEY, Person, Web
from tests.providers import Mail, Mailbox
from tests.web_process import Docs, uri_of

ANN = "ann@example.org"


class PickupWeb(Web):
    """The web process, with the mail it leaves handed over to a real server."""

    def __init__(self, database: Docs, settings: Settings, mailbox: Mailbox) -> None:
        super().__init__(database, settings)
        self.mailbox = mailbox
        channel = EmailChannel(settings)
        terms = replace(shared_terms(settings, database, channel), now=self.now)
        self.sender: ServiceSender = senders_of(settings, database, {"email": terms}, StopFlag())[
            bell_of("email")
        ]

    def booked(self, person: str = "p1", key: str = "f407", **fields: Any) -> str:
        """A booking of somebody's; the flight is there once."""
        if not self.stored("flights", _id=key):
            self.flight(_id=key, **fields)
        booking = f"b-{person}-{key}"
        row = {"_id": booking, "user_id": person, "flight_id": key, "status": "confirmed"}
        self.database["bookings"].insert_one(row | {"reference": "K7M2QX"})
        return booking

    def mails(self) -> list[Mail]:
        """All mails so far, after what waits was handed over."""
        while self.sender.send_next():
            pass
        return self.mailbox.mails

    def link(self) -> str:
        """The path in the latest mail."""
        body = self.mails()[-1].message.get_body(("plain",))
        assert body is not None
        found = re.search(r"/pickup/[A-Za-z0-9_-]+", body.get_content())
        assert found, body.get_content()
        return found[0]

    def answered(self, link: str, answer: str) -> TestResponse:
        """One click in a browser of whoever has the link: no cookie, no token."""
        return self.app.test_client().post(link, data={"answer": answer})

    def heard_by(self, person: str = "p1", key: str = "f407") -> str | None:
        """What the pick-ups of a person stand at."""
        rows = self.stored("pickups", person=person, flight=key)
        return rows[0]["status"] if rows else None


def asked(person: Person, booking: str, email: str = ANN, name: str = "Ann") -> TestResponse:
    """The form is sent, as the page has it."""
    return person.post("/my/pickups", page="/my/shares", booking=booking, name=name, email=email)


@pytest.fixture
def web(prepared: Docs, mongo_uri: str, mailbox: Mailbox) -> Iterator[PickupWeb]:
    settings = settings_module.load(
        mongodb_uri=uri_of(mongo_uri, prepared),
        kafka_bootstrap_servers="127.0.0.1:9",
        secret_key=KEY,
        mail_server="127.0.0.1",
        mail_port=mailbox.port,
        health_port=0,
    )
    made = PickupWeb(prepared, settings, mailbox)
    yield made
    made.sender.close()


@pytest.fixture
def maya(web: PickupWeb) -> Person:
    return web.person(time_zone="America/New_York")
