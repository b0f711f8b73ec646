"""The e-mail channel over TLS: from the first byte, by STARTTLS, and never in plain text instead."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import AuthResult

from app.channels.base import ChannelDownError
from app.channels.email import EmailChannel, EmailSender
from app.settings import load
from tests.channels.test_email import parcel
from tests.providers import raw_server, smtp_server

LOGIN = ("gatecall", "s3cret")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    """A mail server's, with a certificate for 127.0.0.1."""
    return server_context(authority.issue_cert("127.0.0.1"))


@pytest.fixture
def trusted(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The authority is one of those that this machine trusts."""
    with authority.cert_pem.tempfile() as path:
        monkeypatch.setenv("SSL_CERT_FILE", path)
        yield


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(made)
    return made


def sender(port: int, **more: Any) -> EmailSender:
    settings = load(
        mongodb_uri="mongodb://127.0.0.1/x",
        kafka_bootstrap_servers="127.0.0.1:9",
        mail_server="127.0.0.1",
        mail_port=port,
        **more,
    )
    made = EmailChannel(settings).open()
    assert isinstance(made, EmailSender)
    return made


def only_with_login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    right = (data.login.decode(), data.password.decode()) == LOGIN
    return AuthResult(success=right, handled=False)


@pytest.mark.usefixtures("trusted")
def test_mail_over_tls_from_the_first_byte_on_one_connection(context: ssl.SSLContext) -> None:
    with smtp_server(ssl_context=context) as mailbox:
        made = sender(mailbox.port, mail_use_ssl=True)
        made.send(parcel(), 10)
        so_far = mailbox.connections
        for _ in range(3):
            made.send(parcel(), 10)
        made.close()
        assert len(mailbox.mails) == 4
        assert mailbox.connections == so_far, "a TLS connection is kept like any"


@pytest.mark.usefixtures("trusted")
def test_mail_by_starttls_with_a_login_that_travels_encrypted(context: ssl.SSLContext) -> None:
    options = {"tls_context": context, "require_starttls": True}
    with smtp_server(authenticator=only_with_login, auth_required=True, **options) as mailbox:
        made = sender(mailbox.port, mail_use_tls=True, mail_username=LOGIN[0], mail_password=LOGIN[1])
        made.send(parcel(), 10)
        made.close()
        assert len(mailbox.mails) == 1
        wrong = sender(mailbox.port, mail_use_tls=True, mail_username=LOGIN[0], mail_password="another")
        with pytest.raises(ChannelDownError, match="535"):
            wrong.send(parcel(), 10)
        assert len(mailbox.mails) == 1


@pytest.mark.parametrize("mode", ["mail_use_ssl", "mail_use_tls"])
def test_a_certificate_that_nobody_vouches_for_gets_no_mail(context: ssl.SSLContext, mode: str) -> None:
    options = {"ssl_context": context} if mode == "mail_use_ssl" else {"tls_context": context}
    with smtp_server(**options) as mailbox:
        with pytest.raises(ChannelDownError, match=r"(?i)certificate"):
            sender(mailbox.port, **{mode: True}).send(parcel(), 10)
        assert mailbox.mails == []


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name_gets_no_mail(authority: trustme.CA) -> None:
    context = server_context(authority.issue_cert("mail.example.org"))
    with smtp_server(ssl_context=context) as mailbox:
        with pytest.raises(ChannelDownError, match=r"(?i)certificate"):
            sender(mailbox.port, mail_use_ssl=True).send(parcel(), 10)
        assert mailbox.mails == []


def test_a_server_without_starttls_gets_no_mail_in_plain_text() -> None:
    with smtp_server() as mailbox:
        with pytest.raises(ChannelDownError, match="STARTTLS"):
            sender(mailbox.port, mail_use_tls=True).send(parcel(), 10)
        assert mailbox.mails == []


def test_a_server_that_drips_its_handshake_is_given_up_in_time() -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        for byte in b"\x16\x03\x03\x40\x00" + b"\x02" * 200:
            connection.send(bytes([byte]))
            time.sleep(0.1)

    with raw_server(drip) as port:
        began = time.monotonic()
        with pytest.raises(ChannelDownError):
            sender(port, mail_use_ssl=True).send(parcel(), 1.5)
        assert time.monotonic() - began < 4
