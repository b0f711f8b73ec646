"""Newark on 8 February 2013: flights, people who follow the airport, and the consumer at hand."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pymongo.database import Database

from app.bus.consumer import Received
from app.domain.airport_day import subject_of
from app.domain.clock import system_now
from app.domain.events import Op
from app.settings import Settings
from consumers.airports.asking import TOPICS, Asking
from consumers.airports.counting import Counting
from consumers.airports.rules import Rules
from consumers.airports.stores import Stores
from tests.notifier.world import World as Events

DAY, NEXT = "2013-02-08", "2013-02-09"
TODAY, TOMORROW = subject_of("EWR", DAY), subject_of("EWR", NEXT)
CHANNELS = ("email", "sms")
COLLECTIONS = {topic.topic: topic.collection for topic in TOPICS}


class Newark:
    """Says what happens; `count` does what follows."""

    def __init__(self, database: Database[dict[str, Any]], settings: Settings) -> None:
        self.db = database
        self.stores = Stores.of(database)
        # A few more seconds settle nothing that a test waits for.
        self.rules = replace(Rules.of(settings, system_now), settle=timedelta())
        self.incarnation = 1
        self._events = Events(database)
        self._times = itertools.count(1)

    @property
    def asking(self) -> Asking:
        return Asking(self.stores, self.rules, CHANNELS, COLLECTIONS, lambda: self.incarnation)

    @property
    def counting(self) -> Counting:
        return Counting(self.stores, self.rules, CHANNELS, lambda: self.incarnation)

    def flights(self, number: int, date: str = DAY, **fields: Any) -> list[str]:
        """So many flights from Newark, as scheduled; their keys. Nobody is told of their being there."""
        keys = [f"{date}-{n}" for n in range(1, number + 1)]
        base = {
            "airline": "UA",
            "origin": "EWR",
            "destination": "DEN",
            "departure_date": date,
            "departure_time": "18:00",
            "arrival_date": date,
            "arrival_time": "20:30",
            "status": "scheduled",
        }
        rows = [{"_id": key, "flight_number": f"UA{n}"} for n, key in enumerate(keys, 1)]
        self.db.flights.insert_many([row | base | fields for row in rows])
        return keys

    def edit(self, key: str, incarnation: int | None = None, **fields: Any) -> Received:
        """The flight has these fields now; its event."""
        before = self.db.flights.find_one({"_id": key}, {"_id": 0})
        self.db.flights.update_one({"_id": key}, {"$set": fields})
        after = self.db.flights.find_one({"_id": key}, {"_id": 0})
        number = self.incarnation if incarnation is None else incarnation
        time = next(self._times)
        return self._events.event(
            time, "flights", key, Op.UPDATE, after=after, before=before, incarnation=number
        )

    def cancel(self, keys: list[str]) -> list[Received]:
        """All of them are cancelled."""
        return [self.edit(key, status="cancelled") for key in keys]

    def follows(self, person: str, airport: str = "EWR", **fields: Any) -> Received:
        """The person follows the airport; the event."""
        row = {"_id": f"w-{person}-{airport}", "user_id": person, "flight_id": f"airport:{airport}"}
        row |= {"airport": airport} | fields
        self.db.followings.replace_one({"_id": row["_id"]}, row, upsert=True)
        after = {name: row[name] for name in ("user_id", "flight_id")}
        return self._followed(Op.INSERT, row, after=after)

    def stops(self, person: str, airport: str = "EWR") -> Received:
        """The person follows it no more; the event."""
        row = self.db.followings.find_one_and_delete({"_id": f"w-{person}-{airport}"})
        assert row is not None
        return self._followed(Op.DELETE, row, after=None)

    def _followed(self, op: Op, row: dict[str, Any], *, after: dict[str, Any] | None) -> Received:
        key, number = str(row["flight_id"]), self.incarnation
        time = next(self._times)
        return self._events.event(
            time, "followings", key, op, after=after, document=row["_id"], incarnation=number
        )

    def handle(self, *received: Received) -> None:
        """The messages, and all that follows from them."""
        self.asking.handle(list(received))
        self.count()

    def count(self) -> None:
        """All that is due."""
        while self.counting.count_due():
            pass

    def conversation(self, person: str, subject: str = TODAY, channel: str = "email") -> dict[str, Any]:
        """As it stands."""
        found = self.db.conversations.find_one({"_id": f"{subject}|{person}|{channel}"})
        assert found is not None, f"{person} has no conversation about {subject}"
        return found

    def due(self) -> list[tuple[str, str, str, str]]:
        """Person, subject, level heard and level wanted of all that is due by e-mail, sorted."""
        rows = self.db.conversations.find({"due_at": {"$exists": True}, "channel": "email"})
        return sorted((r["person"], r["subject"], r["heard"]["level"], r["want"]["level"]) for r in rows)

    def settle(self) -> None:
        """Everybody heard what they should know, as if delivered."""
        for row in self.db.conversations.find({"due_at": {"$exists": True}}):
            self.db.conversations.update_one(
                {"_id": row["_id"]}, {"$set": {"heard": row["want"]}, "$unset": {"due_at": ""}}
            )
