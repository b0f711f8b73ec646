"""The collections the alerts consumer works with, as one argument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pymongo.database import Database

from app.domain.clock import Now, system_now
from app.store.alert_conversations import AlertConversations
from app.store.announcements import Announcements
from app.store.audience import Audience
from app.store.conversations import Conversations
from app.store.dead_letters import DeadLetters
from app.store.doorbells import Doorbells
from app.store.due_alerts import DueAlerts
from app.store.people import People


@dataclass(frozen=True, slots=True)
class Stores:
    """One object per collection; tests replace single ones. database: writes wait for a majority."""

    database: Database[dict[str, Any]]
    alerts: DueAlerts
    alert_conversations: AlertConversations
    announcements: Announcements
    audience: Audience
    conversations: Conversations
    dead_letters: DeadLetters
    doorbells: Doorbells
    people: People

    @classmethod
    def of(cls, database: Database[dict[str, Any]], now: Now = system_now) -> Stores:
        """All of one database. now: system clock."""
        return cls(
            database=database,
            alerts=DueAlerts(database),
            alert_conversations=AlertConversations(database),
            announcements=Announcements(database, now),
            audience=Audience(database),
            conversations=Conversations(database),
            dead_letters=DeadLetters(database, now),
            doorbells=Doorbells(database),
            people=People(database),
        )
