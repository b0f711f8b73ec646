"""Gap reports: nothing is counted twice, and an interrupted snapshot goes on under the same report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from app.store.gaps import START, TOKEN, Gaps

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
BLIND_FROM = NOW - timedelta(minutes=5)


@pytest.fixture
def gaps(database: Database[dict[str, Any]]) -> Gaps:
    return Gaps(database, lambda: NOW)


def announce(database: Database[dict[str, Any]], number: int, event_id: str, *, late: bool = True) -> None:
    subject = f"flight:{number}"
    database.announcements.insert_one(
        {"_id": f"{subject}@{event_id}", "subject": subject, "event_id": event_id, "found_late": late}
    )


def tell(database: Database[dict[str, Any]], number: int, event_id: str, person: str, status: str) -> None:
    database.notifications.insert_one(
        {"subject": f"flight:{number}", "event_id": event_id, "person": person, "status": status}
    )


def test_differences_and_people_are_counted_once_however_often_it_is_done(
    gaps: Gaps, database: Database[dict[str, Any]]
) -> None:
    gap = gaps.begin("flights", TOKEN, BLIND_FROM, "a1", 2)
    announce(database, 1, "a1:f1")  # read
    announce(database, 2, "a1/f2")  # found gone at the marker
    announce(database, 3, "a1:f3", late=False)
    announce(database, 4, "a10:f4")  # another snapshot
    announce(database, 5, "8265")  # seen as it happened
    for channel in ("email", "sms"):
        tell(database, 1, "a1:f1", "ann", "sent")
        tell(database, 2, "a1/f2", "ann", "sent")
        tell(database, 2, "a1/f2", f"bob by {channel}", "failed")
    tell(database, 5, "8265", "cas", "sent")
    gaps.published(gap.id, 585)
    for _ in range(2):
        assert gaps.compared("a1", 0) is None
    found = gaps.compared("a1", 1)
    assert found is not None
    assert (found.found_late, found.told, found.documents) == (2, 1, 585)
    assert (found.blind_s, found.compared_at, found.first) == (300, NOW, False)
    assert gaps.compared("a1", 1) is None  # read again from Kafka: the report is told once
    tell(database, 2, "a1/f2", "dan", "sent")
    gaps.recount_since(NOW - timedelta(hours=1))
    assert gaps.latest(5)[0].told == 2
    assert gaps.latest(5)[0].found_late == 2


def test_an_interrupted_snapshot_goes_on_under_its_report(
    gaps: Gaps, database: Database[dict[str, Any]]
) -> None:
    first = gaps.begin("flights", TOKEN, BLIND_FROM, "a1", 2)
    announce(database, 1, "a1:f1")
    assert gaps.compared("a1", 0) is None
    # After a crash nobody knows any more why the position was cleared.
    again = gaps.begin("flights", START, None, "b2", 2)
    assert (again.id, again.cause, again.blind_from) == (first.id, TOKEN, BLIND_FROM)
    assert again.snapshots == ("a1", "b2")
    announce(database, 2, "b2:f2")
    gaps.published(again.id, 2)
    assert gaps.compared("a1", 1) is None  # a marker of the old one says nothing any more
    assert gaps.compared("b2", 0) is None
    found = gaps.compared("b2", 1)
    assert found is not None
    assert found.found_late == 2
    assert gaps.begin("flights", TOKEN, NOW, "c3", 2).id == "c3"


def test_a_first_start_is_no_gap_and_a_removed_position_is(gaps: Gaps) -> None:
    first = gaps.begin("flights", START, None, "a1", 1)
    gaps.published(first.id, 3)
    assert first.first
    assert gaps.latest(5) == []
    again = gaps.begin("flights", START, None, "b2", 1)
    assert not again.first
    assert [gap.id for gap in gaps.latest(5)] == ["b2"]
    assert gaps.latest(5)[0].blind_s is None


def test_of_collections_that_nothing_is_told_about_nothing_is_counted(gaps: Gaps) -> None:
    gap = gaps.begin("prices", TOKEN, BLIND_FROM, "a1", 1)
    gaps.published(gap.id, 9)
    gaps.recount_since(NOW - timedelta(hours=1))
    found = gaps.latest(1)[0]
    assert (found.found_late, found.told, found.documents) == (None, None, 9)


def test_a_marker_of_no_known_snapshot_ends_nothing(gaps: Gaps) -> None:
    assert gaps.compared("from before there were reports", 0) is None
