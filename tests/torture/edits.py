"""What a bad day of an airline writes into MongoDB, drawn by a seed.

Every flight leaves in 6 to 20 hours and has a gate from the start; delays are 0 or at least 30 minutes; so what must
be told is never a matter of thresholds. Everything is written one after the other, each write with a number (`edit`,
a field nobody watches) and on the condition that the last one stands, so that a lost answer leaves no doubt.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from bson import Binary, ObjectId, Regex
from pymongo.database import Database

from tests.torture.journal import Journal
from tests.torture.writing import Writer

Document = dict[str, Any]

# No daylight saving anywhere, so that every local time of tomorrow exists once.
AIRPORTS = {"PHX": "America/Phoenix", "HNL": "Pacific/Honolulu", "SIN": "Asia/Singapore", "DXB": "Asia/Dubai"}
DELAYS = (0, 30, 60, 90, 150)
GATES = tuple(f"{pier}{number}" for pier in "ABC" for number in range(1, 8))
RUBBISH: tuple[tuple[str, Any], ...] = (
    ("status", "flies perhaps"),
    ("status", 7),
    ("gate", {"pier": "A"}),
    ("gate", "gate number seventeen"),
    ("departure_time", "2400"),
    ("departure_time", ""),
    ("estimated_departure_time", "25:99"),
    ("belt", Binary(b"\x00\xff")),
    ("aircraft", float("nan")),
    ("terminal", Regex("^T")),
    ("status_reason", "x" * 100_000),
)
UNIMPORTANT = ("belt", "aircraft", "terminal", "status_reason")
"""Rubbish in one of these leaves the gate, the time and the status as true as ever."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much happens: edits within duration_s."""

    flights: int
    people: int
    edits: int
    duration_s: float


SIZES = {"small": Size(8, 10, 300, 12.0), "normal": Size(18, 24, 1500, 20.0)}


class Plan:
    """What will be written: drawn as it goes on, from one seed. journal and database are given with `prepare`."""

    def __init__(self, rng: Random, size: str) -> None:
        self.rng = rng
        self.size = SIZES[size]
        self.edits, self.duration_s = self.size.edits, self.size.duration_s
        self.flights, self.people = self.size.flights, self.size.people
        self.later: list[tuple[int, Callable[[Any], None]]] = []
        self.kinds: dict[str, int] = {}

    def flight(self, number: int) -> Document:
        """A flight as it is published, with its gate."""
        origin, destination = self.rng.sample(sorted(AIRPORTS), 2)
        leaves = datetime.now(UTC) + timedelta(minutes=5 * self.rng.randrange(6 * 12 + 30, 18 * 12))
        local = leaves.astimezone(ZoneInfo(AIRPORTS[origin]))
        return {
            "flight_number": f"ZQ{100 + number}",
            "airline": "ZQ",
            "origin": origin,
            "destination": destination,
            "departure_date": local.date().isoformat(),
            "departure_time": f"{local.hour:02d}:{local.minute // 5 * 5:02d}",
            "status": "scheduled",
            "gate": self.rng.choice(GATES),
            "terminal": "1",
        }


def prepare(plan: Plan, database: Database[Document], journal: Journal) -> None:
    """People, flights as published, fares, and some bookings and followings. While all is quiet."""
    Day(plan, database, journal, threading.Event()).prepare()
    journal.prepared_at = time.time()


def run(
    plan: Plan, database: Database[Document], journal: Journal, stop: threading.Event, alone: threading.Lock
) -> None:
    """All edits, as evenly over the plan's time as MongoDB allows; then what was put off. Each holds `alone`."""
    day = Day(plan, database, journal, stop)
    begun = time.monotonic()
    for step in range(plan.edits):
        if stop.wait(max(0.0, begun + step * plan.duration_s / plan.edits - time.monotonic())):
            break
        with alone:
            day.step(step)
    for _, work in sorted(plan.later, key=lambda due: due[0]):
        with alone:
            work(day)
    plan.later.clear()
    with alone:
        for key in journal.current("flights"):  # a copy that was put back may have old rubbish
            day.mend(key, {})


