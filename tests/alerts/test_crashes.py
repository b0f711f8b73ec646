"""The consumer dies at each of its steps: nobody is forgotten, and nobody is told twice."""

from __future__ import annotations

import signal
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from app import crash_points
from tests.alerts.world import Fares
from tests.at_noon import NOON
from tests.processes import DiedError, Line, clock_from, surroundings, until

STEPS = [step for step in crash_points.STEPS if step.startswith("F")]


@pytest.mark.parametrize("step", STEPS)
def test_a_death_at_any_step_loses_nothing_and_tells_nothing_twice(
    fares: Fares, dying: list[str], step: str
) -> None:
    alert = fares.alert()
    fares.handle(fares.fare("a", "250.00"))
    event = fares.fare("a", "190.00")
    dying.append(step)
    with pytest.raises(DiedError):
        fares.handle(event)
    if step.startswith("F1"):
        fares.handle(event)  # its offset was not committed, so it comes again
    fares.take_again()
    fares.read()
    assert fares.told() == [("ada", "190.00")]
    fares.handle(event)
    assert fares.due() == []
    assert fares.db.announcements.count_documents({}) == 1
    assert fares.db.conversations.count_documents({}) == 2
    row = fares.row(alert)
    assert "due_at" not in row
    assert row["told"] == row["since"]


@pytest.mark.parametrize("step", [step for step in STEPS if step > "F4"])
def test_news_that_nobody_was_told_when_it_died_is_told_before_the_next(
    fares: Fares, dying: list[str], step: str
) -> None:
    alert = fares.alert(repeat="each_low")
    dying.append(step)
    with pytest.raises(DiedError):
        fares.handle(fares.fare("a", "190.00"))
    first = fares.row(alert)["news"]
    fares.take_again()
    fares.handle(fares.fare("a", "150.00"))
    assert fares.due() == [("ada", "150.00")]
    found = list(fares.db.announcements.find().sort("order", 1))
    assert [row["to"]["n"] for row in found] == [1, 2]
    assert found[0]["order"] == first
    assert found[1]["from"] == found[0]["to"]


@pytest.mark.parametrize("step", [step for step in STEPS if step > "F2"])
def test_a_report_whose_reader_died_comes_once(fares: Fares, dying: list[str], step: str) -> None:
    alert = fares.alert(condition={"kind": "report", "every_h": 24, "at": "08:00"}, tell_now=False)
    fares.handle(fares.fare("a", "190.00"))
    fares.later = timedelta(hours=20)
    dying.append(step)
    with pytest.raises(DiedError):
        fares.read()
    fares.take_again()
    fares.read()
    assert fares.told() == [("ada", "fare_report")]
    assert fares.db.announcements.count_documents({}) == 1
    assert fares.row(alert)["next_at"] > fares.now() + timedelta(hours=23)


@pytest.mark.slow
def test_killed_processes_lose_nothing(
    fares: Fares, database: Database[dict[str, Any]], database_uri: str, kafka: str, topic_prefix: str
) -> None:
    alert = fares.alert()
    fares.fare("a", "190.00")
    clock = clock_from(NOON, fares.rules.clock.origin)
    env = surroundings(database_uri, kafka, topic_prefix, ALERT_SETTLE_S="0.2", **clock)
    with Line(env) as line:
        for step in ("F1.asked", "F4.kept"):
            line.dies("alerts", step)
        fares.take_again()  # what died had taken the alert for a while
        two = [line.start("consumers", "alerts") for _ in range(2)]
        wants = {
            "_id": f"alert:{alert}|ada|email",
            "want.offer.amount": "190.00",
            "due_at": {"$exists": True},
        }
        until(lambda: database.conversations.find_one(wants), "ada is to be told")
        fares.fare("a", "250.00")
        gone = wants | {"want.offer.amount": None, "want.lapsed": True}
        until(lambda: database.conversations.find_one(gone), "it is not so any more")
        for one in two:
            one.terminate()
        # One alone may have done it all: the other ends by the signal itself when it was still importing.
        assert {one.wait(30) for one in two} <= {0, -signal.SIGTERM}
    assert database.announcements.count_documents({"subject": f"alert:{alert}"}) == 1
