"""Attempts at batches of messages, counted where they outlive the process that makes them."""

from __future__ import annotations

from typing import Any

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.write_concern import WriteConcern

from app.domain.clock import Now, system_now
from app.store.client import waited_for

COLLECTION = "suspects"


class Suspects:
    """One document per name; it holds the last offset that was begun and how often that was. now: system clock.

    Methods raise TransientError when MongoDB does not answer; a count may be written nevertheless.
    """

    def __init__(self, database: Database[dict[str, Any]], now: Now = system_now) -> None:
        # One member is enough: a count that is lost means one more attempt, and one that waits in vain for a
        # majority would blame a message that nobody has touched.
        self._suspects = database.get_collection(COLLECTION, write_concern=WriteConcern(1))
        self._now = now

    def count(self, name: str, offset: int) -> int:
        """One more attempt at what begins at offset; returns how many there were, this one included."""
        again = {"$and": [{"$eq": ["$offset", offset]}, {"$ne": [{"$type": "$attempts"}, "missing"]}]}
        attempts = {"$cond": [again, {"$add": ["$attempts", 1]}, 1]}
        with waited_for():
            found = self._suspects.find_one_and_update(
                {"_id": name},
                [{"$set": {"attempts": attempts, "at": self._now()}}, {"$set": {"offset": offset}}],
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        assert found is not None  # it was inserted if it was not there
        return int(found["attempts"])

    def forget(self, name: str, offset: int) -> None:
        """Take one attempt back: it says nothing against what begins at offset."""
        with waited_for():
            self._suspects.update_one(
                {"_id": name, "offset": offset, "attempts": {"$gt": 0}}, {"$inc": {"attempts": -1}}
            )

    def last(self, name: str) -> int | None:
        """The offset last counted, None when nothing was."""
        with waited_for():
            found = self._suspects.find_one({"_id": name}, {"offset": 1})
        return None if found is None else int(found["offset"])
