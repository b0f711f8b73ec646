"""What delivery reads of alerts: whose they are, and what they say now, few queries for a batch."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo import MongoClient, monitoring

from app.domain.news import Role
from app.store.counts import Counts
from app.store.people import People
from tests.alerts.world import Fares
from tests.at_noon import NOON


class Asked(monitoring.CommandListener):
    """The collections that were searched."""

    def __init__(self) -> None:
        self.collections: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name == "find":
            self.collections.append(event.command["find"])

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def watched(fares: Fares, database_uri: str, asked: Asked) -> Any:
    """The same database, by a client whose queries are seen."""
    with MongoClient[dict[str, Any]](database_uri, event_listeners=[asked], tz_aware=True) as client:
        yield client[fares.db.name]


def test_an_alert_concerns_its_person_alone_and_nobody_while_it_is_paused(
    fares: Fares, watched: Any, asked: Asked
) -> None:
    mine, paused, gone, over = (f"alert:{fares.alert()}" for _ in range(4))
    fares.db.alerts.update_one({"_id": paused.partition(":")[2]}, {"$set": {"paused": True}})
    fares.db.alerts.update_one({"_id": over.partition(":")[2]}, {"$set": {"status": "ended"}})
    fares.db.alerts.delete_one({"_id": gone.partition(":")[2]})
    pairs = [("ada", one) for one in (mine, paused, gone, over)]
    assert People(watched).roles([*pairs, ("bob", mine)]) == {
        ("ada", mine): Role.ALERT,
        ("ada", paused): None,
        ("ada", over): Role.ALERT,
    }, "one that is over has its end to tell"
    assert asked.collections.count("alerts") == 1


def test_whoever_has_no_alert_costs_no_query_of_alerts(fares: Fares, watched: Any, asked: Asked) -> None:
    fares.db.followings.insert_one({"user_id": "ada", "flight_id": "airport:EWR", "created_at": NOON})
    day = "airport:EWR:2013-02-08"
    assert People(watched).roles([("ada", day)]) == {("ada", day): Role.FOLLOWER}
    assert Counts(watched).values([day]) == {}
    assert "alerts" not in asked.collections


def test_what_alerts_say_now_is_one_query(fares: Fares, watched: Any, asked: Asked) -> None:
    first, second = fares.alert(), fares.alert()
    fares.handle(fares.fare("a", "190.00"))
    fares.handle(fares.fare("b", "150.00"))
    asked.collections.clear()
    found = Counts(watched).values({f"alert:{first}", f"alert:{second}", "alert:none"})
    assert {(one.n, one.fare.price.plain) for one in found.values()} == {(1, "150.00")}  # type: ignore[attr-defined]
    assert len(found) == 2
    assert asked.collections == ["alerts"]
