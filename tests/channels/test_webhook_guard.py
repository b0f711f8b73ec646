"""No webhook leads into a network of ours, whatever its address says and its name resolves to."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import pytest

from app.channels import deadline
from app.channels.deadline import Deadline
from app.channels.webhook import WebhookChannel
from app.channels.webhook_guard import NotAllowedError, addresses_of, endpoint_of, is_public
from app.domain.errors import PermanentError, TransientError
from tests.channels.receiver import Receiver, receiver_server, webhook_settings
from tests.channels.test_email import MESSAGE

PUBLIC = ["93.184.215.14", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"]
INSIDE = [
    *("127.0.0.1", "127.255.1.2", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "100.127.255.254", "192.0.0.8", "198.18.0.1", "192.0.2.1"),
    *("224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255", "192.88.99.1"),
    *("::1", "::", "fe80::1", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1", "2001::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "fe80::1%eth0"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_of_the_internet_are_allowed(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_of_inner_networks_are_not(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", [a for a in INSIDE if "%" not in a])
def test_they_are_refused_as_they_are_written(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(NotAllowedError):
        endpoint_of(f"https://{host}/hook")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://example.org/",
            "ftp://example.org/",
            "file:///etc/passwd",
            "gopher://example.org/",
            "",
            "x",
        ),
        *("https://", "https:///x", "https://localhost/", "https://mongo/", "https://a.internal/"),
        *("https://metadata.google.internal/", "https://printer.local/", "https://a.localhost/"),
        *("https://user:pw@example.org/", "https://example.org@127.0.0.1/", "https://example.org/#x"),
        *("https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/"),
        *("https://example.org\\@127.0.0.1/", "https://example.org/\r\nX: y", "https://exa mple.org/"),
        *(
            "https://example.org:0/",
            "https://example.org:99999/",
            "https://[::1/",
            "https://ex\u00e4mple.org/",
        ),
        f"https://example.org/{'a' * 1000}",
    ],
)
def test_addresses_that_are_none_are_refused(url: str) -> None:
    with pytest.raises(NotAllowedError):
        endpoint_of(url)


def test_an_address_is_taken_apart() -> None:
    found = endpoint_of("https://Example.org:8443/hook/?a=b")
    assert (found.host, found.port, found.netloc, found.target) == (
        *("example.org", 8443, "example.org:8443"),
        "/hook/?a=b",
    )
    assert endpoint_of("https://example.org").netloc == "example.org"
    assert endpoint_of("https://[2606:4700::1111]/").netloc == "[2606:4700::1111]"


def _resolver(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """A resolver that gives one answer after the other for names; returns the names it was asked for."""
    real, asked, left = socket.getaddrinfo, [], list(answers)

    def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host != "rebinding.example":
            return real(host, port, *rest, **more)
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [row for one in found for row in real(one, port, *rest, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def _deadline() -> Deadline:
    found = Deadline()
    found.restart(5)
    return found


@pytest.mark.parametrize("found", [["10.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["1.1.1.1", "::1"], ["fd00::1"]])
def test_a_name_with_one_inner_address_is_refused(monkeypatch: pytest.MonkeyPatch, found: list[str]) -> None:
    _resolver(monkeypatch, found)
    with pytest.raises(NotAllowedError):
        addresses_of(endpoint_of("https://rebinding.example/"), _deadline())


def test_a_name_that_changes_its_mind_is_asked_once_and_the_address_looked_at_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = _resolver(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    connected: list[str] = []

    def connect(host: str, port: int, within: Deadline) -> Any:
        connected.append(host)
        raise deadline.ChannelDownError("nobody is there")

    monkeypatch.setattr(deadline, "connect", connect)
    settings = webhook_settings(webhook_allow_local=False)
    receiver = Receiver("https://rebinding.example")
    channel = WebhookChannel(settings)
    with pytest.raises(TransientError):
        channel.open().send(channel.pack("c1", receiver.person(), MESSAGE), 5)
    assert asked == ["rebinding.example"]
    assert connected == ["93.184.215.14"]


def test_without_the_setting_for_tests_nothing_goes_to_this_machine() -> None:
    channel = WebhookChannel(webhook_settings(webhook_allow_local=False))
    with receiver_server() as receiver:
        for url in (receiver.url, receiver.url.replace("http:", "https:"), "https://localhost/"):
            person = Receiver(url).person()
            with pytest.raises(PermanentError):
                channel.open().send(channel.pack("c1", person, MESSAGE), 5)
        assert receiver.requests == 0


def test_a_resolver_that_does_not_answer_is_waited_for_no_longer_than_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import threading
    import time

    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait(10) and [])
    within = Deadline()
    within.restart(0.4)
    started = time.monotonic()
    with pytest.raises(TransientError):
        addresses_of(endpoint_of("https://slow.example/"), within)
    assert time.monotonic() - started < 1.5
    ended.set()
