"""What was decided for one person, a page at a time: messages of the ledger, and the decisions not to send one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo.database import Database

Document = dict[str, Any]

LEDGER, SILENCE = "notifications", "delivery_decisions"
_TIMES = {LEDGER: "created_at", SILENCE: "decided_at"}


class OwnNotifications:
    """Both collections, for those whom they are about. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database

    def page(
        self, person: str, before: tuple[datetime, str] | None, limit: int
    ) -> list[tuple[str, datetime, Document]]:
        """Collection, time and row of what was decided, newest first: what comes after `before` in this order.

        before: time and id of the last one that was read, None for the newest. What is decided meanwhile stands
        before it and moves nothing.
        """
        found = []
        for name, time in _TIMES.items():
            wanted: Document = {"person": person}
            if name == SILENCE:
                wanted["action"] = {"$ne": "skip"}  # those have a row in the ledger
            if before is not None:
                at, id_ = before
                # The first condition finds the place in the index, the second one of equal times.
                wanted[time] = {"$lte": at}
                wanted["$or"] = [{time: {"$lt": at}}, {"_id": {"$lt": id_}}]
            rows = self._database[name].find(wanted).sort([(time, -1), ("_id", -1)]).limit(limit)
            found += [(name, row[time], row) for row in rows]
        found.sort(key=lambda one: (one[1], one[2]["_id"]), reverse=True)
        return found[:limit]

    def get(self, person: str, id_: str) -> tuple[str, datetime, Document] | None:
        """One of them; None when there is none, or it is about somebody else."""
        for name, time in _TIMES.items():
            row = self._database[name].find_one({"_id": id_, "person": person})
            if row is not None:
                return name, row[time], row
        return None
