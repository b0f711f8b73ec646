"""What the notifier knows of each flight: the last state it dealt with, its order, and what was last announced.

A subject is "flight:" and the key of the first document with a flight's identity. A document that was deleted
and inserted again has another key and continues the subject, so one subject may have several keys; `Subject`
says which of them speaks for it. A deleted flight stays known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pymongo import UpdateOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from app.domain import subjects
from app.domain.flight import Flight
from app.domain.order import NEVER, ClusterTime, Order, cluster_time_of
from app.store.duplicates import only_duplicates

COLLECTION = "known"

# A flight that is imported anew every day has many documents; all but the last few were dealt with long ago.
_VERSION_MEMBERS = 3


class State(StrEnum):
    """present: the document is there. gone: it was deleted. unknown: its last change could not be understood."""

    PRESENT = "present"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Known:
    """One flight document. subject, identity, value, announced: None while none of its states was understood.

    value: the last state. announced: the last state that was news; those concerned should know it. event_id,
    changed_at (system clock) and found_late are of the event that made `announced` what it is. partition: of
    the topic, where the key's events come from.
    """

    key: str
    order: Order
    state: State
    partition: int
    subject: str | None = None
    identity: str | None = None
    value: Flight | None = None
    announced: Flight | None = None
    event_id: str | None = None
    changed_at: datetime | None = None
    found_late: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """All that is known under one name. members: at least one."""

    name: str
    members: tuple[Known, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the documents; bookings and followings of any of them belong to the subject."""
        return tuple(member.key for member in self.members)

    @property
    def order(self) -> Order:
        """The latest order of any member."""
        return max(member.order for member in self.members)

    @property
    def version(self) -> Order:
        """The order by which conversations are told: that of the latest event, and of the others' last ones.

        So it grows with every event of any member, also with one that comes after a later one of another member
        and says something else; and who knows less cannot set anything back.
        """
        orders = sorted((member.order for member in self.members), reverse=True)
        # "-" sorts before everything that may follow in an order.
        return Order("-".join(orders[:_VERSION_MEMBERS]))

    @property
    def speaker(self) -> Known:
        """The member that says how the flight stands: the latest that is not gone, else the latest of all.

        So the deletion of one of two documents of the same flight removes nothing.
        """
        there = [member for member in self.members if member.state is not State.GONE]
        return max(there or self.members, key=lambda member: member.order)


