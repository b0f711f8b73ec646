"""Announcements: the decision that those concerned are told that A became B, stored before anyone is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.database import Database
from pymongo.errors import BulkWriteError

from app.domain.clock import Now, system_now
from app.domain.news import Kind
from app.domain.order import Order
from app.domain.subject import Value
from app.store.duplicates import only_duplicates

COLLECTION = "announcements"


@dataclass(frozen=True, slots=True)
class Announcement:
    """before, after: what was announced last, and now. changed_at: when it was saved, system clock.

    found_late: the change was found by a snapshot, not seen when it happened.
    """

    subject: str
    order: Order
    event_id: str
    kinds: tuple[Kind, ...]
    before: Value
    after: Value
    changed_at: datetime
    found_late: bool

    @property
    def id(self) -> str:
        """The same for the same change, however often it is decided."""
        return f"{self.subject}@{self.order}"


class Announcements:
    """The collection `announcements`. now: system clock."""

    def __init__(self, database: Database[dict[str, Any]], now: Now = system_now) -> None:
        self._announcements = database[COLLECTION]
        self._now = now

    def record(self, decided: Sequence[Announcement]) -> None:
        """N3: keep each; one that is there already stays as it was first decided."""
        if not decided:
            return
        decided_at = self._now()
        rows = [
            {
                "_id": a.id,
                "subject": a.subject,
                "order": a.order,
                "event_id": a.event_id,
                "kinds": [str(kind) for kind in a.kinds],
                "from": a.before.to_document(),
                "to": a.after.to_document(),
                "changed_at": a.changed_at,
                "decided_at": decided_at,
                "found_late": a.found_late,
            }
            for a in decided
        ]
        try:
            self._announcements.insert_many(rows, ordered=False)
        except BulkWriteError as error:
            if not only_duplicates(error):
                raise
