"""The inbox: what people are told on their own pages, one entry a message. It is the provider of the channel `inbox`.

An entry is {_id, person, conversation, subject, kind, title, lines, link: {label, url}, why, tone, at, expires_at} and
`unseen: true` until the person has seen it, then `seen_at`. Its `_id` is of one attempt at one message, so that an
attempt whose answer was lost never makes a second entry. Times are of the system clock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.database import Database

Document = dict[str, Any]

COLLECTION = "inbox"
SERVICE = "service"
"""The kind of what no conversation told, like a test."""
MOST_COUNTED = 100
"""Unseen entries are counted up to here."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """What a person has not seen. count: MOST_COUNTED stands for that many and more. state: another one whenever
    something came or was seen. newest: the id of the newest of them, None without one."""

    count: int
    state: str
    newest: str | None


class Inbox:
    """The collection `inbox`. Methods raise PyMongoError; everything may be repeated."""

    def __init__(self, database: Database[Document]) -> None:
        self._entries = database[COLLECTION]

    def put(self, entry: Mapping[str, Any]) -> None:
        """Write a new entry. Raises DuplicateKeyError when it is there already, WriteError when it is refused."""
        self._entries.insert_one(dict(entry))

    def find(
        self, person: str, title: str, lines: Sequence[str], since: datetime, others: Collection[str]
    ) -> str | None:
        """The id of an entry with these words since then, the oldest of several; None when there is none.

        others: ids of entries that it is not.
        """
        wanted = {"person": person, "at": {"$gte": since}, "title": title, "lines": list(lines)}
        row = self._entries.find_one(
            wanted | {"_id": {"$nin": list(others)}}, {"_id": 1}, sort=[("at", 1), ("_id", 1)]
        )
        return str(row["_id"]) if row else None

    def page(self, person: str, before: tuple[datetime, str] | None, limit: int) -> list[Document]:
        """Entries of a person, newest first: what comes after `before`, time and id of the last one that was read."""
        match: Document = {"person": person}
        if before is not None:
            at, id_ = before
            # The first condition finds the place in the index, the second one of equal times.
            match |= {"at": {"$lte": at}, "$or": [{"at": {"$lt": at}}, {"_id": {"$lt": id_}}]}
        return list(self._entries.find(match).sort([("at", -1), ("_id", -1)]).limit(limit))

    def latest(self, person: str, subjects: Collection[str]) -> frozenset[str]:
        """Ids of the newest entry about each of these subjects: what the older ones said may be over."""
        stages: list[Document] = [
            {"$match": {"person": person, "subject": {"$in": list(subjects)}}},
            {"$sort": {"at": -1, "_id": -1}},
            {"$group": {"_id": "$subject", "newest": {"$first": "$_id"}}},
        ]
        return frozenset(str(row["newest"]) for row in self._entries.aggregate(stages))

    def unseen(self, person: str) -> Unseen:
        """How much the person has not seen; answered from an index of unseen entries alone."""
        wanted = {"person": person, "unseen": True}
        rows = self._entries.find(wanted, {"_id": 1}).sort([("at", -1), ("_id", -1)]).limit(MOST_COUNTED)
        ids = [str(row["_id"]) for row in rows]
        state = hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]
        return Unseen(len(ids), state, ids[0] if ids else None)

    def new_among(
        self, person: str, entries: Collection[str] | None, until: str | None = None
    ) -> list[tuple[str, bool]]:
        """What is new among these entries, None for all of the person's: id, and whether a conversation told it.

        until: the id of an entry of theirs; what is newer is left out, and without such an entry everything is. None
        for what is there now.
        """
        wanted: Document = {"person": person, "unseen": True}
        if entries is not None:
            wanted["_id"] = {"$in": list(entries)}
        if until is not None:
            last = self._entries.find_one({"_id": until, "person": person}, {"at": 1})
            if last is None:
                return []
            wanted["$or"] = [{"at": {"$lt": last["at"]}}, {"at": last["at"], "_id": {"$lte": until}}]
        rows = self._entries.find(wanted, {"_id": 1, "kind": 1}).sort([("at", -1), ("_id", -1)])
        return [(str(row["_id"]), row["kind"] != SERVICE) for row in rows]

    def mark_seen(self, person: str, entries: Collection[str], now: datetime) -> int:
        """The person has seen these entries; returns how many were new to them.

        Ids of other people's entries are passed over.
        """
        done = self._entries.update_many(
            {"person": person, "unseen": True, "_id": {"$in": list(entries)}},
            {"$set": {"seen_at": now}, "$unset": {"unseen": ""}},
        )
        return done.modified_count
