"""Where each watched collection's change stream goes on, and which topic that is true of.

Token and topic id are one value: a token is worth something only for the topic that got what is before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson.timestamp import Timestamp
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
    """A position as stored. topic_id: TopicState.id of the topic it is true of. saved_at: aware UTC."""

    position: Position
    topic_id: str
    saved_at: datetime


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
        return Stored(position, found["topic_id"], found["saved_at"])

    def save(self, collection: str, position: Position, topic_id: str, saved_at: datetime) -> None:
        """Store the position as one value, confirmed by a majority. Raises PyMongoError when that fails."""
        start_at = Timestamp(*position.start_at) if position.start_at else None
        self._replace(collection, position.token, start_at, topic_id, saved_at)

    def clear(self, collection: str, saved_at: datetime, *, session: ClientSession | None = None) -> None:
        """Forget the position: whoever starts next takes a snapshot."""
        self._replace(collection, None, None, None, saved_at, session)

    def _replace(
        self,
        collection: str,
        token: Mapping[str, Any] | None,
        start_at: Timestamp | None,
        topic_id: str | None,
        saved_at: datetime,
        session: ClientSession | None = None,
    ) -> None:
        value = {"token": token, "start_at": start_at, "topic_id": topic_id, "saved_at": saved_at}
        self._tokens.replace_one({"_id": collection}, value, upsert=True, session=session)
