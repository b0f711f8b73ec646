"""Fixtures of the notifier's tests."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.database import Database

from tests.notifier.world import World


@pytest.fixture
def world(database: Database[dict[str, Any]]) -> World:
    """A notifier and an empty database; one channel."""
    return World(database)
