"""A receiver of webhooks on this machine, which does what it is told and notes what it is sent."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from app.channels.webhook_secrets import Secrets, SecretSeal, new_secret
from app.domain.people import Person
from app.settings import Settings, load

KEY = "k" * 40


@dataclass(frozen=True, slots=True)
class Post:
    """One request. path: with its query. raw: the body's bytes."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def id(self) -> str:
        """What tells a repeat."""
        return self.headers["webhook-id"]

    @property
    def data(self) -> dict[str, Any]:
        """What the message is made of."""
        found: dict[str, Any] = json.loads(self.raw)["data"]
        return found


@dataclass(slots=True)
class Receiver:
    """posts: those that were taken. once: answers to the next requests, (status, headers). drop: how many requests are
    read, taken and not answered. drip: the answer comes byte by byte, for ever. dead: every request is answered 500."""

    url: str = ""
    posts: list[Post] = field(default_factory=list)
    once: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    drop: int = 0
    drip: bool = False
    dead: bool = False
    requests: int = 0
    secret: str = field(default_factory=new_secret)

    def person(self, id_: str = "p1", path: str = "/hook") -> Person:
        """Somebody who linked this receiver."""
        return Person(id_, "Ada", linked={"webhook": f"{self.url}{path}"}, sealed={"webhook": self.sealed()})

    def sealed(self) -> bytes:
        """The secret, as it is stored."""
        return SecretSeal((KEY,)).sealed(Secrets(self.secret))

    def link(self, path: str = "/hook") -> dict[str, Any]:
        """`users.linked` of somebody who linked this receiver."""
        return {"webhook": {"address": f"{self.url}{path}", "sealed": self.sealed()}}


def webhook_settings(**more: Any) -> Settings:
    """Settings with which webhooks are on, and may go to this machine."""
    plain: dict[str, Any] = {
        "mongodb_uri": "mongodb://127.0.0.1/x",
        "kafka_bootstrap_servers": "127.0.0.1:9",
        "secret_key": KEY,
        "webhooks": True,
        "webhook_allow_local": True,
        "webhook_connections": 1,
        "health_port": 0,
    }
    return load(**(plain | more))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        receiver = self.server.receiver
        receiver.requests += 1
        status, headers = receiver.once.pop(0) if receiver.once else (500 if receiver.dead else 200, {})
        if receiver.drip:
            self._drip()
            return
        if status < 300:
            kept = {name.lower(): value for name, value in self.headers.items()}
            receiver.posts.append(Post(self.path, kept, raw))
        if receiver.drop:
            receiver.drop -= 1
            self.close_connection = True
            self.connection.close()
            return
        body = b"taken" if status < 300 else b"not taken"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        self.close_connection = True
        try:
            for byte in b"HTTP/1.1 200 OK\r\n" + b"X-A: a\r\n" * 1000:
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            pass  # the sender had enough

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    receiver: Receiver

    def handle_error(self, *_: Any) -> None:
        """A connection that ends is no news."""


class _TlsServer(_Server):
    context: ssl.SSLContext

    def get_request(self) -> tuple[Any, Any]:
        """The handshake is done in the connection's own thread, when it is first read."""
        sock, address = super().get_request()
        tls = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return tls, address


@contextmanager
def receiver_server(
    context: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
) -> Iterator[Receiver]:
    """A receiver on a port of its own, or on this one. context: it speaks TLS, with this certificate."""
    server: _Server
    if context is None:
        server = _Server((host, port), _Handler)
    else:
        server = _TlsServer((host, port), _Handler)
        server.context = context
    server.receiver = Receiver(f"{'https' if context else 'http'}://{host}:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
