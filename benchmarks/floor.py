"""What the protocol's own writes cost at the rate of the latency benchmark, with nothing around them.

One thread reads a change stream in whole batches and makes the writes of the steps for each batch, each as one command
that waits for a majority: no Kafka, no mail, no words, no second process, no reads. What is left is the least that any
program with these steps takes on this machine.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from pymongo import InsertOne, UpdateOne
from pymongo.database import Database
from pymongo.write_concern import WriteConcern

Docs = Database[dict[str, Any]]


class Floor:
    """Makes the writes for changes of these flights until all were seen. heard: when each had its last write."""

    def __init__(self, database: Docs, keys: Sequence[ObjectId]) -> None:
        self._database = database.with_options(write_concern=WriteConcern("majority"))
        self._keys = keys
        self.heard: dict[str, datetime] = {}
        self.ready = threading.Event()
        database.floor_conversations.insert_many({"_id": str(key), "heard": 0, "want": 0} for key in keys)

    def run(self) -> None:
        """Until every flight was seen. Batches are as the server gives them."""
        opened = {"aggregate": "flights", "pipeline": [{"$changeStream": {}}], "cursor": {}}
        cursor = self._database.command(opened)["cursor"]["id"]
        self.ready.set()
        while len(self.heard) < len(self._keys):
            more = {"getMore": cursor, "collection": "flights", "maxTimeMS": 500}
            batch = self._database.command(more)["cursor"]["nextBatch"]
            if batch:
                self._write([str(change["documentKey"]["_id"]) for change in batch])

    def _write(self, keys: Sequence[str]) -> None:
        """N3 to N4 and D1 to D4 for a batch: a command each."""
        conversations = self._database.floor_conversations
        self._insert("floor_announcements", keys)
        conversations.update_many({"_id": {"$in": list(keys)}}, {"$set": {"want": 1, "due": True}})
        self._insert("floor_decisions", keys)
        self._upsert("floor_known", keys)
        unconfirmed = conversations.with_options(write_concern=WriteConcern(w=1))
        unconfirmed.update_many({"_id": {"$in": list(keys)}}, {"$set": {"claim": "c"}})
        conversations.bulk_write(
            [UpdateOne({"_id": k}, {"$set": {"doubt": f"c/{k}"}}) for k in keys], ordered=False
        )
        self._upsert("floor_ledger", keys)
        conversations.update_many(
            {"_id": {"$in": list(keys)}},
            {"$set": {"heard": 1}, "$unset": {"due": "", "claim": "", "doubt": ""}},
        )
        now = datetime.now(UTC)
        self.heard |= dict.fromkeys(keys, now)

    def _insert(self, name: str, keys: Sequence[str]) -> None:
        self._database[name].bulk_write([InsertOne({"_id": key}) for key in keys], ordered=False)

    def _upsert(self, name: str, keys: Sequence[str]) -> None:
        writes = [UpdateOne({"_id": key}, {"$set": {"value": 1}}, upsert=True) for key in keys]
        self._database[name].bulk_write(writes, ordered=False)
