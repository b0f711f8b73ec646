"""Fare alerts are paused by a button in the chat, and resumed by another; nobody touches those of others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.channels.telegram import TelegramChannel
from app.domain import alert as alerts_of
from app.domain import places
from app.domain.people import Person
from app.store.alerts import Alerts, OwnAlert
from tests.channels.test_email import MESSAGE
from tests.telegram.world import CHAT, OTHER, BotWorld

PAUSE = "Pause this alert"
LATER = datetime.now(UTC) + timedelta(days=60)


@pytest.fixture
def told(world: BotWorld) -> str:
    """Somebody linked a chat, and was told of a fare there; the alert's id."""
    world.link()
    alert = made(world, "p1")
    tell(world, alert, "p1", CHAT)
    return alert


def made(world: BotWorld, person: str) -> str:
    """A fare alert of the person; its id."""
    places.load()
    day = LATER.date().isoformat()
    body = {
        "origins": ["JFK"],
        "destinations": ["SFO"],
        "dates": {"from": day, "until": day},
        "currency": "USD",
        "condition": {"kind": "below", "amount": "200.00"},
        "name": "Summer <2>",
    }
    now = datetime.now(UTC)
    return Alerts(world.database).create(person, alerts_of.read(body, now), now, most=9).alert.id


def tell(world: BotWorld, alert: str, person: str, chat: int) -> None:
    """A message of the alert's conversation, as delivery sends it."""
    name = f"alert:{alert}|{person}|telegram"
    world.database["conversations"].insert_one({"_id": name, "person": person, "channel": "telegram"})
    channel = TelegramChannel(world.settings)
    sender = channel.open()
    sender.send(channel.pack(name, Person(person, "", linked={"telegram": str(chat)}), MESSAGE), 10)
    sender.close()


def own(world: BotWorld, alert: str, person: str = "p1") -> OwnAlert:
    found = Alerts(world.database).get(person, alert)
    assert found is not None
    return found


def test_an_alert_is_paused_and_the_undo_resumes_it(world: BotWorld, told: str) -> None:
    world.press(CHAT, PAUSE)
    assert own(world, told).alert.paused
    assert world.said()[-1].startswith("<b>Summer &lt;2&gt;</b> is paused.")
    assert len(world.telegram.chat(CHAT).notices) == 2, "every press is answered: of the link, and this one"
    world.press(CHAT, "Undo")
    assert not own(world, told).alert.paused
    assert "goes on" in world.said()[-1]


def test_pressing_again_changes_nothing(world: BotWorld, told: str) -> None:
    world.press(CHAT, PAUSE)
    once = own(world, told)
    for _ in range(3):
        world.press(CHAT, PAUSE)
    assert own(world, told).version == once.version
    assert "is paused" in world.said()[-1]
    for _ in range(3):
        world.press(CHAT, "Undo")
    assert own(world, told).version == once.version + 1
    assert not own(world, told).alert.paused


def test_an_update_that_comes_again_after_a_crash_ends_the_same(world: BotWorld, told: str) -> None:
    world.telegram.press(CHAT, world.data(CHAT, PAUSE), world.under(CHAT, PAUSE))
    world.telegram.refuse("sendMessage", 401, "Unauthorized")
    with pytest.raises(Exception, match="401"):
        world.polling.turn(world.talk.handle)
    assert own(world, told).alert.paused, "done, but not said"
    paused = own(world, told)
    world.listen()
    assert own(world, told).version == paused.version
    assert "is paused" in world.said()[-1]


def test_nobody_pauses_or_resumes_the_alert_of_another(world: BotWorld, told: str) -> None:
    world.link(OTHER, "p2")
    theirs = made(world, "p2")
    tell(world, theirs, "p2", OTHER)
    world.telegram.press(OTHER, world.data(CHAT, PAUSE))
    world.listen()
    assert "not for this chat" in world.telegram.chat(OTHER).notices[-1]
    assert not own(world, told).alert.paused
    world.press(CHAT, PAUSE)
    world.telegram.press(OTHER, world.data(CHAT, "Undo"))
    world.listen()
    assert own(world, told).alert.paused
    assert not own(world, theirs, "p2").alert.paused


def test_a_chat_that_is_another_persons_by_now_does_nothing(world: BotWorld, told: str) -> None:
    data = world.data(CHAT, PAUSE)
    world.write("/stop")
    world.link(CHAT, "p2")
    world.telegram.press(CHAT, data)
    world.listen()
    assert "not for this chat" in world.telegram.chat(CHAT).notices[-1]
    assert not own(world, told).alert.paused


def test_one_that_has_ended_does_not_begin_again(world: BotWorld, told: str) -> None:
    world.database["alerts"].update_one({"_id": told}, {"$set": {"status": "ended"}})
    world.press(CHAT, PAUSE)
    assert own(world, told).is_ended
    assert not own(world, told).alert.paused
    assert "has ended" in world.said()[-1]


def test_one_that_was_deleted_is_nobodys(world: BotWorld, told: str) -> None:
    data = world.data(CHAT, PAUSE)
    assert Alerts(world.database).delete("p1", told)
    world.telegram.press(CHAT, data)
    world.listen()
    assert "not for this chat" in world.telegram.chat(CHAT).notices[-1]


def test_a_change_between_is_not_lost(world: BotWorld, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there, times = Alerts.pause, []

    def changed_meanwhile(
        self: Alerts, person: str, alert: str, paused: bool, version: int, now: datetime
    ) -> OwnAlert:
        if not times:
            times.append(1)
            world.database["alerts"].update_one(
                {"_id": alert}, {"$inc": {"version": 1}, "$set": {"name": "Autumn"}}
            )
        return there(self, person, alert, paused, version, now)

    monkeypatch.setattr(Alerts, "pause", changed_meanwhile)
    world.press(CHAT, PAUSE)
    assert own(world, told).alert.paused
    assert own(world, told).alert.name == "Autumn"
