"""What the other channels of the same people say, for those who chose that one channel comes after another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pymongo import UpdateMany
from pymongo.database import Database

from app.domain import subjects
from app.domain.news import Kind
from app.domain.reports import State, rank
from app.domain.routing import Other, Row
from app.domain.timing import Reason
from app.store.conversations import FAILED, conversation_id
from app.store.doorbells import Doorbells

Document = dict[str, Any]

_ROWS = 5
"""So many of a conversation's last messages are looked at: news that is older is told again, not missed."""


class Ended(NamedTuple):
    """One channel on which something came to its end for a person: it failed, came back, was delivered or seen.

    waited_by: the channels that come after it.
    """

    subject: str
    person: str
    channel: str
    waited_by: Sequence[str]


class Ranks:
    """Conversations of other channels, and their rows. Raises PyMongoError; everything may be repeated."""

    def __init__(self, database: Database[Document]) -> None:
        self._conversations = database["conversations"]
        self._notifications = database["notifications"]
        self._doorbells = Doorbells(database)

    def others(self, ids: Collection[str]) -> dict[str, Other]:
        """Those of these conversations that there are, with their last rows of the ledger: one query, answered from
        indexes."""
        if not ids:
            return {}
        stages: list[Document] = [
            {"$match": {"_id": {"$in": list(ids)}}},
            {
                "$lookup": {
                    "from": self._notifications.name,
                    "localField": "_id",
                    "foreignField": "conversation",
                    "pipeline": [
                        {"$sort": {"order": -1}},
                        {"$limit": _ROWS},
                        {"$project": dict.fromkeys(_OF_ROW, 1)},
                    ],
                    "as": "rows",
                }
            },
            {"$project": dict.fromkeys((*_OF_CONVERSATION, "rows"), 1)},
        ]
        return {row["_id"]: _other(row) for row in self._conversations.aggregate(stages)}

    def seen(self, notification: str, now: datetime) -> None:
        """The person has opened what this row of the ledger told: channels after it need not tell. now: system
        clock."""
        row = self._notifications.find_one_and_update(
            {"_id": notification, "seen_at": {"$exists": False}},
            {"$set": {"seen_at": now}},
            dict.fromkeys(("subject", "person", "channel", "waited_by"), 1),
        )
        if row is not None:
            self.ended([row], now)

    def ended(self, rows: Iterable[Mapping[str, Any]], now: datetime) -> None:
        """`look_again` for rows of the ledger, as far as other channels wait for what becomes of them."""
        found = [
            Ended(row["subject"], row["person"], row["channel"], row["waited_by"])
            for row in rows
            if row.get("waited_by")
        ]
        self.look_again(found, now)

    def look_again(self, ended: Collection[Ended], now: datetime) -> int:
        """What waits for one of these is due at once. Returns how many conversations were looked at; rings the
        doorbells. now: system clock.

        D2 that read the other channels before this finds `looked_at` moved, and does not put off what is due now.
        """
        updates = [_due(one, now) for one in ended]
        if not updates:
            return 0
        found = self._conversations.bulk_write(updates, ordered=False).modified_count
        if found:
            self._doorbells.ring({name for one in ended for name in one.waited_by})
        return found


_OF_ROW = (
    "kinds",
    "to",
    "subject",
    "channel",
    "status",
    "sent_at",
    "created_at",
    "delivery",
    "seen_at",
    "attempts.ended_at",
)
_OF_CONVERSATION = ("subject", "heard", "order", "status", "due_at", "fold", "claim", "reason")


def _due(one: Ended, now: datetime) -> UpdateMany:
    ids = [conversation_id(one.subject, one.person, name) for name in one.waited_by]
    waits = {"$in": [one.channel, {"$ifNull": ["$turn.after", []]}]}
    change = {"looked_at": now, "due_at": {"$cond": [waits, {"$min": ["$due_at", now]}, "$due_at"]}}
    return UpdateMany({"_id": {"$in": ids}, "due_at": {"$exists": True}}, [{"$set": change}])


def _other(row: Mapping[str, Any]) -> Other:
    moment, heard = row.get("due_at") or row.get("fold"), row.get("heard")
    waits = moment is not None or "claim" in row
    return Other(
        order=row.get("order", ""),
        is_waiting=waits and row.get("status") != FAILED,
        has_failed=row.get("status") == FAILED,
        held_until=moment if row.get("reason") in set(Reason) else None,
        rows=[_row(one) for one in row["rows"]],
        heard=subjects.of(row["subject"]).parse(heard) if heard else None,
    )


def _row(row: Mapping[str, Any]) -> Row:
    delivery = row.get("delivery", {})
    last = row["attempts"][-1]["ended_at"] if row.get("attempts") else row["created_at"]
    state = State(delivery["state"]) if delivery else None
    return Row(
        kinds=tuple(Kind(kind) for kind in row["kinds"]),
        to=subjects.of(row["subject"]).parse(row["to"]),
        was_sent=row["status"] == "sent",
        at=delivery.get("at", last) if state is State.UNDELIVERED else last,
        reached="seen_at" in row or (state is not None and _is_final(row["channel"], state)),
        came_back=state is State.UNDELIVERED,
    )


def _is_final(channel: str, state: State) -> bool:
    """Whether it is there, and no later report can say that it is not: a mail that its next server took may bounce."""
    return state is State.READ or rank(channel, state) > rank(channel, State.UNDELIVERED)
