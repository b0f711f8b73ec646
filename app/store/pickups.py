"""Who was asked to hear when a flight arrives, because they pick somebody up, and what they said.

An address that has not agreed is kept sealed with SECRET_KEY, until its owner agrees or wants never to be asked again,
and at most as long as the row; the secret of the link that answers is kept as a hash. Who agreed has a row of
`followings` with `pickup`, which is what delivery reads.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from cryptography.fernet import InvalidToken
from pymongo import ReturnDocument
from pymongo.database import Database

from app.domain.sealing import seal_of
from app.store import ids
from app.store.own_followings import OwnFollowings

Document = dict[str, Any]

COLLECTION = "pickups"
_PURPOSE = b"gatecall pick-up address\0"
_ID_BYTES, _SECRET_BYTES = 12, 24
_LONGEST = 100


class State(StrEnum):
    """How it stands with somebody who was asked. EXPIRED is never stored: it is asked, too long ago."""

    ASKED = "asked"
    AGREED = "agreed"
    DECLINED = "declined"
    STOPPED = "stopped"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Pickup:
    """One asking. person: who asks. flight: key of its document. name: what they call the other; mailbox: masked.
    address: keyed hash. sealed: the address, None once it was answered. user: who agreed, None before. until: the
    question can be answered; ends_at: then the row goes. Times: system clock."""

    id: str
    person: str
    flight: str
    name: str
    mailbox: str
    address: str
    state: State
    asked_at: datetime
    until: datetime
    ends_at: datetime
    sealed: bytes | None
    user: str | None

    def as_stopped(self) -> Pickup:
        """As one who stopped it by another way than the link."""
        return replace(self, state=State.STOPPED)

    def state_at(self, now: datetime) -> State:
        """With what nobody answered in time."""
        return State.EXPIRED if self.state is State.ASKED and self.until <= now else self.state


@dataclass(frozen=True, slots=True)
class Asking:
    """What is to be asked; as in `Pickup`."""

    person: str
    flight: str
    name: str
    mailbox: str
    address: str
    sealed: bytes
    until: datetime
    ends_at: datetime


class Pickups:
    """The collection `pickups`. Methods raise PyMongoError; all may be repeated."""

    def __init__(self, database: Database[Document]) -> None:
        self._rows = database[COLLECTION]
        self._followings = OwnFollowings(database)

    def ask(self, asking: Asking, now: datetime) -> tuple[str, str]:
        """Keep the question; its id, and the secret of the link that answers it, which cannot be had again.

        One that was kept and never posted, because a process died, gives way.
        """
        same = {"person": asking.person, "flight": asking.flight, "address": asking.address}
        self._rows.delete_many(same | {"unposted": True, "status": str(State.ASKED)})
        id_, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
        self._rows.insert_one(
            {
                "_id": id_,
                "person": asking.person,
                "flight": asking.flight,
                "name": asking.name,
                "mailbox": asking.mailbox,
                "address": asking.address,
                "sealed": asking.sealed,
                "link": _hash(secret),
                "status": str(State.ASKED),
                "unposted": True,
                "asked_at": now,
                "until": asking.until,
                "ends_at": asking.ends_at,
            }
        )
        return id_, secret

    def posted(self, id_: str) -> None:
        """The question is on its way, or goes nowhere: it was asked once and for all."""
        self._rows.update_one({"_id": id_}, {"$unset": {"unposted": ""}})

    def of(self, person: str) -> list[Pickup]:
        """Whom a person asked, the newest first; without those they took back."""
        rows = self._rows.find({"person": person, "hidden": {"$ne": True}})
        return [_pickup(row) for row in rows.sort([("asked_at", -1), ("_id", 1)])]

    def get(self, id_: str) -> Pickup | None:
        """One of anybody's, for delivery; None when it was taken back."""
        row = self._rows.find_one({"_id": id_, "hidden": {"$ne": True}})
        return _pickup(row) if row else None

    def find(self, secret: str) -> Pickup | None:
        """What a link is about; None for one that never was, or was taken back."""
        if len(secret) > _LONGEST:
            return None
        row = self._rows.find_one({"link": _hash(secret), "hidden": {"$ne": True}})
        return _pickup(row) if row else None

    def earlier(self, person: str, flight: str, addresses: Collection[str]) -> Pickup | None:
        """What this person asked this address about this flight before, also where it was taken back: what was
        answered, else the latest that was posted. None when nothing stands in the way of asking."""
        wanted = {"person": person, "flight": flight, "address": {"$in": list(addresses)}}
        wanted |= {"unposted": {"$ne": True}}
        found = [_pickup(row) for row in self._rows.find(wanted).sort([("asked_at", -1), ("_id", 1)])]
        answered = (one for one in found if one.state is not State.ASKED)
        return next(answered, found[0] if found else None)

    def agree(self, pickup: Pickup, user_id: Any, flight_id: Any, now: datetime) -> bool:
        """The person who was asked agrees: they hear from now on. False when it was taken back meanwhile.

        user_id, flight_id: `_id`s as stored. Who follows the flight already goes on hearing all of it. The answer goes
        first: a following without one would have no end.
        """
        user = ids.text(user_id)
        if self._set(pickup, State.AGREED, now, {"user": user}, forgets=True) is None:
            return False
        self._followings.add_pickup(user, user_id, flight_id, now)
        if self.get(pickup.id) is not None:
            return True
        self._end_following(user, pickup.flight, None)  # it was taken back at this moment
        return False

    def answer(self, pickup: Pickup, state: State, now: datetime, *, for_ever: bool = False) -> bool:
        """They say no, or stop what they had agreed to: nothing comes any more. for_ever: they cannot take it back.
        False when it was taken back meanwhile by whoever asked."""
        self._ended(pickup)  # before the answer, so that nobody hears who reads that nothing comes
        found = self._set(pickup, state, now, {}, forgets=for_ever)
        if found is not None:
            self._ended(found)
        return found is not None

    def stop_others(self, user: str, kept: str, now: datetime) -> None:
        """What somebody agreed to is stopped, but for one. kept: the id of that."""
        agreed = {"user": user, "status": str(State.AGREED), "_id": {"$ne": kept}}
        for row in list(self._rows.find(agreed)):
            self.answer(_pickup(row), State.STOPPED, now)

    def withdraw(self, person: str, id_: str, now: datetime) -> bool:
        """Take one back, in silence; False when the person asked no such. Who was asked is not asked again, so the row
        stays, out of sight and without the address; one whose question was never posted goes."""
        row = self._rows.find_one({"_id": id_, "person": person, "hidden": {"$ne": True}})
        if row is None:
            return False
        self._ended(_pickup(row))  # while it is seen, so that it can be taken back again after a death
        hidden = self._hide(id_, now)
        if row.get("unposted") is True:
            self._rows.delete_one({"_id": id_, "unposted": True})
        return hidden

    def forget(self, person: str, now: datetime) -> None:
        """The person leaves: what they asked ends, and what they had agreed to is without them."""
        for asked in list(self._rows.find({"person": person}, {"_id": 1})):
            self._hide(asked["_id"], now)
            self._rows.delete_one({"_id": asked["_id"]})
        for row in list(self._rows.find({"user": person})):
            pickup = _pickup(row)
            state = State.STOPPED if pickup.state is State.AGREED else pickup.state
            gone = {"user": "", "sealed": "", "mailbox": "", "name": "", "address": ""}
            self._rows.update_one(
                {"_id": pickup.id}, {"$set": {"status": str(state), "answered_at": now}, "$unset": gone}
            )
            self._end_following(person, pickup.flight, pickup.id)

    def _hide(self, id_: str, now: datetime) -> bool:
        """Out of sight, without the address; then nobody hears by it, also who agreed at this moment. False when there
        is no such row any more."""
        hidden = {"$set": {"hidden": True, "withdrawn_at": now}, "$unset": {"sealed": ""}}
        row = self._rows.find_one_and_update({"_id": id_}, hidden, return_document=ReturnDocument.AFTER)
        if row is not None:
            self._ended(_pickup(row))
        return row is not None

    def forget_address(self, addresses: Collection[str], now: datetime) -> None:
        """Whose address it is leaves: no question keeps it, and what waits for an answer is over. addresses: its keyed
        hashes, which stay, so that a no is one for good."""
        wanted: Document = {"address": {"$in": list(addresses)}}
        waiting = wanted | {"status": str(State.ASKED), "until": {"$gt": now}}
        self._rows.update_many(waiting, {"$set": {"until": now}})
        self._rows.update_many(wanted, {"$unset": {"sealed": "", "mailbox": ""}})

    def _set(
        self, pickup: Pickup, state: State, now: datetime, more: Mapping[str, Any], *, forgets: bool
    ) -> Pickup | None:
        """Keep an answer; as it is then, None where it was taken back. forgets: the sealed address goes."""
        update = {
            "$set": {"status": str(state), "answered_at": now, **more},
            "$unset": {"sealed": ""} if forgets else {},
        }
        found = self._rows.find_one_and_update(
            {"_id": pickup.id, "hidden": {"$ne": True}},
            {name: value for name, value in update.items() if value},
            return_document=ReturnDocument.AFTER,
        )
        return _pickup(found) if found else None

    def _ended(self, pickup: Pickup) -> None:
        if pickup.user is not None:
            self._end_following(pickup.user, pickup.flight, pickup.id)

    def _end_following(self, user: str, flight: str, ended: str | None) -> None:
        """Nobody is told for a pick-up that ended; where somebody else asked them too, they go on hearing, also who
        agrees to that at this moment. ended: the id of the one that does not count any more."""
        others = {"user": user, "flight": flight, "status": str(State.AGREED), "hidden": {"$ne": True}}
        others |= {"_id": {"$ne": ended}}
        if self._rows.find_one(others, {"_id": 1}) is not None:
            return
        row = self._followings.end_pickup(user, flight)
        if row is not None and self._rows.find_one(others, {"_id": 1}) is not None:
            self._followings.add_pickup(user, row["user_id"], row["flight_id"], row["created_at"])


def sealed(address: str, keys: Sequence[str]) -> bytes:
    """An address that only SECRET_KEY and its fallbacks open. keys: the present one first."""
    return seal_of(_PURPOSE, keys).encrypt(address.encode())


def opened(kept: bytes, keys: Sequence[str]) -> str | None:
    """The address again; None when none of the keys opens it."""
    try:
        return seal_of(_PURPOSE, keys).decrypt(kept).decode()
    except (InvalidToken, UnicodeDecodeError):
        return None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _pickup(row: Mapping[str, Any]) -> Pickup:
    return Pickup(
        id=row["_id"],
        person=row["person"],
        flight=row["flight"],
        name=row.get("name", ""),
        mailbox=row.get("mailbox", ""),
        address=row.get("address", ""),
        state=State(row["status"]),
        asked_at=row["asked_at"],
        until=row["until"],
        ends_at=row["ends_at"],
        sealed=row.get("sealed"),
        user=row.get("user"),
    )