class KnownFlights:
    """The collection `known`."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._known = database[COLLECTION]

    def of_keys(self, keys: Iterable[str]) -> dict[str, Known]:
        """N1: by key; a key that was never seen is missing."""
        return {k.key: k for k in map(_read, self._known.find({"_id": {"$in": list(keys)}}))}

    def of_identities(self, identities: Iterable[str]) -> set[str]:
        """Names of the subjects of which some document has one of these identities."""
        found = self._known.find({"identity": {"$in": list(identities)}}, {"subject": 1})
        return {row["subject"] for row in found if row.get("subject") is not None}

    def of_subjects(self, names: Iterable[str]) -> dict[str, Subject]:
        """Subjects by name; one that nobody knows is missing."""
        members: dict[str, list[Known]] = {}
        for known in map(_read, self._known.find({"subject": {"$in": list(names)}})):
            members.setdefault(str(known.subject), []).append(known)
        return {name: Subject(name, tuple(found)) for name, found in members.items()}

    def documents_of(self, keys: Iterable[str]) -> list[str]:
        """These keys, and then those of all other documents of the same flights: an import may delete a flight and
        insert it again, and some are booked on what was deleted. A key that was never seen, or never understood, stands
        for itself alone."""
        every = dict.fromkeys(keys)
        rows = self._known.find({"_id": {"$in": list(every)}}, {"subject": 1})
        names = {row["subject"] for row in rows if row.get("subject")}
        return list(every | dict.fromkeys(self._members(names)))

    def documents_of_subject(self, name: str) -> list[str]:
        """Keys of all documents of a subject, sorted, with the one that its name says. A subject that is no flight has
        that one alone."""
        return sorted({subjects.of(name).key(name), *self._members([name])})

    def set_all(self, changed: Sequence[Known], mended: Collection[str] = ()) -> None:
        """N4: set each, on the condition that its order is still smaller. One command.

        mended: keys of those that were read as unknown at the very order of an event that is understood. Their order
        may be equal, while they still are.
        """
        writes = [
            UpdateOne({"_id": k.key, "order": {"$lt": k.order}}, {"$set": _fields(k)}, upsert=True)
            for k in changed
        ]
        writes += [
            UpdateOne({"_id": k.key, "order": k.order, "state": State.UNKNOWN}, {"$set": _fields(k)})
            for k in changed
            if k.key in mended
        ]
        self._bulk(writes)

    def set_unknown(self, key: str, order: Order | None, partition: int) -> None:
        """N7: the state after this order is not known. What was announced stays, to compare the next event with.

        order: None when the message could not be read at all; the order stays what it is.
        """
        condition: dict[str, Any] = {"_id": key}
        values: dict[str, Any] = {"state": State.UNKNOWN, "partition": partition}
        change: dict[str, Any] = {"$set": values}
        if order is None:
            change["$setOnInsert"] = {"order": NEVER}
        else:
            condition["order"] = {"$lt": order}
            values["order"] = order
        self._bulk([UpdateOne(condition, change, upsert=True)])

    def unseen_since(self, partition: int, order: Order, partitions: int) -> Iterator[Known]:
        """N6: documents of a partition that are older than order and not gone.

        partitions: how many there are now. Partition 0 also has those of partitions that are no more: the topic
        was made again with fewer, and a document that was deleted meanwhile has no event in any of them.
        """
        wanted: dict[str, Any] = {"order": {"$lt": order}, "state": {"$ne": State.GONE}}
        if partition == 0:
            wanted["$or"] = [{"partition": 0}, {"partition": {"$gte": partitions}}]
        else:
            wanted["partition"] = partition
        return map(_read, self._known.find(wanted))

    def names_after(self, name: str, departing_from: str, limit: int) -> list[str]:
        """N8: names of the next subjects, sorted, of which a document leaves on departing_from ("2026-12-01") or later.

        limit: documents looked at; fewer names come when some have several. [] at the end.
        """
        wanted = {"subject": {"$gt": name}, "announced.departure_date": {"$gte": departing_from}}
        found = self._known.find(wanted, {"subject": 1}).sort("subject", 1).limit(limit)
        return list(dict.fromkeys(row["subject"] for row in found))

    def highest_time(self) -> ClusterTime:
        """The highest cluster time of any order; (0, 0) without any. One look into the index per partition."""
        found, partition = (0, 0), -1
        while row := self._known.find_one(
            {"partition": {"$gt": partition}}, {"partition": 1}, sort=[("partition", 1), ("order", 1)]
        ):
            partition = row["partition"]
            last = self._known.find_one({"partition": partition}, {"order": 1}, sort=[("order", -1)])
            if last is not None:
                found = max(found, cluster_time_of(Order(last["order"])))
        return found

    def _members(self, names: Collection[str]) -> list[str]:
        if not names:
            return []
        return [row["_id"] for row in self._known.find({"subject": {"$in": list(names)}}, {"_id": 1})]

    def _bulk(self, writes: Sequence[UpdateOne]) -> None:
        if not writes:
            return
        try:
            self._known.bulk_write(writes, ordered=False)
        except BulkWriteError as error:
            # The upsert found no smaller order and tried to insert: somebody else was there first.
            if not only_duplicates(error):
                raise


def _fields(known: Known) -> dict[str, Any]:
    return {
        "subject": known.subject,
        "identity": known.identity,
        "order": known.order,
        "state": known.state,
        "value": known.value.to_document() if known.value else None,
        "announced": known.announced.to_document() if known.announced else None,
        "event_id": known.event_id,
        "changed_at": known.changed_at,
        "found_late": known.found_late,
        "partition": known.partition,
    }


def _read(row: Mapping[str, Any]) -> Known:
    value, announced = row.get("value"), row.get("announced")
    return Known(
        key=row["_id"],
        order=Order(row["order"]),
        state=State(row["state"]),
        partition=row["partition"],
        subject=row.get("subject"),
        identity=row.get("identity"),
        value=Flight.from_document(value) if value else None,
        announced=Flight.from_document(announced) if announced else None,
        event_id=row.get("event_id"),
        changed_at=row.get("changed_at"),
        found_late=bool(row.get("found_late")),
    )
