"""The `notices` collection: what staff publish. The watcher takes them from here to the feed."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.domain.errors import GatecallError
from app.domain.notices import Notice
from app.store import ids

Document = dict[str, Any]


class RepeatedDifferentlyError(GatecallError):
    """The same idempotency key came with another notice."""


@dataclass(frozen=True, slots=True)
class Published:
    """A notice that is stored. id: its document's. audience: how many people it reached when it was stored; None where
    they were not counted."""

    id: str
    message: str
    audience: int | None


def publish(
    database: Database[Document],
    notice: Notice,
    *,
    created_by: str,
    created_at: datetime,
    idempotency_key: str | None,
    audience: int | None = None,
) -> Published:
    """Store a notice, once for each idempotency key of whoever created it.

    created_by: an id, never a name. idempotency_key: None when none was given. audience: how many people it reaches
    now. A repeat returns what the first call returned, however close together they are: the unique index decides.
    Raises RepeatedDifferentlyError.
    """
    content = {name: value for name, value in _content(notice).items() if value is not None}
    document = {"_id": uuid.uuid4().hex, **content, "created_by": created_by, "created_at": created_at}
    if audience is not None:
        document["audience"] = audience
    if idempotency_key is None:
        database.notices.insert_one(document)
        return Published(document["_id"], notice.message, audience)
    key = _digest([created_by, idempotency_key])
    request = _digest(content)
    try:
        database.notices.insert_one(document | {"idempotency_key": key, "request": request})
    except DuplicateKeyError:
        first = database.notices.find_one({"idempotency_key": key})
        if first is None:
            raise  # not that key, or the notice was deleted between the two commands
        if first.get("request") != request:
            raise RepeatedDifferentlyError("the key was used for another notice") from None
        return Published(str(first["_id"]), str(first["message"]), first.get("audience"))
    return Published(document["_id"], notice.message, audience)


def latest(database: Database[Document], most: int) -> list[Document]:
    """Notices as they are stored, the newest first; at most so many."""
    return list(database.notices.find().sort("created_at", -1).limit(most))


def withdraw(database: Database[Document], notice_id: str) -> Document | None:
    """Delete a notice: those who heard of it are told that it is no longer so. Returns what it was; None when it is
    gone already."""
    return database.notices.find_one_and_delete({"_id": {"$in": ids.forms(notice_id)}})


def _content(notice: Notice) -> Document:
    return {
        "type": notice.type,
        "message": notice.message,
        "airport": notice.airport,
        "flight": notice.flight,
        "expires_at": notice.expires_at,
    }


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
