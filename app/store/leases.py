"""Leases: who does a piece of work now. They save double work; nothing rests on them (W1).

The server's clock decides ($$NOW), so skew between machines does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

COLLECTION = "leases"


def of_watcher(collection: str) -> str:
    """The name of the lease that the watcher of a collection holds."""
    return f"watcher:{collection}"


def held(database: Database[dict[str, Any]], names: Iterable[str]) -> set[str]:
    """Those of the leases that somebody holds now. Raises PyMongoError."""
    unexpired = {"_id": {"$in": list(names)}, "$expr": {"$gt": ["$until", "$$NOW"]}}
    return {str(row["_id"]) for row in database[COLLECTION].find(unexpired, {"_id": 1})}


class Leases:
    """The leases of one holder.

    holder: names this process and nothing else, in the collection and in logs.
    """

    def __init__(self, database: Database[dict[str, Any]], holder: str) -> None:
        self._leases = database[COLLECTION]
        self.holder = holder

    def take(self, name: str, lease_s: float) -> bool:
        """Take the lease, or prolong it when it is ours; False when somebody else holds it.

        It is ours for lease_s seconds from now. Raises PyMongoError when MongoDB does not answer.
        """
        try:
            found = self._take(name, lease_s)
        except DuplicateKeyError:  # two made the document at the same time
            found = self._take(name, lease_s)
        return bool(found["holder"] == self.holder)

    def _take(self, name: str, lease_s: float) -> dict[str, Any]:
        ours = {"$literal": self.holder}
        free = {"$or": [{"$eq": ["$holder", ours]}, {"$lte": [{"$ifNull": ["$until", "$$NOW"]}, "$$NOW"]}]}
        until = {"$add": ["$$NOW", int(lease_s * 1000)]}
        # One pipeline: both conditions look at the document as it was.
        change = {"holder": {"$cond": [free, ours, "$holder"]}, "until": {"$cond": [free, until, "$until"]}}
        found = self._leases.find_one_and_update(
            {"_id": name}, [{"$set": change}], upsert=True, return_document=ReturnDocument.AFTER
        )
        assert found is not None  # upsert
        return found

    def release(self, name: str) -> None:
        """Give the lease back, so that another need not wait for its end; nothing if it is not ours."""
        self._leases.delete_one({"_id": name, "holder": self.holder})

    def held_by(self, name: str) -> str | None:
        """Who holds the lease now, None when nobody does."""
        unexpired = {"_id": name, "$expr": {"$gt": ["$until", "$$NOW"]}}
        found = self._leases.find_one(unexpired, {"holder": 1})
        return str(found["holder"]) if found else None

    def all_held(self) -> list[tuple[str, str]]:
        """Names and holders of all leases that somebody holds now."""
        rows = self._leases.find({"$expr": {"$gt": ["$until", "$$NOW"]}}, {"holder": 1}).sort("_id", 1)
        return [(str(row["_id"]), str(row["holder"])) for row in rows]
