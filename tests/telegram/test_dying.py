"""Who dies between two writes of linking or ending: the update comes again, and both are there in the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.store.read_requests import ReadRequests
from tests.delivery.world import Crash, Dying
from tests.telegram.world import CHAT, BotWorld

GIVEN, TAKEN_BACK = (True, "telegram"), (False, "telegram")


def dies(world: BotWorld, part: Any, store: str, method: str, *, after: bool) -> None:
    """Deal with what was said, and die before or after a method of a store of this part."""
    setattr(part, store, Dying(getattr(part, store), method, after=after))
    with pytest.raises(Crash):
        world.polling.turn(world.talk.handle)


def agree(world: BotWorld) -> None:
    world.write(f"/start {world.asked()}")
    world.telegram.press(CHAT, world.data(CHAT, "Yes, link it"), world.under(CHAT, "Yes, link it"))


@pytest.mark.parametrize(
    ("store", "method", "after"),
    [("_linked", "link", True), ("_consents", "record", False), ("_consents", "record", True)],
)
@pytest.mark.parametrize("later", [timedelta(0), timedelta(minutes=16)])
def test_a_link_is_proven_once(
    world: BotWorld, store: str, method: str, after: bool, later: timedelta
) -> None:
    agree(world)
    dies(world, world.talk.accounts, store, method, after=after)
    assert world.linked() == str(CHAT)
    world.database["telegram_links"].update_many(
        {}, [{"$set": {"works_until": {"$subtract": ["$works_until", later.total_seconds() * 1000]}}}]
    )
    world.listen()
    assert world.linked() == str(CHAT)
    assert world.consents() == [GIVEN]
    assert "Linked." in world.said()[-1]
    (link,) = world.database["telegram_links"].find()
    assert "used_at" in link


@pytest.mark.parametrize("after", [False, True])
def test_a_link_that_is_not_used_up_is_used_up(world: BotWorld, after: bool) -> None:
    agree(world)
    dies(world, world.talk.linking, "_links", "use", after=after)
    world.listen()
    assert world.consents() == [GIVEN]
    assert "Linked." in world.said()[-1]
    (link,) = world.database["telegram_links"].find()
    assert "used_at" in link


def test_what_the_person_follows_is_read_afresh_all_the_same(
    world: BotWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(*_: object) -> None:
        raise Crash("ask")

    world.database["followings"].insert_one({"_id": "w1", "user_id": "p1", "flight_id": "airport:EWR"})
    agree(world)
    with monkeypatch.context() as patched:
        patched.setattr(ReadRequests, "ask", dying)
        with pytest.raises(Crash):
            world.polling.turn(world.talk.handle)
    assert world.linked() == str(CHAT)
    world.listen()
    assert world.consents() == [GIVEN]
    assert world.database["read_requests"].count_documents({}) == 1


@pytest.mark.parametrize(
    ("store", "method", "after"),
    [
        ("_consents", "record", False),
        ("_consents", "record", True),
        ("_linked", "unlink", False),
        ("_linked", "unlink", True),
    ],
)
def test_an_end_is_proven_once_and_said(world: BotWorld, store: str, method: str, after: bool) -> None:
    world.link()
    world.telegram.write(CHAT, "/stop")
    dies(world, world.talk.accounts, store, method, after=after)
    world.listen()
    assert world.linked() is None
    assert world.consents() == [GIVEN, TAKEN_BACK]
    assert "Stopped" in world.said()[-1]
