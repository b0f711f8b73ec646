"""A world with a notifier, a delivery and pages; the schema is made once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.providers import Mailbox, Twilio
from tests.web_process import Docs, uri_of
from tests.why.world import World, settings_for


@pytest.fixture
def world(prepared: Docs, mongo_uri: str, mailbox: Mailbox, twilio: Twilio) -> Iterator[World]:
    settings = settings_for(uri_of(mongo_uri, prepared), mailbox, twilio)
    made = World(prepared, settings)
    yield made
    made.close()
