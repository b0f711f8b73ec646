"""First answers to requests with an `Idempotency-Key`, kept in MongoDB so that all web processes answer alike.

A row is taken before the work begins and holds the answer afterwards. Whoever comes meanwhile waits for it. A row of
a process that died is taken over when its time is over: the work itself must bear to be begun twice. The name of the
work stays the same then, so that what it makes can be called by it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

Document = dict[str, Any]

COLLECTION = "idempotent_answers"

# Visible ASCII, as the draft of the HTTP working group and those who use the header have it.
KEY = re.compile(r"[\x21-\x7e]{1,255}")
WORK_FOR = timedelta(seconds=30)
"""How long one request may work before a repeat counts it as dead."""
_WORK_BYTES = 12


@dataclass(frozen=True, slots=True)
class Answer:
    """status: of HTTP. headers: those that belong to the answer. body: as it was sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Mine:
    """The request is the first, or the one before it died: do the work, then `keep`, `release` or `forget` it.

    work: names the work, random, in every try the same. number: of the try, from 1.
    """

    id: str
    work: str
    number: int

    @property
    def token(self) -> str:
        """What the row has while this try is at work."""
        return f"{self.work}:{self.number}"

    @property
    def is_again(self) -> bool:
        """Whether an earlier try may have made something already."""
        return self.number > 1


@dataclass(frozen=True, slots=True)
class Busy:
    """Another request with this key is at work."""


@dataclass(frozen=True, slots=True)
class OtherBody:
    """The key was used for another request."""


Found = Answer | Mine | Busy | OtherBody


def owner_of(asker: str) -> str:
    """How the one who asks is written in rows: a digest, so that rows name nobody."""
    return hashlib.sha256(f"asker\0{asker}".encode()).hexdigest()[:32]


class IdempotentAnswers:
    """The collection `idempotent_answers`. keep: how long an answer is known. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document], keep: timedelta) -> None:
        self._rows = database[COLLECTION]
        self._keep = keep

    def take(self, asker: str, route: str, key: str, request: bytes, now: datetime) -> Found:
        """Begin a request, or find what became of it. Keys of two askers, or for two routes, have nothing in common.

        request: what makes it the same request. now: system clock.
        """
        owner = owner_of(asker)
        id_ = hashlib.sha256(f"{owner}\0{route}\0{key}".encode()).hexdigest()
        fingerprint = hashlib.sha256(request).hexdigest()
        times = {"working_until": now + WORK_FOR, "expires_at": now + self._keep}
        first = Mine(id_, secrets.token_hex(_WORK_BYTES), 1)
        try:
            self._rows.insert_one(
                {"_id": id_, "owner": owner, "fingerprint": fingerprint, "token": first.token} | times
            )
            return first
        except DuplicateKeyError:
            pass
        row = self._rows.find_one({"_id": id_})
        if row is None:
            return Busy()  # it was forgotten just now: asked again, it is free
        if row["expires_at"] <= now:
            return self._take_over(row, first, {"fingerprint": fingerprint} | times)
        if row["fingerprint"] == fingerprint and _is_dead(row, now):
            return self._take_over(row, _next_try(row), times)
        if row["fingerprint"] != fingerprint:
            return OtherBody()
        if "answer" not in row:
            return Busy()
        answer = row["answer"]
        return Answer(answer["status"], answer["headers"], bytes(answer["body"]))

    def keep(self, mine: Mine, answer: Answer) -> None:
        """Keep the answer for every repeat; nothing happens when another took the row over."""
        kept = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
        self._rows.update_one({"_id": mine.id, "token": mine.token}, {"$set": {"answer": kept}})

    def release(self, mine: Mine, now: datetime) -> None:
        """It failed, and something may have come of it: a repeat begins the same work again, at once."""
        self._rows.update_one({"_id": mine.id, "token": mine.token}, {"$set": {"working_until": now}})

    def forget(self, mine: Mine) -> None:
        """Nothing came of it: a repeat begins afresh."""
        self._rows.delete_one({"_id": mine.id, "token": mine.token})

    def _take_over(self, row: Document, mine: Mine, fields: Document) -> Found:
        taken = self._rows.find_one_and_update(
            {"_id": row["_id"], "token": row["token"], "expires_at": row["expires_at"]},
            {"$set": {"token": mine.token} | fields, "$unset": {"answer": ""}},
            return_document=ReturnDocument.AFTER,
        )
        return mine if taken is not None else Busy()


def _next_try(row: Document) -> Mine:
    work, _, number = row["token"].partition(":")
    return Mine(row["_id"], work, int(number or 1) + 1)  # rows of earlier versions have no number


def _is_dead(row: Document, now: datetime) -> bool:
    return "answer" not in row and row["working_until"] <= now
