"""Delivery to the inbox, with real MongoDB as its provider: one entry a message, whatever dies in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.channels.inbox import InboxChannel
from app.domain.errors import PermanentError
from app.domain.people import Person
from app.domain.reports import Report, State
from app.domain.wording import Message
from app.store.callbacks import Callbacks
from app.store.suppressions import Suppressions
from tests.channels.test_email import MESSAGE
from tests.delivery.world import B, C, Crash, HookedChannel, World
from tests.inbox.stand import KEY, inbox_stand

LINKED = {"linked": {"inbox": {"address": "p1"}}}


def entries(world: World) -> list[dict[str, Any]]:
    return list(world.database["inbox"].find().sort("at"))


def test_news_is_an_entry_with_all_that_a_page_shows(world: World) -> None:
    world.person(**LINKED)
    conversation = world.conversation()
    assert world.worker().deliver_due() == 1
    (found,) = entries(world)
    assert (found["person"], found["conversation"]) == ("p1", conversation)
    assert (found["subject"], found["kind"]) == ("flight:f1", "flight")
    assert "C71" in found["title"]
    assert found["lines"]
    assert found["link"]["url"].startswith("/f/UA407/")
    assert found["why"].startswith("/why/")
    assert found["unseen"] is True
    assert found["expires_at"] - found["at"] == timedelta(days=30)
    row = world.row()
    assert row is not None
    assert row["status"] == "sent"
    assert row["attempts"][0]["provider_id"] == found["_id"]


def test_whoever_has_no_inbox_hears_nothing_there_and_gets_no_row(world: World) -> None:
    world.person()
    world.conversation()
    world.worker().deliver_due()
    assert entries(world) == []
    assert world.row() is None
    assert world.stored()["reason"] == "not_linked"


def test_an_inbox_that_is_said_to_be_another_persons_is_never_written_to(world: World) -> None:
    world.person(linked={"inbox": {"address": "p2"}})
    world.conversation()
    world.worker().deliver_due()
    assert entries(world) == []
    channel = InboxChannel(world.settings)
    with pytest.raises(PermanentError):
        channel.pack("flight:f1|p1|inbox", Person("p1", "Ada", linked={"inbox": "p2"}), MESSAGE)


def test_a_process_that_dies_after_the_entry_was_written_writes_no_second_one(world: World) -> None:
    def die() -> None:
        raise Crash("after the insert")

    world.person(**LINKED)
    world.conversation()
    with pytest.raises(Crash):
        world.worker(channel=HookedChannel(world.channel, after=die)).deliver_due()
    assert len(entries(world)) == 1
    assert world.row() is None
    world.lapse()
    world.worker().deliver_due()
    (found,) = entries(world)
    row = world.row()
    assert row is not None
    assert row["status"] == "sent"
    assert row["attempts"][-1]["provider_id"] == found["_id"]
    assert not found["title"].lower().startswith("now")


def test_an_answer_that_is_lost_is_asked_for_and_makes_no_second_entry(
    mongo_uri: str, world: World, database_uri: str
) -> None:
    with inbox_stand(mongo_uri) as stand:
        settings = stand.settings(mongodb_uri=database_uri, send_timeout_s=3, claim_lease_s=8)
        channel = InboxChannel(settings)
        world.person(**LINKED)
        world.conversation()
        stand.lose_answer()
        worker = world.worker(channel=channel)
        worker.deliver_due()
        assert world.stored()["doubt"]
        world.hurry()
        world.database["provider_state"].delete_many({})
        worker.deliver_due()
        assert len(entries(world)) == 1
        row = world.row()
        assert row is not None
        assert row["status"] == "sent"
        assert "doubt" not in world.stored()


def test_the_same_news_again_later_is_an_entry_of_its_own(world: World) -> None:
    world.person(**LINKED)
    world.conversation()
    worker = world.worker()
    worker.deliver_due()
    for number, value in enumerate((C, B), start=2):
        world.wants(value, number)
        worker.deliver_due()
    said = [one["lines"] for one in entries(world)]
    assert len(said) == 3
    assert said[0] != said[1]


@pytest.mark.parametrize(
    "chosen",
    [
        {"quiet": {"from": "00:00", "until": "23:59"}, "urgent_passes": False},
        {"digest": {"every": "daily", "at": "20:00"}},
        {"paused_until": datetime(2150, 1, 1), "urgent_passes": False},  # noqa: DTZ001 - as MongoDB has it
        {"daily_max": 1},
    ],
)
def test_what_holds_other_channels_back_holds_nothing_back_here(world: World, chosen: dict[str, Any]) -> None:
    world.person(**LINKED, preferences=chosen)
    world.conversation()
    worker = world.worker()
    worker.deliver_due()
    world.wants(C, 2)
    worker.deliver_due()
    assert len(entries(world)) == 2
    assert world.database["daily_counts"].count_documents({}) == 0


def test_an_entry_that_was_seen_is_read_for_the_ledger(world: World) -> None:
    world.person(**LINKED)
    world.conversation()
    world.worker().deliver_due()
    (found,) = entries(world)
    callbacks = Callbacks(world.database, Suppressions(world.database, world.settings))
    callbacks.take(Report("inbox", found["_id"], State.READ, words="seen on the page"), world.terms.now())
    row = world.row()
    assert row is not None
    assert row["delivery"]["state"] == "read"


def test_a_test_message_is_an_entry_of_whoever_asked_for_it(world: World) -> None:
    channel = InboxChannel(world.settings)
    sender = channel.open()
    try:
        parcel = channel.pack("service 1", Person("", "", linked={"inbox": "p1"}), MESSAGE)
        sender.send(replace(parcel, why=None), 5)
        sender.send(parcel, 5)
    finally:
        sender.close()
    (found,) = entries(world)
    assert (found["person"], found["kind"], found["subject"]) == ("p1", "service", None)
    assert KEY not in str(found)


def test_what_bson_has_no_room_for_is_refused_for_good(world: World) -> None:
    channel = InboxChannel(world.settings)
    sender = channel.open()
    try:
        huge: Message = replace(MESSAGE, opening="x" * (17 * 1024 * 1024))
        parcel = channel.pack("flight:f1|p1|inbox", Person("p1", "Ada", linked={"inbox": "p1"}), huge)
        with pytest.raises(PermanentError):
            sender.send(parcel, 10)
    finally:
        sender.close()
    assert entries(world) == []
