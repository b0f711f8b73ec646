"""Fixtures of the airports' tests: real MongoDB, and real mail and SMS servers."""

from __future__ import annotations

import pytest

from app.settings import Settings
from tests.airports.world import Newark
from tests.at_noon import database, digester, settings, sure, world
from tests.processes import dying
from tests.web_process import Docs

__all__ = ["database", "digester", "dying", "settings", "sure", "world"]


@pytest.fixture
def newark(sure: Docs, settings: Settings) -> Newark:
    """Newark and the consumer of its days."""
    return Newark(sure, settings)
