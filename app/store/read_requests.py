"""Requests to read documents afresh: asked for by staff, served by the watcher that holds the collection's lease.

Nothing but the watchers writes to the topics, so whoever wants a document looked at again leaves a request here.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.database import Database

from app.domain.namespaces import BY_COLLECTION
from app.domain.order import ClusterTime

COLLECTION = "read_requests"

RUN_PREFIX = "replay:"
"""Begins the id of every event that a request led to; the run and the document's id follow."""


@dataclass(frozen=True, slots=True)
class Target:
    """Which documents to read: the one with this id, or, where only the key is known, all with this key.

    document_id: the `_id` as it is stored, or as text (then every `_id` that is written so is meant); None when
    it is not known. key: of the Kafka message.
    """

    collection: str
    key: str
    document_id: Any = None

    @property
    def id(self) -> str:
        """The same for the same documents, so that they are asked for once."""
        if self.document_id is None:
            return f"{self.collection}/key/{self.key}"
        kind = type(self.document_id).__name__
        return f"{self.collection}/{kind}/{self.document_id}"


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A request that waits.

    run: names the events that come of it. asks: how often it was asked so far. letters: ids of the dead letters
    that are replayed by it.
    """

    target: Target
    run: str
    asks: int
    letters: tuple[str, ...]
    asked_at: datetime


def target_of(letter: Mapping[str, Any]) -> Target | None:
    """What to read for a dead letter; None when nothing says which document it is about."""
    collection, key = letter.get("collection", ""), letter.get("key", "")
    namespace = BY_COLLECTION.get(collection)
    if namespace is None:
        return None
    document_id = letter.get("document_id")
    if document_id is None and key and namespace.key_field == "_id":
        document_id = key
    if document_id is None and not key:
        return None
    return Target(collection, key, document_id)


class ReadRequests:
    """The collection `read_requests`. Raises PyMongoError; everything may be repeated."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._requests = database[COLLECTION]
        self._client = database.client

    def ask(self, target: Target, letters: Iterable[str], by: str, now: datetime) -> None:
        """Ask for a read; asked again before it is served, it is still one request."""
        values: dict[str, Any] = {
            "collection": target.collection,
            "key": target.key,
            "asked_by": by,
            "asked_at": now,
        }
        if target.document_id is not None:
            values["document_id"] = target.document_id
        change: dict[str, Any] = {
            "$set": values,
            "$inc": {"asks": 1},
            "$addToSet": {"letters": {"$each": list(letters)}},
        }
        self._requests.update_one({"_id": target.id}, change, upsert=True)

    def waiting(self, collection: str, limit: int) -> list[str]:
        """Ids of the requests for a collection, the oldest first."""
        found = self._requests.find({"collection": collection}, {"_id": 1}).sort("asked_at", 1).limit(limit)
        return [row["_id"] for row in found]

    def begin(self, request_id: str) -> tuple[ReadRequest, ClusterTime] | None:
        """W4: give the request a new run. Returns it, and the cluster time by which all that was written before
        it was asked is there to be read; None when it was served meanwhile."""
        with self._client.start_session() as session:
            row = self._requests.find_one_and_update(
                {"_id": request_id},
                {"$set": {"run": uuid.uuid4().hex}},
                return_document=ReturnDocument.AFTER,
                session=session,
            )
            time = session.operation_time
        if row is None:
            return None
        assert time is not None
        target = Target(row["collection"], row["key"], row.get("document_id"))
        request = ReadRequest(target, row["run"], row["asks"], tuple(row["letters"]), row["asked_at"])
        return request, (time.time, time.inc)

    def end(self, request: ReadRequest) -> bool:
        """W4: the request is served. False when it was asked again meanwhile: then it waits once more."""
        served = {"_id": request.target.id, "asks": request.asks}
        return self._requests.delete_one(served).deleted_count == 1

    def count(self) -> int:
        """How many wait."""
        return self._requests.count_documents({})

    def letters_of(self, letters: Iterable[str]) -> set[str]:
        """Those of these dead letters whose documents still wait to be read."""
        wanted = set(letters)
        rows = self._requests.find({"letters": {"$in": list(wanted)}}, {"letters": 1})
        return wanted & {letter for row in rows for letter in row["letters"]}
