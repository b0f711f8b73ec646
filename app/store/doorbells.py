"""Doorbells: one counter per channel, incremented after a fan-out. Delivery watches it, so nobody polls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pymongo import UpdateOne
from pymongo.database import Database
from pymongo.write_concern import WriteConcern

COLLECTION = "doorbells"


class Doorbells:
    """The collection `doorbells`."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        # Unconfirmed by a majority: who listens hears it when it is, and a ring that is lost has a net.
        self._doorbells = database.get_collection(COLLECTION, write_concern=WriteConcern(w=1))

    def ring(self, channels: Iterable[str]) -> None:
        """Say that conversations of these channels may be due, or due earlier than they were."""
        rings = [UpdateOne({"_id": channel}, {"$inc": {"rung": 1}}, upsert=True) for channel in channels]
        if rings:
            self._doorbells.bulk_write(rings, ordered=False)
