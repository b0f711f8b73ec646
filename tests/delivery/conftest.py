"""Worlds of delivery: real MongoDB, a real SMTP server, a Twilio-shaped server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from app.channels.email import EmailChannel
from app.channels.sms import SmsChannel
from app.settings import Settings, load
from tests.delivery.both import Both
from tests.delivery.choosers import at_gates, by_clock
from tests.delivery.clocks import Clock
from tests.delivery.world import World
from tests.providers import Mailbox, Twilio


def settings_for(uri: str, **more: Any) -> Settings:
    return load(mongodb_uri=uri, kafka_bootstrap_servers="127.0.0.1:9", health_port=0, **more)


def _majority(database: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    return database.with_options(write_concern=WriteConcern("majority"), read_concern=ReadConcern("majority"))


@pytest.fixture
def world(database: Database[dict[str, Any]], database_uri: str, mailbox: Mailbox) -> Iterator[World]:
    settings = settings_for(
        database_uri,
        mail_server="127.0.0.1",
        mail_port=mailbox.port,
        mail_connections=1,
        send_timeout_s=3,
        claim_lease_s=8,
    )
    made = World(_majority(database), settings, EmailChannel(settings))
    yield made
    made.close()


@pytest.fixture
def sms_world(database: Database[dict[str, Any]], database_uri: str, twilio: Twilio) -> Iterator[World]:
    settings = settings_for(
        database_uri,
        twilio_account_sid="AC1",
        twilio_auth_token="token",
        twilio_from="+15550100000",
        twilio_api_base_url=twilio.url,
        twilio_connections=1,
        send_timeout_s=3,
        claim_lease_s=8,
    )
    made = World(_majority(database), settings, SmsChannel(settings))
    yield made
    made.close()


@pytest.fixture
def both(world: World, sms_world: World, mailbox: Mailbox, twilio: Twilio) -> Both:
    clock = Clock()
    for one in (world, sms_world):
        at_gates(one)
        by_clock(one, clock)
        one.terms = replace(one.terms, channels=frozenset({"email", "sms"}))
    return Both(world, sms_world, clock, mailbox, twilio)