class Day:
    """The edits themselves."""

    def __init__(
        self, plan: Plan, database: Database[Document], journal: Journal, stop: threading.Event
    ) -> None:
        self.plan, self.rng = plan, plan.rng
        self.journal = journal
        self.writer = Writer(database, journal, stop)
        self._step = 0

    def prepare(self) -> None:
        """What is there before anything happens."""
        plan, write = self.plan, self.writer
        for number in range(plan.people):
            reach = self.rng.random()
            user = {"_id": f"person-{number}", "name": f"Person {number}"}
            if reach < 0.85:
                user["email"] = f"person{number}@example.org"
            if reach > 0.15 and reach < 0.97:
                user["phone"] = f"+1555010{1000 + number}"
            write.insert("users", user)
        for number in range(plan.flights):
            write.insert("flights", {"_id": ObjectId(), **plan.flight(number)})
        for number in range(6):
            origin, destination = self.rng.sample(sorted(AIRPORTS), 2)
            day = datetime.now(UTC).date() + timedelta(days=number)
            fare = {"_id": f"fare-{number}", "origin": origin, "destination": destination}
            fare["departure_date"] = day.isoformat()
            write.insert("prices", {**fare, "amount": "199.00", "currency": "USD", "provider": "torture"})
        for flight in list(self.journal.current("flights").values()):
            for one in self.rng.sample(range(plan.people), min(4, plan.people)):
                self._book(f"person-{one}", flight, seen=self.rng.random() < 0.3)
            if self.rng.random() < 0.4:
                self._follow(f"person-{self.rng.randrange(plan.people)}", flight)

    def step(self, number: int) -> None:
        """One edit, or a few that belong together."""
        self._step = number
        for due in [due for due in self.plan.later if due[0] <= number]:
            self.plan.later.remove(due)
            due[1](self)
        kind = self.rng.choices(list(EDITS), [weight for _, weight in EDITS.values()])[0]
        self.plan.kinds[kind] = self.plan.kinds.get(kind, 0) + 1
        EDITS[kind][0](self)

    def _any_flight(self) -> Document | None:
        there = self.journal.current("flights")
        # Flights that somebody spoilt are left to whoever mends them.
        sound = [d for d in there.values() if "spoilt" not in d]
        return self.rng.choice(sound) if sound else None

    def _delayed(self, flight: Document) -> Document:
        minutes = self.rng.choice(DELAYS)
        if not minutes:
            return {"status": "scheduled", "estimated_departure_time": None, "estimated_departure_date": None}
        planned = datetime.fromisoformat(f"{flight['departure_date']}T{flight['departure_time']}")
        leaves = planned + timedelta(minutes=minutes)
        return {
            "status": "delayed",
            "estimated_departure_time": f"{leaves.hour:02d}:{leaves.minute:02d}",
            "estimated_departure_date": leaves.date().isoformat(),
        }

    def delay(self) -> None:
        """A new time; also brings a cancelled flight back."""
        if flight := self._any_flight():
            self.writer.update("flights", flight, self._delayed(flight))

    def gate(self) -> None:
        """Another gate."""
        if flight := self._any_flight():
            self.writer.update("flights", flight, {"gate": self.rng.choice(GATES)})

    def cancel(self) -> None:
        """Cancelled; or flying again."""
        if flight := self._any_flight():
            back = _status(flight | {"status": "scheduled"})
            self.writer.update(
                "flights", flight, back if flight["status"] == "cancelled" else {"status": "cancelled"}
            )

    def there_and_back(self) -> None:
        """A to B to A, at once or a little later."""
        flight = self._any_flight()
        if flight is None:
            return
        change = self.rng.choice(
            [{"gate": self.rng.choice(GATES)}, {"status": "cancelled"}, self._delayed(flight)]
        )
        before = {name: flight.get(name) for name in change}
        self.writer.update("flights", flight, change)
        key = flight["_id"]

        def back(day: Day) -> None:
            now = day.journal.current("flights").get(key)
            if now is not None and "spoilt" not in now:
                day.writer.update("flights", now, before | _status(now | before))

        if self.rng.random() < 0.5:
            back(self)
        else:
            self._later(back, 1, 40)

    def twice_in_one(self) -> None:
        """A transaction that writes one document twice."""
        if flight := self._any_flight():
            first = {"gate": self.rng.choice(GATES)}
            second = {"gate": self.rng.choice(GATES), **self._delayed(flight)}
            self.writer.transaction([(flight, [first, second])])

    def delete(self) -> None:
        """Deleted, and mostly inserted again under another _id: at once or later."""
        flight = self._any_flight()
        if flight is None:
            return
        self.writer.delete("flights", flight)
        again = self._again(flight)
        if self.rng.random() < 0.3:
            again(self)
        elif self.rng.random() < 0.9:
            self._later(again, 1, 150)

    def _again(self, flight: Document) -> Callable[[Day], None]:
        new = {name: value for name, value in flight.items() if name not in ("_id", "edit")}
        if self.rng.random() < 0.5:
            new["gate"] = self.rng.choice(GATES)

        def again(day: Day) -> None:
            number = new["flight_number"]
            if not any(f["flight_number"] == number for f in day.journal.current("flights").values()):
                day.writer.insert("flights", {"_id": ObjectId(), **new})

        return again

    def imported(self) -> None:
        """An import that deletes all flights of an airport and inserts them anew."""
        origin = self.rng.choice(sorted(AIRPORTS))
        flights = [f for f in self.journal.current("flights").values() if f["origin"] == origin]
        flights = [f for f in flights if "spoilt" not in f]
        for flight in flights:
            self.writer.delete("flights", flight)
        for flight in flights:
            self._again(flight)(self)

    def spoil(self) -> None:
        """Something that no flight can have, written by hand; mended a little later."""
        flight = self._any_flight()
        if flight is None:
            return
        field, value = self.rng.choice(RUBBISH)
        change = {field: value, "spoilt": field}
        if field in UNIMPORTANT:  # the rest is true, and who books now sees it
            change["gate"] = self.rng.choice(GATES)
        change["was"] = flight.get(field)
        self.writer.update("flights", flight, change)
        key = flight["_id"]
        if field in UNIMPORTANT and self.rng.random() < 0.7:
            spoilt = self.journal.current("flights")[key]
            self._book(f"person-{self.rng.randrange(self.plan.people)}", spoilt, seen=True)
        back = {"gate": flight["gate"]} if self.rng.random() < 0.7 else {}
        self._later(lambda day: day.mend(key, back), 5, 80)

    def mend(self, key: Any, change: Document) -> None:
        """What was spoilt gets the value it had, if it is still there."""
        now = self.journal.current("flights").get(key)
        if now is not None and "spoilt" in now:
            mended = {now["spoilt"]: now.get("was"), "spoilt": None, "was": None}
            self.writer.update("flights", now, change | mended)

    def price(self) -> None:
        """Another fare."""
        fare = self.rng.choice(list(self.journal.current("prices").values()) or [None])
        if fare:
            self.writer.update("prices", fare, {"amount": f"{self.rng.randrange(50, 900)}.00"})

    def book(self) -> None:
        """Somebody books; or who holds a booking gives it up, by a status or by deletion."""
        flight = self._any_flight()
        if flight is None:
            return
        person = f"person-{self.rng.randrange(self.plan.people)}"
        held = [b for b in self._bookings(flight) if b["user_id"] == person]
        if not held:
            self._book(person, flight, seen=self.rng.random() < 0.6)
        elif self.rng.random() < 0.5:
            self.writer.update("bookings", held[0], {"status": "cancelled"})
        else:
            self.writer.delete("bookings", held[0])

    def follow(self) -> None:
        """Somebody follows a flight, or no longer."""
        flight = self._any_flight()
        if flight is None:
            return
        person = f"person-{self.rng.randrange(self.plan.people)}"
        there = self.journal.current("followings").values()
        mine = [f for f in there if (f["user_id"], f["flight_id"]) == (person, flight["_id"])]
        if mine:
            self.writer.delete("followings", mine[0])
        else:
            self._follow(person, flight)

    def _bookings(self, flight: Document) -> list[Document]:
        held = (b for b in self.journal.current("bookings").values() if b["status"] == "confirmed")
        return [b for b in held if b["flight_id"] == flight["_id"]]

    def _book(self, person: str, flight: Document, *, seen: bool) -> None:
        booking = {"_id": ObjectId(), "user_id": person, "flight_id": flight["_id"], "status": "confirmed"}
        if seen and (shown := self.writer.shown(flight)):
            booking["seen"] = shown
        self.writer.insert("bookings", booking)

    def _follow(self, person: str, flight: Document) -> None:
        self.writer.insert("followings", {"_id": ObjectId(), "user_id": person, "flight_id": flight["_id"]})

    def _later(self, work: Callable[[Day], None], least: int, most: int) -> None:
        self.plan.later.append((self._step + self.rng.randint(least, most), work))


def _status(flight: Document) -> Document:
    """A flight that flies is delayed when it has another time than planned, and only then."""
    if flight["status"] == "cancelled":
        return {}
    return {"status": "delayed" if flight.get("estimated_departure_time") else "scheduled"}


EDITS: dict[str, tuple[Callable[[Day], None], float]] = {
    "delay": (Day.delay, 28),
    "gate": (Day.gate, 24),
    "cancel": (Day.cancel, 10),
    "there and back": (Day.there_and_back, 8),
    "twice in one": (Day.twice_in_one, 5),
    "delete": (Day.delete, 3),
    "import": (Day.imported, 0.2),
    "spoil": (Day.spoil, 2.5),
    "price": (Day.price, 8),
    "book": (Day.book, 9),
    "follow": (Day.follow, 3),
}
