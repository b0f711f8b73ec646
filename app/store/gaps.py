"""Gap reports: from when to when a watcher was blind, why, and what the comparison after it found.

The watcher begins a report before it reads the collection and says how many documents it read. The notifier ends
it when it has dealt with the marker of every partition. Differences are counted from the announcements and people
from the ledger, never added up, so that work done again after a crash counts nothing twice. An event that a
snapshot made has an id that begins with the snapshot's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.database import Database

from app.domain.clock import Now, system_now
from app.domain.namespaces import FLIGHTS

COLLECTION = "gaps"

START, TOKEN, TOPIC, RESTORE, ASKED = "start", "token", "topic", "restore", "asked"
CAUSES = (START, TOKEN, TOPIC, RESTORE, ASKED)
"""No position was stored; MongoDB cannot go on from it; the topic is another one; the database was restored from a
backup; somebody asked for the comparison."""

_SUBJECTS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Gap:
    """One report. Times are aware UTC of the system clock.

    first: the collection was never watched before, so nothing can have been missed. blind_from: when the last
    position was stored, None when none was. documents: None until all are read. compared_at: when the last of what
    was read had been compared; None before, and for ever where no message follows from the collection. found_late:
    differences that were announced; told: people who were sent a message about them; None where nothing is compared.
    """

    id: str
    collection: str
    cause: str
    first: bool
    blind_from: datetime | None
    blind_to: datetime
    snapshots: tuple[str, ...]
    documents: int | None
    compared_at: datetime | None
    found_late: int | None
    told: int | None

    @property
    def blind_s(self) -> float | None:
        """How long the watcher was blind, None when nobody knows since when."""
        return (self.blind_to - self.blind_from).total_seconds() if self.blind_from else None


class Gaps:
    """The collection of gap reports. now: system clock."""

    def __init__(self, database: Database[dict[str, Any]], now: Now = system_now) -> None:
        self._database = database
        self._gaps = database[COLLECTION]
        self._now = now

    def begin(
        self, collection: str, cause: str, blind_from: datetime | None, snapshot_id: str, partitions: int
    ) -> Gap:
        """W2: a snapshot begins. One that was interrupted is the same gap still: its report goes on.

        partitions: of the topic; each gets a marker. Raises PyMongoError.
        """
        moment = self._now()
        latest = self._gaps.find_one({"collection": collection}, sort=[("blind_to", DESCENDING)])
        if latest is not None and latest.get("published_at") is None:
            change = {
                "$set": {
                    "blind_to": moment,
                    "snapshot": snapshot_id,
                    "compared": [],
                    "partitions": partitions,
                },
                "$push": {"snapshots": snapshot_id},
            }
            self._gaps.update_one({"_id": latest["_id"]}, change)
            return self._get(str(latest["_id"]))
        values = {
            "_id": snapshot_id,
            "collection": collection,
            "cause": cause,
            "first": latest is None and cause == START,
            "blind_from": blind_from,
            "blind_to": moment,
            "snapshot": snapshot_id,
            "snapshots": [snapshot_id],
            "partitions": partitions,
            "compared": [],
        }
        if collection == FLIGHTS.collection:
            values |= {"found_late": 0, "told": 0}
        self._gaps.insert_one(values)
        return _gap(values)

    def published(self, gap_id: str, documents: int) -> None:
        """W2: all documents were read, and every partition has its marker."""
        change = {"documents": documents, "published_at": self._now()}
        self._gaps.update_one({"_id": gap_id}, {"$set": change})

    def compared(self, snapshot_id: str, partition: int) -> Gap | None:
        """N6: everything that a snapshot said of a partition is dealt with. May be repeated.

        Returns the report once, when this was the last partition; None otherwise.
        """
        wanted = {"snapshot": snapshot_id, "compared_at": {"$exists": False}}
        found = self._gaps.find_one_and_update(
            wanted, {"$addToSet": {"compared": partition}}, return_document=ReturnDocument.AFTER
        )
        if found is None or len(found["compared"]) < found["partitions"]:
            return None
        self.recount(_gap(found))
        ended = self._gaps.update_one(
            {"_id": found["_id"], "compared_at": {"$exists": False}}, {"$set": {"compared_at": self._now()}}
        )
        return self._get(str(found["_id"])) if ended.modified_count else None

    def recount(self, gap: Gap) -> None:
        """Count what was announced as found late, and who was told of it, as it is now."""
        if gap.found_late is None:
            return
        subjects = [row["subject"] for row in self._announced(gap)]
        told: set[str] = set()
        for first in range(0, len(subjects), _SUBJECTS_AT_ONCE):
            wanted = {
                "subject": {"$in": subjects[first : first + _SUBJECTS_AT_ONCE]},
                "status": "sent",
                **_of_snapshots(gap.snapshots),
            }
            told |= set(self._database.notifications.distinct("person", wanted))
        self._gaps.update_one({"_id": gap.id}, {"$set": {"found_late": len(subjects), "told": len(told)}})

    def recount_since(self, since: datetime) -> None:
        """Count again for every gap that ended then or later: messages about it may still be on their way."""
        for row in self._gaps.find({"blind_to": {"$gte": since}, "first": False}):
            self.recount(_gap(row))

    def latest(self, limit: int, *, since: datetime | None = None) -> list[Gap]:
        """The latest reports, newest first; not the first starts. since: that ended then or later."""
        wanted: dict[str, Any] = {"first": False}
        if since is not None:
            wanted["blind_to"] = {"$gte": since}
        return [_gap(row) for row in self._gaps.find(wanted).sort("blind_to", DESCENDING).limit(limit)]

    def _announced(self, gap: Gap) -> Iterator[Mapping[str, Any]]:
        wanted = {"found_late": True, **_of_snapshots(gap.snapshots)}
        yield from self._database.announcements.find(wanted, {"subject": 1}).sort("event_id", ASCENDING)

    def _get(self, gap_id: str) -> Gap:
        found = self._gaps.find_one({"_id": gap_id})
        assert found is not None  # reports are never deleted
        return _gap(found)


def _of_snapshots(snapshots: Sequence[str]) -> dict[str, Any]:
    """Events that were made by one of the snapshots: "id:document" when read, "id/document" at its marker."""
    ends = {":": ";", "/": "0"}  # each with the character after it
    ranges = [
        {"event_id": {"$gte": f"{name}{mark}", "$lt": f"{name}{after}"}}
        for name in snapshots
        for mark, after in ends.items()
    ]
    return {"$or": ranges}


def _gap(row: Mapping[str, Any]) -> Gap:
    return Gap(
        id=str(row["_id"]),
        collection=row["collection"],
        cause=row["cause"],
        first=row["first"],
        blind_from=row["blind_from"],
        blind_to=row["blind_to"],
        snapshots=tuple(row["snapshots"]),
        documents=row.get("documents"),
        compared_at=row.get("compared_at"),
        found_late=row.get("found_late"),
        told=row.get("told"),
    )
