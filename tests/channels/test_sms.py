"""The SMS channel against a Twilio-shaped server, well and badly behaved."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.channels.base import AskableSender, ChannelDownError, Parcel
from app.channels.retry_after import retry_after_s
from app.channels.sms import SmsChannel, SmsSender
from app.domain.errors import PermanentError, TransientError, UnknownOutcomeError
from app.domain.people import Person
from app.settings import Settings, load
from tests.channels.test_email import MESSAGE
from tests.providers import Twilio, TwilioAnswer, free_port

ADA = Person("p1", "Ada", phone="+1 555 010 0142")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def settings(url: str, sender: str = "+15550100000") -> Settings:
    return load(
        mongodb_uri="mongodb://127.0.0.1/x",
        kafka_bootstrap_servers="127.0.0.1:9",
        twilio_account_sid="AC1",
        twilio_auth_token="token",
        twilio_from=sender,
        twilio_api_base_url=url,
    )


@pytest.fixture
def sender(twilio: Twilio) -> Iterator[SmsSender]:
    made = SmsChannel(settings(twilio.url)).open()
    yield made
    made.close()


def parcel(person: Person = ADA) -> Parcel:
    return SmsChannel(settings("http://127.0.0.1:1")).pack("c1", person, MESSAGE)


def test_text_is_accepted_with_its_sid_and_its_parts(sender: SmsSender, twilio: Twilio) -> None:
    receipt = sender.send(parcel(), 5)
    assert receipt.provider_id == twilio.messages[0]["sid"]
    assert receipt.words == "queued, 1 part of GSM-7"
    assert twilio.messages[0]["to"] == "+15550100142"
    assert twilio.bodies() == [MESSAGE.sms]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Gatecall: Gate C71, früher C94. ¿Mañana?", "queued, 1 part of GSM-7"),
        ("Gatecall: рейс задержан. " * 4, "queued, 2 parts of UCS-2"),
        ("Gatecall: उड़ान रद्द है।", "queued, 1 part of UCS-2"),
    ],
)
def test_a_text_arrives_letter_by_letter_in_any_alphabet(
    sender: SmsSender, twilio: Twilio, text: str, words: str
) -> None:
    made = SmsChannel(settings(twilio.url)).pack("c1", ADA, replace(MESSAGE, sms=text))
    assert sender.send(made, 5).words == words
    assert twilio.bodies() == [text]


@pytest.mark.parametrize(("reference", "asks"), [("c" * 32, True), ("", False)])
def test_only_what_a_callback_can_be_written_to_asks_for_one(
    twilio: Twilio, reference: str, asks: bool
) -> None:
    public = settings(twilio.url).model_copy(update={"public_url": "https://gatecall.example.org"})
    made = SmsChannel(public).open()
    made.send(replace(parcel(), reference=reference), 5)
    made.close()
    assert (twilio.messages[0]["status_callback"] is not None) is asks


def test_messaging_service_stands_where_a_number_would(twilio: Twilio) -> None:
    made = SmsChannel(settings(twilio.url, "MG123")).open()
    made.send(parcel(), 5)
    assert twilio.messages[0]["messaging_service_sid"] == "MG123"
    made.close()


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, 21211, PermanentError),
        (400, 21614, PermanentError),
        (400, 21610, PermanentError),
        (400, 14107, TransientError),
        (429, 14107, TransientError),
        (403, 21408, PermanentError),
        (404, 21211, PermanentError),
        (403, 21610, PermanentError),
        (400, 21611, ChannelDownError),
        (400, 99999, PermanentError),
        (401, 20003, ChannelDownError),
        (400, 21606, ChannelDownError),
        (429, 20429, ChannelDownError),
        (503, 20503, ChannelDownError),
        (503, None, ChannelDownError),
        (500, 20500, UnknownOutcomeError),
        (502, None, UnknownOutcomeError),
    ],
)
def test_errors_are_told_apart_and_the_next_text_goes_through(
    sender: SmsSender, twilio: Twilio, status: int, code: int | None, error: type[Exception]
) -> None:
    body = {"code": code, "message": "words", "status": status} if code else {}
    twilio.script = [TwilioAnswer(status, body)]
    with pytest.raises(error) as caught:
        sender.send(parcel(), 5)
    assert isinstance(caught.value, ChannelDownError) == (error is ChannelDownError)
    sender.send(parcel(), 5)
    assert len(twilio.messages) == 1


def test_retry_after_is_passed_on(sender: SmsSender, twilio: Twilio) -> None:
    twilio.script = [TwilioAnswer(429, {"code": 20429, "message": "slow"}, {"Retry-After": "11"})]
    with pytest.raises(TransientError) as caught:
        sender.send(parcel(), 5)
    assert caught.value.retry_after_s == 11


def test_retry_after_is_a_number_or_a_date_or_nothing() -> None:
    assert retry_after_s(None, NOW) is None
    assert retry_after_s("3", NOW) == 3
    assert retry_after_s("Thu, 01 Jan 2026 00:00:30 GMT", NOW) == 30
    assert retry_after_s("Thu, 01 Jan 2015 00:00:30 GMT", NOW) == 0
    assert retry_after_s("soon", NOW) is None
    assert retry_after_s("999999999", NOW) == 86_400


def test_nobody_listening_is_the_channel_down() -> None:
    made = SmsChannel(settings(f"http://127.0.0.1:{free_port()}")).open()
    with pytest.raises(ChannelDownError):
        made.send(parcel(), 2)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(TwilioAnswer(drop=True), id="cut instead of an answer"),
        pytest.param(TwilioAnswer(delay_s=2), id="silence"),
        pytest.param(TwilioAnswer(201, {"x": "y" * 50}, drip_s=0.1), id="an answer that drips"),
        pytest.param(TwilioAnswer(201, {"x": 1}), id="an answer without a sid"),
    ],
)
def test_no_answer_in_time_is_unknown(sender: SmsSender, twilio: Twilio, answer: TwilioAnswer) -> None:
    twilio.script = [answer]
    started = time.monotonic()
    with pytest.raises(UnknownOutcomeError):
        sender.send(parcel(), 0.8)
    assert time.monotonic() - started < 1.8
    sender.send(parcel(), 5)


def test_provider_can_be_asked_for_a_text(sender: SmsSender, twilio: Twilio) -> None:
    assert isinstance(sender, AskableSender)
    since = datetime.now(UTC)
    assert sender.find(ADA, MESSAGE.sms, since, 5) is None
    sent = sender.send(parcel(), 5)
    found = sender.find(ADA, MESSAGE.sms, since, 5)
    assert found is not None
    assert found.provider_id == sent.provider_id
    assert sender.find(ADA, MESSAGE.sms, since, 5, {str(sent.provider_id)}) is None  # that one is another
    twilio.messages[0]["status"] = "undelivered"
    assert sender.find(ADA, MESSAGE.sms, since, 5) is None
    twilio.messages[0]["status"] = "sent"
    assert sender.find(ADA, "another text", since, 5) is None
    assert sender.find(ADA, MESSAGE.sms, since + timedelta(hours=1), 5) is None
    assert sender.find(Person("p2", "Bob", phone="+15550100143"), MESSAGE.sms, since, 5) is None


@pytest.mark.parametrize("number", [None, "0142", "+1", "+15550100142\r\nX: y; drop"])
def test_number_that_cannot_be_is_refused_before_it_is_sent(number: str | None) -> None:
    with pytest.raises(PermanentError):
        parcel(Person("p", "Z", phone=number))
