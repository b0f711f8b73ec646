"""Servers of people's own over TLS: a good certificate passes, any other is refused before a byte of the message.

The name is one of the internet; only its resolver is ours, and leads to this machine.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme
from standardwebhooks import Webhook

from app.channels.apprise import AppriseChannel
from app.channels.base import AddressDownError, Parcel
from app.channels.webhook import WebhookChannel
from app.domain.people import Person
from tests.apprise.linking import apprise_link, apprise_settings
from tests.channels.receiver import Receiver, receiver_server, webhook_settings
from tests.channels.test_email import MESSAGE

NAME = "hooks.example.org"
Resolves = Callable[..., list[str]]


class Hook:
    """A receiver that speaks TLS under NAME. asked_for: the names in SNI, in order; None where there was none."""

    def __init__(self, receiver: Receiver, asked_for: list[str | None]) -> None:
        self.receiver = receiver
        self.asked_for = asked_for
        self.port = int(receiver.url.rpartition(":")[2])

    def parcel(self, channel: str) -> Parcel:
        """A message to it, by its name."""
        if channel == "webhook":
            person = Person(
                "p1",
                "Ada",
                linked={"webhook": f"https://{NAME}:{self.port}/hook"},
                sealed={"webhook": self.receiver.sealed()},
            )
            return WebhookChannel(webhook_settings()).pack("c1", person, MESSAGE)
        link = apprise_link(f"https://{NAME}:{self.port}/topic", "ntfys")
        person = Person("p1", "Ada", linked={"apprise": link["address"]}, sealed={"apprise": link["sealed"]})
        return AppriseChannel(apprise_settings()).pack("c1", person, MESSAGE)

    def send(self, channel: str = "webhook", within_s: float = 20, **more: Any) -> None:
        """Hand one over. Raises what the sender does."""
        opened: Any = WebhookChannel(webhook_settings()) if channel == "webhook" else None
        sender = (opened or AppriseChannel(apprise_settings())).open()
        try:
            sender.send(replace(self.parcel(channel), **more), within_s)
        finally:
            sender.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The authority is one of those that this machine trusts."""
    with authority.cert_pem.tempfile() as path:
        monkeypatch.setenv("SSL_CERT_FILE", path)
        yield


