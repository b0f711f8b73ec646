"""What the protocol's own writes cost at the rate of the latency benchmark, with nothing around them.

One thread reads a change stream in whole batches and makes the writes of the notifier's steps for each batch, another
one those of delivery's, each as one command that waits for a majority where the step does: no Kafka, no mail, no words,
no second process, no reads, no doorbell. What is left is the least that a program with these steps takes on this
machine.
"""

from __future__ import annotations

import queue
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
    """Makes the writes for changes of these flights until all were seen. heard: when each would be handed over."""

    def __init__(self, database: Docs, keys: Sequence[ObjectId]) -> None:
        self._database = database.with_options(write_concern=WriteConcern("majority"))
        self._keys = keys
        self._due: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
        self.heard: dict[str, datetime] = {}
        self.ready = threading.Event()
        database.floor_conversations.insert_many({"_id": str(key), "heard": 0, "want": 0} for key in keys)

    def run(self) -> None:
        """Until every flight was seen. Batches are as the server gives them."""
        delivery = threading.Thread(target=self._deliver, daemon=True)
        delivery.start()
        opened = {"aggregate": "flights", "pipeline": [{"$changeStream": {}}], "cursor": {}}
        with (
            self._database.client.start_session() as session
        ):  # a cursor belongs to the session it was opened in
            cursor = self._database.command(opened, session=session)["cursor"]["id"]
            self.ready.set()
            read = 0
            while read < len(self._keys):
                more = {"getMore": cursor, "collection": "flights", "maxTimeMS": 500}
                batch = self._database.command(more, session=session)["cursor"]["nextBatch"]
                if batch:
                    self._announce([str(change["documentKey"]["_id"]) for change in batch])
                read += len(batch)
        delivery.join()

    def _announce(self, keys: list[str]) -> None:
        """N3 to N4 for a batch: a command each."""
        self._insert("floor_announcements", keys)
        due = {"$set": {"want": 1, "due": True}}
        self._database.floor_conversations.update_many({"_id": {"$in": keys}}, due)
        self._due.put(keys)
        self._upsert("floor_known", keys)

    def _deliver(self) -> None:
        """D1 to D4 for all that is due by then: a command each."""
        conversations = self._database.floor_conversations
        unconfirmed = conversations.with_options(write_concern=WriteConcern(w=1))
        while len(self.heard) < len(self._keys):
            keys = self._due.get()
            while not self._due.empty():
                keys = keys + self._due.get()
            unconfirmed.update_many({"_id": {"$in": keys}}, {"$set": {"claim": "c"}})
            doubts = [UpdateOne({"_id": key}, {"$set": {"doubt": f"c/{key}"}}) for key in keys]
            conversations.bulk_write(doubts, ordered=False)
            self.heard |= dict.fromkeys(keys, datetime.now(UTC))
            self._upsert("floor_ledger", keys)
            over = {"$set": {"heard": 1}, "$unset": {"due": "", "claim": "", "doubt": ""}}
            conversations.update_many({"_id": {"$in": keys}}, over)

    def _insert(self, name: str, keys: Sequence[str]) -> None:
        self._database[name].bulk_write([InsertOne({"_id": key}) for key in keys], ordered=False)

    def _upsert(self, name: str, keys: Sequence[str]) -> None:
        writes = [UpdateOne({"_id": key}, {"$set": {"value": 1}}, upsert=True) for key in keys]
        self._database[name].bulk_write(writes, ordered=False)
