"""Which updates are asked for: each is dealt with once, also where Telegram's numbers begin anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from app.channels.telegram_api import Bot
from app.domain.errors import TransientError
from consumers.telegram.polling import Polling
from consumers.telegram.process import polling_of
from consumers.telegram.updates import Update
from tests.telegram.fake import BadTelegram, telegram_server
from tests.telegram.world import CHAT, BotWorld

HIGH, LOW = 900_000_000, 300_000_000


@pytest.fixture
def moved() -> Iterator[BadTelegram]:
    """Another server of the Bot API."""
    with telegram_server() as found:
        yield found


def dealt_with(polling: Polling, turns: int = 1) -> list[int]:
    """The numbers that so many turns deal with."""
    numbers: list[int] = []

    def handle(number: int, _: Update) -> str:
        numbers.append(number)
        return "help"

    for _ in range(turns):
        polling.turn(handle)
    return numbers


def test_numbers_that_begin_anew_below_are_dealt_with_once(world: BotWorld) -> None:
    world.telegram.number_from(HIGH)
    world.telegram.write(CHAT, "one")
    assert dealt_with(world.polling) == [HIGH]
    world.telegram.number_from(LOW)
    for text in ("two", "three"):
        world.telegram.write(CHAT, text)
    assert dealt_with(world.polling) == [LOW, LOW + 1]
    assert world.kept() == LOW + 1
    world.telegram.write(CHAT, "four")
    assert dealt_with(world.polling) == [LOW + 2]
    assert world.telegram.waiting() == 1


def test_numbers_that_begin_anew_above_are_dealt_with_once(world: BotWorld) -> None:
    for number in (LOW, HIGH):
        world.telegram.number_from(number)
        world.telegram.write(CHAT, "hello")
        assert dealt_with(world.polling) == [number]
        assert world.kept() == number


def test_more_than_one_answer_of_new_numbers_is_dealt_with(world: BotWorld) -> None:
    assert world.bots.keep_dealt_with("4711", world.telegram.url, HIGH, None)
    world.telegram.number_from(LOW)
    for _ in range(130):
        world.telegram.write(CHAT, "hello")
    assert dealt_with(world.polling, turns=2) == list(range(LOW, LOW + 130))


def test_who_dies_at_the_first_of_new_numbers_deals_with_it_again(world: BotWorld) -> None:
    assert world.bots.keep_dealt_with("4711", world.telegram.url, HIGH, None)
    world.telegram.number_from(LOW)
    world.telegram.write(CHAT, "hello")

    def dies(*_: object) -> str:
        raise TransientError("later")

    with pytest.raises(TransientError):
        world.polling.turn(dies)
    assert world.kept() == HIGH
    assert dealt_with(world.polling) == [LOW]


def test_who_still_deals_with_updates_of_before_puts_no_number_back(world: BotWorld) -> None:
    server = world.telegram.url
    assert world.bots.keep_dealt_with("4711", server, HIGH, None)
    world.telegram.number_from(HIGH + 1)
    world.telegram.write(CHAT, "hello")

    def meanwhile(number: int, _: Update) -> str:
        assert world.bots.keep_dealt_with("4711", server, LOW, HIGH)  # another process has the numbers of now
        return "help"

    with pytest.raises(TransientError):
        world.polling.turn(meanwhile)
    assert world.kept() == LOW
    assert not world.bots.keep_dealt_with("4711", server, HIGH + 1, None)
    assert world.kept() == LOW


def test_another_server_has_numbers_of_its_own(world: BotWorld, moved: BadTelegram) -> None:
    world.telegram.number_from(HIGH)
    world.telegram.write(CHAT, "hello")
    world.listen()
    settings = world.settings.model_copy(update={"telegram_api_base_url": moved.url})
    world.database["leases"].delete_many({})
    moved.write(CHAT, "hello")
    with closing(Bot(settings)) as bot:
        assert dealt_with(polling_of(settings, world.database, bot, world.stop)) == [1]
    assert world.kept() == HIGH
    assert world.bots.dealt_with("4711", moved.url) == 1
    assert moved.url not in str(list(world.database["telegram_bots"].find()))
