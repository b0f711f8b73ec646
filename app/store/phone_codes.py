"""Codes that were sent to phones: one at a time for each person, hashed, with a number of tries.

Six digits are guessed quickly, so the hash is keyed with SECRET_KEY, tries are counted before they are compared, and a
code that was tried too often is nothing any more.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pymongo import ReturnDocument
from pymongo.database import Database

Document = dict[str, Any]

COLLECTION = "phone_codes"
TRIES = 5
_DIGITS = 6


class Verdict(StrEnum):
    """What a try was."""

    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Tried:
    """phone: that the code was sent to, when it was right; else None. left: tries that are left."""

    verdict: Verdict
    phone: str | None = None
    left: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A code that can still be entered."""

    phone: str
    sent_at: datetime
    works_until: datetime


class PhoneCodes:
    """The collection `phone_codes`. key: SECRET_KEY. lasting: how long a code works. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document], key: str, lasting: timedelta) -> None:
        self._rows = database[COLLECTION]
        self._key = key.encode()
        self._lasting = lasting

    def begin(self, person: str, phone: str, now: datetime) -> str:
        """A new code for the person and this number; an earlier one counts no more."""
        code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"
        row = {
            "phone": phone,
            "code": self._hash(person, code),
            "tries": 0,
            "sent_at": now,
            "expires_at": now + self._lasting,
        }
        self._rows.replace_one({"_id": person}, row, upsert=True)
        return code

    def waiting(self, person: str, now: datetime) -> Waiting | None:
        """What was sent to the person and can still be entered; None when nothing can."""
        row = self._rows.find_one({"_id": person, "expires_at": {"$gt": now}, "tries": {"$lt": TRIES}})
        return Waiting(row["phone"], row["sent_at"], row["expires_at"]) if row else None

    def try_code(self, person: str, code: str, now: datetime) -> Tried:
        """Compare a code. The try is counted before, so that any number at the same moment have five together."""
        row = self._rows.find_one_and_update(
            {"_id": person, "expires_at": {"$gt": now}, "tries": {"$lt": TRIES}},
            {"$inc": {"tries": 1}},
            return_document=ReturnDocument.AFTER,
        )
        if row is None:
            return Tried(Verdict.OVER)
        if not hmac.compare_digest(row["code"], self._hash(person, code)):
            left = TRIES - int(row["tries"])
            return Tried(Verdict.WRONG if left else Verdict.OVER, left=left)
        if self._rows.delete_one({"_id": person, "code": row["code"]}).deleted_count == 0:
            return Tried(Verdict.OVER)  # another request has used it
        return Tried(Verdict.RIGHT, row["phone"])

    def _hash(self, person: str, code: str) -> str:
        text = f"gatecall phone code\0{person}\0{code}".encode("utf-8", "surrogateescape")
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()
