"""How a server of a person's own is reached: at any of its addresses, also where one of them is silent or is IPv6."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app.channels.apprise import AppriseChannel
from app.channels.base import AddressDownError, Channel, Parcel
from app.channels.webhook import WebhookChannel
from app.domain.people import Person
from tests.apprise.linking import apprise_link, apprise_settings
from tests.channels.receiver import Receiver, receiver_server, webhook_settings
from tests.channels.test_email import MESSAGE

NAME = "hooks.example.org"


def channel_and_parcel(name: str, address: str, receiver: Receiver) -> tuple[Channel, Parcel]:
    """A message to this http address."""
    if name == "webhook":
        channel: Channel = WebhookChannel(webhook_settings(webhook_timeout_s=4))
        person = Person("p1", "Ada", linked={name: address}, sealed={name: receiver.sealed()})
    else:
        link = apprise_link(f"{address}/topic")
        channel = AppriseChannel(apprise_settings(apprise_timeout_s=4))
        person = Person("p1", "Ada", linked={name: link["address"]}, sealed={name: link["sealed"]})
    return channel, channel.pack("c1", person, MESSAGE)


def send(name: str, address: str, receiver: Receiver) -> None:
    """Hand one over. Raises what the sender does."""
    channel, parcel = channel_and_parcel(name, address, receiver)
    sender = channel.open()
    try:
        sender.send(parcel, 4)
    finally:
        sender.close()


@contextmanager
def silent(host: str, port: int) -> Iterator[None]:
    """Nothing answers there, as behind a firewall that drops what comes: the queue of those who wait is full."""
    with socket.socket() as listening:
        listening.bind((host, port))
        listening.listen(0)
        taken = [_begun(host, port) for _ in range(3)]
        yield
        for one in taken:
            one.close()


def _begun(host: str, port: int) -> socket.socket:
    """A connection that takes up the place of another."""
    sock = socket.socket()
    sock.setblocking(False)
    sock.connect_ex((host, port))
    return sock


@pytest.fixture
def resolves(monkeypatch: pytest.MonkeyPatch) -> None:
    """NAME has two addresses, the first of which is 127.0.0.2."""
    real = socket.getaddrinfo

    def both(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        hosts = ("127.0.0.2", "127.0.0.1") if host == NAME else (host,)
        return [row for one in hosts for row in real(one, port, *rest, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", both)


@pytest.mark.usefixtures("resolves")
@pytest.mark.parametrize("name", ["webhook", "apprise"])
def test_an_address_that_is_silent_leaves_time_for_the_next(name: str) -> None:
    with receiver_server() as receiver:
        port = int(receiver.url.rpartition(":")[2])
        with silent("127.0.0.2", port):
            send(name, f"http://{NAME}:{port}", receiver)
        assert len(receiver.posts) == 1


def test_an_ipv6_address_without_a_name_is_reached() -> None:
    with receiver_server() as receiver:
        port = int(receiver.url.rpartition(":")[2])
        send("webhook", f"http://[::ffff:127.0.0.1]:{port}", receiver)
    assert receiver.posts[0].headers["host"] == f"[::ffff:127.0.0.1]:{port}"


@pytest.mark.parametrize("error", [http.client.InvalidURL("odd"), ValueError("odd"), OSError("odd")])
def test_what_fails_before_the_first_byte_was_not_sent(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(http.client.HTTPConnection, "request", refused)
    with receiver_server() as receiver:
        with pytest.raises(AddressDownError, match="odd"):
            send("webhook", receiver.url, receiver)
        assert receiver.requests == 0
