"""What became of a flight's changes: its announcements, and how many messages told of each.

People are counted here, never named: no query returns a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pymongo.database import Database

from app.domain.order import NEVER, Order

Document = dict[str, Any]

_MOST = 200


@dataclass(slots=True)
class Told:
    """Messages about one state of a flight.

    sent: accepted by a provider, by channel. people: with at least one of those. skipped: by reason. waiting: being
    tried again, or with an outcome nobody knows. failed: for good. seconds: from the save to the acceptance, of
    every message sent.
    """

    people: int = 0
    sent: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    failed: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def first_s(self) -> float | None:
        """Seconds from the save to the first message accepted."""
        return min(self.seconds, default=None)

    @property
    def last_s(self) -> float | None:
        """Seconds from the save to the last message accepted."""
        return max(self.seconds, default=None)


def subject_of(database: Database[Document], flight_key: str) -> str:
    """The subject of a flight's conversations: the one `known` inherited, else that of its own key."""
    known = database.known.find_one({"_id": flight_key}, {"subject": 1})
    subject = known.get("subject") if known else None
    return subject if isinstance(subject, str) else f"flight:{flight_key}"


def versions_of(database: Database[Document], flight_keys: Iterable[str]) -> dict[str, tuple[str, Order]]:
    """By key of a flight: the subject of its conversations, and the order of the latest that was dealt with of any of
    the subject's documents; NEVER before anything was."""
    keys = list(flight_keys)
    subjects = dict.fromkeys(keys, "")
    for row in database.known.find({"_id": {"$in": keys}}, {"subject": 1}):
        subjects[row["_id"]] = row.get("subject") or ""
    named = {key: subject or f"flight:{key}" for key, subject in subjects.items()}
    latest: dict[str, Order] = {}
    for row in database.known.find({"subject": {"$in": list(named.values())}}, {"subject": 1, "order": 1}):
        latest[row["subject"]] = max(latest.get(row["subject"], NEVER), Order(row["order"]))
    return {key: (subject, latest.get(subject, NEVER)) for key, subject in named.items()}


def announcements(database: Database[Document], subject: str) -> list[Document]:
    """The announcements about a subject, newest first, at most 200."""
    return list(database.announcements.find({"subject": subject}).sort("order", -1).limit(_MOST))


def told(database: Database[Document], subject: str) -> dict[str, Told]:
    """Messages about a subject, by the id of the event that made the news they told of."""
    match = {"$match": {"subject": subject}}
    group = {
        "$group": {
            "_id": {"event": "$event_id", "person": "$person"},
            "rows": {
                "$push": {
                    "channel": "$channel",
                    "status": "$status",
                    "reason": "$reason",
                    "changed_at": "$changed_at",
                    "sent_at": "$sent_at",
                }
            },
        }
    }
    by_event: dict[str, Told] = {}
    for one in database.notifications.aggregate([match, group]):
        sum_up(by_event.setdefault(str(one["_id"].get("event")), Told()), one["rows"])
    return by_event


def sum_up(told: Told, rows: list[Document]) -> None:
    """Count the ledger rows of one person in."""
    reached = False
    for row in rows:
        status, channel = row.get("status"), str(row.get("channel"))
        if status == "sent":
            reached = True
            told.sent[channel] = told.sent.get(channel, 0) + 1
            saved, sent = row.get("changed_at"), row.get("sent_at")
            if isinstance(saved, datetime) and isinstance(sent, datetime) and sent >= saved:
                told.seconds.append((sent - saved).total_seconds())
        elif status == "skipped":
            reason = str(row.get("reason") or "")
            told.skipped[reason] = told.skipped.get(reason, 0) + 1
        elif status == "failed":
            told.failed += 1
        else:
            told.waiting += 1
    told.people += reached
