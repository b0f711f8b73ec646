"""`gatecall check` and Telegram."""

from __future__ import annotations

from app import check
from tests.telegram.fake import BadTelegram, telegram_settings


def test_a_bot_that_answers_is_named(telegram: BadTelegram) -> None:
    (found,) = check.of_channel("telegram", telegram_settings(telegram.url))
    assert (found.state, found.words) == (check.OK, "Telegram knows the bot as @gatecall_demo_bot")


def test_a_refused_token_is_told_with_what_to_look_at(telegram: BadTelegram) -> None:
    telegram.refuse("getMe", 401, "Unauthorized")
    found = next(one for one in check.run(telegram_settings(telegram.url)) if one.name == "telegram")
    assert found.state == check.BAD
    assert "Unauthorized" in found.words
    assert found.remedy == "look at the TELEGRAM_* settings"


def test_a_bot_without_a_key_has_no_buttons(telegram: BadTelegram) -> None:
    found = list(check.of_channel("telegram", telegram_settings(telegram.url, secret_key=None)))
    assert [one.state for one in found] == [check.OK, check.WARN]


def test_without_a_token_it_is_off() -> None:
    (found,) = check.of_channel("telegram", telegram_settings("http://127.0.0.1:1", telegram_bot_token=None))
    assert found.words == "off"
