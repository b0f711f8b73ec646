"""How often somebody tried something lately, counted in MongoDB so that all web processes count together."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument
from pymongo.database import Database

COLLECTION = "tries"


class Tries:
    """Counted tries of one thing.

    what: names the thing, like "staff". most: tries within the window. The window begins at its first try.
    """

    def __init__(self, database: Database[dict[str, Any]], what: str, most: int, window: timedelta) -> None:
        self._tries = database[COLLECTION]
        self._what = what
        self._most = most
        self._window = window

    def take(self, who: str, now: datetime) -> bool:
        """Count one try; False when there were too many. who: an address; only its hash is kept.

        now: system clock. Raises PyMongoError when MongoDB does not answer: then the try is not allowed.
        """
        over = {"$lte": [{"$ifNull": ["$expires_at", now]}, now]}
        first = {"tries": 1, "expires_at": now + self._window}
        more = {"tries": {"$add": ["$tries", 1]}, "expires_at": "$expires_at"}
        fields = {name: {"$cond": [over, first[name], more[name]]} for name in first}
        found = self._tries.find_one_and_update(
            {"_id": self._id(who)}, [{"$set": fields}], upsert=True, return_document=ReturnDocument.AFTER
        )
        assert found is not None  # upsert
        return int(found["tries"]) <= self._most

    def _id(self, who: str) -> str:
        return f"{self._what}:{hashlib.sha256(who.encode()).hexdigest()[:32]}"
