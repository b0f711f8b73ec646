"""What a restored database holds, brought into the new incarnation. A few thousand documents at a time, so that
no command takes long; what was done is not done again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import UpdateMany
from pymongo.collection import Collection
from pymongo.database import Database

from app.domain import order
from app.store import conversations, known

Document = dict[str, Any]

_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Marked:
    """How many conversations were brought into the incarnation, and how many of them are in doubt."""

    conversations: int = 0
    doubtful: int = 0

    def __add__(self, other: Marked) -> Marked:
        return Marked(self.conversations + other.conversations, self.doubtful + other.doubtful)


class RestoredConversations:
    """The collection `conversations`, after a restore. Raises PyMongoError; everything may be repeated."""

    def __init__(self, database: Database[Document]) -> None:
        self._conversations = database[conversations.COLLECTION]

    def claimed(self) -> int:
        """How many are claimed by a worker whose lease has not ended."""
        living = {"lease_until": {"$exists": True}, "$expr": {"$gt": ["$lease_until", "$$NOW"]}}
        waits = {"$or": [{"due_at": {"$exists": True}}, {"fold": {"$exists": True}}]}
        return self._conversations.count_documents({**living, **waits}, limit=1_000)

    def raise_all(
        self, incarnation: int, subjects: frozenset[str] | None, due_at: datetime
    ) -> Iterator[Marked]:
        """Raise the orders of all; put those in doubt whose person may have heard something since the backup.

        subjects: of which something happened since; None means of all. due_at: when those in doubt are told at
        the latest. The others in doubt are those that were not settled when the backup was made.
        """
        older = {"order": {"$lt": order.first_of(incarnation)}}
        for ids in _portions(self._conversations):
            these = {"_id": {"$in": ids}, **older}
            doubtful: Document = dict(these)
            if subjects is not None:
                doubtful["$or"] = [
                    {"subject": {"$in": self._among(ids, subjects)}},
                    *({name: {"$exists": True}} for name in ("due_at", "claim", "doubt")),
                    {"$expr": {"$ne": ["$heard", "$want"]}},
                ]
            # First those in doubt: what is raised is not looked at again.
            in_doubt = self._conversations.update_many(doubtful, [{"$set": _doubt(incarnation, due_at)}])
            others = self._conversations.update_many(these, [{"$set": {"order": _raised(incarnation)}}])
            yield Marked(in_doubt.modified_count + others.modified_count, in_doubt.modified_count)

    def _among(self, ids: list[str], subjects: frozenset[str]) -> list[str]:
        found = self._conversations.distinct("subject", {"_id": {"$in": ids}})
        return [subject for subject in found if subject in subjects]


class RestoredKnown:
    """The collection `known`, after a restore. Raises PyMongoError; everything may be repeated."""

    def __init__(self, database: Database[Document]) -> None:
        self._known = database[known.COLLECTION]

    def highest_incarnation(self) -> int:
        """The highest incarnation of any order, 0 without any."""
        row = self._known.find_one({}, {"order": 1}, sort=[("order", -1)])
        return order.incarnation_of(order.Order(row["order"])) if row else 0

    def raise_all(self, incarnation: int) -> int:
        """Raise the orders of all; returns how many were raised now."""
        raised = 0
        for keys in _portions(self._known):
            these = {"_id": {"$in": keys}, "order": {"$lt": order.first_of(incarnation)}}
            done = self._known.bulk_write([UpdateMany(these, [{"$set": {"order": _raised(incarnation)}}])])
            raised += done.modified_count
        return raised


def _portions(collection: Collection[Document]) -> Iterator[list[Any]]:
    """The ids of all documents, in their order."""
    last: list[Any] = []
    while True:
        after = {"_id": {"$gt": last[-1]}} if last else {}
        last = [row["_id"] for row in collection.find(after, {"_id": 1}).sort("_id", 1).limit(_AT_ONCE)]
        if not last:
            return
        yield last


def _raised(incarnation: int) -> Document:
    return {"$concat": [order.first_of(incarnation), "$order"]}


def _doubt(incarnation: int, due_at: datetime) -> Document:
    is_open = {"$eq": ["$status", conversations.OPEN]}
    return {
        "order": _raised(incarnation),
        "doubt": conversations.restored_doubt(incarnation),
        "doubt_note": "$$REMOVE",
        "claim": "$$REMOVE",
        "lease_until": "$$REMOVE",
        "not_before": "$$REMOVE",
        "due_at": {"$cond": [is_open, due_at, "$due_at"]},
    }
