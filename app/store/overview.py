"""What the health page reads from several collections: counts and times, never a person or a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pymongo import DESCENDING
from pymongo.database import Database

from app.domain.namespaces import WATCHED
from app.store.claims import Claims
from app.store.dead_letters import DeadLetters
from app.store.gaps import Gap, Gaps
from app.store.provider_state import Standing, all_standings

Document = dict[str, Any]

MOST_ROWS = 5_000
"""So many notifications are read; of a storm the newest."""

MOST_DUE = 10_000
"""So many conversations are counted as due."""

_FRESH = timedelta(hours=1)
_GAPS_SHOWN_FOR = timedelta(hours=24)


@dataclass(slots=True)
class ChannelFigures:
    """One channel: what is due now, and the notifications begun in the time looked at.

    seconds: from the save to the provider's acceptance, of each message sent, sorted. down_since: of its first
    provider, None when that is up.
    """

    due: int = 0
    oldest_due: datetime | None = None
    sent: int = 0
    retried: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: list[float] = field(default_factory=list)
    down_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the health page knows from MongoDB.

    primary, members: of the replica set; None and 0 behind mongos. tokens: when each watched collection's resume
    token was saved, None where there is none. leases: names of those held now. announced: decisions since `since`;
    decided_at: of the latest one. gaps: of the last day, newest first.
    fresh_letters: dead letters that wait and were met in the last hour. is_capped: there were more notifications
    than are looked at, so what is counted of them are the newest ones.
    """

    primary: str | None
    members: int
    tokens: Mapping[str, datetime | None]
    leases: int
    flights: int
    announced: int
    decided_at: datetime | None
    channels: Mapping[str, ChannelFigures]
    waiting_letters: int
    letters: list[Document]
    gaps: Sequence[Gap] = ()
    fresh_letters: int = 0
    is_capped: bool = False


def read(database: Database[Document], channels: tuple[str, ...], now: datetime, since: datetime) -> Overview:
    """The state of now. now, since: system clock. Raises PyMongoError when MongoDB does not answer."""
    hello = database.client.admin.command("hello")
    saved = {row["_id"]: row.get("saved_at") for row in database.resume_tokens.find({}, {"saved_at": 1})}
    latest = database.announcements.find_one({}, {"decided_at": 1}, sort=[("changed_at", DESCENDING)])
    letters = DeadLetters(database)
    figures, is_capped = _channels(database, channels, now, since)
    return Overview(
        primary=hello.get("primary"),
        members=len(hello.get("hosts", ())),
        tokens={namespace.collection: saved.get(namespace.collection) for namespace in WATCHED},
        leases=database.leases.count_documents({"$expr": {"$gt": ["$until", "$$NOW"]}}),
        flights=database.flights.estimated_document_count(),
        announced=database.announcements.count_documents({"changed_at": {"$gte": since}}),
        decided_at=latest.get("decided_at") if latest else None,
        channels=figures,
        is_capped=is_capped,
        waiting_letters=letters.count(),
        letters=letters.list(limit=10),
        fresh_letters=letters.count(since=now - _FRESH),
        gaps=Gaps(database).latest(5, since=now - _GAPS_SHOWN_FOR),
    )


def _channels(
    database: Database[Document], channels: tuple[str, ...], now: datetime, since: datetime
) -> tuple[dict[str, ChannelFigures], bool]:
    """The figures by channel; True when there were more rows than are read."""
    found = {}
    standings = all_standings(database)
    for name in channels:
        due, oldest = Claims(database, name).backlog(now, at_most=MOST_DUE)
        since_when = standings.get(name, Standing()).since
        found[name] = ChannelFigures(due=due, oldest_due=oldest, down_since=since_when)
    names = (
        "channel",
        "status",
        "reason",
        "created_at",
        "changed_at",
        "sent_at",
        "attempts.outcome",
        "delivery",
    )
    fields = dict.fromkeys(names, 1)
    # The newest rows come last in the collection's own order, so reading backwards needs no index and stops early.
    rows = database.notifications.find({}, fields).sort("$natural", DESCENDING).limit(MOST_ROWS + 1)
    is_capped = False
    for number, row in enumerate(rows):
        created = row.get("created_at")
        if not isinstance(created, datetime) or created < since:
            break
        if number == MOST_ROWS:
            is_capped = True
            break
        figures = found.get(str(row.get("channel")))
        if figures is not None:
            _add(figures, row)
    for figures in found.values():
        figures.seconds.sort()
    return found, is_capped


def _add(figures: ChannelFigures, row: Mapping[str, Any]) -> None:
    attempts = row.get("attempts") or ()
    figures.retried += len(attempts) > 1 or row.get("status") == "retrying"
    if row.get("status") == "sent" and (row.get("delivery") or {}).get("state") == "undelivered":
        figures.failed += 1
    elif row.get("status") == "sent":
        figures.sent += 1
        saved, sent = row.get("changed_at"), row.get("sent_at")
        if isinstance(saved, datetime) and isinstance(sent, datetime) and sent >= saved:
            figures.seconds.append((sent - saved).total_seconds())
    elif row.get("status") == "failed":
        figures.failed += 1
    elif row.get("status") == "skipped":
        figures.skipped += 1
