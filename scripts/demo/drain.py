"""Waiting until the pipeline is quiet: everything saved has been decided on and handed over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.database import Database

Document = dict[str, Any]

_LOOK_EVERY_S = 0.25


def wait_quiet(
    look: Callable[[], tuple[bool, object]], *, quiet_s: float, timeout_s: float, stop: threading.Event
) -> float | None:
    """Wait until `look` says (True, x) with the same x for quiet_s seconds; None after timeout_s, or on stop.

    Returns the seconds until it became quiet, those of watching that it stayed so not counted.
    """
    started = time.monotonic()
    since, last = started, object()
    while time.monotonic() - started < timeout_s:
        well, state = look()
        now = time.monotonic()
        if not well or state != last:
            since, last = now, state
        elif now - since >= quiet_s:
            return since - started
        if stop.wait(_LOOK_EVERY_S):
            return None
    return None


def first_reading_is_done(database: Database[Document], flights: int) -> tuple[bool, object]:
    """Whether the notifier knows every flight; what changes while it still makes conversations."""
    known = database["known"].estimated_document_count()
    conversations = database["conversations"].estimated_document_count()
    return known >= flights and _due(database) == 0, (known, conversations)


def all_is_told(database: Database[Document], seen: int, wanted: int) -> tuple[bool, object]:
    """Whether the feed has shown all that is wanted, fare alerts have read it, and nobody is due a message now."""
    ledger = database["notifications"].estimated_document_count()
    is_read = database["alerts"].count_documents({"due_at": {"$exists": True}}) == 0
    return seen >= wanted and is_read and _due(database) == 0, (seen, ledger)


def _due(database: Database[Document]) -> int:
    """Conversations that are due within a minute, alone or in a digest; what waits for a gate's window is not."""
    soon = {"$lt": datetime.now(UTC) + timedelta(minutes=1)}
    return database["conversations"].count_documents(
        {"$or": [{"due_at": soon}, {"fold": soon}], "status": "open"}
    )
