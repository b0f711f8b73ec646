"""Linking a chat with an account: by a link that works once, agreed to in the chat, and ended there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.store.suppressions import Suppressions
from tests.telegram.world import CHAT, OTHER, BotWorld


def test_link_is_asked_about_and_then_made(world: BotWorld) -> None:
    asked = world.write(f"/start {world.asked()}")
    assert "p***@example.org" in asked
    assert "p1@example.org" not in asked
    assert world.linked() is None
    world.press(CHAT, "Yes, link it")
    assert world.linked() == str(CHAT)
    (text,) = world.said()
    assert text.startswith("<b>Linked.</b>")
    assert world.telegram.chat(CHAT).messages[-1].buttons == []
    assert world.consents() == [(True, "telegram")]
    row = world.database["consents"].find_one({"person": "p1"})
    assert row is not None
    assert str(CHAT) not in str(row)


def test_no_means_no(world: BotWorld) -> None:
    token = world.asked()
    world.write(f"/start {token}")
    world.press(CHAT, "No")
    assert world.linked() is None
    assert "Not linked" in world.said()[-1]
    assert "used up" in world.write(f"/start {token}")


def test_link_works_once(world: BotWorld) -> None:
    token = world.asked()
    world.write(f"/start {token}")
    world.press(CHAT, "Yes, link it")
    assert "used up" in world.write(f"/start {token}", OTHER)
    assert world.linked() == str(CHAT)


def test_link_is_too_old_after_fifteen_minutes_also_when_it_was_opened_in_time(world: BotWorld) -> None:
    opened, late = world.asked("p1"), world.asked("p2")
    world.write(f"/start {opened}")
    world.database["telegram_links"].update_many(
        {},
        [
            {
                "$set": {
                    "works_until": {
                        "$subtract": ["$works_until", timedelta(minutes=16).total_seconds() * 1000]
                    }
                }
            }
        ],
    )
    world.press(CHAT, "Yes, link it")
    assert "too old" in world.said()[-1]
    assert "too old" in world.write(f"/start {late}", OTHER)
    assert (world.linked("p1"), world.linked("p2")) == (None, None)


@pytest.mark.parametrize("token", ["x", "a" * 32, "a" * 5000, "%s", "\u00e9", "<b>"])
def test_what_is_no_link_links_nothing(world: BotWorld, token: str) -> None:
    world.asked()
    assert "not one of ours" in world.write(f"/start {token}")
    assert world.linked() is None


def test_a_newer_link_ends_the_earlier_one(world: BotWorld) -> None:
    first, second = world.asked(), world.asked()
    assert "not one of ours" in world.write(f"/start {first}")
    assert "Link this chat" in world.write(f"/start {second}")


def test_the_newest_question_is_answered_in_a_chat_where_many_links_were_opened(world: BotWorld) -> None:
    for number in range(50):
        if number == 25:
            asked = world.asked()
        token, _ = world.links.begin(f"q{number}", world.talk.now())
        world.links.open(token, str(CHAT), world.talk.now())
    world.write(f"/start {asked}")
    world.press(CHAT, "Yes, link it")
    assert world.linked() == str(CHAT)


def test_another_chat_cannot_press_the_button(world: BotWorld) -> None:
    world.write(f"/start {world.asked()}")
    world.telegram.write(OTHER, "hello")
    world.telegram.press(OTHER, world.data(CHAT, "Yes, link it"))
    world.listen()
    assert (world.linked("p1"), world.linked("p2")) == (None, None)
    assert world.telegram.chat(OTHER).notices == ["This button is not for this chat, or it is too old."]


def test_who_opens_it_last_is_asked_and_the_earlier_button_is_dead(world: BotWorld) -> None:
    token = world.asked()
    world.write(f"/start {token}")
    world.write(f"/start {token}", OTHER)
    world.press(CHAT, "Yes, link it")
    assert world.linked() is None
    world.press(OTHER, "Yes, link it")
    assert world.linked() == str(OTHER)


def test_a_chat_of_another_account_is_said_to_be_and_what_to_do(world: BotWorld) -> None:
    world.link(CHAT, "p1")
    said = world.write(f"/start {world.asked('p2')}")
    assert "another account" in said
    assert "/stop" in said
    assert world.linked("p2") is None
    world.write("/stop")
    assert world.linked("p1") is None
    world.link(CHAT, "p2")
    assert world.linked("p2") == str(CHAT)


def test_two_accounts_that_link_one_chat_at_one_moment_are_not_both_linked(world: BotWorld) -> None:
    one, two = world.asked("p1"), world.asked("p2")
    world.write(f"/start {one}")
    first = world.data(CHAT, "Yes, link it")
    world.write(f"/start {two}")
    world.press(CHAT, "Yes, link it")
    world.telegram.press(CHAT, first)
    world.listen()
    assert (world.linked("p1"), world.linked("p2")) == (None, str(CHAT))
    assert "another account" in world.said()[-1]


def test_another_chat_takes_the_place_of_the_one_before(world: BotWorld) -> None:
    world.link()
    assert "takes the place" in world.write(f"/start {world.asked()}", OTHER)
    world.press(OTHER, "Yes, link it")
    assert world.linked() == str(OTHER)


def test_stop_ends_the_link_and_is_proven(world: BotWorld) -> None:
    world.link()
    assert "Stopped" in world.write("/stop@gatecall_demo_bot")
    assert world.linked() is None
    assert world.consents() == [(True, "telegram"), (False, "telegram")]
    assert "no account" in world.write("/stop")
    assert "no account" in world.write("UA 407")


def test_who_blocked_the_bot_and_links_again_is_reached_again(world: BotWorld) -> None:
    world.link()
    world.telegram.block(CHAT)
    world.listen()
    store = Suppressions(world.database, world.settings)
    assert store.has("telegram", str(CHAT))
    world.link()
    assert not store.has("telegram", str(CHAT))


def test_a_person_who_is_gone_is_linked_with_nothing(world: BotWorld) -> None:
    token = world.asked()
    world.database["users"].delete_one({"_id": "p1"})
    assert "not one of ours" in world.write(f"/start {token}")


def test_nothing_personal_is_said_in_a_group(world: BotWorld) -> None:
    group = -100500
    said = world.write(f"/start {world.asked()}", group)
    assert "@example.org" not in said
    assert "never to groups" in said
    for text in ("/list", "/stop", "UA 407", "hello"):
        world.write(text, group)
    assert len(world.said(group)) == 1
    assert world.linked() is None
