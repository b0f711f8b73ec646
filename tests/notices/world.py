"""Newark at noon on 8 February 2013: flights, people who are booked or follow, and the notices consumer at hand."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pymongo.database import Database

from app.bus.consumer import Received
from app.domain import order
from app.domain.clock import system_now
from app.domain.events import ChangeEvent, Op, changed_fields
from app.domain.fields import rfc3339
from app.settings import Settings
from consumers.notices.announcing import Announcing
from consumers.notices.rules import Rules
from consumers.notices.stores import Stores
from tests.at_noon import NOON

CHANNELS = ("email", "sms")
SNOW = "Snow at Newark: check your flight before you leave."


class Noticing:
    """Says what staff and people do; `handle` does what follows."""

    def __init__(self, database: Database[dict[str, Any]], settings: Settings) -> None:
        self.db = database
        self.stores = Stores.of(database)
        # A few more seconds settle nothing that a test waits for.
        self.rules = replace(Rules.of(settings, system_now), settle=timedelta())
        self.incarnation = 1
        self._times = itertools.count(1)
        self._offsets = itertools.count(1)

    @property
    def announcing(self) -> Announcing:
        return Announcing(self.stores, self.rules, CHANNELS, lambda: self.incarnation)

    def handle(self, *received: Received) -> None:
        """The messages, and all that follows from them."""
        self.announcing.handle(list(received))

    # Flights and people -------------------------------------------------------------------------------

    def flight(self, key: str, number: str = "UA407", **fields: Any) -> str:
        """A flight from Newark at 18:00 today, as scheduled; its key."""
        row = {
            "_id": key,
            "flight_number": number,
            "airline": number[:2],
            "origin": "EWR",
            "destination": "DEN",
            "departure_date": "2013-02-08",
            "departure_time": "18:00",
            "arrival_date": "2013-02-08",
            "arrival_time": "20:30",
            "status": "scheduled",
        }
        self.db.flights.insert_one(row | fields)
        return key

    def person(self, name: str, **user: Any) -> str:
        """A user with an address."""
        values = {"_id": name, "name": f"Name of {name}", "email": f"{name}@example.org"} | user
        self.db.users.insert_one(values)
        return name

    def books(self, person: str, flight: str, **fields: Any) -> None:
        row = {"_id": f"b-{person}-{flight}", "user_id": person, "flight_id": flight, "status": "confirmed"}
        self.db.bookings.replace_one({"_id": row["_id"]}, row | fields, upsert=True)

    def follows(self, person: str, what: str, **fields: Any) -> None:
        row = {"_id": f"w-{person}-{what}", "user_id": person, "flight_id": what}
        self.db.followings.replace_one({"_id": row["_id"]}, row | fields, upsert=True)

    # What staff do ------------------------------------------------------------------------------------

    def publishes(self, key: str = "n1", message: str = SNOW, **fields: Any) -> Received:
        """A notice is stored; its event."""
        row: dict[str, Any] = {"type": "disruption", "message": message, "created_at": system_now()} | fields
        row = {name: value for name, value in row.items() if value is not None}
        self.db.notices.insert_one({"_id": key} | row, bypass_document_validation=True)
        return self.event(key, Op.INSERT, None, row)

    def edits(self, key: str = "n1", **fields: Any) -> Received:
        """The notice has these fields now; its event."""
        before = self.db.notices.find_one({"_id": key})
        assert before is not None
        self.db.notices.update_one({"_id": key}, {"$set": fields}, bypass_document_validation=True)
        return self.event(key, Op.UPDATE, before, before | fields)

    def withdraws(self, key: str = "n1") -> Received:
        """The notice's document is deleted; its event."""
        before = self.db.notices.find_one_and_delete({"_id": key})
        return self.event(key, Op.DELETE, before, None)

    def reads(self, key: str = "n1") -> Received:
        """A snapshot read of the notice as it is."""
        return self.event(key, Op.SNAPSHOT, None, self.db.notices.find_one({"_id": key}))

    def marker(self) -> Received:
        """The end of a snapshot."""
        return self.event("", Op.MARKER, None, None)

    def event(
        self,
        key: str,
        op: Op,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
        incarnation: int | None = None,
    ) -> Received:
        number, time = self.incarnation if incarnation is None else incarnation, next(self._times)
        when = (1_360_000_000 + time, 1)
        match op:
            case Op.SNAPSHOT:
                place = order.of_snapshot_read(number, when)
            case Op.MARKER:
                place = order.of_marker(number, when)
            case _:
                place = order.of_event(number, when, f"82{time:08x}")
        old, new = _published(before), _published(after)
        event = ChangeEvent(
            id=f"{op}-{time}-{key}",
            op=op,
            namespace="db.notices",
            key=key,
            document_key=key,
            order=place,
            cluster_time=when,
            wall_time=system_now(),
            before=old,
            after=new,
            changed=changed_fields(old, new),
        )
        return Received("notices.changes", 0, next(self._offsets), key, event)

    # What came of it ----------------------------------------------------------------------------------

    def conversation(self, person: str, key: str = "n1", channel: str = "email") -> dict[str, Any]:
        """As it stands."""
        found = self.db.conversations.find_one({"_id": f"notice:{key}|{person}|{channel}"})
        assert found is not None, f"{person} has no conversation about {key}"
        return found

    def due(self, channel: str = "email") -> list[tuple[str, str, str]]:
        """Person, sentence heard and wanted of all that is due, sorted; of a withdrawn notice its state is wanted."""
        rows = self.db.conversations.find({"due_at": {"$exists": True}, "channel": channel})
        return sorted((r["person"], r["heard"]["message"], _said(r["want"])) for r in rows)

    def people(self) -> set[str]:
        """Who has a conversation."""
        return set(self.db.conversations.distinct("person"))

    def settle(self) -> None:
        """Everybody heard what they should know, as if delivered."""
        for row in self.db.conversations.find({"due_at": {"$exists": True}}):
            self.db.conversations.update_one(
                {"_id": row["_id"]}, {"$set": {"heard": row["want"]}, "$unset": {"due_at": ""}}
            )


def at(**length: float) -> Any:
    """A moment so long after noon of that day."""
    return NOON + timedelta(**length)


def later(notices: Noticing, **length: float) -> Rules:
    """The rules of somebody whose clock shows so much more."""
    return replace(notices.rules, now=lambda: system_now() + timedelta(**length))


def _said(value: dict[str, Any]) -> str:
    return "withdrawn" if value["state"] == "withdrawn" else str(value["message"])


def _published(document: dict[str, Any] | None) -> dict[str, Any] | None:
    """As the watcher writes it: no id, times as text."""
    if document is None:
        return None
    return {
        name: value if isinstance(value, str | int) or value is None else rfc3339(value)
        for name, value in document.items()
        if name != "_id"
    }
