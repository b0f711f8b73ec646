"""The collections the notices consumer works with, as one argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pymongo.database import Database

from app.domain.clock import Now, system_now
from app.store.announcements import Announcements
from app.store.audience import Audience
from app.store.conversations import Conversations
from app.store.dead_letters import DeadLetters
from app.store.decisions import KEEP, Decisions
from app.store.doorbells import Doorbells
from app.store.notice_audience import NoticeAudience


@dataclass(frozen=True, slots=True)
class Stores:
    """One object per collection; tests replace single ones. database: writes wait for a majority."""

    database: Database[dict[str, Any]]
    announcements: Announcements
    decisions: Decisions
    conversations: Conversations
    people: Audience
    reached: NoticeAudience
    dead_letters: DeadLetters
    doorbells: Doorbells

    @classmethod
    def of(
        cls, database: Database[dict[str, Any]], now: Now = system_now, keep_decisions: timedelta = KEEP
    ) -> Stores:
        """All of one database. now: system clock."""
        return cls(
            database=database,
            announcements=Announcements(database, now),
            decisions=Decisions(database, keep_decisions),
            conversations=Conversations(database),
            people=Audience(database),
            reached=NoticeAudience(database),
            dead_letters=DeadLetters(database, now),
            doorbells=Doorbells(database),
        )
