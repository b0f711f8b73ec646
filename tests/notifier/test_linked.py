"""Channels that people link: conversations for those who linked them, whenever they do, and silent at first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pytest

from app.domain.events import Op
from app.store.audience import Audience
from app.store.linked import LinkedChannels
from app.store.suppressions import Suppressions
from tests.delivery.conftest import settings_for
from tests.notifier.world import World

BOTH = ("email", "webhook")
URL = "https://example.org/hook"


def links_of(world: World) -> LinkedChannels:
    settings = settings_for("mongodb://127.0.0.1/x")
    return LinkedChannels(world.db, Suppressions(world.db, settings))


def person(world: World, id_: str, *, linked: bool = False) -> None:
    world.db.users.insert_one({"_id": id_, "name": id_, "email": f"{id_}@example.org"})
    if linked:
        link(world, id_)


def link(world: World, id_: str, url: str = URL) -> None:
    assert links_of(world).link(id_, "webhook", url, world.now)


def channels_of(world: World, person: str) -> set[str]:
    return {row["channel"] for row in world.db.conversations.find({"person": person})}


@pytest.fixture
def two(world: World) -> World:
    """Ada linked a webhook, Bob did not; both are booked on a flight whose gate is known."""
    world.channels = BOTH
    for name in ("ada", "bob"):
        person(world, name, linked=name == "ada")
        world.handle(world.books(name))
    world.handle(world.flight(1, gate="C70"))
    return world


def test_only_who_linked_a_channel_has_conversations_on_it(two: World) -> None:
    assert channels_of(two, "ada") == {"email", "webhook"}
    assert channels_of(two, "bob") == {"email"}
    two.deliver()
    two.handle(two.flight(2, gate="C71"))
    assert {
        (row["person"], row["channel"]) for row in two.db.conversations.find({"due_at": {"$exists": True}})
    } == {
        ("ada", "email"),
        ("ada", "webhook"),
        ("bob", "email"),
    }


def test_a_channel_that_is_off_has_none_whoever_linked_it(world: World) -> None:
    world.channels = ("email",)
    person(world, "ada", linked=True)
    world.handle(world.books("ada"), world.flight(1))
    assert channels_of(world, "ada") == {"email"}


def test_linked_later_it_begins_in_silence_with_what_was_announced(two: World) -> None:
    two.handle(two.flight(2, gate="C71"))
    two.deliver()
    link(two, "bob")
    (asked,) = two.db.read_requests.find({"collection": "bookings"})
    assert asked["document_id"] == "b-bob-f1"
    fresh = {"user_id": "bob", "flight_id": "f1"}
    two.handle(two.event(3, "bookings", "f1", Op.SNAPSHOT, after=fresh, document="b-bob-f1"))
    made = two.conversation("bob", channel="webhook")
    assert made["heard"] == made["want"] == two.conversation("bob")["want"]
    assert made["heard"]["gate"] == "C71"
    assert "due_at" not in made
    two.handle(two.flight(4, gate="C72"))
    told = two.conversation("bob", channel="webhook")
    assert (told["heard"]["gate"], told["want"]["gate"]) == ("C71", "C72")
    assert "due_at" in told


def test_the_next_news_makes_it_too_and_tells_just_that(two: World) -> None:
    two.handle(two.flight(2, gate="C71"))
    two.deliver()
    link(two, "bob")  # and whoever should read afresh is late
    two.handle(two.flight(3, gate="C72"))
    told = two.conversation("bob", channel="webhook")
    assert (told["heard"]["gate"], told["want"]["gate"]) == ("C71", "C72")
    assert "due_at" in told


def test_what_is_followed_is_read_afresh_too_and_what_nobody_talks_of_is_not(two: World) -> None:
    two.db.followings.insert_one(
        {"_id": "w1", "user_id": "bob", "flight_id": "airport:EWR", "airport": "EWR"}
    )
    two.db.bookings.insert_one({"_id": "b9", "user_id": "bob", "flight_id": "f9", "status": "confirmed"})
    link(two, "bob")
    assert {row["document_id"] for row in two.db.read_requests.find()} == {"w1", "b-bob-f1"}
    two.db.read_requests.delete_many({})
    two.db.bookings.update_one({"_id": "b-bob-f1"}, {"$set": {"status": "cancelled"}})
    link(two, "bob")
    assert {row["document_id"] for row in two.db.read_requests.find()} == {"w1"}


def test_a_link_that_was_stopped_counts_as_none(two: World) -> None:
    links = links_of(two)
    assert links.stop("ada", "webhook", URL, "gone", "410 Gone", two.now)
    assert not links.stop("ada", "webhook", URL, "gone", "410 Gone", two.now), "told once"
    two.db.conversations.delete_many({})
    two.handle(two.flight(2, gate="C71"))
    assert channels_of(two, "ada") == {"email"}


def test_a_fan_out_asks_once_who_linked_what(two: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, Sequence[str]]] = []
    real = Audience.channels_of

    def counting(
        self: Audience, persons: Collection[str], base: Sequence[str], linked: Sequence[str]
    ) -> dict[str, tuple[str, ...]]:
        if persons and linked:
            asked.append((len(persons), linked))
        return real(self, persons, base, linked)

    monkeypatch.setattr(Audience, "channels_of", counting)
    two.handle(two.flight(2, gate="C71"))
    assert asked == [(2, ("webhook",))]


def test_the_query_touches_no_document_of_anybody(two: World) -> None:
    for number in range(300):
        two.db.users.insert_one({"_id": f"x{number}", "name": "X", "email": f"x{number}@example.org"})
    everybody = [*(f"x{number}" for number in range(300)), "ada", "bob"]
    found = two.stores.audience.channels_of(everybody, ("email",), ("webhook",))
    assert {name for name, some in found.items() if "webhook" in some} == {"ada"}
    wanted: dict[str, Any] = {"_id": {"$in": everybody}, "linked": {"$exists": True}}
    plan = two.db.users.find(wanted, {"linked": 1}).hint("linked").explain()
    assert plan["executionStats"]["totalDocsExamined"] <= 1
