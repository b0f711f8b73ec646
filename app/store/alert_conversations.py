"""What the conversations about alerts, and the ledger, say of news that was to be told before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pymongo.database import Database

from app.domain.alert_value import AlertValue
from app.store.conversations import COLLECTION
from app.store.notifications import Status

Document = dict[str, Any]


class Conversation(NamedTuple):
    """Of an alert. wanted: what it was to say when it was told last."""

    subject: str
    person: str
    channel: str
    wanted: AlertValue


class AlertConversations:
    """The collections `conversations` and `notifications`, read for alerts. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._conversations = database[COLLECTION]
        self._notifications = database["notifications"]

    def sent(self, news: Mapping[str, int]) -> set[str]:
        """Those of these subjects whose news with this number went out on some channel."""
        wanted = [{"subject": subject, "status": str(Status.SENT), "to.n": n} for subject, n in news.items()]
        rows = self._notifications.find({"$or": wanted}, {"subject": 1}) if wanted else ()
        return {row["subject"] for row in rows}

    def of(self, subjects: set[str]) -> list[Conversation]:
        """All about these subjects."""
        if not subjects:
            return []
        fields = {"_id": 0, "subject": 1, "person": 1, "channel": 1, "want": 1}
        rows = self._conversations.find({"subject": {"$in": sorted(subjects)}}, fields)
        return [
            Conversation(r["subject"], r["person"], r["channel"], AlertValue.from_document(r["want"]))
            for r in rows
        ]
