"""What waits for a digest, and how many messages each person got today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.store.claim_records import Claimed
from app.store.claims import free

Document = dict[str, Any]

LEASE = "digests"
"""The lease of the process that sends digests."""
_TOGETHER = timedelta(seconds=5)
"""What is due within so short a time goes along."""
_KEEP_COUNTS = timedelta(days=3)


class Digests:
    """Conversations of one channel that wait for a digest (`fold`). Raises PyMongoError; everything may be
    repeated."""

    def __init__(self, database: Database[Document], channel: str) -> None:
        self._conversations = database["conversations"]
        self._channel = channel

    def claim(self, token: str, now: datetime, lease: timedelta, *, limit: int) -> list[Claimed]:
        """D1 of a digest: claim all that is due for one person, whoever has waited longest, the most urgent first.

        limit: most that go into one digest. Returns those that are ours; [] when no digest is due.
        """
        due = {"channel": self._channel, "fold": {"$lte": now}, "status": "open", **free(now)}
        first = self._conversations.find_one(due, {"person": 1}, sort=[("fold", 1)])
        if first is None:
            return []
        due["fold"] = {"$lte": now + _TOGETHER}
        theirs = self._conversations.find({**due, "person": first["person"]}, {"_id": 1}, hint="person_1")
        ids = [row["_id"] for row in theirs.sort([("priority", 1), ("fold", 1), ("_id", 1)]).limit(limit)]
        self._conversations.update_many(
            {**due, "_id": {"$in": ids}}, {"$set": {"claim": token, "lease_until": now + lease}}
        )
        place = {id_: index for index, id_ in enumerate(ids)}
        ours = self._conversations.find({"_id": {"$in": ids}, "claim": token})
        return [Claimed.from_document(row) for row in sorted(ours, key=lambda row: place[row["_id"]])]

    def next_due(self, now: datetime) -> datetime | None:
        """When the next digest is due after now; None when nothing waits for one."""
        later = {"channel": self._channel, "fold": {"$gt": now}}
        row = self._conversations.find_one(later, {"fold": 1}, sort=[("fold", 1)])
        return row["fold"] if row else None

    def backlog(self, now: datetime, *, at_most: int) -> tuple[int, datetime | None]:
        """How many conversations wait for a digest that is due (counted up to at_most), and since when the oldest."""
        due = {"channel": self._channel, "fold": {"$lte": now}, "status": "open"}
        oldest = self._conversations.find_one(due, {"fold": 1}, sort=[("fold", 1)])
        if oldest is None:
            return 0, None
        return self._conversations.count_documents(due, limit=at_most), oldest["fold"]


@dataclass(frozen=True, slots=True)
class Counted:
    """One message that was counted. day: the person's date. key: of what it tells."""

    person: str
    day: str
    key: str


class DailyCounts:
    """How many messages each person got on a day of theirs: the collection `daily_counts`. Raises PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._counts = database["daily_counts"]

    def take(self, one: Counted, most: int, now: datetime) -> bool:
        """Count a message, before D3; False when the day has as many as it may have. The same key is counted once,
        so that what is tried again after a crash does not cost another."""
        row = f"{one.person}|{one.day}"
        has_room: Document = {"$or": [{"keys": one.key}, {f"keys.{most - 1}": {"$exists": False}}]}
        change = {
            "$addToSet": {"keys": one.key},
            "$setOnInsert": {"person": one.person, "expires_at": now + _KEEP_COUNTS},
        }
        for _ in range(2):
            try:
                self._counts.update_one({"_id": row, **has_room}, change, upsert=True)
            except DuplicateKeyError:  # full, or made by another at this moment
                continue
            return True
        return False

    def give_back(self, one: Counted) -> None:
        """It was not handed over after all. Safe to repeat."""
        self._counts.update_one({"_id": f"{one.person}|{one.day}"}, {"$pull": {"keys": one.key}})
