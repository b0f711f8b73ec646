"""Messages that are about signing in, trying out and agreeing, not news: sign-in links, codes, tests, questions.

The web writes a row, delivery sends it and deletes it. Where it goes and the secret in it are sealed with SECRET_KEY,
so that a copy of the database signs nobody in. A row that is too old is deleted unsent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson
from bson import ObjectId
from cryptography.fernet import InvalidToken
from pymongo import ReturnDocument
from pymongo.database import Database

from app.domain.errors import PermanentError
from app.domain.sealing import seal_of
from app.domain.speech import Speech, current
from app.store.doorbells import Doorbells

Document = dict[str, Any]

COLLECTION = "service_messages"

_PURPOSE = b"gatecall service messages\0"


class Kind(StrEnum):
    """What a service message is."""

    SIGN_IN = "sign_in"
    PHONE_CODE = "phone_code"
    TEST = "test"
    LINK_STOPPED = "link_stopped"
    PICKUP = "pickup"


@dataclass(frozen=True, slots=True)
class ServiceMessage:
    """One message. address: where it goes. details: what its wording needs, texts by name. tries: hand-overs that were
    begun, this one included. expires_at: from then on it is of no use. speech: what it is said in."""

    id: str
    kind: Kind
    channel: str
    address: str
    details: Mapping[str, str]
    tries: int
    expires_at: datetime
    speech: Speech


class UnreadableError(PermanentError):
    """A row that no key of ours opens, or that is not what we write. id: of the row."""

    def __init__(self, id_: str) -> None:
        super().__init__("the service message cannot be opened with SECRET_KEY or its fallbacks")
        self.id = id_


def bell_of(channel: str) -> str:
    """The doorbell of the service messages of a channel."""
    return f"service-{channel}"


class ServiceMessages:
    """The collection `service_messages`. keys: the present SECRET_KEY first, then earlier ones. Methods raise
    PyMongoError."""

    def __init__(self, database: Database[Document], keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("service messages need a key to be sealed with")
        self._messages = database[COLLECTION]
        self._doorbells = Doorbells(database)
        self._seal = seal_of(_PURPOSE, keys)

    def post(
        self,
        kind: Kind,
        channel: str,
        address: str,
        details: Mapping[str, str],
        now: datetime,
        lasting: timedelta,
    ) -> str:
        """Have a message sent; its id. lasting: how long it is of use. now: the system clock.

        It is said in the speech of the block around: that of the person, or of the browser that asked.
        """
        row = ObjectId()
        sealed = {"address": address, "details": dict(details), "speech": asdict(current())}
        self._messages.insert_one(
            {
                "_id": row,
                "kind": str(kind),
                "channel": channel,
                "sealed": self._seal.encrypt(orjson.dumps(sealed)),
                "tries": 0,
                "due_at": now,
                "created_at": now,
                "expires_at": now + lasting,
            }
        )
        self._doorbells.ring([bell_of(channel)])
        return str(row)

    def claim(self, channel: str, token: str, now: datetime, lease: timedelta) -> ServiceMessage | None:
        """The message that is due for longest, ours until the lease ends; None when none is.

        Raises UnreadableError when what is claimed cannot be opened.
        """
        row = self._messages.find_one_and_update(
            {"channel": channel, "due_at": {"$lte": now}, "expires_at": {"$gt": now}},
            {"$set": {"token": token, "due_at": now + lease}, "$inc": {"tries": 1}},
            sort=[("due_at", 1)],
            return_document=ReturnDocument.AFTER,
        )
        if row is None:
            return None
        try:
            opened = orjson.loads(self._seal.decrypt(row["sealed"]))
            kind, address, details = Kind(row["kind"]), opened["address"], opened["details"]
            speech = Speech(**opened.get("speech", {}))
        except (InvalidToken, ValueError, KeyError, TypeError) as error:
            raise UnreadableError(str(row["_id"])) from error
        return ServiceMessage(
            *(str(row["_id"]), kind, channel, address, details, row["tries"], row["expires_at"], speech)
        )

    def done(self, id_: str, token: str) -> None:
        """It was handed over, or never will be: forget it, if the claim is still ours."""
        self._messages.delete_one({"_id": ObjectId(id_), "token": token})

    def again(self, id_: str, token: str, due_at: datetime) -> None:
        """Try it again then, if the claim is still ours."""
        self._messages.update_one(
            {"_id": ObjectId(id_), "token": token}, {"$set": {"due_at": due_at}, "$unset": {"token": ""}}
        )

    def give_back(self, id_: str, token: str, now: datetime) -> None:
        """It was not handed over at all: as if it had not been claimed."""
        self._messages.update_one(
            {"_id": ObjectId(id_), "token": token},
            {"$set": {"due_at": now}, "$unset": {"token": ""}, "$inc": {"tries": -1}},
        )

    def drop_expired(self, channel: str, now: datetime) -> int:
        """Delete what is of no use any more; how many that were. MongoDB's TTL thread does it, too, but later."""
        return self._messages.delete_many({"channel": channel, "expires_at": {"$lte": now}}).deleted_count

    def next_due(self, channel: str, now: datetime) -> datetime | None:
        """When the next one is due, None when none is there."""
        row = self._messages.find_one(
            {"channel": channel, "expires_at": {"$gt": now}}, {"due_at": 1}, sort=[("due_at", 1)]
        )
        return row["due_at"] if row else None
