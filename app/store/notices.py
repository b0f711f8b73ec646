"""The `notices` collection: what staff publish. The watcher takes them from here to the feed.

What was published with an idempotency key stands in `idempotent_answers` too, so that a repeat gets the first answer
after the notice was withdrawn: its document is deleted then.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.domain.errors import GatecallError
from app.domain.notices import Notice
from app.store import idempotency, ids
from app.store.client import in_transaction

Document = dict[str, Any]

# A process that died between its two writes holds the key for a minute: a repeat meanwhile is told to come again.
_STORED_WITHIN_S = 10.0


class RepeatedDifferentlyError(GatecallError):
    """The same idempotency key came with another notice."""


@dataclass(frozen=True, slots=True)
class Published:
    """A notice that was stored. id: its document's. audience: how many people it reached when it was stored; None where
    they were not counted."""

    id: str
    message: str
    audience: int | None


def published(
    database: Database[Document], notice: Notice, *, created_by: str, idempotency_key: str | None
) -> Published | None:
    """What `publish` returned to the first call with this key, whatever became of the notice since; None when there was
    none. Raises RepeatedDifferentlyError."""
    if idempotency_key is None:
        return None
    key = _key(created_by, idempotency_key)
    kept = database[idempotency.COLLECTION].find_one({"_id": key})
    if kept is not None:
        request, first = kept["fingerprint"], kept["answer"]
    else:
        # Keys end before some notices do.
        stored = database.notices.find_one({"idempotency_key": key})
        if stored is None:
            return None
        request, first = stored.get("request"), stored | {"id": ids.text(stored["_id"])}
    if request != _request(notice):
        raise RepeatedDifferentlyError("the key was used for another notice")
    return Published(first["id"], notice.message, first.get("audience"))


def publish(
    database: Database[Document],
    notice: Notice,
    *,
    created_by: str,
    created_at: datetime,
    idempotency_key: str | None,
    kept_until: datetime,
    audience: int | None = None,
) -> Published:
    """Store a notice, once for each idempotency key of whoever created it.

    created_by: an id, never a name. idempotency_key: None when none was given. kept_until: so long the key is known
    whatever becomes of the notice, system clock. audience: how many people it reaches now. A repeat returns what the
    first call returned, however close together they are: the notice and its key are stored both or neither, and
    unique indexes decide. Raises RepeatedDifferentlyError, and PyMongoError: then a repeat finds out what became of it.
    """
    document = {
        "_id": uuid.uuid4().hex,
        **_content(notice),
        "created_by": created_by,
        "created_at": created_at,
    }
    if audience is not None:
        document["audience"] = audience
    done = Published(document["_id"], notice.message, audience)
    if idempotency_key is None:
        database.notices.insert_one(document)
        return done
    key, request = _key(created_by, idempotency_key), _request(notice)
    kept = {
        "_id": key,
        "owner": idempotency.owner_of(created_by),
        "fingerprint": request,
        "answer": {"id": done.id, "audience": audience},
        "expires_at": kept_until,
    }
    try:
        _store(database, document | {"idempotency_key": key, "request": request}, kept)
    except DuplicateKeyError:
        first = published(database, notice, created_by=created_by, idempotency_key=idempotency_key)
        if first is None:
            raise  # not that key
        return first
    return done


def latest(database: Database[Document], most: int) -> list[Document]:
    """Notices as they are stored, the newest first; at most so many."""
    return list(database.notices.find().sort("created_at", -1).limit(most))


def withdraw(database: Database[Document], notice_id: str) -> Document | None:
    """Delete a notice: those who heard of it are told that it is no longer so. Returns what it was; None when it is
    gone already."""
    return database.notices.find_one_and_delete({"_id": {"$in": ids.forms(notice_id)}})


def _store(database: Database[Document], document: Document, kept: Document) -> None:
    def both(session: ClientSession) -> None:
        database[idempotency.COLLECTION].insert_one(kept, session=session)
        database.notices.insert_one(document, session=session)

    with pymongo.timeout(_STORED_WITHIN_S):
        in_transaction(database.client, both)


def _content(notice: Notice) -> Document:
    content = {
        "type": notice.type,
        "message": notice.message,
        "airport": notice.airport,
        "flight": notice.flight,
        "expires_at": notice.expires_at,
    }
    return {name: value for name, value in content.items() if value is not None}


def _key(created_by: str, idempotency_key: str) -> str:
    return _digest([created_by, idempotency_key])


def _request(notice: Notice) -> str:
    return _digest(_content(notice))


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
