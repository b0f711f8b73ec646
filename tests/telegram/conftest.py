"""Fixtures of the tests of Telegram."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from tests.telegram.fake import BadTelegram, telegram_server, telegram_settings
from tests.telegram.world import BotWorld


@pytest.fixture
def telegram() -> Iterator[BadTelegram]:
    """The Bot API on this machine, which does what it is told."""
    with telegram_server() as found:
        yield found


@pytest.fixture
def world(database: Database[dict[str, Any]], database_uri: str, telegram: BadTelegram) -> Iterator[BotWorld]:
    """The bot and its people; nobody has linked anything."""
    settings = telegram_settings(telegram.url, mongodb_uri=database_uri)
    sure = database.with_options(write_concern=WriteConcern("majority"), read_concern=ReadConcern("majority"))
    made = BotWorld(sure, settings, telegram)
    yield made
    made.close()
