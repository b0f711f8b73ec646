"""Settings of the inbox on people's own pages. Part of `app.settings.Settings`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class InboxSettings(BaseSettings):
    """Fields of `Settings`; never used by itself."""

    inbox: bool = Field(
        True, description="People who sign in have an inbox on their pages; needs SECRET_KEY."
    )
    inbox_connections: int = Field(2, ge=1, le=64, description="Entries written to inboxes at the same time.")
    inbox_keep_days: int = Field(30, ge=1, le=3650, description="How long an inbox keeps an entry (days).")
    inbox_waiting: int = Field(
        64, ge=0, le=10_000, description="Pages that may wait for their inbox at the same time, a process."
    )
