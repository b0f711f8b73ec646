"""The channel beyond the contract: what travels, what an address may not ask for, and that no secret comes out."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from app.channels.apprise import AppriseChannel, AppriseSender
from app.channels.apprise_transport import REQUESTS
from app.channels.base import AddressDownError, AddressRefusedError, Parcel, UnopenedError
from app.channels.webhook_guard import NotAllowedError
from app.domain.errors import PermanentError, UnknownOutcomeError
from app.domain.people import Person
from app.domain.wording import Message
from tests.apprise.linking import apprise_link, apprise_settings
from tests.channels.receiver import Receiver, receiver_server
from tests.channels.test_email import MESSAGE

TOPIC = "my-secret-topic-9f2c"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiver_server() as found:
        yield found


def parcel_to(address: str, schema: str = "ntfy", message: Message = MESSAGE, **settings: Any) -> Parcel:
    link = apprise_link(address, schema)
    person = Person("p1", "Ada", linked={"apprise": link["address"]}, sealed={"apprise": link["sealed"]})
    return AppriseChannel(apprise_settings(**settings)).pack("c1", person, message)


def send(parcel: Parcel, within_s: float = 5, **settings: Any) -> None:
    sender = AppriseSender(apprise_settings(**settings))
    try:
        sender.send(parcel, within_s)
    finally:
        sender.close()


def sent(receiver: Receiver) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(receiver.posts[-1].raw)
    return found


def test_the_news_travels_with_its_title_and_its_link_last(receiver: Receiver) -> None:
    send(parcel_to(f"{receiver.url}/{TOPIC}"))
    got = sent(receiver)
    assert got["topic"] == TOPIC
    assert got["title"] == MESSAGE.subject
    assert got["message"].startswith(MESSAGE.opening)
    assert got["message"].endswith(MESSAGE.link[1])
    assert "x-icon" not in receiver.posts[-1].headers, "no picture of another site"


def test_a_text_that_is_too_long_is_one_message_that_keeps_its_link(receiver: Receiver) -> None:
    long = replace(MESSAGE, more=tuple(f"Sentence {number} {'x' * 300}." for number in range(100)))
    send(parcel_to(f"{receiver.url}/{TOPIC}", message=long))
    got = sent(receiver)
    assert receiver.requests == 1
    assert len(got["message"]) <= 7800
    assert got["message"].endswith(MESSAGE.link[1])


def test_an_address_cannot_ask_for_repeats_or_call_a_failure_a_success(receiver: Receiver) -> None:
    receiver.dead = True
    asks = "retry=3&wait=0&optional=yes&redirect=yes&verify=no&overflow=split&rto=900&cto=900"
    with pytest.raises(AddressDownError):
        send(parcel_to(f"{receiver.url}/{TOPIC}?{asks}"))
    assert receiver.requests == 1


def test_redirects_are_not_followed_whatever_the_address_asks_for(receiver: Receiver) -> None:
    with receiver_server() as inner:
        receiver.once.append((307, {"Location": f"{inner.url}/inside"}))
        with pytest.raises(PermanentError, match="redirects are not followed"):
            send(parcel_to(f"{receiver.url}/{TOPIC}?redirect=yes"))
        assert inner.requests == 0


@pytest.mark.parametrize("schema", ["ntfy", "ntfys", "json", "jsons"])
def test_nothing_goes_into_a_private_network(receiver: Receiver, schema: str) -> None:
    with pytest.raises(NotAllowedError):
        send(parcel_to(f"{receiver.url}/{TOPIC}", schema), apprise_allow_local=False)
    assert receiver.requests == 0


def test_what_is_gone_is_used_no_more_and_what_asks_for_time_gets_it(receiver: Receiver) -> None:
    receiver.once += [(410, {}), (429, {"Retry-After": "77"})]
    with pytest.raises(AddressRefusedError):
        send(parcel_to(f"{receiver.url}/{TOPIC}"))
    with pytest.raises(AddressDownError) as asked:
        send(parcel_to(f"{receiver.url}/{TOPIC}"))
    assert asked.value.retry_after_s == 77


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """What comes to the process's log, of any level. (`caplog` hears loggers that pass nothing on, too.)"""
    found: list[str] = []
    handler = logging.Handler(logging.DEBUG)
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield found
    root.removeHandler(handler)
    root.setLevel(before)


def test_no_part_of_an_address_is_in_errors_or_logs(
    receiver: Receiver, logged: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    host = receiver.url.partition("://")[2]
    said = []
    for status, drop in ((403, 0), (503, 0), (200, 1)):
        receiver.once, receiver.drop = [(status, {})], drop
        with pytest.raises((PermanentError, AddressDownError, UnknownOutcomeError)) as error:
            send(parcel_to(f"http://marvin:pa55w0rd@{host}/{TOPIC}"))
        said.append(str(error.value))
    receiver.once, receiver.drop = [], 0
    send(parcel_to(f"http://marvin:pa55w0rd@{host}/{TOPIC}"))
    assert "authorization" in receiver.posts[-1].headers, "the password was used"
    logging.getLogger("another").debug("the log is heard")
    assert "the log is heard" in logged
    out, err = capfd.readouterr()
    everything = "\n".join([*said, *logged, out, err])
    assert all(said)
    for secret in ("pa55w0rd", "marvin", TOPIC, "9f2c"):
        assert secret not in everything


def test_what_is_stored_of_an_address_says_nothing(receiver: Receiver) -> None:
    link = apprise_link(f"{receiver.url}/{TOPIC}")
    assert TOPIC.encode() not in link["sealed"]
    assert link["address"].startswith("ntfy:")
    assert TOPIC not in link["address"]
    assert link["address"] == apprise_link(f"{receiver.url}/{TOPIC}")["address"]


def test_plugins_connect_to_nothing_outside_a_hand_over(receiver: Receiver) -> None:
    with pytest.raises(requests.ConnectionError):
        REQUESTS.request("POST", receiver.url)
    assert receiver.requests == 0
    with pytest.raises(AttributeError):
        _ = REQUESTS.Session


def test_a_link_that_another_key_sealed_is_tried_later(receiver: Receiver) -> None:
    with pytest.raises(UnopenedError, match="cannot be opened with SECRET_KEY"):
        send(parcel_to(f"{receiver.url}/{TOPIC}"), secret_key="another" * 8)
    assert receiver.requests == 0
