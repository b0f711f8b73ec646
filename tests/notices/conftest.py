"""Fixtures of the notices' tests: real MongoDB, and real mail and SMS servers."""

from __future__ import annotations

import pytest

from app.settings import Settings
from tests.at_noon import database, digester, settings, sure, world
from tests.notices.world import Noticing
from tests.processes import dying
from tests.web_process import Docs

__all__ = ["database", "digester", "dying", "settings", "sure", "world"]


@pytest.fixture
def notices(sure: Docs, settings: Settings) -> Noticing:
    """Staff and people at Newark, and the consumer of notices."""
    return Noticing(sure, settings)
