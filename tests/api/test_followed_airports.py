"""A followed airport on its way through the watcher and the notifier: it breaks nothing, and tells nobody yet."""

from __future__ import annotations

from datetime import UTC, datetime

from app.store.own_followings import OwnFollowings
from tests.notifier.conftest import world  # noqa: F401 - fixtures
from tests.notifier.world import World
from tests.watchers.conftest import (  # noqa: F401 - fixtures
    Line,
    line,
    make_line,
    markers,
    without_snapshots,
)


def test_an_airport_that_is_followed_is_an_event_and_no_dead_letter(line: Line) -> None:  # noqa: F811
    reader = line.reader("followings")
    with line.watching("followings"):
        reader.until(markers(3))
        OwnFollowings(line.database).add_airport("u1", "u1", "EWR", datetime.now(UTC))
        events = without_snapshots(reader.until(without_snapshots))
    assert [event.key for event in events] == ["airport:EWR"]
    assert events[0].after == {"user_id": "u1", "flight_id": "airport:EWR"}
    assert line.database.dead_letters.count_documents({}) == 0


def test_the_notifier_makes_no_conversation_of_it(world: World) -> None:  # noqa: F811
    world.handle(world.flight(1))
    world.handle(world.follows("u1", "airport:EWR"), world.follows("u2", "f1"))
    world.handle(world.flight(2, gate="C71"))
    assert world.db.conversations.distinct("person") == ["u2"]
    assert world.db.dead_letters.count_documents({}) == 0
