"""Alerts as their consumer sees them: asked for, taken, kept and let go; whatever dies in between leaves them due.

What a person wants of an alert is in the same documents, and changed by `app.store.alerts` alone. Fields of the
consumer's own: `due_at` (to be read then), `next_at` (what time alone triggers), `asked` and `asks` (by how many
events, and the latest of them), `order` (of the last read), `since` (of the read that found the present news).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from pymongo import UpdateOne
from pymongo.database import Database

from app.domain import alert as alerts_of
from app.domain import order
from app.domain.alert import Alert
from app.domain.alert_state import AlertState, Step
from app.domain.alert_value import AlertValue
from app.domain.errors import BadEventError
from app.domain.order import NEVER, ClusterTime, Order
from app.store import ids
from app.store.alert_filters import FareChange, asked_by

log = structlog.get_logger()

Document = dict[str, Any]

COLLECTION = "alerts"
ACTIVE, ENDED = "active", "ended"


@dataclass(frozen=True, slots=True)
class Row:
    """An alert as it stands.

    version: of what the person wants. asked: the latest event that asked for it; asks: how often it was. order: of the
    read that was kept last. state: what it came to. since: order of the read from which on people are to know what they
    are to know now, NEVER while there is nothing; told: the `since` that was told. news: order of the read that found
    the latest news, before: what was to be said until then; changed_at: when the change was saved that made it.
    """

    id: str
    person: str
    alert: Alert
    is_ended: bool
    is_due: bool
    version: int
    asked: Order
    asks: int
    asked_at: datetime | None
    order: Order
    state: AlertState
    since: Order
    told: Order
    news: Order
    before: AlertValue | None
    changed_at: datetime | None

    @property
    def subject(self) -> str:
        """The subject of conversations about it."""
        return self.alert.subject

    @property
    def event_id(self) -> str:
        """The id of the latest news, for the record and for logs."""
        return f"{self.subject}@{self.news}"


@dataclass(frozen=True, slots=True)
class Found:
    """What a read came to. changed_at: when the change was saved that moved it. next_at: when time alone triggers
    something; None when nothing does. ended_until: it is over, and is deleted then; None while it is not. Times: system
    clock."""

    step: Step
    changed_at: datetime | None
    next_at: datetime | None
    ended_until: datetime | None


class DueAlerts:
    """The collection `alerts`, for the consumer. Methods raise PyMongoError; everything may be repeated."""

    def __init__(self, database: Database[Document]) -> None:
        self._client = database.client
        self._alerts = database[COLLECTION]

    def ask_for(self, changes: Sequence[FareChange], due_at: datetime) -> int:
        """F1: the alerts that these changes can move are to be read at due_at, or when they are due already; returns
        how many were asked for. due_at: system clock.

        One command for a change, and for many that are alike.
        """
        if not changes:
            return 0
        latest = max(change.order for change in changes)
        saved = max(change.changed_at for change in changes)
        asked = {
            "$max": {"asked": latest, "asked_at": saved},
            "$min": {"due_at": due_at},
            # Events of several partitions come in any order: whoever reads must see that one more asked.
            "$inc": {"asks": 1},
        }
        return sum(self._alerts.update_many(wanted, asked).modified_count for wanted in asked_by(changes))

    def ask_for_all(self, due_at: datetime, now: datetime, asked: Order) -> int:
        """All that are not over: after a gap, in which fares may have been deleted unseen. asked: of the event that
        said so. now: system clock; what is found counts as changed then."""
        return self._ask({"status": ACTIVE}, due_at, now, asked)

    def ask_for_person(self, person: str, now: datetime) -> int:
        """All of a person's that are not over, at once: their zone, or what they want of fares, is another. now: system
        clock."""
        return self._ask({"user_id": {"$in": ids.forms(person)}, "status": ACTIVE}, now, now, NEVER)

    def _ask(self, wanted: Document, due_at: datetime, now: datetime, asked: Order) -> int:
        change = {"$max": {"asked": asked, "asked_at": now}, "$min": {"due_at": due_at}, "$inc": {"asks": 1}}
        return self._alerts.update_many(wanted, change).modified_count

    def next_due(self) -> datetime | None:
        """When the first one is due; None when none is."""
        first = [
            row[name]
            for name in ("due_at", "next_at")
            if (row := self._alerts.find_one({name: {"$exists": True}}, {name: 1}, sort=[(name, 1)]))
        ]
        return min(first, default=None)

    def count_due(self, now: datetime) -> int:
        """How many are due now. now: system clock."""
        return self._alerts.count_documents({"due_at": {"$lte": now}})

    def take(
        self, now: datetime, again_at: datetime, token: str, at_most: int
    ) -> tuple[list[Row], ClusterTime]:
        """F2: those that are due, each given to one taker; they are due again at again_at unless they are done by then.

        now, again_at: system clock. token: no other taker's. Also returns the cluster time at which they were taken: a
        read that is not older sees every change that passed F1 before.
        """
        self._alerts.update_many(
            {"next_at": {"$lte": now}, "due_at": {"$exists": False}},
            [
                # What is found is so since that moment, or since a fare that moved after it.
                {"$set": {"asked_at": {"$max": ["$asked_at", "$next_at"]}}},
                {"$set": {"due_at": "$next_at", "asks": {"$add": ["$asks", 1]}}},
                {"$unset": "next_at"},
            ],
        )
        is_due = {"due_at": {"$lte": now}}
        found = [row["_id"] for row in self._alerts.find(is_due, {"_id": 1}).sort("due_at", 1).limit(at_most)]
        if not found:
            return [], (0, 0)
        with self._client.start_session() as session:
            self._alerts.update_many(
                {"_id": {"$in": found}} | is_due,
                {"$set": {"due_at": again_at, "taken_by": token}},
                session=session,
            )
            taken_at = session.operation_time
        rows = list(self._alerts.find({"_id": {"$in": found}, "taken_by": token}))
        return self._understood(rows), (taken_at.time, taken_at.inc) if taken_at else (0, 0)

    def get(self, alerts: Collection[str]) -> dict[str, Row]:
        """Those of these that there are, by id."""
        rows = list(self._alerts.find({"_id": {"$in": list(alerts)}}))
        return {row.id: row for row in self._understood(rows)}

    def keep(self, found: Sequence[tuple[Row, Found]], at: Order) -> None:
        """F4: what the read `at` came to, on condition that neither the person nor another read changed the alert since
        it was read, and that it is due still: once another reader was done (F6), changes were compared with what that
        one kept, and not with this. `get` tells which were kept: their order is `at`."""
        writes = []
        for row, one in found:
            step = one.step
            cheapest = step.state.cheapest
            values: Document = {"state": step.state.to_document(), "order": at}
            if row.told != NEVER:
                values["told"] = row.told
            if step.is_news or _goes_otherwise(row.state.value, step.state.value):
                values["since"] = at
            if step.returned:
                values["changed_at"] = one.changed_at
            if step.fires:
                before = row.state.value
                values |= {"news": at, "changed_at": one.changed_at}
                values["before"] = before.to_document() if before else None
            if one.ended_until is not None:
                values |= {"status": ENDED, "ends_at": one.ended_until}
            optional = {
                "next_at": one.next_at,
                "cheapest": cheapest
                and {"amount_minor": cheapest.fare.price.amount_minor, "offer": cheapest.id},
            }
            kept = {name: value for name, value in optional.items() if value is not None}
            gone = {name: "" for name in optional if name not in kept}
            unmoved: Document = {"_id": row.id, "version": row.version, "due_at": {"$exists": True}}
            unmoved["order"] = row.order or {"$exists": False}
            writes.append(UpdateOne(unmoved, {"$set": values | kept, **({"$unset": gone} if gone else {})}))
        if writes:
            self._alerts.bulk_write(writes, ordered=False)

    def done(self, rows: Sequence[Row]) -> None:
        """F6: these were told; they are due no more unless somebody asked meanwhile."""
        writes = []
        for row in rows:
            asked_again = {"$ne": ["$asks", row.asks]}
            due_at = {"$cond": [asked_again, "$due_at", "$$REMOVE"]}
            values: Document = {"due_at": due_at}
            if row.since != NEVER:
                values["told"] = {"$max": ["$told", row.since]}
            writes.append(UpdateOne({"_id": row.id}, [{"$set": values}]))
        if writes:
            self._alerts.bulk_write(writes, ordered=False)

    def _understood(self, rows: Sequence[Document]) -> list[Row]:
        """One that nobody can understand is due no more, until somebody changes it."""
        found = []
        for row in rows:
            try:
                found.append(_row(row))
            except BadEventError as error:
                log.error("an alert cannot be understood", alert=row["_id"], field=error.field)
                self._alerts.update_one(
                    {"_id": row["_id"], "asks": row.get("asks")}, {"$unset": {"due_at": ""}}
                )
        return found

    def values(self, subjects: Collection[str]) -> dict[str, AlertValue]:
        """D2: what is to be said of each as it was read last, those of which something is."""
        names = [one.partition(":")[2] for one in subjects]
        wanted = {"_id": {"$in": names}, "state.value": {"$type": "object"}}
        rows = self._alerts.find(wanted, {"state.value": 1})
        return {
            alerts_of.subject_of(row["_id"]): AlertValue.from_document(row["state"]["value"]) for row in rows
        }

    def raise_all(self, incarnation: int) -> list[str]:
        """R3: raise the orders of all, so that nothing of the lost past can follow; returns the subjects."""
        first = order.first_of(incarnation)
        raised = {
            name: {
                "$cond": [
                    {"$and": [{"$gt": [f"${name}", ""]}, {"$lt": [f"${name}", first]}]},
                    {"$concat": [first, f"${name}"]},
                    f"${name}",
                ]
            }
            for name in ("asked", "order", "since", "told", "news")
        }
        self._alerts.update_many({}, [{"$set": raised}])
        return [alerts_of.subject_of(row["_id"]) for row in self._alerts.find({}, {"_id": 1})]


def _goes_otherwise(before: AlertValue | None, after: AlertValue | None) -> bool:
    """Whether what was to be said goes by other channels now."""
    return before is not None and after is not None and before.channels != after.channels


def _row(row: Mapping[str, Any]) -> Row:
    before = row.get("before")
    return Row(
        id=row["_id"],
        person=ids.text(row["user_id"]),
        alert=alerts_of.parse(row),
        is_ended=row["status"] == ENDED,
        is_due="due_at" in row,
        version=row["version"],
        asked=Order(row.get("asked", NEVER)),
        asks=row.get("asks", 0),
        asked_at=row.get("asked_at"),
        order=Order(row.get("order", NEVER)),
        state=AlertState.from_document(row.get("state")),
        since=Order(row.get("since", NEVER)),
        told=Order(row.get("told", NEVER)),
        news=Order(row.get("news", NEVER)),
        before=AlertValue.from_document(before) if before else None,
        changed_at=row.get("changed_at"),
    )
