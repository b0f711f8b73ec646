"""The health page tells of gaps: from when to when changes were not seen, why, and what was found."""

from __future__ import annotations

from datetime import timedelta

from app.store.gaps import ASKED, START, TOPIC, Gaps
from tests.pages.conftest import NOW, World


def test_gaps_of_the_last_day_are_told_and_older_ones_and_first_starts_are_not(world: World) -> None:
    world.database.gaps.delete_many({})
    gaps = Gaps(world.database, world.now)
    for collection, cause in (("prices", START), ("flights", START)):
        gaps.published(gaps.begin(collection, cause, None, f"{collection}-first", 1).id, 7)
    assert "not seen" not in world.get("/health")
    gap = gaps.begin("flights", TOPIC, NOW - timedelta(hours=20), "aa", 1)
    world.pass_time(seconds=2)  # what was drawn is kept for a second
    page = world.get("/health")
    assert (
        "flights not seen from 7 Feb 23:42:00 to 19:42:00 UTC:"
        " the topic was made again or has other partitions. No difference found late, 0 people told." in page
    )
    assert '<span class="tag tag-warn">Open</span>' in page
    gaps.published(gap.id, 1585)
    assert gaps.compared("aa", 0) is not None
    gaps.published(gaps.begin("prices", ASKED, NOW, "bb", 1).id, 12)
    world.pass_time(minutes=2)
    page = world.get("/health")
    assert "1,585 documents compared." in page
    assert "prices not seen from 19:42:00 to 19:42:02 UTC: a comparison was asked for. 12 documents" in page
    assert page.count('<span class="tag">Over</span>') == 2
    assert "<b>2 min ago</b>" in page
    world.pass_time(days=2)
    assert "not seen" not in world.get("/health")
