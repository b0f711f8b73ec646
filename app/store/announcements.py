"""Announcements: the decision that those concerned are told that A became B, stored before anyone is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.database import Database
from pymongo.errors import BulkWriteError

from app.domain.clock import Now, system_now
from app.domain.news import Kind
from app.domain.order import Order
from app.domain.subject import Value
from app.domain.subjects import of as kind_of
from app.store.duplicates import only_duplicates

COLLECTION = "announcements"
_MOST_COUNTED = 100


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

    def count(self, subject: str, *, after: str, until: str) -> int:
        """How many there are about a subject, later than one order and not later than another."""
        return self._announcements.count_documents(
            {"subject": subject, "order": {"$gt": after, "$lte": until}}, limit=_MOST_COUNTED
        )

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

    def latest(self, subject: str) -> Recorded | None:
        """M1: what was announced last about the subject; None when nothing ever was."""
        row = self._announcements.find_one({"subject": subject}, sort=[("order", -1)])
        return _recorded(row) if row else None

    def latest_of_kind(self, prefix: str) -> Iterator[Recorded]:
        """What was announced last about every subject of a kind."""
        # ";" is the next character after ":"
        of_kind = {"subject": {"$gte": f"{prefix}:", "$lt": f"{prefix};"}}
        last: Recorded | None = None
        for row in self._announcements.find(of_kind).sort([("subject", 1), ("order", 1)]):
            found = _recorded(row)
            if last is not None and last.announcement.subject != found.announcement.subject:
                yield last
            last = found
        if last is not None:
            yield last

    def done(self, announcement_id: str, people: int) -> None:
        """M6: all were told of it. people: how many that is."""
        done = {"$set": {"people": people, "done_at": self._now()}}
        self._announcements.update_one({"_id": announcement_id}, done)

    def people(self, subjects: Sequence[str]) -> dict[str, int]:
        """How many people the last announcement about each of these subjects reached, as far as it is done."""
        rows = self._announcements.find(
            {"subject": {"$in": list(subjects)}, "people": {"$exists": True}}, {"subject": 1, "people": 1}
        ).sort("order", 1)
        return {row["subject"]: int(row["people"]) for row in rows}


@dataclass(frozen=True, slots=True)
class Recorded:
    """An announcement as it is on record. is_done: everybody was told of it."""

    announcement: Announcement
    is_done: bool


def _recorded(row: Mapping[str, Any]) -> Recorded:
    parse = kind_of(row["subject"]).parse
    announcement = Announcement(
        subject=row["subject"],
        order=Order(row["order"]),
        event_id=row["event_id"],
        kinds=tuple(Kind(kind) for kind in row["kinds"]),
        before=parse(row["from"]),
        after=parse(row["to"]),
        changed_at=row["changed_at"],
        found_late=bool(row["found_late"]),
    )
    return Recorded(announcement, "done_at" in row)
