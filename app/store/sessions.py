"""Who is signed in: a row for each browser, found by the hash of what its cookie holds.

The row is the session: without it the cookie is nothing, so signing out works at once and everywhere. A session ends
with its time, with the person's document, and when the person's roles are others than when it began.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database

from app.store import ids
from app.store.users import COLLECTION as USERS
from app.store.users import roles_of

Document = dict[str, Any]

COLLECTION = "sessions"

_BYTES = 32
_LONGEST_VALUE = 100
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Session:
    """One browser of one person. id: names the session, and is no way in. browser: a label for the person's list.
    user: the person's document as it is now, {} in a list."""

    id: str
    person: str
    browser: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    user: Document


class Sessions:
    """The collection `sessions`. lasting: how long a session lives. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document], lasting: timedelta) -> None:
        self._sessions = database[COLLECTION]
        self._users = database[USERS]
        self._lasting = lasting

    def begin(self, user: Mapping[str, Any], browser: str, now: datetime) -> str:
        """A new session of the person; returns what the cookie holds. It is kept nowhere else."""
        value = secrets.token_urlsafe(_BYTES)
        self._sessions.insert_one(
            {
                "_id": _hash(value),
                "person": ids.text(user["_id"]),
                "roles": sorted(roles_of(user)),
                "browser": browser[:100],
                "created_at": now,
                "seen_at": now,
                "expires_at": now + self._lasting,
            }
        )
        return value

    def find(self, value: str, now: datetime) -> Session | None:
        """The session of a cookie's value, None when it is none, or not any more."""
        if not value or len(value) > _LONGEST_VALUE:
            return None
        row = self._sessions.find_one({"_id": _hash(value), "expires_at": {"$gt": now}})
        if row is None:
            return None
        user = self._users.find_one({"_id": {"$in": ids.forms(row["person"])}})
        if user is None or sorted(roles_of(user)) != row["roles"]:
            self._sessions.delete_one({"_id": row["_id"]})
            return None
        if now - row["seen_at"] >= _TOUCH_EVERY:
            self._sessions.update_one({"_id": row["_id"]}, {"$max": {"seen_at": now}})
        return _session(row, user)

    def of_person(self, person: str, now: datetime) -> list[Session]:
        """Where a person is signed in, the one used last first."""
        rows = self._sessions.find({"person": person, "expires_at": {"$gt": now}}).sort("seen_at", -1)
        return [_session(row, {}) for row in rows]

    def end(self, value: str) -> None:
        """Sign this browser out; safe to repeat."""
        self._sessions.delete_one({"_id": _hash(value)})

    def end_one(self, person: str, session_id: str) -> bool:
        """Sign out another browser of the person; False when the person has no such session."""
        return self._sessions.delete_one({"_id": session_id, "person": person}).deleted_count == 1

    def end_all(self, person: str) -> int:
        """Sign the person out everywhere; how many sessions that were."""
        return self._sessions.delete_many({"person": person}).deleted_count


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()


def _session(row: Mapping[str, Any], user: Document) -> Session:
    times = (row["created_at"], row["seen_at"], row["expires_at"])
    return Session(row["_id"], row["person"], row["browser"], *times, user)
