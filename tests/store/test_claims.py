"""What the senders ask for when they have nothing to do, and when thousands wait out a back-off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from app.store import schema
from app.store.claims import Claims

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)


@pytest.fixture
def claims(database: Database[dict[str, Any]]) -> Claims:
    """Of the channel "email", on collections with their indexes."""
    schema.ensure(database)
    return Claims(database, "email")


def row(number: int, **values: Any) -> dict[str, Any]:
    return {
        "_id": f"flight:{number}|p|email",
        "subject": f"flight:{number}",
        "person": "p",
        "channel": "email",
        "status": "open",
        "order": "1",
        "priority": 1,
        "attempts": 0,
        "heard": None,
        "want": None,
    } | values


def test_nothing_waits_in_an_empty_system(claims: Claims) -> None:
    assert claims.next_due(NOW) is None


@pytest.mark.parametrize("priority", [0, 1, 2])
def test_the_next_moment_is_the_earliest_of_any_priority(
    claims: Claims, database: Database[dict[str, Any]], priority: int
) -> None:
    soon, later = NOW + timedelta(seconds=3), NOW + timedelta(seconds=9)
    others = [row(number, due_at=later, priority=number) for number in range(3)]
    database.conversations.insert_many([*others, row(9, due_at=soon, priority=priority)])
    assert claims.next_due(NOW) == soon


def test_the_end_of_a_back_off_is_such_a_moment(claims: Claims, database: Database[dict[str, Any]]) -> None:
    ends = NOW + timedelta(seconds=2)
    database.conversations.insert_many(
        [
            row(1, due_at=NOW - LEASE, not_before=ends),
            row(2, due_at=NOW + LEASE, not_before=NOW + timedelta(seconds=1)),  # not due when it ends
            row(3, due_at=NOW - LEASE, not_before=ends - timedelta(seconds=1), channel="sms"),
        ]
    )
    assert claims.next_due(NOW) == ends


def test_thousands_in_a_back_off_are_passed_over_without_reading_them(
    claims: Claims, database: Database[dict[str, Any]]
) -> None:
    held = NOW + timedelta(minutes=5)
    database.conversations.insert_many(
        [*(row(n, due_at=NOW - LEASE, not_before=held) for n in range(3_000)), row(9_999, due_at=NOW)]
    )
    database.command("profile", 2)
    try:
        batch, left = claims.claim("token", NOW, LEASE, limit=10)
        assert claims.next_due(NOW) == held
    finally:
        database.command("profile", 0)
    assert ([c.id for c in batch], left) == (["flight:9999|p|email"], False)
    asked = database["system.profile"].find({"ns": f"{database.name}.conversations"})
    assert max(one.get("docsExamined", 0) for one in asked) <= 10
