"""The site that is fuzzed, with a real database; made once."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from app import settings as settings_module
from app.store import client as store_client
from app.store import schema
from tests.api.conftest import STAFF_KEY
from tests.fuzz.world import CALLBACK_KEY, PUBLIC_URL, TWILIO_TOKEN, World, Written


@pytest.fixture(scope="session")
def world(mongo_uri: str) -> Iterator[World]:
    """A site that limits nobody and lets nobody wait: then cases are quick, and reach what they are about."""
    name = f"test_fuzz_{uuid.uuid4().hex[:12]}"
    settings = settings_module.load(
        mongodb_uri=mongo_uri.replace("/?", f"/{name}?"),
        kafka_bootstrap_servers="127.0.0.1:9",
        staff_key_hashes=hashlib.sha256(STAFF_KEY.encode()).hexdigest(),
        callback_key_hashes=hashlib.sha256(CALLBACK_KEY.encode()).hexdigest(),
        secret_key="a secret of tests, long enough for anything",
        public_url=PUBLIC_URL,
        twilio_account_sid="AC1",
        twilio_auth_token=TWILIO_TOKEN,
        twilio_from="+15550100100",
        rate_limit="1000000/minute",
        export_every_min=0,
        feed_waiting=0,
    )
    written = Written()
    with MongoClient[dict[str, Any]](mongo_uri, tz_aware=True, event_listeners=[written]) as client:
        schema.ensure(client[name])
        written.names.clear()
        yield World(settings, store_client.database(client, settings), written)
        client.drop_database(name)
