"""Trips that a person shares: a link that shows some flights to whoever has it, until it ends.

The link's secret is kept as a hash. What it shows are the flights, nothing about the person.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.database import Database

Document = dict[str, Any]

COLLECTION = "shares"
_SECRET_BYTES = 24
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Share:
    """A link that somebody gave away. id: says nothing of the link. flights: keys of documents. Times: system clock."""

    id: str
    person: str
    flights: tuple[str, ...]
    created_at: datetime
    expires_at: datetime


class Shares:
    """The collection `shares`. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._shares = database[COLLECTION]

    def create(self, person: str, flights: Sequence[str], now: datetime, expires_at: datetime) -> str:
        """Share these; the secret of the link, which cannot be had again."""
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        self._shares.insert_one(
            {
                "_id": _hash(secret),
                "person": person,
                "flights": list(flights),
                "created_at": now,
                "expires_at": expires_at,
            }
        )
        return secret

    def find(self, secret: str, now: datetime) -> Share | None:
        """What a link shows; None for one that never was, has ended, or was ended."""
        if len(secret) > _LONGEST:
            return None
        row = self._shares.find_one({"_id": _hash(secret), "expires_at": {"$gt": now}})
        return _share(row) if row else None

    def of(self, person: str, now: datetime) -> list[Share]:
        """What a person shares now, the newest first."""
        rows = self._shares.find({"person": person, "expires_at": {"$gt": now}})
        return [_share(row) for row in rows.sort([("created_at", -1), ("_id", 1)])]

    def end(self, person: str, share: str) -> bool:
        """End a link at once; False when the person shares no such."""
        return self._shares.delete_one({"_id": share, "person": person}).deleted_count == 1


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _share(row: Mapping[str, Any]) -> Share:
    return Share(row["_id"], row["person"], tuple(row["flights"]), row["created_at"], row["expires_at"])
