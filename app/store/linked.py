"""Channels that people link themselves: `users.linked`, one part of a person's document for each channel.

A link is {address, since, label?, sealed?} and, while it does not work, {failures, failing_since, rests_until, words};
while it is being stopped, {stopping}; once it was, {stopped: {at, reason, words}}: it stays, so that its page can say
why.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument
from pymongo.database import Database

from app.domain.channels import CHANNELS
from app.store import ids
from app.store.audience import is_held
from app.store.doorbells import Doorbells
from app.store.own_followings import AIRPORT
from app.store.read_requests import ReadRequests, Target
from app.store.suppressions import Suppressions

Document = dict[str, Any]

RESTS = "endpoint_rests"
"""The reason of what waits for a link that does not work now."""

_FIRST_REST_S, _LONGEST_REST_S = 30.0, 3600.0
_TO_STOP = timedelta(minutes=1)
_HEALTH = ("failures", "failing_since", "failed_at", "rests_until", "words", "stopping")


@dataclass(frozen=True, slots=True)
class Failing:
    """How a link stands after a failure. since: of the first without a success between."""

    failures: int
    since: datetime
    rests_until: datetime


class LinkedChannels:
    """`users.linked`. Methods raise PyMongoError; everything may be repeated."""

    def __init__(self, database: Database[Document], suppressions: Suppressions) -> None:
        self._database = database
        self._users = database["users"]
        self._suppressions = suppressions

    def get(self, person: str, channel: str) -> Document | None:
        """The link as it stands, stopped or not; None when there is none."""
        row = self._users.find_one(_whose(person), {f"linked.{channel}": 1}) or {}
        found = (row.get("linked") or {}).get(channel)
        return dict(found) if isinstance(found, Mapping) else None

    def link(
        self,
        person: str,
        channel: str,
        address: str,
        now: datetime,
        more: Mapping[str, Any] | None = None,
        as_read: Mapping[str, Any] | None = None,
    ) -> bool:
        """Link the channel, in place of what was linked; False when the person is gone, or as_read holds no more.

        What the person has booked and follows is read afresh (W4), so that its conversations begin on this channel: in
        silence, with what was announced. Nothing rests on it: the next news would make them, too. An address that was
        refused before is used again, and what waited for a server of the person's own goes there. more: further fields,
        like label and sealed. as_read: fields of the link that must still be so, None where there is none. now: system
        clock.
        """
        for id_ in self._suppressions.ids_of(channel, address):
            self._suppressions.remove(id_)
        value = {"address": address, "since": now} | dict(more or {})
        condition = {f"linked.{channel}.{name}": one for name, one in (as_read or {}).items()}
        done = self._users.update_one(_whose(person) | condition, {"$set": {f"linked.{channel}": value}})
        if done.matched_count:
            if CHANNELS[channel].own_servers:
                self._let_go(person, channel, now)
            self._read_afresh(person, now)
        return done.matched_count == 1

    def change(
        self, person: str, channel: str, as_read: Mapping[str, Any], values: Mapping[str, Any]
    ) -> bool:
        """Change fields of the link, if the fields of as_read are still so; None takes a field out."""
        condition = {f"linked.{channel}.{name}": value for name, value in as_read.items()}
        kept = {f"linked.{channel}.{name}": value for name, value in values.items() if value is not None}
        gone = {f"linked.{channel}.{name}": "" for name, value in values.items() if value is None}
        update = ({"$set": kept} if kept else {}) | ({"$unset": gone} if gone else {})
        return self._users.update_one(_whose(person) | condition, update).matched_count == 1

    def unlink(self, person: str, channel: str, address: str | None = None) -> bool:
        """End the link; what is open on it settles in silence. address: only if it is this one. False when there was
        none."""
        there: Document = {"$exists": True} if address is None else {"$eq": address}
        done = self._users.update_one(
            _whose(person) | {f"linked.{channel}.address": there}, {"$unset": {f"linked.{channel}": ""}}
        )
        # The index holds who linked anything.
        self._users.update_one(_whose(person) | {"linked": {}}, {"$unset": {"linked": ""}})
        return done.matched_count == 1

    def may_stop(self, person: str, channel: str, address: str, now: datetime) -> bool:
        """Be the one that tells the person, then stops it (`stop`); who has not done so within a minute has died, and
        another may. False when another does, it was stopped, or is another one by now."""
        path = f"linked.{channel}"
        condition = {
            f"{path}.address": address,
            f"{path}.stopped": {"$exists": False},
            f"{path}.stopping": {"$not": {"$gt": now - _TO_STOP}},
        }
        change = {"$set": {f"{path}.stopping": now}}
        return self._users.update_one(_whose(person) | condition, change).matched_count == 1

    def stop(
        self, person: str, channel: str, address: str, reason: str, words: str | None, now: datetime
    ) -> bool:
        """Nothing more is sent there: from now on it counts as not linked. False when it was stopped, or is another one
        by now."""
        path = f"linked.{channel}"
        condition = {f"{path}.address": address, f"{path}.stopped": {"$exists": False}}
        stopped = {"at": now, "reason": reason} | ({"words": words} if words else {})
        update = {
            "$set": {f"{path}.stopped": stopped},
            "$unset": {f"{path}.{name}": "" for name in _HEALTH},
        }
        return self._users.update_one(_whose(person) | condition, update).matched_count == 1

    def failed(
        self,
        person: str,
        channel: str,
        address: str,
        words: str,
        asked_s: float | None,
        now: datetime,
        *,
        rests: bool = True,
    ) -> Failing | None:
        """It did not work: let the link rest, for longer with each failure in a row. None when it is not there any
        more. asked_s: for how long it asked us to wait. rests: False where only one message was refused; then it is
        tried again at once, with one message. now: system clock."""
        path = f"linked.{channel}"
        pause_s = {
            "$min": [
                _LONGEST_REST_S,
                {"$multiply": [_FIRST_REST_S, {"$pow": [2, {"$min": [f"${path}.failures", 20]}]}]},
            ]
        }
        rest_s = {"$max": [{"$multiply": [pause_s, random.uniform(0.75, 1.0)]}, asked_s or 0.0]}
        until = {"$add": [now, {"$multiply": [rest_s, 1000]}]} if rests else now
        # What failed beside the first failure says no more than that.
        begun = {"$lte": [{"$ifNull": [f"${path}.failed_at", now - timedelta(days=1)]}, now - _TOGETHER]}
        row = self._users.find_one_and_update(
            _whose(person) | {f"{path}.address": address, f"{path}.stopped": {"$exists": False}},
            [
                {
                    "$set": {
                        f"{path}.failures": {"$ifNull": [f"${path}.failures", 0]},
                        f"{path}.failing_since": {"$ifNull": [f"${path}.failing_since", now]},
                    }
                },
                {
                    "$set": {
                        f"{path}.rests_until": until,
                        f"{path}.failures": {"$add": [f"${path}.failures", {"$cond": [begun, 1, 0]}]},
                        f"{path}.failed_at": now,
                        f"{path}.words": {"$literal": words},
                    }
                },
            ],
            return_document=ReturnDocument.AFTER,
            projection={path: 1},
        )
        if row is None:
            return None
        found = row["linked"][channel]
        return Failing(found["failures"], found["failing_since"], found["rests_until"])

    def try_again(self, person: str, channel: str, rested_until: datetime, until: datetime) -> bool:
        """Be the one that tries whether it works again; the others wait until then. False when another does.
        rested_until: as read."""
        field = f"linked.{channel}.rests_until"
        done = self._users.update_one(_whose(person) | {field: rested_until}, {"$set": {field: until}})
        return done.matched_count == 1

    def works(self, person: str, channel: str, address: str, now: datetime) -> int:
        """It works again: what waited for it is due. Returns how many conversations."""
        path = f"linked.{channel}"
        self._users.update_one(
            _whose(person) | {f"{path}.address": address},
            {"$unset": {f"{path}.{name}": "" for name in _HEALTH}},
        )
        return self._let_go(person, channel, now)

    def _let_go(self, person: str, channel: str, now: datetime) -> int:
        """What waited for the server is due, and what the server put off. Returns how many conversations.

        What may have arrived keeps its pause: that the server takes others says nothing of it.
        """
        conversations = self._database["conversations"]
        own = {"person": person, "channel": channel, "status": "open"}
        waiting = own | {"due_at": {"$gt": now}, "reason": RESTS}
        put_off = own | {"not_before": {"$gt": now}, "doubt": {"$exists": False}}
        number = conversations.update_many(waiting, {"$set": {"due_at": now}}).modified_count
        number += conversations.update_many(put_off, {"$unset": {"not_before": ""}}).modified_count
        if number:
            Doorbells(self._database).ring([channel])
        return number

    def _read_afresh(self, person: str, now: datetime) -> None:
        requests = ReadRequests(self._database)
        own, talked_of = {"user_id": {"$in": ids.forms(person)}}, self._talked_of(person)
        for name in ("bookings", "followings"):
            for row in self._database[name].find(own, {"flight_id": 1, "status": 1}):
                key = ids.text(row.get("flight_id"))
                if is_held(row.get("status")) and (key in talked_of or key.startswith(AIRPORT)):
                    requests.ask(Target(name, key, row["_id"]), (), "a channel was linked", now)

    def _talked_of(self, person: str) -> set[str]:
        """Keys of the flights that the person has conversations about. Of others nothing was told yet; their first news
        makes them on all channels."""
        keys: set[str] = set()
        for row in self._database["conversations"].find({"person": person}, {"subject": 1, "documents": 1}):
            keys |= {row["subject"].partition(":")[2], *row.get("documents", ())}
        return keys


_TOGETHER = timedelta(seconds=20)


def _whose(person: str) -> Document:
    return {"_id": {"$in": ids.forms(person)}}
