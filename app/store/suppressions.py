"""Addresses that are of no more use on a channel, and why. Kept under a keyed hash: the address itself is not
here, and cannot be found out without the key.

The key is a random one, made once and kept here, so that no rotation of SECRET_KEY forgets an address. Ids were
made with SECRET_KEY before: what it was made into then is kept beside the key, for ids of that time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import DESCENDING, UpdateOne
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.domain.reports import Refusal
from app.settings import Settings

Document = dict[str, Any]

_KEY = "key"
_TAKEN_FOR = timedelta(minutes=10)
"""Who took the news of a suppression along and says nothing more of it has died; another may tell it."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """One address of one channel. since, told_at: aware UTC; told_at is when its person was told by another
    channel, None while that is not so. person: whose message it was, as an id."""

    id: str
    channel: str
    reason: Refusal
    code: str | None
    words: str | None
    person: str
    since: datetime
    told_at: datetime | None = None


class Suppressions:
    """The collection `suppressions`. Methods raise PyMongoError when MongoDB does not answer, and may then be
    repeated."""

    def __init__(self, database: Database[Document], settings: Settings) -> None:
        self._suppressions = database["suppressions"]
        self._ledger = database["notifications"]
        self._of_settings = tuple(
            hashlib.sha256(f"gatecall addresses {secret}".encode()).digest()
            for secret in settings.signing_keys
        )
        self._hash_keys: tuple[bytes, ...] = ()

    def id_of(self, channel: str, address: str) -> str:
        """The id of an address on a channel: a keyed hash. address: as it is handed over; case is ignored."""
        return self.ids_of(channel, address)[0]

    def ids_of(self, channel: str, address: str) -> tuple[str, ...]:
        """Its id, and those that it had while SECRET_KEY made them; rows may have either."""
        if not self._hash_keys:
            self._hash_keys = self._kept_keys()
        text = f"{channel} {address.strip().casefold()}".encode()
        return tuple(
            f"{channel}:{hmac.new(key, text, hashlib.sha256).hexdigest()[:32]}" for key in self._hash_keys
        )

    def concerning(
        self, channel: str, addresses: Collection[str], persons: Mapping[str, Collection[str]]
    ) -> tuple[dict[str, Suppression], dict[str, Suppression]]:
        """For a batch of one channel, in one round trip: which of these addresses (ids) are suppressed, by
        id; and what each of these persons is to be told of another channel, by person.

        persons: the ids of the addresses that each has now, on all channels. What came of an earlier address is
        nothing to tell.
        """
        untold = {
            "person": {"$in": list(persons)},
            "told_at": {"$exists": False},
            "channel": {"$ne": channel},
        }
        rows = self._suppressions.find({"$or": [{"_id": {"$in": list(addresses)}}, untold]})
        own: dict[str, Suppression] = {}
        others: dict[str, Suppression] = {}
        for found in map(_suppression, rows):
            if found.channel == channel:
                own[found.id] = found
            elif found.id in persons[found.person]:
                others[found.person] = found
        return own, others

    def add(self, found: Sequence[Suppression]) -> None:
        """Suppress addresses. One that is suppressed already keeps its reason and time: safe to repeat."""
        updates = [
            UpdateOne(
                {"_id": one.id},
                {
                    "$setOnInsert": {
                        "channel": one.channel,
                        "reason": str(one.reason),
                        "person": one.person,
                        "since": one.since,
                        **{k: v for k, v in (("code", one.code), ("words", one.words)) if v is not None},
                    }
                },
                upsert=True,
            )
            for one in found
        ]
        if updates:
            self._suppressions.bulk_write(updates, ordered=False)

    def opt_out(self, channel: str, address: str, person: str, now: datetime) -> None:
        """The person behind an address said that nothing more may come there; safe to repeat.

        That outweighs what a provider said of it before: whoever sends us a text has a mobile phone. They know what
        they said, so nobody tells them. person: an id, "" when nobody is known by the address.
        """
        row = {"channel": channel, "reason": str(Refusal.OPTED_OUT), "person": person}
        self._suppressions.update_one(
            {"_id": self.id_of(channel, address), "reason": {"$ne": str(Refusal.OPTED_OUT)}},
            {"$set": row | {"since": now, "told_at": now}, "$unset": {"code": "", "words": ""}},
        )
        self._suppressions.update_one(
            {"_id": self.id_of(channel, address)},
            {"$setOnInsert": row | {"since": now, "told_at": now}},
            upsert=True,
        )

    def opt_in(self, channel: str, address: str) -> bool:
        """The person behind an address takes that back; False when it was not so, or it is of no use for another
        reason."""
        stopped = {"_id": {"$in": list(self.ids_of(channel, address))}, "reason": str(Refusal.OPTED_OUT)}
        return self._suppressions.delete_many(stopped).deleted_count > 0

    def has(self, channel: str, address: str) -> bool:
        """Whether nothing is sent to an address."""
        return self._suppressions.find_one({"_id": {"$in": list(self.ids_of(channel, address))}}) is not None

    def take(self, id_: str, token: str, now: datetime) -> bool:
        """Take it upon us to tell the person; False when another does, or it is told."""
        free = [{"taken_until": {"$exists": False}}, {"taken_until": {"$lt": now}}]
        done = self._suppressions.update_one(
            {"_id": id_, "told_at": {"$exists": False}, "$or": free},
            {"$set": {"taken_by": token, "taken_until": now + _TAKEN_FOR}},
        )
        return done.matched_count == 1

    def settle(self, token: str, told: Mapping[str, bool], now: datetime) -> None:
        """What became of those taken with this token, by id. True: the person was, or may have been, told;
        False: not, so that the next message tells it. Safe to repeat."""
        nothing = {"taken_by": "", "taken_until": ""}
        updates = [
            UpdateOne(
                {"_id": id_, "taken_by": token},
                {"$unset": nothing} | ({"$set": {"told_at": now}} if was_told else {}),
            )
            for id_, was_told in told.items()
        ]
        if updates:
            self._suppressions.bulk_write(updates, ordered=False)

    def list(self, limit: int = 1000) -> list[Suppression]:
        """The latest, latest first."""
        rows = self._suppressions.find({"channel": {"$exists": True}}).sort("since", DESCENDING).limit(limit)
        return [_suppression(row) for row in rows]

    def remove(self, id_: str) -> bool:
        """Use the address again; False when it was not suppressed."""
        return self._suppressions.delete_one({"_id": id_, "channel": {"$exists": True}}).deleted_count == 1

    def _kept_keys(self) -> tuple[bytes, ...]:
        """The key, made when there is none; then those of SECRET_KEY's time, taken over from the first settings
        that have one."""
        row = self._suppressions.find_one({"_id": _KEY})
        if row is None:
            is_new = not (self._suppressions.find_one({}) or self._ledger.find_one({}, {"_id": 1}))
            made: Document = {"_id": _KEY, "key": secrets.token_hex(32)} | ({"earlier": []} if is_new else {})
            try:
                self._suppressions.insert_one(made)
            except DuplicateKeyError:
                pass  # made meanwhile by another process
        if self._of_settings:
            self._suppressions.update_one(
                {"_id": _KEY, "earlier": {"$exists": False}},
                {"$set": {"earlier": [key.hex() for key in self._of_settings]}},
            )
        row = self._suppressions.find_one({"_id": _KEY})
        assert row is not None, "it was just written"
        return tuple(bytes.fromhex(key) for key in (row["key"], *row.get("earlier", ())))


def _suppression(row: Mapping[str, Any]) -> Suppression:
    return Suppression(
        id=row["_id"],
        channel=row["channel"],
        reason=Refusal(row["reason"]),
        code=row.get("code"),
        words=row.get("words"),
        person=row["person"],
        since=row["since"],
        told_at=row.get("told_at"),
    )
