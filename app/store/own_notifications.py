"""What was decided for one person, a page at a time: messages of the ledger, and the decisions not to send one.

All questions begin at the person in an index, so that they cost what one person has, however many others there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pymongo.database import Database

from app.domain.why import SKIP, WAIT

Document = dict[str, Any]

LEDGER, SILENCE = "notifications", "delivery_decisions"
_TIMES = {LEDGER: "created_at", SILENCE: "decided_at"}
_NOTHING_THERE = "no_address"
"""Who has no phone knows that no text came: such decisions are not in a person's list."""


class Group(StrEnum):
    """How what was decided stands at this moment, as people sort it."""

    SENT = "sent"
    HELD = "held"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a person's history is asked for; None is everything. channel: like "email"; subject: what it is about,
    like "flight:f407"."""

    group: Group | None = None
    channel: str | None = None
    subject: str | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return self == Wanted()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are. groups: of the wanted channel and subject, by group. channels, subjects: all that there is
    to choose from, the subject of the latest news first."""

    groups: Mapping[Group, int] = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


class OwnNotifications:
    """Both collections, for those whom they are about. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database

    def page(
        self,
        person: str,
        before: tuple[datetime, str] | None,
        limit: int,
        wanted: Wanted | None = None,
        held: Iterable[str] = (),
    ) -> list[tuple[str, datetime, Document]]:
        """Collection, time and row of what was decided, newest first: what comes after `before` in this order.

        before: time and id of the last one that was read, None for the newest. What is decided meanwhile stands
        before it and moves nothing. wanted: what a page shows; None for all that is kept. held: as `held` found them.
        """
        found = []
        for name, time in _TIMES.items():
            match = _of_person(name, person)
            if wanted is not None:
                part = _part(name, wanted, list(held))
                if part is None:
                    continue
                match |= part
            if before is not None:
                at, id_ = before
                # The first condition finds the place in the index, the second one of equal times.
                match[time] = {"$lte": at}
                match["$or"] = [{time: {"$lt": at}}, {"_id": {"$lt": id_}}]
            rows = self._database[name].find(match, hint=_index(name)).sort([(time, -1), ("_id", -1)])
            found += [(name, row[time], row) for row in rows.limit(limit)]
        found.sort(key=lambda one: (one[1], one[2]["_id"]), reverse=True)
        return found[:limit]

    def messages(
        self, person: str, channel: str, before: tuple[datetime, str] | None, limit: int
    ) -> list[Document]:
        """Messages of the ledger on one channel, newest first, in the order of `page` and after `before` in it."""
        match = _of_person(LEDGER, person) | {"channel": channel}
        if before is not None:
            at, id_ = before
            match["created_at"] = {"$lte": at}
            match["$or"] = [{"created_at": {"$lt": at}}, {"_id": {"$lt": id_}}]
        rows = self._database[LEDGER].find(match, hint=_index(LEDGER))
        return list(rows.sort([("created_at", -1), ("_id", -1)]).limit(limit))

    def get(self, person: str, id_: str) -> tuple[str, datetime, Document] | None:
        """One of them; None when there is none, or it is about somebody else."""
        for name, time in _TIMES.items():
            row = self._database[name].find_one({"_id": id_, "person": person})
            if row is not None:
                return name, row[time], row
        return None

    def held(self, person: str) -> frozenset[str]:
        """Ids of the decisions that hold a message at this moment: of each conversation that waits, the last one."""
        waits = {"$or": [{"due_at": {"$exists": True}}, {"fold": {"$exists": True}}]}
        waiting = self._database["conversations"].find({"person": person, **waits}, {"_id": 1})
        ids = {row["_id"] for row in waiting}
        rows = self._database[SILENCE].find(
            {"person": person, "action": WAIT},
            {"conversation": 1},
            sort=[("decided_at", 1), ("_id", 1)],
            hint=_index(SILENCE),
        )
        last = {row["conversation"]: str(row["_id"]) for row in rows if row["conversation"] in ids}
        return frozenset(last.values())

    def counts(self, person: str, wanted: Wanted, held: frozenset[str]) -> Counts:
        """How many there are by group, and what there is to choose from."""
        groups: Counter[Group] = Counter()
        channels: set[str] = set()
        latest: dict[str, datetime] = {}
        for name, time in _TIMES.items():
            for row in self._database[name].aggregate(
                _counting(name, time, person, held), hint=dict(_index(name))
            ):
                of = row["_id"]
                channel, subject = str(of["channel"]), str(of["subject"])
                channels.add(channel)
                latest[subject] = max(row["latest"], latest.get(subject, row["latest"]))
                if wanted.channel in (None, channel) and wanted.subject in (None, subject):
                    groups[Group(of["group"])] += row["n"]
        newest = sorted(latest, key=lambda subject: (latest[subject], subject), reverse=True)
        return Counts(groups, tuple(sorted(channels)), tuple(newest))

    def since(self, person: str, since: datetime, most: int) -> list[Document]:
        """Messages of the ledger since then: how each stands, when it was sent and when the change was saved."""
        fields = {"status": 1, "changed_at": 1, "sent_at": 1, "delivery.state": 1}
        rows = self._database[LEDGER].find({"person": person, "created_at": {"$gte": since}}, fields)
        return list(rows.sort("created_at", -1).limit(most))


def _index(name: str) -> list[tuple[str, int]]:
    """Where every question begins: left to itself, MongoDB reads what failed of everybody for what failed of one."""
    return [("person", 1), (_TIMES[name], 1)]


def _of_person(name: str, person: str) -> Document:
    """Everything about a person; decisions to skip have a row in the ledger."""
    return {"person": person} | ({"action": {"$ne": SKIP}} if name == SILENCE else {})


def _part(name: str, wanted: Wanted, held: list[str]) -> Document | None:
    """What a page asks for of a collection; None where there is nothing of it."""
    match: Document = {"reason": {"$ne": _NOTHING_THERE}}
    if wanted.channel is not None:
        match["channel"] = wanted.channel
    if wanted.subject is not None:
        match["subject"] = wanted.subject
    if wanted.group is None:
        return match
    if name == SILENCE:
        of_silence = {Group.HELD: {"$in": held}, Group.SKIPPED: {"$nin": held}}
        return match | {"_id": of_silence[wanted.group]} if wanted.group in of_silence else None
    came_back = {"delivery.state": "undelivered"}
    of_ledger: Mapping[Group, Document] = {
        Group.SENT: {"status": "sent", "delivery.state": {"$ne": "undelivered"}},
        Group.HELD: {"status": {"$in": ["retrying", "unknown"]}, "delivery.state": {"$ne": "undelivered"}},
        Group.SKIPPED: {"status": "skipped"},
        Group.FAILED: {"status": {"$ne": "skipped"}, "$and": [{"$or": [{"status": "failed"}, came_back]}]},
    }
    return match | of_ledger[wanted.group]


def _counting(name: str, time: str, person: str, held: frozenset[str]) -> list[Document]:
    """Rows of a person by group, channel and subject."""
    if name == SILENCE:
        ids = {"$literal": list(held)}
        group: Document = {"$cond": [{"$in": ["$_id", ids]}, Group.HELD, Group.SKIPPED]}
    else:
        bad = {"$or": [{"$eq": ["$status", "failed"]}, {"$eq": ["$delivery.state", "undelivered"]}]}
        branches = [
            {"case": {"$eq": ["$status", "skipped"]}, "then": Group.SKIPPED},
            {"case": bad, "then": Group.FAILED},
            {"case": {"$eq": ["$status", "sent"]}, "then": Group.SENT},
        ]
        group = {"$switch": {"branches": branches, "default": Group.HELD}}
    by = {"group": group, "channel": "$channel", "subject": "$subject"}
    return [
        {"$match": _of_person(name, person) | {"reason": {"$ne": _NOTHING_THERE}}},
        {"$group": {"_id": by, "n": {"$sum": 1}, "latest": {"$max": f"${time}"}}},
    ]
