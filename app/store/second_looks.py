"""Conversations that delivery looks at once more, because what it decided by is different now: a person's choices or
address, or the mail that was to tell what a text left out.

D2 that read the old state meanwhile finds `looked_at` moved, and does not put off or settle what is due now. How often
this is done changes nothing: D2 decides by what stands.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from pymongo import UpdateMany
from pymongo.database import Database

from app.domain.channels import NAMES
from app.domain.timing import Reason
from app.store.conversations import COLLECTION, FAILED, OPEN, conversation_id
from app.store.doorbells import Doorbells

Document = dict[str, Any]

_DIFFERS = {"$expr": {"$ne": ["$heard", "$want"]}}
_LEFT_TO_MAIL = (str(Reason.DIGEST), str(Reason.DAILY_MAXIMUM))


class SecondLooks:
    """Makes conversations due. Methods raise PyMongoError and may be repeated; they ring the doorbells. now: system
    clock."""

    def __init__(self, database: Database[Document]) -> None:
        self._conversations = database[COLLECTION]
        self._doorbells = Doorbells(database)

    def for_person(self, person: str, now: datetime) -> int:
        """What waits for a person is due at once, and so is what they were not told: their choices have changed.
        Returns how many."""
        waits = [{"due_at": {"$exists": True}}, {"fold": {"$exists": True}}]
        condition = {"person": person, "status": OPEN, "$or": [*waits, _DIFFERS]}
        change = {"due_at": {"$min": ["$due_at", now]}, "looked_at": now, "fold": "$$REMOVE"}
        found = self._conversations.update_many(condition, [{"$set": change}]).modified_count
        self._doorbells.ring(NAMES)
        return found

    def for_address(self, person: str, channel: str, now: datetime) -> int:
        """What failed on a channel is open again where the person still lacks it: their address there is another, or
        takes messages again. Returns how many."""
        lacks = [{"doubt": {"$exists": True}}, _DIFFERS]
        condition = {"person": person, "channel": channel, "status": FAILED, "$or": lacks}
        change = {"status": OPEN, "due_at": now, "looked_at": now, "not_before": "$$REMOVE"}
        found = self._conversations.update_many(condition, [{"$set": change}]).modified_count
        if found:
            self._doorbells.ring([channel])
        return found

    def instead_of_mail(
        self, mails: Collection[tuple[str, str]], now: datetime, after: timedelta = timedelta()
    ) -> int:
        """What was left out because a mail says the same is due, where that mail does not reach the person after all.
        mails: (subject, person). after: so much later than now. Returns how many conversations were looked at."""
        others = [name for name in NAMES if name != "email"]
        left = {"$in": ["$reason", list(_LEFT_TO_MAIL)]}
        # $min leaves out what is missing: what was left out has no due
        change = {
            "looked_at": now,
            "due_at": {"$cond": [left, {"$min": ["$due_at", now + after]}, "$due_at"]},
        }
        updates = [
            UpdateMany(
                {"_id": {"$in": [conversation_id(subject, person, name) for name in others]}, "status": OPEN},
                [{"$set": change}],
            )
            for subject, person in mails
        ]
        if not updates:
            return 0
        found = self._conversations.bulk_write(updates, ordered=False).modified_count
        if found:
            self._doorbells.ring(others)
        return found
