"""The collections the airports consumer works with, as one argument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pymongo.database import Database

from app.domain.clock import Now, system_now
from app.store.airport_days import AirportDays
from app.store.announcements import Announcements
from app.store.audience import Audience
from app.store.conversations import Conversations
from app.store.doorbells import Doorbells


@dataclass(frozen=True, slots=True)
class Stores:
    """One object per collection; tests replace single ones. database: writes wait for a majority."""

    database: Database[dict[str, Any]]
    days: AirportDays
    announcements: Announcements
    conversations: Conversations
    audience: Audience
    doorbells: Doorbells

    @classmethod
    def of(cls, database: Database[dict[str, Any]], now: Now = system_now) -> Stores:
        """All of one database. now: system clock."""
        return cls(
            database=database,
            days=AirportDays(database),
            announcements=Announcements(database, now),
            conversations=Conversations(database),
            audience=Audience(database),
            doorbells=Doorbells(database),
        )
