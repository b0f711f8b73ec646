"""A notifier on a real MongoDB, given events by hand, as its consumer loop would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bson.timestamp import Timestamp
from pymongo.database import Database
from pymongo.write_concern import WriteConcern

from app.bus.consumer import Received
from app.domain import order
from app.domain.events import ChangeEvent, Op, changed_fields
from app.domain.flight import Flight
from app.domain.news import differences
from app.settings import Settings
from consumers.notifier.notifier import TOPICS, Notifier
from consumers.notifier.stores import Stores
from consumers.notifier.telling import Rules

# Far from the real present: documents must not end while a test runs, and events lie before what is really read.
DAY = "2035-12-01"
START = datetime(2020, 1, 1, 12, 0, tzinfo=UTC)
FLIGHT = {
    "flight_number": "UA1545",
    "airline": "UA",
    "origin": "EWR",
    "destination": "IAH",
    "departure_date": DAY,
    "departure_time": "10:00",
    "arrival_date": DAY,
    "arrival_time": "13:05",
    "status": "scheduled",
}
COLLECTIONS = {topic.topic: topic.collection for topic in TOPICS}
TOPIC_OF = {collection: topic for topic, collection in COLLECTIONS.items()}


def at(time: int, increment: int = 1) -> order.ClusterTime:
    """A cluster time: `time` seconds after START."""
    return (int(START.timestamp()) + time, increment)


class World:
    """The database, the clock, and a way to say what happened. Times are seconds after START."""

    def __init__(self, database: Database[dict[str, Any]], channels: Iterable[str] = ("email",)) -> None:
        self.db = database.with_options(write_concern=WriteConcern(w="majority"))
        self.now = START
        settings = Settings(mongodb_uri="mongodb://h/d", kafka_bootstrap_servers="h:1")
        self.rules = Rules.of(settings, lambda: self.now)
        self.stores = Stores.of(self.db, lambda: self.now)
        self.channels = tuple(channels)
        self.offset = 0
        self.partitions = 3

    @property
    def notifier(self) -> Notifier:
        return Notifier(
            self.stores,
            self.rules,
            channels=self.channels,
            collections=COLLECTIONS,
            partitions=lambda _: self.partitions,
        )

    def handle(self, *received: Received) -> None:
        self.notifier.handle(list(received))

    # What may happen ---------------------------------------------------------------------------------

    def flight(
        self, time: int, key: str = "f1", op: Op = Op.UPDATE, *, partition: int = 0, **fields: Any
    ) -> Received:
        """The flight now has these fields (a None removes one)."""
        after = {name: value for name, value in (FLIGHT | fields).items() if value is not None}
        return self.event(time, "flights", key, op, after=after, partition=partition)

    def snapshot(self, time: int, key: str = "f1", **fields: Any) -> Received:
        return self.flight(time, key, Op.SNAPSHOT, **fields)

    def deleted(self, time: int, key: str = "f1", **more: Any) -> Received:
        return self.event(time, "flights", key, Op.DELETE, after=None, **more)

    def marker(self, time: int, partition: int = 0) -> Received:
        return self.event(time, "flights", "", Op.MARKER, after=None, partition=partition)

    def event(
        self,
        time: int,
        collection: str,
        key: str,
        op: Op,
        *,
        after: Mapping[str, Any] | None,
        before: Mapping[str, Any] | None = None,
        document: str | None = None,
        partition: int = 0,
        increment: int = 1,
        incarnation: int = 0,
    ) -> Received:
        when = at(time, increment)
        match op:
            case Op.SNAPSHOT:
                place = order.of_snapshot_read(incarnation, when)
            case Op.MARKER:
                place = order.of_marker(incarnation, when)
            case _:
                place = order.of_event(incarnation, when, f"82{time:06x}{increment:02x}")
        event = ChangeEvent(
            id=f"{op}-{time}-{increment}-{key}",
            op=op,
            namespace=f"db.{collection}",
            key=key,
            document_key=document or key,
            order=place,
            cluster_time=when,
            wall_time=START + timedelta(seconds=time),
            before=before,
            after=after,
            changed=changed_fields(before, after),
        )
        self.offset += 1
        return Received(TOPIC_OF[collection], partition, self.offset, key, event)

    # Who is there ------------------------------------------------------------------------------------

    def books(
        self,
        person: str,
        flight: Any = "f1",
        *,
        seen: Mapping[str, Any] | None = None,
        seen_at: int | None = None,
        time: int = 1,
        **fields: Any,
    ) -> Received:
        """Insert a booking; returns its event. seen: fields of the flight that the page showed."""
        booking: dict[str, Any] = {"_id": f"b-{person}-{flight}", "user_id": person, "flight_id": flight}
        booking |= {"status": "confirmed"} | fields
        if seen is not None:
            booking["seen"] = {"flight": FLIGHT | dict(seen)}
            if seen_at is not None:
                booking["seen"]["cluster_time"] = Timestamp(*at(seen_at, 5))
        self.db.bookings.replace_one({"_id": booking["_id"]}, booking, upsert=True)
        return self.event(
            time, "bookings", str(flight), Op.INSERT, after={"user_id": person}, document=booking["_id"]
        )

    def follows(self, person: str, flight: Any = "f1", *, time: int = 1) -> Received:
        row = {"_id": f"w-{person}-{flight}", "user_id": person, "flight_id": flight}
        self.db.followings.replace_one({"_id": row["_id"]}, row, upsert=True)
        return self.event(
            time, "followings", str(flight), Op.INSERT, after={"user_id": person}, document=str(row["_id"])
        )

    # What came of it ---------------------------------------------------------------------------------

    def conversation(self, person: str, subject: str = "flight:f1", channel: str = "email") -> dict[str, Any]:
        found = self.db.conversations.find_one({"_id": f"{subject}|{person}|{channel}"})
        assert found is not None, f"{person} has no conversation about {subject} on {channel}"
        return found

    def due(self) -> set[str]:
        """Persons who have a due conversation."""
        return {row["person"] for row in self.db.conversations.find({"due_at": {"$exists": True}})}

    def deliver(self) -> list[tuple[str, str, str]]:
        """Tell all that is due and worth telling, as delivery does; (person, status heard, status told), sorted."""
        told = []
        for row in self.db.conversations.find({"due_at": {"$exists": True}}):
            heard, want = Flight.from_document(row["heard"]), Flight.from_document(row["want"])
            if differences(heard, want, self.rules.floor):
                told.append((row["person"], str(heard.status), str(want.status)))
            self.db.conversations.update_one(
                {"_id": row["_id"]}, {"$set": {"heard": row["want"]}, "$unset": {"due_at": ""}}
            )
        return sorted(told)

    def state(self) -> dict[str, Any]:
        """All that lasts, for comparison; without times of deciding."""
        return {
            name: sorted(
                (
                    {
                        k: v
                        for k, v in row.items()
                        if k not in ("decided_at", "first_at", "last_at", "count", "rung")
                    }
                    for row in self.db[name].find()
                ),
                key=lambda row: str(row["_id"]),
            )
            for name in ("known", "announcements", "conversations", "dead_letters")
        }
