"""Dead letters: changes and notifications that cannot be processed, kept with their reason.

Only allow-listed fields of a document are kept: the callers pass nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import Decimal128, Int64, ObjectId, encode
from pymongo.database import Database

from app.domain.clock import Now, system_now
from app.metrics import DEAD_LETTERS

COLLECTION = "dead_letters"
WAITING, REPLAYED, DISCARDED = "waiting", "replayed", "discarded"

# A larger document is not kept; its reason and key are.
_DOCUMENT_BYTES = 256 * 1024
_WORDS = 2_000
_INT_BITS = 63  # MongoDB holds none larger; they are kept as text
_SHOWN_BITS = 600  # Python refuses to write very long ones in decimal digits
_READABLE = frozenset({bool, int, float, type(None), datetime, ObjectId, Decimal128, Int64})


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One thing that cannot be processed.

    source: "watcher", "notifier" or "delivery". reason: a constant code. words: what happened, for people.
    event_id, or topic, partition and offset, name it: the same ones are one dead letter, counted.
    document: allow-listed fields only; None when there is nothing to keep.
    """

    source: str
    collection: str
    key: str
    reason: str
    words: str
    event_id: str | None = None
    field: str | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    document: Mapping[str, Any] | None = None

    @property
    def id(self) -> str:
        """The same for the same thing, however often it is met."""
        name = self.event_id or f"{self.topic}/{self.partition}/{self.offset}"
        return f"{self.source}:{self.collection}:{name}"


class DeadLetters:
    """The collection of dead letters. now: system clock."""

    def __init__(self, database: Database[dict[str, Any]], now: Now = system_now) -> None:
        self._letters = database[COLLECTION]
        self._now = now

    def add(self, letter: DeadLetter) -> None:
        """Keep a dead letter; met again it is counted, and waits again.

        Raises PyMongoError when it cannot be written: the caller must not go on as if it were.
        """
        moment = self._now()
        values = {
            "source": letter.source,
            "collection": letter.collection,
            "key": _writable(letter.key),
            "reason": letter.reason,
            "words": _writable(letter.words[:_WORDS]),
            "last_at": moment,
            "status": WAITING,
        }
        optional = {
            "event_id": letter.event_id,
            "field": letter.field,
            "topic": letter.topic,
            "partition": letter.partition,
            "offset": letter.offset,
            "document": _keepable(letter.document),
        }
        values |= {name: value for name, value in optional.items() if value is not None}
        change = {"$set": values, "$setOnInsert": {"first_at": moment}, "$inc": {"count": 1}}
        self._letters.update_one({"_id": _writable(letter.id)}, change, upsert=True)
        DEAD_LETTERS.labels(letter.source, letter.reason).inc()

    def find(self, letter_id: str) -> dict[str, Any] | None:
        """The dead letter with this id, None when there is none."""
        return self._letters.find_one({"_id": letter_id})

    def list(
        self, *, status: str = WAITING, source: str | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """Dead letters of a status, latest first; source None: of all sources."""
        wanted = {"status": status} | ({"source": source} if source else {})
        return list(self._letters.find(wanted).sort("last_at", -1).limit(limit))

    def mark(self, letter_id: str, status: str) -> bool:
        """Set the status; False when there is no such dead letter."""
        return self._letters.update_one({"_id": letter_id}, {"$set": {"status": status}}).matched_count == 1

    def count(self, *, status: str = WAITING, since: datetime | None = None) -> int:
        """How many have this status; since: last met then or later."""
        wanted: dict[str, Any] = {"status": status}
        if since is not None:
            wanted["last_at"] = {"$gte": since}
        return self._letters.count_documents(wanted)


def _writable(text: str) -> str:
    # Text from a damaged document may hold half characters, which MongoDB does not take.
    return text.encode("utf-8", "replace").decode()


def _keepable(document: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The document in values that every reader can read; None when it is too large to keep."""
    if document is None:
        return None
    kept = {name: _readable(value) for name, value in document.items()}
    return kept if len(encode(kept)) <= _DOCUMENT_BYTES else None


def _readable(value: Any) -> Any:
    kind = type(value)
    if kind in _READABLE and not (kind is int and value.bit_length() > _INT_BITS):
        return value
    if kind is str:
        return _writable(value)
    if kind is dict:
        return {_writable(name): _readable(inner) for name, inner in value.items()}
    if kind is list:
        return [_readable(inner) for inner in value]
    if kind is int:
        return f"int: {value}" if value.bit_length() <= _SHOWN_BITS else f"int: {hex(value)[:200]}"
    return f"{kind.__name__}: {_writable(str(value))[:200]}"
