"""Fixtures of the tests of Telegram."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.telegram.fake import BadTelegram, telegram_server


@pytest.fixture
def telegram() -> Iterator[BadTelegram]:
    """The Bot API on this machine, which does what it is told."""
    with telegram_server() as found:
        yield found
