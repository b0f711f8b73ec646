"""The e-mail channel against real SMTP servers, well and badly behaved."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from app.channels import email as email_channel
from app.channels.base import ChannelDownError, Parcel
from app.channels.deadline import Deadline
from app.channels.email import EmailChannel, EmailSender
from app.channels.smtp import ConnectionLostError, open_session
from app.domain.errors import PermanentError, TransientError, UnknownOutcomeError
from app.domain.people import Person
from app.domain.wording import Highlight, Message
from app.settings import Settings, load
from tests.providers import Mailbox, free_port, raw_server, smtp_server

MESSAGE = Message(
    subject="UA 1698 now leaves from gate C71, not C74",
    headline="New gate: C71",
    preheader="was C74",
    opening="New gate for UA 1698 to Zürich: C71 (was C74).",
    highlight=Highlight("Gate", "C74", "C71", None, "change"),
    facts=(("Leaves", "Fri 8 Feb, 14:57 EST"),),
    advice=("Go to C71 now.",),
    link=("Open UA 1698", "http://localhost:8080/f/UA1698/2013-02-08"),
    footer=("You get this because you hold a booking on UA 1698.",),
    sms="Gatecall: UA 1698 has a new gate, C71 (was C74).",
)
ADA = Person("p1", "Ada", email="ada@example.org")


def settings(port: int) -> Settings:
    return load(
        mongodb_uri="mongodb://127.0.0.1/x",
        kafka_bootstrap_servers="127.0.0.1:9",
        mail_server="127.0.0.1",
        mail_port=port,
    )


def parcel(message: Message = MESSAGE, person: Person = ADA) -> Parcel:
    return EmailChannel(settings(1)).pack("c1", person, message)


@pytest.fixture
def sender(mailbox: Mailbox) -> Iterator[EmailSender]:
    made = EmailChannel(settings(mailbox.port)).open()
    yield made
    made.close()


def test_mail_has_text_and_html_and_the_headers_of_automatic_mail(
    sender: EmailSender, mailbox: Mailbox
) -> None:
    receipt = sender.send(parcel(), 5)
    mail = mailbox.mails[0]
    assert receipt.words.startswith("250")
    assert mail.sender == "hello@gatecall.example"
    assert mail.message["To"] == "ada@example.org"
    assert mail.message["From"] == "Gatecall <hello@gatecall.example>"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["Content-Language"] == "en"
    assert mail.message["List-Id"] is None, "a mail that was not said to be of a list"
    assert mail.message["Message-ID"] == f"<{parcel().message_id}>"
    assert mail.message["Date"]
    assert mail.message.get_content_type() == "multipart/alternative"
    text = mail.message.get_body(("plain",))
    html = mail.message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "Zürich" in text.get_content()
    assert "C71" in html.get_content()


def test_no_name_server_is_asked_for_a_mail(
    sender: EmailSender, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object) -> str:
        pytest.fail("a name server that does not answer would hold up every mail")

    sender.send(parcel(), 5)  # what is asked once, for the connection, is kept
    for name in ("getfqdn", "gethostbyaddr", "gethostbyname", "getaddrinfo"):
        monkeypatch.setattr(socket, name, asked)
    sender.send(parcel(), 5)
    assert len(mailbox.mails) == 2


def test_same_text_of_the_same_conversation_carries_the_same_message_id() -> None:
    channel = EmailChannel(settings(1))
    assert parcel().message_id == parcel().message_id
    assert channel.pack("c2", ADA, MESSAGE).message_id != parcel().message_id
    assert parcel().message_id.endswith("@gatecall.example")


def test_connection_is_kept_and_replaced_when_the_server_closed_it(
    sender: EmailSender, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.send(parcel(), 5)
    so_far = mailbox.connections
    sender.send(parcel(), 5)
    assert mailbox.connections == so_far
    mailbox.once["MAIL"] = ["421 4.3.2 closing"]
    with pytest.raises(ChannelDownError):
        sender.send(parcel(), 5)
    sender.send(parcel(), 5)
    monkeypatch.setattr(email_channel, "_IDLE_S", 0.0)
    sender.send(parcel(), 5)
    assert len(mailbox.mails) == 4


def test_server_that_was_restarted_costs_no_mail() -> None:
    with smtp_server() as first:
        made = EmailChannel(settings(first.port)).open()
        made.send(parcel(), 5)
        port = first.port
    with smtp_server(port) as second:
        made.send(parcel(), 5)
        assert len(second.mails) == 1
        made.close()


@pytest.mark.parametrize(
    ("step", "reply", "error"),
    [
        ("MAIL", "451 4.3.0 try later", TransientError),
        ("MAIL", "550 5.7.1 account suspended", ChannelDownError),
        ("MAIL", "553 5.7.1 not owned by user", ChannelDownError),
        ("MAIL", "552 5.3.4 message too large", PermanentError),
        ("MAIL", "530 5.7.0 authentication required", ChannelDownError),
        ("RCPT", "450 4.2.1 busy", TransientError),
        ("RCPT", "452 4.2.2 full", TransientError),
        ("RCPT", "550 5.1.1 no such user", PermanentError),
        ("DATA", "452 4.3.1 full", TransientError),
        ("DATA", "554 5.7.1 spam", PermanentError),
    ],
)
def test_refusals_are_told_apart_and_the_next_mail_goes_through(
    sender: EmailSender, mailbox: Mailbox, step: str, reply: str, error: type[Exception]
) -> None:
    mailbox.once[step] = [reply]
    with pytest.raises(error, match=reply[:3]) as caught:
        sender.send(parcel(), 5)
    assert isinstance(caught.value, ChannelDownError) == (error is ChannelDownError)
    sender.send(parcel(), 5)
    assert len(mailbox.mails) == 1


def test_nobody_listening_is_the_channel_down() -> None:
    with pytest.raises(ChannelDownError):
        EmailChannel(settings(free_port())).open().send(parcel(), 2)


def test_cut_after_the_dot_is_unknown(sender: EmailSender, mailbox: Mailbox) -> None:
    mailbox.drop_after_data = 1
    with pytest.raises(UnknownOutcomeError):
        sender.send(parcel(), 5)


def test_silence_after_the_dot_is_unknown_when_the_deadline_passes(
    sender: EmailSender, mailbox: Mailbox
) -> None:
    mailbox.delay_s = 3
    started = time.monotonic()
    with pytest.raises(UnknownOutcomeError):
        sender.send(parcel(), 0.7)
    assert time.monotonic() - started < 2


def _greets(connection: socket.socket, *replies: bytes) -> None:
    connection.sendall(b"220 hi\r\n")
    for reply in replies:
        connection.recv(4096)
        connection.sendall(reply)


def _silent(connection: socket.socket) -> None:
    connection.recv(4096)
    time.sleep(3)


def _dripping(connection: socket.socket) -> None:
    for letter in b"220-" + b"x" * 100:
        connection.sendall(bytes([letter]))
        time.sleep(0.1)


def _refusing(connection: socket.socket) -> None:
    connection.sendall(b"554 5.3.2 go away\r\n")
    connection.recv(4096)


def _cuts_before_data(connection: socket.socket) -> None:
    _greets(connection, b"250 me\r\n", b"250 ok\r\n", b"250 ok\r\n")
    connection.recv(4096)


def _drips_after_data(connection: socket.socket) -> None:
    _greets(connection, b"250 me\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n")
    received = b""
    while not received.endswith(b"\r\n.\r\n"):
        received += connection.recv(65536)
    for letter in b"250-" + b"x" * 100:
        connection.sendall(bytes([letter]))
        time.sleep(0.1)


def _takes_no_more(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    _greets(connection, b"250 me\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n")
    time.sleep(3)


@pytest.mark.parametrize(
    ("talk", "error"),
    [
        pytest.param(_silent, ChannelDownError, id="half-open: no greeting"),
        pytest.param(_dripping, ChannelDownError, id="a greeting that drips"),
        pytest.param(_refusing, ChannelDownError, id="554 at once"),
        pytest.param(_cuts_before_data, TransientError, id="cut at DATA"),
        pytest.param(_drips_after_data, UnknownOutcomeError, id="an answer that drips"),
    ],
)
def test_deadline_is_of_the_whole_hand_over_however_the_server_dawdles(
    talk: Callable[[socket.socket], None], error: type[Exception]
) -> None:
    with raw_server(talk) as port:
        made = EmailChannel(settings(port)).open()
        started = time.monotonic()
        with pytest.raises(error):
            made.send(parcel(), 0.8)
        assert time.monotonic() - started < 2
        made.close()


def test_data_that_the_server_stops_reading_was_not_handed_over() -> None:
    with raw_server(_takes_no_more) as port:
        deadline = Deadline()
        deadline.restart(1.0)
        session = open_session("127.0.0.1", port, within=deadline)
        with pytest.raises(ConnectionLostError):
            session.hand_over("a@example.org", "b@example.org", b"x\r\n" * 10_000_000)


def test_abort_from_another_thread_ends_a_hand_over(sender: EmailSender, mailbox: Mailbox) -> None:
    import threading

    mailbox.delay_s = 3
    threading.Timer(0.3, sender.abort).start()
    started = time.monotonic()
    with pytest.raises(UnknownOutcomeError):
        sender.send(parcel(), 20)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("evil", ["a\r\nBcc: victim@example.org", "a\nBcc: victim@example.org", "a\rb"])
def test_line_breaks_in_a_subject_are_refused(sender: EmailSender, mailbox: Mailbox, evil: str) -> None:
    values = {name: getattr(MESSAGE, name) for name in MESSAGE.__slots__}
    with pytest.raises(PermanentError):
        sender.send(parcel(Message(**values | {"subject": evil})), 5)
    assert not mailbox.mails


def test_lines_that_begin_with_a_dot_arrive_as_they_are(sender: EmailSender, mailbox: Mailbox) -> None:
    values = {name: getattr(MESSAGE, name) for name in MESSAGE.__slots__}
    sender.send(parcel(Message(**values | {"opening": ".\n..two"})), 5)
    text = mailbox.mails[0].message.get_body(("plain",))
    assert text is not None
    assert text.get_content().startswith(". ..two") or "\n..two" in text.get_content()


def test_body_of_100_kb_arrives_whole(sender: EmailSender, mailbox: Mailbox) -> None:
    values = {name: getattr(MESSAGE, name) for name in MESSAGE.__slots__}
    sender.send(parcel(Message(**values | {"opening": "word " * 20_000})), 10)
    text = mailbox.mails[0].message.get_body(("plain",))
    assert text is not None
    assert text.get_content().count("word") == 20_000


def test_addresses_of_other_alphabets_travel_or_are_refused(sender: EmailSender, mailbox: Mailbox) -> None:
    sender.send(parcel(person=Person("p", "Z", email="ada@zürich.example")), 5)
    assert mailbox.recipients() == ["ada@xn--zrich-kva.example"]
    with pytest.raises(PermanentError):
        parcel(person=Person("p", "Z", email="jürg@example.org"))


def test_person_without_address_cannot_be_packed() -> None:
    with pytest.raises(PermanentError):
        parcel(person=Person("p", "Z"))
