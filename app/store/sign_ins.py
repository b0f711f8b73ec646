"""Sign-in links that were asked for: found by the hash of what the mail holds, used once.

A link is bound to the browser that asked, by the hash of a nonce in its cookie. Its row outlives it for a day, so
that a link that was used can say so.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument
from pymongo.database import Database

Document = dict[str, Any]

COLLECTION = "sign_ins"

_BYTES = 32
_LONGEST = 100
_REMEMBERED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SignIn:
    """One link. wanted: the page the person came from, an own path. used_at: None while it was not used."""

    address: str
    wanted: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    nonce_hash: str

    def is_of(self, nonce: str) -> bool:
        """Whether this browser asked for it. nonce: what its cookie holds, "" for none."""
        return hmac.compare_digest(self.nonce_hash, _hash(nonce))


class SignIns:
    """The collection `sign_ins`. lasting: how long a link works. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document], lasting: timedelta) -> None:
        self._rows = database[COLLECTION]
        self._lasting = lasting

    def begin(self, address: str, nonce: str, wanted: str, now: datetime) -> str:
        """A new link for this address; returns the secret in it, which is kept nowhere else."""
        token = secrets.token_urlsafe(_BYTES)
        self._rows.insert_one(
            {
                "_id": _hash(token),
                "nonce": _hash(nonce),
                "address": address,
                "wanted": wanted,
                "created_at": now,
                "works_until": now + self._lasting,
                "expires_at": now + self._lasting + _REMEMBERED,
            }
        )
        return token

    def find(self, token: str) -> SignIn | None:
        """The link, used or too old or not; None when it never was one, or too long ago."""
        if len(token) > _LONGEST:
            return None
        row = self._rows.find_one({"_id": _hash(token)})
        return _sign_in(row) if row else None

    def use(self, token: str, nonce: str, now: datetime) -> SignIn | None:
        """Use the link up; None when it is not of this browser, too old, or was used: of any number at the same moment
        one alone gets it."""
        if not nonce or len(token) > _LONGEST:
            return None
        row = self._rows.find_one_and_update(
            {
                "_id": _hash(token),
                "nonce": _hash(nonce),
                "used_at": {"$exists": False},
                "works_until": {"$gt": now},
            },
            {"$set": {"used_at": now}},
            return_document=ReturnDocument.AFTER,
        )
        return _sign_in(row) if row else None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _sign_in(row: Mapping[str, Any]) -> SignIn:
    return SignIn(
        row["address"],
        row["wanted"],
        row["created_at"],
        row["works_until"],
        row.get("used_at"),
        row["nonce"],
    )