@pytest.fixture
def resolves(monkeypatch: pytest.MonkeyPatch) -> Resolves:
    """Lets NAME have these addresses, one answer after the other, the last for ever; returns the names that were asked
    for."""
    real = socket.getaddrinfo

    def set_to(*answers: str) -> list[str]:
        left, asked = list(answers), list[str]()

        def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
            asked.append(host)
            if host == NAME:
                host = left.pop(0) if len(left) > 1 else left[0]
            return real(host, port, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return set_to


@pytest.fixture
def hook(authority: trustme.CA, resolves: Resolves) -> Iterator[Hook]:
    """One whose certificate is good, if the authority is trusted."""
    resolves("127.0.0.1")
    with hook_with(authority.issue_cert(NAME)) as made:
        yield made


class hook_with:  # noqa: N801 - read as a context manager
    """A hook with this certificate, while the block runs."""

    def __init__(self, certificate: trustme.LeafCert, host: str = "127.0.0.1", port: int = 0) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        self._names: list[str | None] = []
        context.sni_callback = lambda _, name, __: self._names.append(name)
        self._server = receiver_server(context, host, port)

    def __enter__(self) -> Hook:
        return Hook(self._server.__enter__(), self._names)

    def __exit__(self, *why: Any) -> None:
        self._server.__exit__(*why)


@pytest.mark.usefixtures("trusted")
def test_a_good_certificate_passes_with_the_name_in_sni_and_host(hook: Hook) -> None:
    hook.send()
    (post,) = hook.receiver.posts
    Webhook(hook.receiver.secret).verify(post.raw, post.headers)
    assert hook.asked_for == [NAME]
    assert post.headers["host"] == f"{NAME}:{hook.port}"


@pytest.mark.usefixtures("trusted")
def test_apprise_goes_the_same_way(hook: Hook) -> None:
    hook.send("apprise")
    (post,) = hook.receiver.posts
    assert hook.asked_for == [NAME]
    assert post.headers["host"] == f"{NAME}:{hook.port}"


def refused(hook: Hook, channel: str) -> str:
    """What is said of a server that gets nothing."""
    with pytest.raises(AddressDownError) as found:
        hook.send(channel)
    assert hook.receiver.requests == 0, "no byte of a message left"
    assert hook.receiver.posts == []
    assert hook.asked_for == [NAME], "it was asked, and refused for its certificate"
    words = str(found.value)
    assert words.startswith("cannot connect: the certificate is not accepted: "), words
    assert "_ssl.c" not in words
    return words


@pytest.mark.parametrize("channel", ["webhook", "apprise"])
class TestRefused:
    @pytest.mark.usefixtures("trusted")
    def test_a_certificate_of_another_name(
        self, authority: trustme.CA, resolves: Resolves, channel: str
    ) -> None:
        resolves("127.0.0.1")
        with hook_with(authority.issue_cert("other.example.org")) as hook:
            words = refused(hook, channel)
        assert "not valid for 'hooks.example.org'" in words

    @pytest.mark.usefixtures("trusted")
    def test_a_certificate_of_the_address_alone(
        self, authority: trustme.CA, resolves: Resolves, channel: str
    ) -> None:
        """The name counts, not the address that it leads to."""
        resolves("127.0.0.1")
        with hook_with(authority.issue_cert("127.0.0.1")) as hook:
            refused(hook, channel)

    def test_a_certificate_that_nobody_vouches_for(self, hook: Hook, channel: str) -> None:
        assert "local issuer certificate" in refused(hook, channel)

    @pytest.mark.usefixtures("trusted")
    def test_a_certificate_that_has_expired(
        self, authority: trustme.CA, resolves: Resolves, channel: str
    ) -> None:
        now = datetime.now(UTC)
        old = authority.issue_cert(
            NAME, not_before=now - timedelta(days=30), not_after=now - timedelta(days=2)
        )
        resolves("127.0.0.1")
        with hook_with(old) as hook:
            assert "certificate has expired" in refused(hook, channel)

    def test_a_server_that_speaks_no_tls(self, resolves: Resolves, channel: str) -> None:
        resolves("127.0.0.1")
        with receiver_server() as plain:
            hook = Hook(plain, [])
            with pytest.raises(AddressDownError, match="cannot connect"):
                hook.send(channel)
            assert plain.requests == 0


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("channel", ["webhook", "apprise"])
def test_the_connection_goes_to_the_address_that_was_looked_at(
    authority: trustme.CA, resolves: Resolves, channel: str
) -> None:
    """A name that changes its mind leads nobody elsewhere, though the other server has a good certificate, too."""
    asked = resolves("127.0.0.1", "127.0.0.2")
    with (
        hook_with(authority.issue_cert(NAME)) as first,
        hook_with(authority.issue_cert(NAME), "127.0.0.2", first.port) as second,
    ):
        first.send(channel)
        assert len(first.receiver.posts) == 1
        assert second.asked_for == []
        assert second.receiver.requests == 0
    assert asked.count(NAME) == 1, "resolved once"


@pytest.fixture
def two_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """NAME has two, the first of which is 127.0.0.2."""
    real = socket.getaddrinfo

    def both(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        hosts = ("127.0.0.2", "127.0.0.1") if host == NAME else (host,)
        return [row for one in hosts for row in real(one, port, *rest, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", both)


@pytest.mark.usefixtures("trusted", "two_addresses")
def test_a_bad_certificate_of_the_first_address_does_not_hide_a_good_second(authority: trustme.CA) -> None:
    with (
        hook_with(authority.issue_cert(NAME)) as good,
        hook_with(authority.issue_cert("other.example.org"), "127.0.0.2", good.port) as bad,
    ):
        good.send()
        assert len(good.receiver.posts) == 1
        assert bad.asked_for == [NAME]
        assert bad.receiver.requests == 0


@pytest.mark.usefixtures("trusted", "two_addresses")
def test_a_first_address_that_says_nothing_in_tls_leaves_time_for_the_second(authority: trustme.CA) -> None:
    with hook_with(authority.issue_cert(NAME)) as good, socket.socket() as mute:
        mute.bind(("127.0.0.2", good.port))
        mute.listen(5)
        good.send(within_s=6)
        assert len(good.receiver.posts) == 1
