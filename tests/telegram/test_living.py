"""One living message for each conversation, through delivery: edited, told aloud where it matters, begun anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from app.channels.telegram import TelegramChannel
from app.domain.flight import Status
from tests.delivery.conftest import settings_for
from tests.delivery.world import A, B, C, World, flight
from tests.telegram.fake import KEY, TOKEN, BadTelegram

CHAT = 7001
EARLY = flight(gate="C71", status=Status.CANCELLED)


@pytest.fixture
def world(database: Database[dict[str, Any]], database_uri: str, telegram: BadTelegram) -> Iterator[World]:
    settings = settings_for(
        database_uri,
        telegram_bot_token=TOKEN,
        telegram_api_base_url=telegram.url,
        telegram_connections=1,
        telegram_rate=None,
        secret_key=KEY,
        send_timeout_s=3,
        claim_lease_s=8,
    )
    telegram.write(CHAT, "/start")
    sure = database.with_options(write_concern=WriteConcern("majority"), read_concern=ReadConcern("majority"))
    made = World(sure, settings, TelegramChannel(settings))
    made.person(linked={"telegram": {"address": str(CHAT)}})
    yield made
    made.close()


def deliver(world: World) -> None:
    worker = world.worker()
    while worker.deliver_due():
        pass


def test_a_gate_long_before_departure_edits_in_silence(world: World, telegram: BadTelegram) -> None:
    world.conversation()
    deliver(world)
    world.wants(C, 2)
    deliver(world)
    (message,) = (one for one in telegram.chat(CHAT).messages if one.by_bot)
    assert message.silent  # five hours before departure
    assert "C72" in message.text
    assert len(message.history) == 1
    rows = [world.row(), world.row(at=2)]
    ids = {row["attempts"][0]["provider_id"] for row in rows if row}
    assert len(ids) == 1
    assert world.stored()["heard"] == C.to_document()


def test_a_cancellation_edits_and_is_told_aloud(world: World, telegram: BadTelegram) -> None:
    world.conversation()
    deliver(world)
    world.wants(EARLY, 2)
    deliver(world)
    living, short = (one for one in telegram.chat(CHAT).messages if one.by_bot)
    assert "is cancelled" in living.text
    assert "is cancelled" in short.text
    assert short.reply_to == living.id
    assert not short.silent


def test_a_person_who_links_another_chat_gets_a_message_of_its_own_there(
    world: World, telegram: BadTelegram
) -> None:
    world.conversation()
    deliver(world)
    telegram.write(7002, "/start")
    world.database["users"].update_one({"_id": "p1"}, {"$set": {"linked.telegram.address": "7002"}})
    world.wants(C, 2)
    deliver(world)
    assert "C71" in telegram.texts(CHAT)[0]
    assert "C72" in telegram.texts(7002)[0]
    assert not telegram.of("editMessageText")


def test_a_message_that_the_person_deleted_is_followed_by_a_new_one(
    world: World, telegram: BadTelegram
) -> None:
    world.conversation()
    deliver(world)
    telegram.forget(CHAT, next(one.id for one in telegram.chat(CHAT).messages if one.by_bot))
    world.wants(C, 2)
    deliver(world)
    (text,) = telegram.texts(CHAT)
    assert "C72" in text
    world.wants(A, 3)
    deliver(world)
    assert len(telegram.texts(CHAT)) == 1


def test_a_lost_answer_is_a_doubt_that_says_how_it_is_now(world: World, telegram: BadTelegram) -> None:
    telegram.drop = 1
    world.conversation()
    deliver(world)
    assert world.stored()["doubt"]
    world.database["conversations"].update_many({}, {"$unset": {"not_before": ""}})
    deliver(world)
    assert world.stored()["heard"] == B.to_document()
    _, second = telegram.texts(CHAT)
    assert "(was" not in second


def test_a_blocked_bot_suppresses_the_chat_with_its_reason(world: World, telegram: BadTelegram) -> None:
    telegram.block(CHAT)
    world.conversation()
    deliver(world)
    row = world.row()
    assert row is not None
    assert row["status"] == "failed"
    (kept,) = world.database["suppressions"].find({"channel": "telegram"})
    assert (kept["reason"], kept["code"]) == ("blocked", "403")
    assert str(CHAT) not in str(kept)
    world.wants(C, 2)
    deliver(world)
    second = world.row(at=2)
    assert second is not None
    assert (second["status"], second["reason"]) == ("skipped", "suppressed_blocked")


def test_a_chat_that_is_asked_to_wait_waits_as_long_as_telegram_says(
    world: World, telegram: BadTelegram
) -> None:
    telegram.refuse("sendMessage", 429, "Too Many Requests: retry after 40", retry_after=40)
    world.conversation()
    deliver(world)
    stored = world.stored()
    assert (stored["not_before"] - stored["changed_at"]).total_seconds() >= 39
    state = world.database["provider_state"].find_one({"_id": "telegram"}) or {}
    assert state.get("state", "closed") == "closed"


def followed(world: World, count: int) -> None:
    """The person has conversations about so many other flights, with news in each."""
    world.conversation()
    row = world.stored()
    for number in range(2, count + 2):
        key = f"f{number}"
        world.database["bookings"].insert_one(
            {"_id": f"b-{key}", "user_id": "p1", "flight_id": key, "status": "confirmed"}
        )
        world.database["conversations"].insert_one(
            row | {"_id": f"flight:{key}|p1|telegram", "subject": f"flight:{key}"}
        )


def test_all_conversations_of_a_chat_wait_when_it_is_told_to_and_none_loses_a_try(
    world: World, telegram: BadTelegram
) -> None:
    world.terms = replace(world.terms, tries=1)
    telegram.refuse("sendMessage", 429, "Too Many Requests: retry after 300", retry_after=300)
    followed(world, 5)
    deliver(world)
    rows = list(world.database["conversations"].find())
    assert len(telegram.of("sendMessage")) == 1
    assert [(row["status"], row["attempts"]) for row in rows] == [("open", 0)] * 6
    assert min((row["not_before"] - row["changed_at"]).total_seconds() for row in rows) >= 290
    world.wants(EARLY, 2)  # more urgent, and in the same chat
    deliver(world)
    assert len(telegram.of("sendMessage")) == 1
    assert "doubt" not in world.stored()
    state = world.database["provider_state"].find_one({"_id": "telegram"}) or {}
    assert state.get("state", "closed") == "closed"


def test_a_refused_token_opens_the_breaker_and_blames_no_message(world: World, telegram: BadTelegram) -> None:
    telegram.refuse("sendMessage", 401, "Unauthorized")
    world.conversation()
    deliver(world)
    (state,) = world.database["provider_state"].find({"_id": "telegram"})
    assert state["state"] == "open"
    assert TOKEN not in str(state)
    assert world.stored()["attempts"] == 0
