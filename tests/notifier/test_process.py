"""`python -m consumers notifier` as its operator meets it, and the whole way from a save to a conversation."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo.database import Database

from app.store import schema
from tests.notifier.world import FLIGHT
from tests.processes import started, surroundings, until


def run(*arguments: str, **env: str) -> subprocess.Popen[str]:
    return started(*arguments, env=env, stderr=subprocess.PIPE, text=True)


def test_missing_settings_end_it_with_two_and_every_problem() -> None:
    process = run("consumers", "notifier", SETTLE_S="-1")
    _, words = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "MONGODB_URI is missing" in words
    assert "SETTLE_S" in words


@pytest.fixture
def notifiers(
    database: Database[dict[str, Any]], database_uri: str, kafka: str, topic_prefix: str
) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts notifiers; a watcher runs beside them."""
    schema.ensure(database)
    env = surroundings(database_uri, kafka, topic_prefix, LOG_LEVEL="ERROR")
    assert started("app", "topics", env=env).wait(120) == 0
    children = [run("watchers", **env)]

    def start() -> subprocess.Popen[str]:
        children.append(run("consumers", "notifier", **env))
        return children[-1]

    yield start
    for process in children:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_a_killed_notifier_loses_nothing_and_another_goes_on(
    database: Database[dict[str, Any]], notifiers: Callable[[], subprocess.Popen[str]]
) -> None:
    flights = [f"f{n}" for n in range(20)]
    database.flights.insert_many(
        [FLIGHT | {"_id": key, "flight_number": f"UA{n + 1}"} for n, key in enumerate(flights)]
    )
    database.bookings.insert_many(
        [{"user_id": f"p{n}", "flight_id": key} for key in flights for n in range(5)]
    )
    first = notifiers()
    until(lambda: database.conversations.count_documents({}) == 100, "all have a conversation")
    for key in flights[:10]:
        database.flights.update_one({"_id": key}, {"$set": {"status": "cancelled"}})
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    for key in flights[10:]:
        database.flights.update_one({"_id": key}, {"$set": {"status": "cancelled"}})
    second, third = notifiers(), notifiers()
    told = {"want.status": "cancelled", "due_at": {"$exists": True}}
    until(lambda: database.conversations.count_documents(told) == 100, "all know of the cancellation")
    for process in (second, third):
        process.send_signal(signal.SIGTERM)
    assert [process.wait(20) for process in (second, third)] == [0, 0]
    assert database.announcements.count_documents({"kinds": "cancelled"}) == 20
    assert database.dead_letters.count_documents({}) == 0
