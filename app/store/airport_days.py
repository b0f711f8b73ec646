"""What is known of each airport's day that somebody follows, and which of them are to be read anew.

A row is asked for (`ask`), taken when that is due (`take`), given what was read (`keep`), and let go (`done`). Whatever
dies in between leaves it due. Rows of days that nobody asks for any more end by themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument, UpdateOne
from pymongo.database import Database
from pymongo.errors import OperationFailure

from app.domain import airport_day, order
from app.domain.airport_day import AirportDay
from app.domain.errors import TransientError
from app.domain.namespaces import FLIGHT_FIELDS
from app.domain.order import NEVER, ClusterTime, Order
from app.store import flights
from app.store.own_followings import AIRPORT

Document = dict[str, Any]

COLLECTION = "airport_days"
_MOST_FLIGHTS = 20_000  # of one airport and three days; the busiest have 2,700 a day
_READ_TIMEOUT_MS = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A day that is to be read. order: of the latest event that asked, NEVER without one; changed_at: when that was
    saved. ends_at: when what is kept of the day is deleted. Both times: system clock."""

    subject: str
    order: Order
    changed_at: datetime | None
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """A day as it stands.

    asked: the latest event that asked for it; asks: how often it was. day: None until it was read. order: of that read.
    since: order of the read that found the present level, NEVER while the day was always normal. before: what was known
    until then. changed_at: when the change was saved that brought the level. told: the `since` that everybody was told
    under.
    """

    subject: str
    asked: Order
    asks: int
    asked_at: datetime | None
    day: AirportDay | None
    order: Order
    since: Order
    before: AirportDay | None
    changed_at: datetime | None
    told: Order

    @property
    def event_id(self) -> str:
        """The id of the change to the present level, for the record and for logs."""
        return f"{self.subject}@{self.since}"


class AirportDays:
    """The collection `airport_days`. Methods raise PyMongoError; everything may be repeated."""

    def __init__(self, database: Database[Document]) -> None:
        self._rows = database[COLLECTION]

    def ask(self, asked: Iterable[Asked], due_at: datetime) -> None:
        """A1: these are to be read at due_at, or when they are due already. due_at: system clock."""
        writes = [
            UpdateOne(
                {"_id": one.subject},
                {
                    "$max": {"asked": one.order, "ends_at": one.ends_at}
                    | ({"asked_at": one.changed_at} if one.changed_at else {}),
                    "$min": {"due_at": due_at},
                    # Events of several partitions come in any order: whoever counts must see that one more asked.
                    "$inc": {"asks": 1},
                    "$setOnInsert": {"airport": airport_day.place_of(one.subject)[0]},
                },
                upsert=True,
            )
            for one in asked
        ]
        if writes:
            self._rows.bulk_write(writes, ordered=False)

    def next_due(self) -> datetime | None:
        """When the first one is due; None when none is."""
        row = self._rows.find_one({"due_at": {"$exists": True}}, {"due_at": 1}, sort=[("due_at", 1)])
        return row["due_at"] if row else None

    def take(self, now: datetime, again_at: datetime) -> Row | None:
        """A2: one that is due, which is due again at again_at unless it is done by then; None when none is."""
        row = self._rows.find_one_and_update(
            {"due_at": {"$lte": now}},
            {"$set": {"due_at": again_at}},
            sort=[("due_at", 1)],
            return_document=ReturnDocument.AFTER,
        )
        return _row(row) if row else None

    def get(self, subject: str) -> Row | None:
        """One as it stands; None when there is none."""
        row = self._rows.find_one({"_id": subject})
        return _row(row) if row else None

    def keep(self, read: Row, day: AirportDay, at: Order) -> bool:
        """A4: the day as it was found by the read `at`, on condition that no other read was kept since `read`. False
        otherwise, or when a later one was kept before."""
        if at <= read.order:
            return False
        values: Document = {"day": day.to_document(), "order": at}
        before = read.day or day.undisturbed()
        if day.level is not before.level:
            values |= {"since": at, "before": before.to_document(), "changed_at": read.asked_at}
        unmoved = {"_id": read.subject, "order": read.order or {"$exists": False}}
        return self._rows.update_one(unmoved, {"$set": values}).matched_count == 1

    def done(self, row: Row) -> None:
        """A6: everybody was told; nothing is due unless somebody asked meanwhile."""
        asked_again = {"$ne": ["$asks", row.asks]}
        due_at = {"$cond": [asked_again, "$due_at", "$$REMOVE"]}
        self._rows.update_one({"_id": row.subject}, [{"$set": {"told": row.since, "due_at": due_at}}])

    def disturbed(self, airports: Collection[str]) -> set[str]:
        """Subjects of the days of these airports that were ever disturbed."""
        wanted = {"airport": {"$in": list(airports)}, "since": {"$exists": True}}
        return {row["_id"] for row in self._rows.find(wanted, {"_id": 1})}

    def values(self, subjects: Collection[str]) -> dict[str, AirportDay]:
        """D2: the days as they were read last, those that were."""
        rows = self._rows.find({"_id": {"$in": list(subjects)}, "day": {"$exists": True}}, {"day": 1})
        return {row["_id"]: AirportDay.from_document(row["day"]) for row in rows}

    def raise_all(self, incarnation: int) -> list[str]:
        """R3: raise the orders of all; returns the subjects."""
        names = ("asked", "order", "since", "told")
        first = order.first_of(incarnation)
        raised = {
            name: {
                "$cond": [
                    {"$and": [{"$gt": [f"${name}", ""]}, {"$lt": [f"${name}", first]}]},
                    {"$concat": [first, f"${name}"]},
                    f"${name}",
                ]
            }
            for name in names
        }
        self._rows.update_many({}, [{"$set": raised}])
        return [str(row["_id"]) for row in self._rows.find({}, {"_id": 1})]


