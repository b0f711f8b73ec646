"""Resume tokens: token and topic id are one value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database

from app.store.resume_tokens import Position, ResumeTokens

AT = datetime(2026, 12, 1, tzinfo=UTC)


def test_positions_come_back_as_stored_and_cleared_ones_are_none(database: Database[dict[str, Any]]) -> None:
    tokens = ResumeTokens(database)
    assert tokens.load("flights") is None
    for position in (Position(token={"_data": "8263"}), Position(start_at=(5, 6))):
        tokens.save("flights", position, "topic/3", AT)
        stored = tokens.load("flights")
        assert stored is not None
        assert (stored.position, stored.topic_id, stored.saved_at) == (position, "topic/3", AT)
    assert tokens.load("prices") is None
    tokens.clear("flights", AT)
    assert tokens.load("flights") is None
    assert database.resume_tokens.count_documents({}) == 1
