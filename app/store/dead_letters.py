"""Dead letters: changes and notifications that cannot be processed, kept with their reason.

Only allow-listed fields of a document are kept: the callers pass nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from bson import Decimal128, Int64, ObjectId, encode
from bson.errors import InvalidDocument
from pymongo.database import Database

from app.domain.clock import Now, system_now
from app.metrics import DEAD_LETTERS
from app.store.read_requests import RUN_PREFIX

COLLECTION = "dead_letters"
WAITING, REPLAYED, DISCARDED = "waiting", "replayed", "discarded"
STATUSES = (WAITING, REPLAYED, DISCARDED)
SOURCES = ("watcher", "notifier", "alerts", "notices")
"""Who sets things aside."""

HANDLER_FAILED = "handler_failed"
"""The reason of a message that is well formed, and that its consumer failed to handle again and again."""

KEPT = timedelta(days=90)
"""A dead letter that was replayed or discarded is kept so long; one that waits is kept until somebody acts."""

# A larger document is not kept; its reason and key are.
_DOCUMENT_BYTES = 256 * 1024
_WORDS = 2_000
_HISTORY = 20
_RUNS = 5
_INT_BITS = 63  # MongoDB holds none larger; they are kept as text
_SHOWN_BITS = 600  # Python refuses to write very long ones in decimal digits
_READABLE = frozenset({bool, int, float, type(None), datetime, ObjectId, Decimal128, Int64})


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One thing that cannot be processed.

    source: one of SOURCES. reason: a constant code. words: what happened, for people.
    event_id, or topic, partition and offset, name it: the same ones are one dead letter, counted.
    document_id: the document's `_id`, as it is stored or as text; None when it is not known.
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
    document_id: Any = None
    document: Mapping[str, Any] | None = None

    @property
    def id(self) -> str:
        """The same for the same thing, however often it is met."""
        name = self.event_id or f"{self.topic}/{self.partition}/{self.offset}"
        return f"{self.source}:{self.collection}:{name}"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which dead letters are meant; None stands for all.

    since, until: of `last_at`, the second exclusive. key: of the message, or the document's id as text.
    """

    status: str | None = WAITING
    reason: str | None = None
    collection: str | None = None
    source: str | None = None
    key: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    ids: tuple[str, ...] | None = None

    def query(self) -> dict[str, Any]:
        """As MongoDB takes it."""
        plain = ("status", "reason", "collection", "source")
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        wanted = {name: values[name] for name in plain if values[name] is not None}
        if self.key is not None:
            wanted["$or"] = [{"key": self.key}, {"document_key": self.key}]
        if self.ids is not None:
            wanted["_id"] = {"$in": list(self.ids)}
        when = {"$gte": self.since, "$lt": self.until}
        between = {name: moment for name, moment in when.items() if moment is not None}
        return wanted | ({"last_at": between} if between else {})


