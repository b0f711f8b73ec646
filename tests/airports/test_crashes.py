"""The consumer dies at each of its steps: nobody is forgotten, and nobody is told twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from app import crash_points
from app.settings import Settings
from tests.airports.world import NOON, TODAY, Newark
from tests.notifier.test_process import until

ROOT = Path(__file__).resolve().parents[2]
STEPS = [step for step in crash_points.STEPS if step.startswith("A")]


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
    newark: Newark, dying: list[str], step: str
) -> None:
    keys = newark.flights(10)
    newark.follows("ada")
    events = newark.cancel(keys)
    dying.append(step)
    with pytest.raises(DiedError):
        newark.handle(*events)
    if step.startswith("A1"):
        newark.handle(*events)  # its offset was not committed, so they come again
    # What died had taken the day for a while.
    newark.db.airport_days.update_many(
        {"due_at": {"$exists": True}}, {"$set": {"due_at": newark.rules.now()}}
    )
    newark.count()
    assert newark.due() == [("ada", TODAY, "normal", "severe")]
    newark.settle()
    newark.handle(*events)
    assert newark.due() == []
    assert newark.db.announcements.count_documents({}) == 1
    assert newark.db.conversations.count_documents({}) == 2
    assert newark.db.airport_days.count_documents({"due_at": {"$exists": True}}) == 0


def test_a_death_with_a_level_kept_tells_it_under_the_same_order(newark: Newark, dying: list[str]) -> None:
    newark.follows("ada")
    dying.append("A4.kept")
    with pytest.raises(DiedError):
        newark.handle(*newark.cancel(newark.flights(10)))
    kept = newark.db.airport_days.find_one({"_id": TODAY})
    assert kept is not None
    newark.db.airport_days.update_many({}, {"$set": {"due_at": newark.rules.now()}})
    newark.count()
    assert newark.conversation("ada")["order"] == kept["since"]


@pytest.mark.slow
def test_killed_processes_lose_nothing(
    newark: Newark, database: Database[dict[str, Any]], database_uri: str, kafka: str, topic_prefix: str
) -> None:
    newark.cancel(newark.flights(20))
    newark.follows("ada")
    env = {
        "MONGODB_URI": database_uri,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "KAFKA_TOPIC_PREFIX": topic_prefix,
        "KAFKA_PARTITIONS": "2",
        "KAFKA_SESSION_TIMEOUT_S": "6",
        "MAIL_SERVER": "localhost",
        "HEALTH_PORT": "0",
        "AIRPORT_SETTLE_S": "0.2",
        "DEMO": "1",
        "DEMO_CLOCK_START": NOON.isoformat(),
        "DEMO_CLOCK_ORIGIN": newark.rules.clock.origin.isoformat(),
    }
    clean = {k: v for k, v in os.environ.items() if k.lower() not in Settings.model_fields}

    def start(*words: str, **more: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, env=clean | env | more)

    assert start("app", "topics").wait(60) == 0
    watchers = start("watchers")
    try:
        for step in ("A1.asked", "A4.kept"):
            assert start("consumers", "airports", CRASH_AT=step).wait(120) == -signal.SIGKILL, step
        # What died had taken the day for a while.
        database.airport_days.update_many({"due_at": {"$exists": True}}, {"$set": {"due_at": NOON}})
        last = start("consumers", "airports")
        wants = {"_id": f"{TODAY}|ada|email", "want.cancelled": 20, "due_at": {"$exists": True}}
        until(lambda: database.conversations.find_one(wants), "ada is to be told")
        last.terminate()
        assert last.wait(30) == 0
    finally:
        watchers.kill()
        watchers.wait(10)
