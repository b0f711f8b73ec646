"""The Telegram channel against a look-alike of the Bot API, well and badly behaved."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from app.channels.base import (
    AddressDownError,
    AddressRefusedError,
    ChannelDownError,
    NoAnswerError,
    Parcel,
)
from app.channels.telegram import TelegramChannel, TelegramSender
from app.channels.telegram_buttons import Buttons, Press
from app.channels.telegram_errors import meaning_of
from app.channels.telegram_rests import ChatRests
from app.domain.errors import GatecallError, PermanentError, TransientError, UnknownOutcomeError
from app.domain.people import Person
from app.domain.reports import Refusal
from app.domain.wording import Message
from tests.channels.test_email import MESSAGE
from tests.telegram.fake import KEY, TOKEN, BadTelegram, telegram_settings

CHAT = 7001
ADA = Person("p1", "Ada", linked={"telegram": str(CHAT)})
CONVERSATION = "flight:f1|p1|telegram"
NEWS = replace(MESSAGE, subject="UA 407: 28 min late")


@pytest.fixture
def sender(telegram: BadTelegram) -> Iterator[TelegramSender]:
    telegram.write(CHAT, "/start")
    made = TelegramChannel(telegram_settings(telegram.url)).open()
    yield made
    made.close()


def parcel(
    living: str | None = None, *, sounds: bool = True, person: Person = ADA, message: Message = MESSAGE
) -> Parcel:
    packed = TelegramChannel(telegram_settings("http://127.0.0.1:1")).pack(CONVERSATION, person, message)
    return replace(packed, living=living, sounds=sounds)


def test_message_is_accepted_with_its_buttons_and_no_preview(
    sender: TelegramSender, telegram: BadTelegram
) -> None:
    receipt = sender.send(parcel(), 5)
    message = telegram.chat(CHAT).messages[-1]
    assert receipt.provider_id is not None
    assert receipt.provider_id.endswith(f".{message.id}")
    assert str(CHAT) not in receipt.provider_id
    assert f"<b>{MESSAGE.subject}</b>" in message.text
    assert [words for words, _ in message.buttons[0]] == ["Got it", "Stop this flight"]
    assert not message.silent
    assert '"is_disabled": true' in telegram.of("sendMessage")[0]["link_preview_options"]


def test_quiet_news_makes_no_sound(sender: TelegramSender, telegram: BadTelegram) -> None:
    sender.send(parcel(sounds=False), 5)
    assert telegram.chat(CHAT).messages[-1].silent


def test_quiet_news_edits_the_living_message_and_sends_none(
    sender: TelegramSender, telegram: BadTelegram
) -> None:
    first = sender.send(parcel(), 5)
    second = sender.send(parcel(first.provider_id, sounds=False, message=NEWS), 5)
    assert second.provider_id == first.provider_id
    assert second.words == "edited"
    (text,) = telegram.texts(CHAT)
    assert NEWS.subject in text
    assert len(telegram.chat(CHAT).messages[-1].history) == 1


def test_news_that_matters_edits_and_tells_in_a_short_message_in_answer(
    sender: TelegramSender, telegram: BadTelegram
) -> None:
    first = sender.send(parcel(), 5)
    second = sender.send(parcel(first.provider_id, message=NEWS), 5)
    living, short = (one for one in telegram.chat(CHAT).messages if one.by_bot)
    assert second.provider_id == first.provider_id
    assert NEWS.subject in living.text
    assert NEWS.subject in short.text
    assert short.reply_to == living.id
    assert not short.silent
    assert len(short.text) < len(living.text)


def test_same_text_again_is_accepted(sender: TelegramSender, telegram: BadTelegram) -> None:
    first = sender.send(parcel(), 5)
    again = sender.send(parcel(first.provider_id, sounds=False), 5)
    assert again.words == "says so already"
    assert len(telegram.texts(CHAT)) == 1


@pytest.mark.parametrize("words", ["message to edit not found", "message can't be edited"])
def test_living_message_that_is_gone_is_followed_by_a_new_one(
    sender: TelegramSender, telegram: BadTelegram, words: str
) -> None:
    first = sender.send(parcel(), 5)
    telegram.refuse("editMessageText", 400, f"Bad Request: {words}")
    second = sender.send(parcel(first.provider_id, sounds=False, message=NEWS), 5)
    assert second.provider_id != first.provider_id
    assert len(telegram.texts(CHAT)) == 2


@pytest.mark.parametrize("living", ["abc.1", "1", "", "000000000000.1", "x.y"])
def test_living_message_of_another_chat_or_bot_is_never_edited(
    sender: TelegramSender, telegram: BadTelegram, living: str
) -> None:
    sender.send(parcel(living), 5)
    assert not telegram.of("editMessageText")


@pytest.mark.parametrize(
    ("code", "words", "error"),
    [
        (400, "Bad Request: can't parse entities: Unsupported start tag", PermanentError),
        (400, "Bad Request: message is too long", PermanentError),
        (400, "Bad Request: chat not found", AddressRefusedError),
        (400, "Bad Request: PEER_ID_INVALID", AddressRefusedError),
        (400, "Bad Request: group chat was upgraded to a supergroup chat", AddressRefusedError),
        (403, "Forbidden: bot was blocked by the user", AddressRefusedError),
        (403, "Forbidden: user is deactivated", AddressRefusedError),
        (403, "Forbidden: bot was kicked from the group chat", AddressRefusedError),
        (403, "Forbidden: something new", AddressRefusedError),
        (401, "Unauthorized", ChannelDownError),
        (404, "Not Found", ChannelDownError),
        (409, "Conflict: terminated by other getUpdates request", TransientError),
        (429, "Too Many Requests: retry after 7", AddressDownError),
        (500, "Internal Server Error", UnknownOutcomeError),
        (502, "Bad Gateway", UnknownOutcomeError),
        (302, "Found", ChannelDownError),
        (418, "I'm a teapot", PermanentError),
    ],
)
def test_each_error_has_its_meaning(
    sender: TelegramSender, telegram: BadTelegram, code: int, words: str, error: type[GatecallError]
) -> None:
    telegram.refuse("sendMessage", code, words)
    with pytest.raises(error) as caught:
        sender.send(parcel(), 5)
    assert type(caught.value) is error
    assert TOKEN not in str(caught.value)
    assert str(code) in str(caught.value)


def test_refusals_say_why() -> None:
    blocked = meaning_of(403, "Forbidden: bot was blocked by the user")
    gone = meaning_of(400, "Bad Request: chat not found")
    group = meaning_of(400, "Bad Request: whatever", migrated=True)
    assert [one.refusal for one in (blocked, gone, group) if isinstance(one, AddressRefusedError)] == [
        Refusal.BLOCKED,
        Refusal.GONE,
        Refusal.GONE,
    ]


def test_one_chat_that_is_too_fast_does_not_stop_the_bot_but_two_do(
    sender: TelegramSender, telegram: BadTelegram
) -> None:
    other = Person("p2", "Bob", linked={"telegram": "7002"})
    telegram.write(7002, "/start")
    for wait_s in (0, 1):
        telegram.refuse("sendMessage", 429, "Too Many Requests", retry_after=wait_s)
        with pytest.raises(AddressDownError) as caught:
            sender.send(parcel(), 5)
        assert caught.value.retry_after_s == wait_s
    telegram.refuse("sendMessage", 429, "Too Many Requests", retry_after=30)
    with pytest.raises(ChannelDownError) as whole:
        sender.send(parcel(person=other), 5)
    assert whole.value.retry_after_s == 30
    sender.send(parcel(person=other), 5)
    telegram.refuse("sendMessage", 429, "Too Many Requests", retry_after=2)
    with pytest.raises(AddressDownError):
        sender.send(parcel(), 5)


def test_nothing_is_sent_into_a_chat_that_was_told_to_wait_by_any_sender(telegram: BadTelegram) -> None:
    other = Person("p2", "Bob", linked={"telegram": "7002"})
    for chat in (CHAT, 7002):
        telegram.write(chat, "/start")
    channel = TelegramChannel(telegram_settings(telegram.url))
    with closing(channel.open()) as first, closing(channel.open()) as second:
        telegram.refuse("sendMessage", 429, "Too Many Requests: retry after 300", retry_after=300)
        with pytest.raises(AddressDownError):
            first.send(parcel(), 5)
        for one in (first, second):
            with pytest.raises(AddressDownError, match="the chat waits") as caught:
                one.send(parcel(), 5)
            assert 290 < (caught.value.retry_after_s or 0) <= 300
        assert len(telegram.of("sendMessage")) == 1
        second.send(parcel(person=other), 5)
    assert len(telegram.texts(7002)) == 1


def test_a_chat_rests_as_long_as_it_was_told() -> None:
    now = [100.0]
    rests = ChatRests(lambda: now[0])
    rests.begin("1", AddressDownError("told", retry_after_s=1))
    rests.check("1")  # what is tried again comes later than that
    rests.begin("1", AddressDownError("told", retry_after_s=40))
    now[0] += 39
    with pytest.raises(AddressDownError) as caught:
        rests.check("1")
    assert caught.value.retry_after_s == 1
    rests.check("2")
    now[0] += 1
    rests.check("1")


def test_a_chat_that_is_told_to_wait_without_a_time_waits_all_the_same() -> None:
    one, bot = meaning_of(429, "Too Many Requests"), meaning_of(429, "Too Many Requests", whole_bot=True)
    assert isinstance(one, AddressDownError)
    assert one.retry_after_s == 30
    assert isinstance(bot, ChannelDownError)
    assert bot.retry_after_s is None


def test_answer_that_is_lost_is_unknown_for_a_new_message(
    sender: TelegramSender, telegram: BadTelegram
) -> None:
    telegram.drop = 1
    with pytest.raises(UnknownOutcomeError):
        sender.send(parcel(), 5)
    assert len(telegram.texts(CHAT)) == 1
    sender.send(parcel(), 5)


def test_answer_that_is_lost_is_no_doubt_for_an_edit(sender: TelegramSender, telegram: BadTelegram) -> None:
    first = sender.send(parcel(), 5)
    telegram.drop = 1
    with pytest.raises(NoAnswerError):
        sender.send(parcel(first.provider_id, sounds=False, message=NEWS), 5)
    again = sender.send(parcel(first.provider_id, sounds=False, message=NEWS), 5)
    assert again.words == "says so already"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"ok": true}', b'{"ok": true, "result": 3}']
)
def test_answer_that_cannot_be_read_is_unknown(
    sender: TelegramSender, telegram: BadTelegram, body: bytes
) -> None:
    telegram.answers["sendmessage"] = [body]
    with pytest.raises(UnknownOutcomeError):
        sender.send(parcel(), 5)


def test_deadline_holds_for_a_server_that_drips(sender: TelegramSender, telegram: BadTelegram) -> None:
    telegram.drip = True
    started = time.monotonic()
    with pytest.raises(UnknownOutcomeError):
        sender.send(parcel(), 0.5)
    assert time.monotonic() - started < 1.5


def test_deadline_holds_for_edit_and_message_together(sender: TelegramSender, telegram: BadTelegram) -> None:
    first = sender.send(parcel(), 5)
    telegram.delay_s = 0.4
    started = time.monotonic()
    with pytest.raises(UnknownOutcomeError):
        sender.send(parcel(first.provider_id, message=NEWS), 0.6)
    assert time.monotonic() - started < 1.2


def test_nobody_there_is_a_channel_that_is_down() -> None:
    made = TelegramChannel(telegram_settings("http://127.0.0.1:9")).open()
    with pytest.raises(ChannelDownError) as caught:
        made.send(parcel(), 1)
    assert TOKEN not in str(caught.value)


def test_person_without_a_chat_has_no_parcel() -> None:
    channel = TelegramChannel(telegram_settings("http://127.0.0.1:1"))
    bob = Person("p2", "Bob", email="bob@example.org")
    assert not channel.reaches(bob)
    with pytest.raises(PermanentError):
        channel.pack(CONVERSATION, bob, MESSAGE)


def test_a_button_means_one_conversation_and_fits() -> None:
    buttons = Buttons([KEY])
    long = f"flight:{'x' * 300}|{'p' * 80}|telegram"
    data = buttons.data(Press.STOP, long)
    assert len(data.encode()) <= 64
    assert buttons.meant(data, ["flight:f1|p2|telegram", long]) == (Press.STOP, long)
    assert buttons.meant(data, ["flight:f1|p2|telegram"]) is None
    assert buttons.meant(data.replace("stop", "seen"), [long]) is None
    assert Buttons(["n" * 40, KEY]).meant(data, [long]) == (Press.STOP, long)
    assert Buttons(["n" * 40]).meant(data, [long]) is None
    for bad in ("", "stop", "stop.", "stop.\u00e9" + "a" * 21, "what." + "a" * 22):
        assert buttons.meant(bad, [long]) is None


def test_without_a_key_there_are_no_buttons() -> None:
    assert Buttons([]).of_conversation(CONVERSATION) == ()
    assert Buttons([KEY]).of_conversation("service 123") == ()
