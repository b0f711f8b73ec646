"""Webhooks against a receiver on this machine: what is sent, who signed it, and what each answer means."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from app.channels.base import AddressDownError, AddressRefusedError, ChannelDownError, Parcel, UnopenedError
from app.channels.webhook import WebhookChannel, WebhookSender
from app.channels.webhook_secrets import OLD_SIGNS_FOR, Secrets, SecretSeal, new_secret
from app.domain.errors import PermanentError, TransientError
from tests.channels.receiver import KEY, Receiver, receiver_server, webhook_settings
from tests.channels.test_email import MESSAGE
from tests.providers import free_port

DATA = {
    "type": "flight.gate",
    "changed_at": datetime(2013, 2, 8, 19, 42, tzinfo=UTC),
    "subject": "flight:f1",
    "kinds": ["gate"],
    "from": {"gate": "C74"},
    "to": {"gate": "C71"},
    "repeats": False,
    "found_late": False,
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiver_server() as found:
        yield found


@pytest.fixture
def sender() -> Iterator[WebhookSender]:
    made = WebhookChannel(webhook_settings()).open()
    yield made
    made.close()


def parcel(receiver: Receiver, path: str = "/hook?a=1") -> Parcel:
    made = WebhookChannel(webhook_settings()).pack("c1", receiver.person(path=path), MESSAGE)
    return replace(made, data=DATA)


def test_body_says_what_changed_and_nothing_of_the_person(sender: WebhookSender, receiver: Receiver) -> None:
    sender.send(parcel(receiver), 5)
    (post,) = receiver.posts
    body = json.loads(post.raw)
    assert post.path == "/hook?a=1"
    assert post.headers["content-type"] == "application/json"
    assert body["type"] == "flight.gate"
    assert body["timestamp"] == "2013-02-08T19:42:00.000Z"
    assert {name: body["data"][name] for name in ("subject", "kinds", "from", "to")} == {
        name: DATA[name] for name in ("subject", "kinds", "from", "to")
    }
    assert body["data"]["title"] == MESSAGE.subject
    assert body["data"]["text"] == "New gate for UA 1698 to Zürich: C71 (was C74).\nGo to C71 now."
    assert body["data"]["url"] == MESSAGE.link[1]
    assert not any(word in post.raw.decode() for word in ("Ada", "p1", "example.org", receiver.url))


def test_receivers_check_the_signature_with_the_standards_own_library(
    sender: WebhookSender, receiver: Receiver
) -> None:
    sender.send(parcel(receiver), 5)
    (post,) = receiver.posts
    assert Webhook(receiver.secret).verify(post.raw, post.headers)["type"] == "flight.gate"
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(post.raw, post.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(receiver.secret).verify(post.raw.replace(b"C71", b"C72"), post.headers)


def test_a_repeat_has_the_same_id_and_another_text_another(sender: WebhookSender, receiver: Receiver) -> None:
    for _ in range(2):
        sender.send(parcel(receiver), 5)
    other = WebhookChannel(webhook_settings()).pack(
        "c1", receiver.person(), replace(MESSAGE, opening="New gate: C72.")
    )
    sender.send(other, 5)
    first, second, third = (post.id for post in receiver.posts)
    assert first == second != third


def test_while_a_secret_is_replaced_both_sign_and_a_day_later_the_new_one_alone(receiver: Receiver) -> None:
    now = datetime.now(UTC)
    old = Secrets(receiver.secret)
    new = old.rotated(now)
    sealed = SecretSeal((KEY,)).sealed(new)
    for later, count in ((timedelta(), 2), (OLD_SIGNS_FOR, 1)):
        made = WebhookSender(webhook_settings(), lambda later=later: now + later)
        made.send(replace(parcel(receiver), sealed=sealed), 5)
        post = receiver.posts[-1]
        signatures = post.headers["webhook-signature"].split(" ")
        assert len(signatures) == count
        assert signatures[0] == Webhook(new.present).sign(post.id, now + later, post.raw.decode())
        assert (Webhook(old.present).sign(post.id, now + later, post.raw.decode()) in signatures) == (
            count == 2
        )


def test_a_secret_that_is_replaced_again_takes_nothing_from_those_before() -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    made = [Secrets(new_secret())]
    for hours in range(1, 4):
        made.append(made[-1].rotated(now + timedelta(hours=hours)))
    kept = SecretSeal((KEY,)).opened(SecretSeal((KEY,)).sealed(made[-1]))
    assert kept == made[-1]
    latest_first = tuple(one.present for one in reversed(made))
    assert kept.at(now + timedelta(hours=3)) == latest_first
    first_ends = now + timedelta(hours=1) + OLD_SIGNS_FOR
    assert kept.all_until(now + timedelta(hours=3)) == first_ends
    assert kept.at(first_ends) == latest_first[:-1]
    assert kept.at(now + timedelta(days=3)) == latest_first[:1]
    assert kept.all_until(now + timedelta(days=3)) is None


def test_of_too_many_the_oldest_and_the_latest_sign_along() -> None:
    now = datetime.now(UTC)
    made = [Secrets(new_secret())]
    for _ in range(12):
        made.append(made[-1].rotated(now))
    names = [one.present for one in made]
    assert made[-1].at(now) == (*reversed(names[-5:]), names[0])


def test_a_secret_that_was_sealed_with_room_for_one_before_it_is_opened() -> None:
    until = datetime(2026, 11, 23, 12, tzinfo=UTC)
    seal = SecretSeal((KEY,))
    for old, earlier in (("whsec_b", (("whsec_b", until),)), (None, ())):
        stored = ["whsec_a", old, until.timestamp() if old else None]
        sealed = seal._seal.encrypt(orjson.dumps(stored))
        assert seal.opened(sealed) == Secrets("whsec_a", earlier)


def test_a_secret_that_no_key_of_ours_opens_is_our_fault_and_transient(
    sender: WebhookSender, receiver: Receiver
) -> None:
    with pytest.raises(UnopenedError) as caught:
        sender.send(replace(parcel(receiver), sealed=b"nonsense"), 5)
    assert isinstance(caught.value, TransientError)
    assert not isinstance(caught.value, ChannelDownError), "the others' links can be opened"
    assert receiver.requests == 0


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_yes(sender: WebhookSender, receiver: Receiver, status: int) -> None:
    receiver.once.append((status, {}))
    assert sender.send(parcel(receiver), 5).provider_id == receiver.posts[0].id


def test_gone_is_the_end_of_the_address(sender: WebhookSender, receiver: Receiver) -> None:
    receiver.once.append((410, {}))
    with pytest.raises(AddressRefusedError, match="410 Gone"):
        sender.send(parcel(receiver), 5)


@pytest.mark.parametrize(
    ("status", "headers", "asked"),
    [
        (429, {"Retry-After": "7"}, 7),
        (503, {"Retry-After": "Thu, 01 Jan 2015 00:00:30 GMT"}, 0),
        (503, {"Retry-After": "999999999"}, 86_400),
        (500, {}, None),
        (408, {}, None),
        (425, {}, None),
    ],
)
def test_what_may_work_later_says_when(
    sender: WebhookSender, receiver: Receiver, status: int, headers: dict[str, str], asked: float | None
) -> None:
    receiver.once.append((status, headers))
    with pytest.raises(AddressDownError, match=str(status)) as caught:
        sender.send(parcel(receiver), 5)
    assert caught.value.retry_after_s == asked


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_other_refusals_are_of_the_message_alone(
    sender: WebhookSender, receiver: Receiver, status: int
) -> None:
    receiver.once.append((status, {}))
    with pytest.raises(PermanentError, match=str(status)) as caught:
        sender.send(parcel(receiver), 5)
    assert not isinstance(caught.value, AddressRefusedError)


def test_redirects_are_not_followed(sender: WebhookSender, receiver: Receiver) -> None:
    with receiver_server() as inner:
        receiver.once.append((307, {"Location": f"{inner.url}/inner"}))
        with pytest.raises(PermanentError, match="redirects are not followed"):
            sender.send(parcel(receiver), 5)
        assert inner.requests == 0


def test_a_server_that_is_not_there_is_down_and_says_nothing_of_others(
    sender: WebhookSender, receiver: Receiver
) -> None:
    person = replace(receiver.person(), linked={"webhook": f"http://127.0.0.1:{free_port()}/"})
    dead = WebhookChannel(webhook_settings()).pack("c1", person, MESSAGE)
    with pytest.raises(AddressDownError) as caught:
        sender.send(dead, 5)
    assert not isinstance(caught.value, ChannelDownError)
    sender.send(parcel(receiver), 5)
