"""A notice by staff is for those who travel or follow; who picks somebody up agreed to hear of the arrival alone."""

from __future__ import annotations

from app.settings import Settings
from tests.at_noon import database, settings, sure
from tests.notices.world import CHANNELS, Noticing
from tests.web_process import Docs

__all__ = ["database", "settings", "sure"]


def test_who_picks_somebody_up_is_reached_by_no_notice(sure: Docs, settings: Settings) -> None:
    notices = Noticing(sure, settings)
    key = notices.flight("f1")
    notices.follows(notices.person("ann"), key, pickup=True)
    notices.follows(notices.person("nils"), key)
    notices.handle(notices.publishes(airport=None, flight="UA407"))
    made = sure.conversations.distinct("person")
    assert made == ["nils"]
    assert sure.conversations.count_documents({}) == len(CHANNELS)
    (announced,) = sure.announcements.find()
    assert announced["people"] == 1
