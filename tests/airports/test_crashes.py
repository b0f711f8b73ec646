"""The consumer dies at each of its steps: nobody is forgotten, and nobody is told twice."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.database import Database

from app import crash_points
from tests.airports.world import TODAY, Newark
from tests.at_noon import NOON
from tests.processes import DiedError, Line, clock_from, surroundings, until

STEPS = [step for step in crash_points.STEPS if step.startswith("A")]


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
    clock = clock_from(NOON, newark.rules.clock.origin)
    env = surroundings(database_uri, kafka, topic_prefix, AIRPORT_SETTLE_S="0.2", **clock)
    with Line(env) as line:
        for step in ("A1.asked", "A4.kept"):
            line.dies("airports", step)
        # What died had taken the day for a while.
        database.airport_days.update_many({"due_at": {"$exists": True}}, {"$set": {"due_at": NOON}})
        last = line.start("consumers", "airports")
        wants = {"_id": f"{TODAY}|ada|email", "want.cancelled": 20, "due_at": {"$exists": True}}
        until(lambda: database.conversations.find_one(wants), "ada is to be told")
        last.terminate()
        assert last.wait(30) == 0
