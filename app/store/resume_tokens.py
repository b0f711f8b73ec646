"""Where each watched collection's change stream goes on, and which topic that is true of.

Token, topic id and incarnation are one value: a token is worth something only for the topic that got what is
before it, and only in the past that it was made in (a restore from a backup makes another one).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson.timestamp import Timestamp
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database

from app.domain.order import ClusterTime

COLLECTION = "resume_tokens"


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a change stream: after a token, or from a cluster time on, inclusive. At most one is set."""

    token: Mapping[str, Any] | None = None
    start_at: ClusterTime | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A position as stored. topic_id: TopicState.id of the topic it is true of. saved_at: aware UTC.

    incarnation: of the database when it was stored. asked: somebody asked for a snapshot since then.
    """

    position: Position
    topic_id: str
    saved_at: datetime
    incarnation: int = 1
    asked: bool = False


class ResumeTokens:
    """The positions of all watched collections, by the collection's name."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._tokens = database[COLLECTION]

    def load(self, collection: str) -> Stored | None:
        """The stored position; None at the first start, and when a snapshot was begun and not finished."""
        found = self._tokens.find_one({"_id": collection})
        if found is None or (found["token"] is None and found["start_at"] is None):
            return None
        start_at = found["start_at"]
        position = Position(found["token"], (start_at.time, start_at.inc) if start_at else None)
        return Stored(
            position,
            found["topic_id"],
            found["saved_at"],
            found.get("incarnation", 1),
            found.get("asked_at") is not None,
        )

    def save(
        self, collection: str, position: Position, topic_id: str, saved_at: datetime, incarnation: int = 1
    ) -> bool:
        """Store the position as one value, confirmed by a majority; whether a snapshot was asked for since.

        Raises PyMongoError when that fails.
        """
        start_at = Timestamp(*position.start_at) if position.start_at else None
        value = {"token": position.token, "start_at": start_at, "topic_id": topic_id}
        found = self._tokens.find_one_and_update(
            {"_id": collection},
            {"$set": value | {"saved_at": saved_at, "incarnation": incarnation}},
            projection={"asked_at": 1},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return found is not None and found.get("asked_at") is not None

    def clear(self, collection: str, saved_at: datetime, *, session: ClientSession | None = None) -> None:
        """Forget the position: whoever starts next takes a snapshot. That is what anybody asked for."""
        value = {"token": None, "start_at": None, "topic_id": None, "saved_at": saved_at}
        self._tokens.update_one(
            {"_id": collection}, {"$set": value, "$unset": {"asked_at": ""}}, upsert=True, session=session
        )

    def ask(self, collection: str, now: datetime) -> bool:
        """Ask the watcher for a snapshot of the whole collection; it looks whenever it stores its position.

        False when no watcher has ever watched it: then the first start reads everything anyway.
        """
        done = self._tokens.update_one({"_id": collection}, {"$set": {"asked_at": now}})
        return done.matched_count == 1

    def forget_all(self) -> int:
        """Forget every position, after a restore from a backup; returns how many there were.

        The topics' ids stay, so that a repeat still knows which topics the positions were of.
        """
        there = {"$or": [{"token": {"$ne": None}}, {"start_at": {"$ne": None}}]}
        done = self._tokens.update_many(there, {"$set": {"token": None, "start_at": None}})
        return done.modified_count

    def when(self, collection: str) -> tuple[str, datetime] | None:
        """The topic's id and the time of the last position, also of one that was forgotten.

        None when there was none, or a snapshot was begun and not finished.
        """
        found = self._tokens.find_one({"_id": collection})
        return (found["topic_id"], found["saved_at"]) if found and found.get("topic_id") else None

    def last(self, collection: str) -> tuple[datetime, int] | None:
        """When the last position was stored or cleared, and in which incarnation the last one was stored; also where
        there is none any more. None when none was ever stored."""
        found = self._tokens.find_one({"_id": collection})
        return (found["saved_at"], found["incarnation"]) if found and "incarnation" in found else None

    def highest(self) -> tuple[int, ClusterTime]:
        """The highest incarnation and cluster time that any stored position holds; (0, (0, 0)) without any."""
        incarnation, time = 0, (0, 0)
        for found in self._tokens.find({}, {"token": 1, "start_at": 1, "incarnation": 1}):
            incarnation = max(incarnation, found.get("incarnation", 1))
            start_at = found.get("start_at")
            times = [(start_at.time, start_at.inc) if start_at else (0, 0), _time_of(found.get("token"))]
            time = max(time, *times)
        return incarnation, time


def _time_of(token: Mapping[str, Any] | None) -> ClusterTime:
    """The cluster time in a resume token: after the byte 0x82 of its key string (MongoDB source, KeyString)."""
    data = str((token or {}).get("_data", ""))
    try:
        return (int(data[2:10], 16), int(data[10:18], 16)) if data.startswith("82") else (0, 0)
    except ValueError:
        return (0, 0)
