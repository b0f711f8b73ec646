"""One process deals with an update, however slow Telegram is."""

from __future__ import annotations

import threading

import pytest

from app.domain.clock import system_now
from app.domain.errors import TransientError
from app.store.leases import Leases
from app.store.provider_state import ProviderState
from consumers.telegram.answers import Answers
from consumers.telegram.polling import LEASE
from consumers.telegram.process import polling_of, talk_of
from tests.telegram.world import CHAT, BotWorld


def answers_of(world: BotWorld, prolong: object) -> Answers:
    state = ProviderState(world.database, "telegram")
    assert callable(prolong)
    return Answers(world.speaker, state, None, world.stop, system_now, prolong)


def test_the_work_is_said_to_be_ours_before_each_request(world: BotWorld) -> None:
    before: list[int] = []
    answers = answers_of(world, lambda: before.append(len(world.telegram.calls)))
    world.telegram.write(CHAT, "hello")
    answers.say(str(CHAT), "one")
    answers.acknowledge("no press")
    answers.change(str(CHAT), 4711, "two")  # gone, so a new one
    assert before == [0, 1, 2, 3]


def test_who_has_lost_the_work_says_nothing_more(world: BotWorld) -> None:
    def lost() -> None:
        raise TransientError("another process has it")

    world.telegram.write(CHAT, "hello")
    with pytest.raises(TransientError):
        answers_of(world, lost).say(str(CHAT), "one")
    assert world.said() == []


def test_a_slow_telegram_lets_no_other_process_take_over(world: BotWorld) -> None:
    settings = world.settings.model_copy(update={"lease_s": 1.0})
    polling = polling_of(settings, world.database, world.bot, world.stop)
    talk = talk_of(settings, world.database, world.speaker, world.stop, polling)
    world.write(f"/start {world.asked()}")
    world.database["leases"].delete_many({})
    world.telegram.press(CHAT, world.data(CHAT, "Yes, link it"), world.under(CHAT, "Yes, link it"))
    world.telegram.delay_s = 1.3
    rival, over, taken = Leases(world.database, "another process"), threading.Event(), []

    def waits() -> None:
        while not over.wait(0.05):
            if world.telegram.of("getUpdates"):
                taken.append(rival.take(LEASE, 0.1))

    world.telegram.calls.clear()
    thread = threading.Thread(target=waits)
    thread.start()
    try:
        polling.turn(talk.handle)
    finally:
        over.set()
        thread.join()
    assert taken
    assert True not in taken
    assert world.linked() == str(CHAT)