def followed(database: Database[Document]) -> set[str]:
    """Codes of all airports that somebody follows: a skip over the index alone. Raises PyMongoError."""
    # ";" is the next character after ":"
    between = {"$gte": AIRPORT, "$lt": f"{AIRPORT[:-1]};"}
    found = database["followings"].distinct("flight_id", {"flight_id": between})
    return {str(key).removeprefix(AIRPORT) for key in found}


def read_flights(
    database: Database[Document], airport: str, day: str, not_before: ClusterTime
) -> tuple[list[Document], ClusterTime]:
    """A3: the documents of all flights that leave an airport on a day ("2013-02-08"), and of all that may land there on
    it, and the one cluster time at which all were read.

    Raises TransientError when what MongoDB shows is older than not_before, PyMongoError when it does not answer.
    """
    codes = flights.spellings(airport)
    command = {
        "find": "flights",
        "filter": {
            "$or": [
                {"origin": {"$in": codes}, "departure_date": {"$in": _written([day])}},
                {
                    "destination": {"$in": codes},
                    "departure_date": {"$in": _written(flights.departed_on(day))},
                },
            ]
        },
        "projection": dict.fromkeys(FLIGHT_FIELDS, 1),
        "limit": _MOST_FLIGHTS,
        "batchSize": _MOST_FLIGHTS,
        "singleBatch": True,
        "maxTimeMS": _READ_TIMEOUT_MS,
        "readConcern": {"level": "snapshot"},
    }
    try:
        cursor = database.command(command, codec_options=database.codec_options)["cursor"]
    except OperationFailure as error:
        raise TransientError(f"the airport's day could not be read: code {error.code}") from error
    read_at = (cursor["atClusterTime"].time, cursor["atClusterTime"].inc)
    if read_at < not_before:
        raise TransientError("what MongoDB shows is older than the change: its member was just elected")
    return cursor["firstBatch"], read_at


def _row(row: Mapping[str, Any]) -> Row:
    day, before = row.get("day"), row.get("before")
    return Row(
        subject=row["_id"],
        asked=Order(row.get("asked", NEVER)),
        asks=row.get("asks", 0),
        asked_at=row.get("asked_at"),
        day=AirportDay.from_document(day) if day else None,
        order=Order(row.get("order", NEVER)),
        since=Order(row.get("since", NEVER)),
        before=AirportDay.from_document(before) if before else None,
        changed_at=row.get("changed_at"),
        told=Order(row.get("told", NEVER)),
    )


def _written(dates: Iterable[str]) -> list[str]:
    """As admins may have written them."""
    return [form for date in dates for form in (date, f" {date}", f"{date} ")]
