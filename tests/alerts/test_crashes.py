"""The consumer dies at each of its steps: nobody is forgotten, and nobody is told twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from app import crash_points
from app.settings import Settings
from tests.alerts.world import NOON, Fares
from tests.notifier.test_process import until

ROOT = Path(__file__).resolve().parents[2]
STEPS = [step for step in crash_points.STEPS if step.startswith("F")]


class DiedError(BaseException):
    """Stands for the death of the process: nothing catches it."""


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps at which it is to die next."""
    at: list[str] = []

    def reached(step: str) -> None:
        if at and at[0] == step:
            at.pop(0)
            raise DiedError(step)

    monkeypatch.setattr(crash_points, "reached", reached)
    return at


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
    env = {
        "MONGODB_URI": database_uri,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "KAFKA_TOPIC_PREFIX": topic_prefix,
        "KAFKA_PARTITIONS": "2",
        "KAFKA_SESSION_TIMEOUT_S": "6",
        "MAIL_SERVER": "localhost",
        "HEALTH_PORT": "0",
        "ALERT_SETTLE_S": "0.2",
        "DEMO": "1",
        "DEMO_CLOCK_START": NOON.isoformat(),
        "DEMO_CLOCK_ORIGIN": fares.rules.clock.origin.isoformat(),
    }
    clean = {k: v for k, v in os.environ.items() if k.lower() not in Settings.model_fields}

    def start(*words: str, **more: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, env=clean | env | more)

    assert start("app", "topics").wait(60) == 0
    watchers = start("watchers")
    try:
        for step in ("F1.asked", "F4.kept"):
            assert start("consumers", "alerts", CRASH_AT=step).wait(120) == -signal.SIGKILL, step
        fares.take_again()  # what died had taken the alert for a while
        two = [start("consumers", "alerts") for _ in range(2)]
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
    finally:
        watchers.kill()
        watchers.wait(10)
    assert database.announcements.count_documents({"subject": f"alert:{alert}"}) == 1
