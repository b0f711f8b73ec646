"""Fixtures of the alerts' tests: real MongoDB, and real mail and SMS servers."""

from __future__ import annotations

import pytest

from app.settings import Settings
from tests.alerts.world import Fares
from tests.at_noon import database, digester, settings, sure, world
from tests.processes import dying
from tests.web_process import Docs

__all__ = ["database", "digester", "dying", "settings", "sure", "world"]


@pytest.fixture
def fares(sure: Docs, settings: Settings) -> Fares:
    """Fares, people with alerts, and the consumer of both."""
    return Fares(sure, settings)
