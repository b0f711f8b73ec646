"""Providers on this machine that behave as badly as real ones: an SMTP server, a silent one, a Twilio."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


@dataclass
class Mail:
    """A mail that an SMTP server accepted. at: on the monotonic clock. raw: as it travelled."""

    sender: str
    recipient: str
    message: EmailMessage
    at: float
    raw: bytes = b""


class Mailbox:
    """What an SMTP server does and has. Set the fields to make it misbehave.

    answers: for "MAIL", "RCPT", "RCPT somebody@example.org", "DATA": the reply to give instead of yes, for every mail
    until removed.
    once: the same, but each is used up. drop_after_data: how often the connection is cut before the answer;
    keep_dropped: whether those mails were accepted all the same. breaks_off: it cuts the connection at MAIL.
    delay_s: before the answer to DATA.
    """

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.answers: dict[str, str] = {}
        self.once: dict[str, list[str]] = {}
        self.drop_after_data = 0
        self.keep_dropped = True
        self.breaks_off = False
        self.delay_s = 0.0
        self.connections = 0
        self.refusals = 0
        self.on_data: Callable[[], None] | None = None
        self.port = 0

    def recipients(self) -> list[str]:
        """To whom, in the order of acceptance."""
        return [mail.recipient for mail in self.mails]

    def subjects(self) -> list[str]:
        """About what, in the order of acceptance."""
        return [str(mail.message["Subject"]) for mail in self.mails]

    def reply(self, step: str) -> str | None:
        """What to say instead of yes, None for yes. What is said so is counted in `refusals`."""
        if self.once.get(step):
            answer: str | None = self.once[step].pop(0)
        else:
            answer = self.answers.get(step)
        self.refusals += answer is not None
        return answer

    def handle(self, method: str) -> None:
        """For subclasses and tests to look into."""

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if reply := self.reply("MAIL"):
            return reply
        if self.breaks_off:
            server.transport.abort()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if reply := self.reply(f"RCPT {address}") or self.reply("RCPT"):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.on_data:
            self.on_data()
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if reply := self.reply("DATA"):
            return reply
        dropped = self.drop_after_data > 0
        if not dropped or self.keep_dropped:
            message = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            came = (
                envelope.mail_from,
                envelope.rcpt_tos[0],
                message,
                time.monotonic(),
                bytes(envelope.content),
            )
            self.mails.append(Mail(*came))
        if dropped:
            self.drop_after_data -= 1
            server.transport.abort()
        return "250 2.0.0 accepted as 4711"


class _Counting(SMTP):
    def connection_made(self, transport: Any) -> None:
        self.event_handler.connections += 1
        super().connection_made(transport)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Counting(self.handler, **{"timeout": 60, **self.SMTP_kwargs, "enable_SMTPUTF8": True})


@contextmanager
def smtp_server(
    port: int = 0, *, ssl_context: ssl.SSLContext | None = None, **options: Any
) -> Iterator[Mailbox]:
    """An SMTP server on loopback while the block runs.

    ssl_context: for TLS from the first byte. options: of aiosmtpd's SMTP (tls_context for STARTTLS, ...).
    """
    mailbox = Mailbox()
    mailbox.port = port or free_port()
    controller = _Controller(
        *(mailbox, "127.0.0.1", mailbox.port), ready_timeout=10, ssl_context=ssl_context, **options
    )
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server that gives each connection to `talk`, in a thread; yields the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_sockets: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        try:
            talk(connection)
        except OSError:
            pass  # the other side gave up: what these tests are about
        finally:
            connection.close()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_sockets.append(connection)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for connection in open_sockets:
            connection.close()


@dataclass
class TwilioAnswer:
    """An answer that is not yes. drop: cut the connection instead. keep: the message was accepted all the same."""

    status: int = 500
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    keep: bool = False
    delay_s: float = 0.0
    drip_s: float = 0.0


class Twilio:
    """What a Twilio-shaped server has: `messages`, newest first. Put answers into `script` to make it misbehave."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.script: list[TwilioAnswer] = []
        self.url = ""
        self.asked = 0
        self.token = "token"

    def bodies(self) -> list[str]:
        """The texts, in the order of acceptance."""
        return [message["body"] for message in reversed(self.messages)]

    def accept(self, form: dict[str, list[str]]) -> dict[str, Any]:
        """Take a message as Twilio does; returns the resource."""
        message = {
            "sid": f"SM{uuid.uuid4().hex}",
            "to": form["To"][0],
            "from": form.get("From", [None])[0],
            "messaging_service_sid": form.get("MessagingServiceSid", [None])[0],
            "body": form["Body"][0],
            "status_callback": form.get("StatusCallback", [None])[0],
            "status": "queued",
            "date_created": format_datetime(datetime.now(UTC)),
            "date_sent": None,
            "num_segments": "1",
        }
        self.messages.insert(0, message)
        return message


def _answering(twilio: Twilio) -> type[BaseHTTPRequestHandler]:
    """What answers requests as `twilio` is told to."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Silent."""

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            if not twilio.script:
                self._answer(201, twilio.accept(form))
                return
            answer = twilio.script.pop(0)
            time.sleep(answer.delay_s)
            resource = twilio.accept(form) if answer.keep else answer.body
            if answer.drop:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self._answer(answer.status, resource, answer.headers, answer.drip_s)

        def do_GET(self) -> None:
            twilio.asked += 1
            to = parse_qs(urlsplit(self.path).query).get("To", [None])[0]
            found = [m for m in twilio.messages if to in (None, m["to"])]
            self._answer(200, {"messages": found, "next_page_uri": None, "page": 0, "page_size": 50})

        def _answer(
            self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None, drip_s: float = 0
        ) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if not drip_s:
                self.wfile.write(data)
                return
            try:
                for index in range(len(data)):
                    self.wfile.write(data[index : index + 1])
                    time.sleep(drip_s)
            except OSError:
                self.close_connection = True

    return Handler


@contextmanager
def twilio_server() -> Iterator[Twilio]:
    """A Twilio-shaped HTTP server on loopback while the block runs."""
    twilio = Twilio()

    server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(twilio))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    twilio.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield twilio
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
