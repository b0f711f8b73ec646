"""Attempts at batches of messages, counted where they outlive the process that makes them."""

from __future__ import annotations

from typing import Any

from pymongo import ReturnDocument
from pymongo.database import Database

from app.domain.clock import Now, system_now

COLLECTION = "suspects"


class Suspects:
    """One document per name; it holds the last offset that was begun and how often that was. now: system clock."""

    def __init__(self, database: Database[dict[str, Any]], now: Now = system_now) -> None:
        self._suspects = database[COLLECTION]
        self._now = now

    def count(self, name: str, offset: int) -> int:
        """One more attempt at what begins at offset; returns how many there were, this one included."""
        again = {"$and": [{"$eq": ["$offset", offset]}, {"$ne": [{"$type": "$attempts"}, "missing"]}]}
        attempts = {"$cond": [again, {"$add": ["$attempts", 1]}, 1]}
        found = self._suspects.find_one_and_update(
            {"_id": name},
            [{"$set": {"attempts": attempts, "at": self._now()}}, {"$set": {"offset": offset}}],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert found is not None  # it was inserted if it was not there
        return int(found["attempts"])

    def last(self, name: str) -> int | None:
        """The offset last counted, None when nothing was."""
        found = self._suspects.find_one({"_id": name}, {"offset": 1})
        return None if found is None else int(found["offset"])
