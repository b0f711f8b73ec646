"""A small world for delivery: a flight, people who hold it, their conversations, and a worker at hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.database import Database

from app.channels.base import Channel
from app.domain.flight import Flight
from app.runtime import StopFlag
from app.settings import Settings
from app.store import schema
from consumers.delivery.process import shared_terms
from consumers.delivery.terms import Terms
from consumers.delivery.worker import Worker

NOW = datetime.now(UTC).replace(microsecond=0)


def flight(**changes: Any) -> Flight:
    """UA 407 from Newark to Denver, in five hours."""
    leaves = (NOW + timedelta(hours=5)).astimezone(tz=None)
    base = Flight(
        flight_number="UA407",
        airline="UA",
        origin="LHR",
        destination="DEN",
        departure_date=leaves.astimezone(UTC).strftime("%Y-%m-%d"),
        departure_time=leaves.astimezone(UTC).strftime("%H:%M"),
        gate="C70",
    )
    return replace(base, **changes)


A = flight()
B = flight(gate="C71")
C = flight(gate="C72")


def order(number: int) -> str:
    """A sortable order."""
    return f"0000.{number:016x}.82"


class World:
    """Documents as the notifier leaves them. person ids are "p1", "p2"...; the subject is flight:f1."""

    def __init__(self, database: Database[dict[str, Any]], settings: Settings, channel: Channel) -> None:
        self.database = database
        self.settings = settings
        self.channel = channel
        self.terms: Terms = shared_terms(settings, database, channel)
        self.workers: list[Worker] = []
        for name in ("conversations", "notifications"):
            database[name].create_indexes(list(schema.COLLECTIONS[name].indexes))

    def person(self, number: int = 1, **user: Any) -> str:
        """A user with a booking on the flight."""
        person = f"p{number}"
        document = {"_id": person, "name": f"P {number}", "email": f"p{number}@example.org"}
        document |= {"phone": f"+1555010{number:04d}"} | user
        # what the validator refuses now may have been written before it
        self.database["users"].insert_one(
            {k: v for k, v in document.items() if v is not None}, bypass_document_validation=True
        )
        self.database["bookings"].insert_one(
            {"_id": f"b{number}", "user_id": person, "flight_id": "f1", "status": "confirmed"}
        )
        return person

    def conversation(
        self, number: int = 1, heard: Flight | None = A, want: Flight | None = B, **fields: Any
    ) -> str:
        """A conversation that is due; its id."""
        name = f"flight:f1|p{number}|{self.channel.name}"
        now = datetime.now(UTC)
        document = {
            "_id": name,
            "subject": "flight:f1",
            "person": f"p{number}",
            "channel": self.channel.name,
            "heard": heard.to_document() if heard else None,
            "want": want.to_document() if want else None,
            "order": order(1),
            "event_id": "e1",
            "changed_at": now,
            "found_late": False,
            "due_at": now,
            "priority": 2,
            "status": "open",
            "attempts": 0,
            "ends_at": now + timedelta(days=30),
        }
        document |= fields
        self.database["conversations"].insert_one({k: v for k, v in document.items() if v is not ...})
        return name

    def travellers(self, count: int, **fields: Any) -> list[str]:
        """People, bookings and due conversations, many at once."""
        for number in range(1, count + 1):
            self.person(number)
            self.conversation(number, **fields)
        return [f"p{number}" for number in range(1, count + 1)]

    def wants(self, value: Flight, number: int, person: int = 1) -> None:
        """The notifier's update (N3) with the flight's next state."""
        self.database["conversations"].update_one(
            {"_id": f"flight:f1|p{person}|{self.channel.name}", "order": {"$lt": order(number)}},
            [
                {"$set": {"want": {"$literal": value.to_document()}, "order": order(number)}},
                {"$set": {"status": "open"}},
                {
                    "$set": {
                        "due_at": {
                            "$cond": [
                                {
                                    "$or": [
                                        {"$ne": ["$heard", "$want"]},
                                        {"$ne": [{"$type": "$doubt"}, "missing"]},
                                        {"$ne": [{"$type": "$claim"}, "missing"]},
                                    ]
                                },
                                {"$min": ["$due_at", "$$NOW"]},
                                "$due_at",
                            ]
                        }
                    }
                },
            ],
        )

    def stored(self, number: int = 1) -> dict[str, Any]:
        """The conversation as it stands."""
        found = self.database["conversations"].find_one({"_id": f"flight:f1|p{number}|{self.channel.name}"})
        assert found is not None
        return found

    def row(self, number: int = 1, at: int = 1) -> dict[str, Any] | None:
        """The ledger's row for the conversation and order."""
        return self.database["notifications"].find_one(
            {"_id": f"flight:f1|p{number}|{self.channel.name}@{order(at)}"}
        )

    def worker(self, **changes: Any) -> Worker:
        """A worker; changes replace what it shares."""
        worker = Worker(replace(self.terms, **changes), StopFlag())
        self.workers.append(worker)
        return worker

    def close(self) -> None:
        """Close the workers' connections."""
        for worker in self.workers:
            worker.close()

    def hurry(self) -> None:
        """Let back-off be over."""
        self.database["conversations"].update_many({}, {"$unset": {"not_before": ""}})

    def lapse(self) -> None:
        """Let every lease run out."""
        self.database["conversations"].update_many(
            {"lease_until": {"$exists": True}}, {"$set": {"lease_until": datetime(2000, 1, 1, tzinfo=UTC)}}
        )


def eventually(condition: Callable[[], Any], within_s: float = 10.0) -> Any:
    """The first true value of the condition; fails when there is none in time."""
    give_up_at = time.monotonic() + within_s
    while time.monotonic() < give_up_at:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {within_s} s")


class Crash(BaseException):
    """The process dies here: nothing after it happens, nothing is given back."""


class Dying:
    """Stands for a store and dies before or after one of its methods, once."""

    def __init__(self, real: Any, method: str, *, after: bool) -> None:
        self._real = real
        self._method = method
        self._after = after
        self._dead = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name != self._method or self._dead:
            return found

        def dying(*args: Any, **named: Any) -> None:
            self._dead = True
            if self._after:
                found(*args, **named)
            raise Crash(name)

        return dying


class HookedChannel:
    """The real channel, with something happening just before or just after the provider's answer."""

    def __init__(
        self,
        real: Channel,
        *,
        before: Callable[[], None] | None = None,
        after: Callable[[], None] | None = None,
    ) -> None:
        self._real = real
        self.name = real.name
        self._before, self._after = before, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def open(self) -> Any:
        return _HookedSender(self._real.open(), self._before, self._after)


class _HookedSender:
    def __init__(
        self, real: Any, before: Callable[[], None] | None, after: Callable[[], None] | None
    ) -> None:
        self._real, self._before, self._after = real, before, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def send(self, parcel: Any, deadline_s: float) -> Any:
        if self._before:
            self._before()
        receipt = self._real.send(parcel, deadline_s)
        if self._after:
            self._after()
        return receipt
