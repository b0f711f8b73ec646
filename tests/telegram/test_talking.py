"""What people say to the bot and press, and what it answers."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.domain.errors import TransientError
from app.domain.reports import Refusal
from app.store.suppressions import Suppression, Suppressions
from tests.inserted_again import insert_again
from tests.telegram.world import CHAT, DAY, OTHER, BotWorld

NASTY = (
    '"}`',
    "_*[",
    "<b>",
    "</b>&amp;<script>",
    "&lt;",
    "a\u202eb",
    "`" * 50,
    "flight to Denver <tomorrow>",
)


def day() -> str:
    return f"{DAY.day} {DAY:%b}"


def followings(world: BotWorld, person: str = "p1") -> list[dict[str, object]]:
    return list(world.database["followings"].find({"user_id": person}))


@pytest.mark.parametrize("text", NASTY)
def test_what_is_not_understood_is_quoted_and_escaped(world: BotWorld, text: str) -> None:
    world.link()
    said = world.write(text)
    assert "I did not find a flight" in said
    assert "<b>" not in said
    assert "<script" not in said


@pytest.mark.parametrize(
    "text", ["UA 407", "ua407", "UA0407 {day}", "UA 407, {day}", "UA407 {iso}", "ua 407 {day} ewr"]
)
def test_a_flight_that_is_sent_is_followed(world: BotWorld, text: str) -> None:
    world.link()
    world.flight()
    said = world.write(text.format(day=day(), iso=DAY.isoformat()))
    assert "You follow <b>UA 407 to Denver</b>" in said
    assert "14:45" in said
    (row,) = followings(world)
    assert row["flight_id"] == "UA407-EWR"
    assert "You follow already" in world.write("UA 407")
    assert len(followings(world)) == 1


def test_a_flight_of_another_day_names_the_days_it_flies(world: BotWorld) -> None:
    world.link()
    world.flight()
    assert DAY.isoformat() in world.write("UA 407 2031-01-01")
    assert "is known" in world.write("ZZ 9999")
    assert followings(world) == []


def test_a_number_from_two_airports_is_asked_about(world: BotWorld) -> None:
    world.link()
    world.flight()
    world.flight(origin="JFK")
    assert "several airports" in world.write("UA 407")
    world.write(f"UA 407 {day()} JFK")
    (row,) = followings(world)
    assert row["flight_id"] == "UA407-JFK"


def test_list_has_what_is_followed_and_booked(world: BotWorld) -> None:
    world.link()
    world.flight()
    world.flight("UA500")
    world.write("UA 407")
    world.database["bookings"].insert_one(
        {"_id": "b1", "user_id": "p1", "flight_id": "UA500-EWR", "status": "confirmed"}
    )
    said = world.write("/list")
    assert "UA 407 to Denver" in said
    assert "UA 500 to Denver" in said


def test_a_flight_that_was_inserted_again_is_listed_once(world: BotWorld) -> None:
    world.link()
    key = world.flight()
    world.write("UA 407")
    insert_again(world.database, key, "again")
    world.database["bookings"].insert_one(
        {"_id": "b1", "user_id": "p1", "flight_id": "again", "status": "confirmed"}
    )
    assert world.write("/list").count("UA 407 to Denver") == 1


def test_stop_and_undo_are_buttons(world: BotWorld) -> None:
    world.link()
    world.flight()
    world.write("UA 407")
    world.press(CHAT, "Stop this flight")
    assert "no more" in world.said()[-1]
    assert followings(world)[0]["muted"] is True
    world.press(CHAT, "Undo")
    assert "again" in world.said()[-1]
    assert followings(world)[0]["muted"] is False


def test_nobody_presses_for_another(world: BotWorld) -> None:
    world.link(CHAT, "p1")
    world.link(OTHER, "p2")
    world.flight()
    world.write("UA 407")
    world.telegram.press(OTHER, world.data(CHAT, "Stop this flight"))
    world.listen()
    assert not followings(world)[0].get("muted")
    assert "not for this chat" in world.telegram.chat(OTHER).notices[-1]


@pytest.mark.parametrize("data", ["", "x", "stop." + "a" * 22, "seen." + "\u00e9" * 10, "link." + "a" * 22])
def test_what_no_button_of_ours_sends_does_nothing(world: BotWorld, data: str) -> None:
    world.link()
    world.telegram.press(CHAT, data)
    world.listen()
    assert "not for this chat" in world.telegram.chat(CHAT).notices[-1]


def test_a_conversations_buttons_stop_its_flight_or_say_why_not(world: BotWorld) -> None:
    world.link()
    key = world.flight()
    name = f"flight:{key}|p1|telegram"
    world.database["conversations"].insert_one({"_id": name, "person": "p1", "channel": "telegram"})
    world.write("UA 407")
    seen, stop = (data for _, data in world.talk.buttons.of_conversation(name))
    world.telegram.press(CHAT, seen)
    world.listen()
    assert world.telegram.chat(CHAT).notices[-1] == "Noted: you have seen it."
    world.telegram.press(CHAT, stop)
    world.listen()
    assert followings(world)[0]["muted"] is True
    world.database["bookings"].insert_one(
        {"_id": "b1", "user_id": "p1", "flight_id": key, "status": "confirmed"}
    )
    world.telegram.press(CHAT, stop)
    world.listen()
    assert "You hold a booking" in world.said()[-1]


def test_a_chat_that_says_too_much_is_told_so_once_and_stop_is_heard(world: BotWorld) -> None:
    world.link()
    for _ in range(25):
        world.telegram.write(CHAT, "/help")
    world.listen()
    said = [text for text in world.said() if "many messages" in text]
    assert len(said) == 1
    assert len(world.said()) <= 22
    world.write("/stop")
    assert world.linked() is None


def test_questions_of_long_ago_are_not_answered_but_stop_and_flights_are_heard(world: BotWorld) -> None:
    world.link()
    world.flight()
    before, then = len(world.said()), time.time() - 3600
    for text in ("/help", "/list", "hello", "UA 407", "what?"):
        world.telegram.write(CHAT, text, at=then)
    world.listen()
    assert len(world.said()) == before + 1
    assert len(followings(world)) == 1
    world.telegram.write(CHAT, "/stop", at=then)
    world.listen()
    assert world.linked() is None


def test_retry_after_is_obeyed_by_answers(world: BotWorld) -> None:
    world.link()
    world.telegram.refuse("sendMessage", 429, "Too Many Requests: retry after 1", retry_after=1)
    started = time.monotonic()
    assert "Send a flight" in world.write("/help")
    assert time.monotonic() - started >= 1


def test_a_chat_that_takes_no_answer_for_long_keeps_nobody_else_from_being_heard(world: BotWorld) -> None:
    world.link()
    world.link(OTHER, "p2")
    before = len(world.said())
    world.telegram.refuse("sendMessage", 429, "Too Many Requests", retry_after=3600)
    world.telegram.write(CHAT, "/stop")
    started = time.monotonic()
    assert "Send a flight" in world.write("/help", OTHER)
    assert time.monotonic() - started < 30
    assert len(world.said()) == before
    assert world.linked() is None


def test_an_answer_that_telegram_cannot_take_now_is_given_later(world: BotWorld) -> None:
    world.link()
    world.telegram.refuse("sendMessage", 401, "Unauthorized")
    world.telegram.write(CHAT, "/help")
    before = len(world.said())
    with pytest.raises(TransientError):
        world.polling.turn(world.talk.handle)
    assert len(world.said()) == before
    world.listen()
    assert "Send a flight" in world.said()[-1]


def test_updates_that_are_nothing_to_us_hold_up_nobody(world: BotWorld) -> None:
    world.link()
    odds: tuple[dict[str, Any], ...] = (
        {},
        {"message": {}},
        {"message": {"chat": 3}},
        {"poll": {}},
        {"callback_query": {"id": "1"}},
    )
    with world.telegram._changed:
        for odd in odds:
            world.telegram._tell(odd)
    assert "Send a flight" in world.write("/help")


def test_who_writes_again_has_unblocked_the_bot(world: BotWorld) -> None:
    world.link()
    world.telegram.block(CHAT)
    world.listen()
    store = Suppressions(world.database, world.settings)
    assert store.has("telegram", str(CHAT))
    world.write("/start")
    assert not store.has("telegram", str(CHAT))


def test_who_unblocks_the_bot_in_the_settings_of_telegram_has_it_back(world: BotWorld) -> None:
    world.link()
    world.telegram.block(CHAT)
    world.listen()
    world.telegram.unblock(CHAT)
    world.listen()
    assert not Suppressions(world.database, world.settings).has("telegram", str(CHAT))


def test_a_chat_that_was_gone_works_again_once_something_comes_from_it(world: BotWorld) -> None:
    world.link()
    store = Suppressions(world.database, world.settings)
    address = store.id_of("telegram", str(CHAT))
    gone = Suppression(address, "telegram", Refusal.GONE, None, "chat not found", "p1", datetime.now(UTC))
    store.add([gone])
    world.write("UA 1")
    assert not store.has("telegram", str(CHAT))


def test_today_is_the_persons_day(world: BotWorld) -> None:
    world.link()
    now = world.talk.clock()
    zone = "Pacific/Pago_Pago" if now.hour < 11 else "Pacific/Kiritimati"
    today = now.astimezone(ZoneInfo(zone)).date()
    assert today != now.date()
    world.database.users.update_many({}, {"$set": {"time_zone": zone}})
    world.flight(departure_date=today.isoformat())
    world.write("UA 407 today")
    assert len(followings(world)) == 1


def test_one_process_at_a_time_asks(world: BotWorld) -> None:
    world.link()
    from consumers.telegram.process import polling_of

    second = polling_of(world.settings, world.database, world.bot, world.stop)
    assert second.turn(world.talk.handle) is False


def test_a_stop_ends_a_poll_under_way(world: BotWorld) -> None:
    world.link()
    thread = threading.Thread(target=world.polling.run, args=(world.talk.handle,))
    thread.start()
    time.sleep(0.5)
    world.stop.set()
    world.bot.abort()
    thread.join(timedelta(seconds=5).total_seconds())
    assert not thread.is_alive()
