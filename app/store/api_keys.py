"""Keys of programs. A key is shown once, when it is made; only its hash is kept, and its beginning to know it by."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database

from app.store.idempotency import Mine

Document = dict[str, Any]

COLLECTION = "api_keys"
BEGINNING = "gca_"
"""What every key begins with, so that a secret that got out is recognised."""

_PREFIX_BYTES, _SECRET_BYTES = 4, 32
_LONGEST_KEY = 200
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key. id, prefix: "gca_1f2e3d4c", what people know it by. scopes: as text. owner: a person's id, None for a
    system's key. last_used_at: to the minute, None when never; revoked_at: None while it works."""

    prefix: str
    name: str
    scopes: frozenset[str]
    owner: str | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class ApiKeys:
    """The collection `api_keys`. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._keys = database[COLLECTION]

    def create(
        self,
        name: str,
        scopes: Collection[str],
        owner: str | None,
        created_by: str,
        now: datetime,
        begun: Mine | None = None,
    ) -> tuple[str, ApiKey]:
        """Make a key; the key itself, which cannot be had again, and what is known of it.

        begun: the work that makes it, when a repeat may begin it again: the key of an earlier try, which nobody was
        told, gives way.
        """
        prefix = prefix_of(begun) if begun else f"{BEGINNING}{secrets.token_hex(_PREFIX_BYTES)}"
        key = f"{prefix}_{secrets.token_urlsafe(_SECRET_BYTES)}"
        row: Document = {
            "_id": prefix,
            "hash": _hash(key),
            "name": name,
            "scopes": sorted(scopes),
            "owner": owner,
            "created_by": created_by,
            "created_at": now,
        }
        if begun is not None and begun.is_again:
            same = {name: row[name] for name in ("_id", "owner", "name", "scopes")}
            self._keys.replace_one(same, row, upsert=True)
        else:
            # A first try that was so slow that it counted as dead does not undo what the repeat made.
            self._keys.insert_one(row)
        return key, _key(row)

    def find(self, key: str, now: datetime) -> ApiKey | None:
        """The key that works and is this one; None for any other."""
        if not key.startswith(BEGINNING) or len(key) > _LONGEST_KEY:
            return None
        row = self._keys.find_one({"hash": _hash(key), "revoked_at": {"$exists": False}})
        if row is None:
            return None
        used = row.get("last_used_at")
        if used is None or now - used >= _TOUCH_EVERY:
            self._keys.update_one({"_id": row["_id"]}, {"$max": {"last_used_at": now}})
        return _key(row)

    def all(self, owner: str | None = None) -> list[ApiKey]:
        """Every key, or those of one person, the newest first; with those that were revoked."""
        condition = {} if owner is None else {"owner": owner}
        return [_key(row) for row in self._keys.find(condition).sort([("created_at", -1), ("_id", 1)])]

    def revoke(self, prefix: str, now: datetime, owner: str | None = None) -> bool:
        """End a key at once; owner: only if it is this person's. False when there is no such key that works."""
        condition: Document = {"_id": prefix, "revoked_at": {"$exists": False}}
        if owner is not None:
            condition["owner"] = owner
        return self._keys.update_one(condition, {"$set": {"revoked_at": now}}).modified_count == 1


def prefix_of(begun: Mine) -> str:
    """What the key is known by that this work makes."""
    return f"{BEGINNING}{begun.work[: 2 * _PREFIX_BYTES]}"


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _key(row: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        row["_id"],
        row["name"],
        frozenset(row["scopes"]),
        row["owner"],
        row["created_at"],
        row.get("last_used_at"),
        row.get("revoked_at"),
    )
