"""Looking at the leases from outside: whoever should watch, somebody must."""

from __future__ import annotations

from typing import Any

import pymongo
import pytest
from prometheus_client import REGISTRY
from pymongo import MongoClient
from pymongo.database import Database

from app.store.lease_watch import LeaseWatch
from app.store.leases import Leases, of_watcher


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def unheld(collection: str) -> float | None:
    return REGISTRY.get_sample_value("gatecall_lease_unheld", {"collection": collection})


def test_a_lease_that_nobody_holds_is_told_after_a_moment_and_no_more_once_taken(
    database: Database[dict[str, Any]], clock: Clock
) -> None:
    watch = LeaseWatch(database, ["flights", "prices"], clock)
    leases = Leases(database, "a watcher")
    assert leases.take(of_watcher("flights"), 600)
    watch.look()
    assert (unheld("flights"), unheld("prices")) == (0, 1)
    assert watch.check() is None  # somebody who stands by may be about to take it
    clock.seconds += 4
    watch.look()
    assert watch.check() == "nobody watches prices: run `gatecall watch`"
    leases.release(of_watcher("flights"))
    watch.look()
    clock.seconds += 4
    assert "flights, prices" in str(watch.check())
    assert leases.take(of_watcher("flights"), 600)
    assert leases.take(of_watcher("prices"), 600)
    watch.look()
    assert watch.check() is None
    assert (unheld("flights"), unheld("prices")) == (0, 0)


def test_a_lease_that_ran_out_is_held_by_nobody(database: Database[dict[str, Any]], clock: Clock) -> None:
    watch = LeaseWatch(database, ["flights"], clock)
    assert Leases(database, "a dead watcher").take(of_watcher("flights"), -1)
    watch.look()
    clock.seconds += 4
    assert watch.check() is not None


def test_while_mongodb_does_not_answer_nobody_knows(
    database: Database[dict[str, Any]], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = LeaseWatch(database, ["flights"], clock)
    watch.look()
    clock.seconds += 60
    assert watch.check() is not None
    with MongoClient[dict[str, Any]]("mongodb://127.0.0.1:9/?directConnection=true") as nobody:
        monkeypatch.setattr(watch, "_database", nobody["gatecall"])
        with pymongo.timeout(0.2):
            watch.look()
    clock.seconds += 60
    assert watch.check() is None