class DeadLetters:
    """The collection of dead letters. now: system clock."""

    def __init__(self, database: Database[dict[str, Any]], now: Now = system_now) -> None:
        self._letters = database[COLLECTION]
        self._now = now

    def add(self, letter: DeadLetter) -> None:
        """Keep a dead letter; met again it is counted, and waits again. So does one whose replay fails.

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
            "document_id": _storable(letter.document_id),
            "document_key": None if letter.document_id is None else _writable(str(letter.document_id)),
            "document": _keepable(letter.document),
        }
        values |= {name: value for name, value in optional.items() if value is not None}
        change: dict[str, Any] = {"$set": values, "$inc": {"count": 1}, "$unset": {"expires_at": ""}}
        replayed = self._replayed_by(letter.event_id)
        if replayed is not None:
            for name in ("event_id", "document_id", "document_key"):  # those of the change that began it stay
                values.pop(name, None)
            change["$push"] = _noted("returned", None, moment, letter.reason)
            self._letters.update_one({"_id": replayed}, change)
        else:
            change["$setOnInsert"] = {"first_at": moment}
            self._letters.update_one({"_id": _writable(letter.id)}, change, upsert=True)
        DEAD_LETTERS.labels(letter.source, letter.reason).inc()

    def find(self, letter_id: str) -> dict[str, Any] | None:
        """The dead letter with this id, None when there is none."""
        return self._letters.find_one({"_id": letter_id})

    def list(
        self, *, status: str = WAITING, source: str | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """Dead letters of a status, latest first; source None: of all sources."""
        return list(self.search(Filter(status=status, source=source), limit=limit))

    def search(self, wanted: Filter, *, limit: int = 0, skip: int = 0) -> Iterator[dict[str, Any]]:
        """Those that are meant, latest first. limit 0: all of them."""
        return self._letters.find(wanted.query()).sort([("last_at", -1), ("_id", 1)]).skip(skip).limit(limit)

    def search_ids(self, wanted: Filter) -> Iterator[str]:
        """Ids of those that are meant, the oldest first, so that they are dealt with in the order they came."""
        return (row["_id"] for row in self._letters.find(wanted.query(), {"_id": 1}).sort("last_at", 1))

    def states(self, letter_ids: Iterable[str]) -> dict[str, str]:
        """Statuses by id; one that is not there is missing."""
        found = self._letters.find({"_id": {"$in": list(letter_ids)}}, {"status": 1})
        return {row["_id"]: row["status"] for row in found}

    def how_many(self, wanted: Filter) -> int:
        """How many are meant."""
        return self._letters.count_documents(wanted.query())

    def counts(self, wanted: Filter | None = None) -> dict[tuple[str, str], int]:
        """How many are meant, by reason and status; None: all there are."""
        groups = self._letters.aggregate(
            [
                {"$match": wanted.query() if wanted else {}},
                {"$group": {"_id": {"reason": "$reason", "status": "$status"}, "n": {"$sum": 1}}},
            ]
        )
        return {(row["_id"]["reason"], row["_id"]["status"]): row["n"] for row in groups}

    def count(self, *, status: str = WAITING, since: datetime | None = None) -> int:
        """How many have this status; since: last met then or later."""
        return self.how_many(Filter(status=status, since=since))

    def note_asked(self, letter_id: str, by: str) -> None:
        """A replay is asked for: it waits, whatever it was before, until the replay is done."""
        change = {
            "$set": {"status": WAITING, "asked_at": self._now()},
            "$unset": {"expires_at": ""},
            "$push": _noted("replay asked", by, self._now()),
        }
        self._letters.update_one({"_id": letter_id}, change)

    def begin_replay(self, letter_ids: Iterable[str], run: str) -> dict[str, int]:
        """W4: events of this run belong to these dead letters. Returns how often each was met so far."""
        ids = list(letter_ids)
        # Several, because an event of a run that was interrupted may still be on its way.
        change = {"$push": {"runs": {"$each": [run], "$slice": -_RUNS}}}
        self._letters.update_many({"_id": {"$in": ids}}, change)
        return {row["_id"]: row["count"] for row in self._letters.find({"_id": {"$in": ids}}, {"count": 1})}

    def end_replay(self, counts: Mapping[str, int], outcome: str) -> int:
        """W4: those that were not met again meanwhile are replayed; returns how many.

        counts: as begin_replay gave them. outcome: what became of the read, for the history.
        """
        done = 0
        for letter_id, count in counts.items():
            unmet = {"_id": letter_id, "count": count, "status": WAITING}
            change = {
                "$set": {"status": REPLAYED, "replayed_at": self._now(), "expires_at": self._now() + KEPT},
                "$unset": {"asked_at": ""},
                "$push": _noted("replayed", None, self._now(), outcome),
            }
            done += self._letters.update_one(unmet, change).modified_count
        return done

    def discard(self, letter_id: str, by: str) -> bool:
        """Nobody needs to look at it any more; False when it does not wait."""
        change = {
            "$set": {"status": DISCARDED, "expires_at": self._now() + KEPT},
            "$unset": {"asked_at": ""},
            "$push": _noted("discarded", by, self._now()),
        }
        return self._letters.update_one({"_id": letter_id, "status": WAITING}, change).modified_count == 1

    def _replayed_by(self, event_id: str | None) -> str | None:
        """The dead letter whose replay this event is; None when it is none."""
        if event_id is None or not event_id.startswith(RUN_PREFIX):
            return None
        run = event_id.removeprefix(RUN_PREFIX).partition(":")[0]
        found = self._letters.find_one({"runs": run}, {"_id": 1}, sort=[("last_at", -1)])
        return None if found is None else str(found["_id"])


def _noted(what: str, by: str | None, at: datetime, words: str | None = None) -> dict[str, Any]:
    entry = {"what": what, "by": by, "at": at, "words": words}
    kept = {name: value for name, value in entry.items() if value is not None}
    return {"history": {"$each": [kept], "$slice": -_HISTORY}}


def _writable(text: str) -> str:
    # Text from a damaged document may hold half characters, which MongoDB does not take.
    return text.encode("utf-8", "replace").decode()


def _storable(document_id: Any) -> Any:
    """An `_id` as it is, to find the document by; None when it cannot be written again."""
    try:
        encode({"_id": document_id})
    except (InvalidDocument, UnicodeError, OverflowError):
        return None
    return document_id


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
