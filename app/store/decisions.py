"""Why somebody was not told: what the notifier decided about every event of a flight, and delivery about every
conversation it did not speak to.

`announcements` and the ledger hold what was told; these two collections hold the rest, so that nobody has to guess
afterwards. They are history: nothing is decided from them.

Written with w:1. In a replica set the order of the oplog is the order of the writes, so the next write of the same
step (known at N4, the conversation at D2), which waits for a majority, has these rows behind it. Only a primary
that dies between the two loses them, and then the step is done again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError
from pymongo.write_concern import WriteConcern

from app.domain.news import Kind, Role
from app.domain.order import Order
from app.domain.subject import Value
from app.domain.why import differing
from app.domain.why_reasons import HELD
from app.store.claim_records import Claimed
from app.store.duplicates import only_duplicates

log = structlog.get_logger()

Document = dict[str, Any]

EVENTS = "event_decisions"
QUIET = "delivery_decisions"
KEEP = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Arrival:
    """How an event came: its place in the topic, when Kafka took it (None: it does not say), when it was read."""

    topic: str
    partition: int
    offset: int
    published_at: datetime | None
    read_at: datetime


@dataclass(frozen=True, slots=True)
class EventDecision:
    """What was decided about one event of a flight, or of a notice. key: by which all events of the subject are found.

    subject: None when nothing of the document was ever understood. version: the order under which conversations are
    told of it. before: what was announced of the document until then, None when nothing was. value: what it says now.
    outcome: a constant code. arrival: None for what was read from the database at a marker.
    """

    event_id: str
    key: str
    order: Order
    subject: str | None
    version: Order | None
    outcome: str
    changed_at: datetime
    found_late: bool
    before: Value | None
    value: Value | None
    arrival: Arrival | None


@dataclass(frozen=True, slots=True)
class QuietDecision:
    """What delivery decided about a conversation it said nothing to.

    action: "settle", "wait" or "skip". reason: a constant code. role: None when booking and following are gone.
    heard: what the person heard; until: system clock, only with "wait".
    """

    conversation: Claimed
    action: str
    reason: str
    role: Role | None
    kinds: tuple[Kind, ...]
    heard: Value | None
    until: datetime | None


class Decisions:
    """Both collections. keep: how long rows are kept. Raises PyMongoError when MongoDB does not answer; everything
    may be repeated: a row that is there stays as it was first decided."""

    def __init__(self, database: Database[Document], keep: timedelta = KEEP) -> None:
        self._events = _history(database, EVENTS)
        self._quiet = _history(database, QUIET)
        self._keep = keep

    def of_events(self, decided: Sequence[EventDecision], now: datetime) -> None:
        """N3: keep what was decided about these events, in one write."""
        _insert(self._events, [_event_row(d, now, now + self._keep) for d in decided])

    def of_conversations(self, channel: str, decided: Sequence[QuietDecision], now: datetime) -> None:
        """D2: keep why nothing is said now, in one write; the caller settles the conversations after this."""
        _insert(self._quiet, [_quiet_row(channel, d, now, now + self._keep) for d in decided])


def _history(database: Database[Document], name: str) -> Collection[Document]:
    return database.get_collection(name, write_concern=WriteConcern(w=1))


def _insert(collection: Collection[Document], rows: list[Document]) -> None:
    if not rows:
        return
    try:
        collection.insert_many(rows, ordered=False)
    except BulkWriteError as error:
        # History that cannot be written holds up nobody's news.
        if not only_duplicates(error):
            codes = sorted({one.get("code") for one in error.details["writeErrors"]}, key=str)
            log.warning("decisions could not be kept", collection=collection.name, codes=codes)


def _event_row(d: EventDecision, now: datetime, expires_at: datetime) -> Document:
    row: Document = {
        "_id": d.event_id,
        "key": d.key,
        "order": d.order,
        "outcome": d.outcome,
        "changed_at": d.changed_at,
        "decided_at": now,
        "expires_at": expires_at,
    }
    optional: Mapping[str, Any] = {
        "subject": d.subject,
        "version": d.version if d.version != d.order else None,
        "found_late": d.found_late or None,
        "changes": differing(d.before, d.value) or None,
    }
    row |= {name: value for name, value in optional.items() if value is not None}
    if d.arrival is not None:
        row |= {
            "topic": d.arrival.topic,
            "partition": d.arrival.partition,
            "offset": d.arrival.offset,
            "read_at": d.arrival.read_at,
        }
        if d.arrival.published_at is not None:
            row["published_at"] = d.arrival.published_at
    return row


def _quiet_row(channel: str, d: QuietDecision, now: datetime, expires_at: datetime) -> Document:
    c = d.conversation
    # What people choose, they may choose anew: until when is part of it.
    chosen = f".{d.until:%Y%m%dT%H%M}" if d.until and d.reason in HELD else ""
    row: Document = {
        # The same decision about the same state is one, however often it is made.
        "_id": f"{c.id}@{c.order}/{d.action}.{d.reason}{chosen}",
        "conversation": c.id,
        "person": c.person,
        "subject": c.subject,
        "channel": channel,
        "order": c.order,
        "event_id": c.event_id,
        "action": d.action,
        "reason": d.reason,
        "due_at": c.due_at,
        "decided_at": now,
        "expires_at": expires_at,
    }
    optional: Mapping[str, Any] = {
        "role": str(d.role) if d.role else None,
        "kinds": [str(kind) for kind in d.kinds] or None,
        "changes": differing(d.heard, c.want) or None,
        "changed_at": c.changed_at,
        "until": d.until,
    }
    return row | {name: value for name, value in optional.items() if value is not None}
