"""A way to a real MongoDB that misbehaves when it is told to: it knows inserts into the inbox from all else.

The driver is led here by an address of its own with `directConnection`; what is not an insert passes untouched.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bson
from pymongo import MongoClient
from pymongo.uri_parser import parse_uri

_HEADER = struct.Struct("<iiii")
_OP_MSG = 2013


class Proxy:
    """answers: what is said instead of doing an insert, once each. drop: how many inserts are done, but their
    connection ends before the answer. silent: no answer to any insert comes back. cut: how many ends before the insert
    was passed on. inserts: how many came."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.answers: list[dict[str, Any]] = []
        self.drop = 0
        self.cut = 0
        self.silent = False
        self.inserts = 0
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def uri(self, uri: str) -> str:
        """The same database, by this way."""
        name = parse_uri(uri)["database"] or "inbox"
        return f"mongodb://127.0.0.1:{self.port}/{name}?directConnection=true"

    def close(self) -> None:
        """Take no more connections and end those there are."""
        self._server.close()
        with self._lock:
            ending = list(self._open)
        for sock in ending:
            _end(sock)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
                server = socket.create_connection(self._target, 10)
            except OSError:
                return
            server.settimeout(None)
            with self._lock:
                self._open |= {client, server}
            mute = threading.Event()
            threading.Thread(target=self._to_server, args=(client, server, mute), daemon=True).start()
            threading.Thread(target=self._to_client, args=(server, client, mute), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket, mute: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while message := _message(client):
                if not _is_insert(message):
                    server.sendall(message)
                    continue
                self.inserts += 1
                if self.cut:
                    self.cut -= 1
                    break
                if self.answers:
                    client.sendall(_reply(message, self.answers.pop(0)))
                    continue
                if self.drop or self.silent:
                    mute.set()
                server.sendall(message)
        if not mute.is_set():
            _end(client)
            _end(server)

    def _to_client(self, server: socket.socket, client: socket.socket, mute: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while message := _message(server):
                if mute.is_set():
                    if self.silent:
                        continue
                    self.drop -= 1
                    break
                client.sendall(message)
        _end(client)
        _end(server)


@contextmanager
def proxy_to(mongo_uri: str) -> Iterator[Proxy]:
    """A proxy to the primary of this replica set."""
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        client.admin.command("ping")
        primary = client.primary
    assert primary is not None
    made = Proxy(primary)
    try:
        yield made
    finally:
        made.close()


def _message(sock: socket.socket) -> bytes:
    """The next whole message; empty at the end."""
    head = _exactly(sock, _HEADER.size)
    if not head:
        return b""
    return head + _exactly(sock, _HEADER.unpack(head)[0] - _HEADER.size)


def _exactly(sock: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        chunk = sock.recv(size - len(found))
        if not chunk:
            return b""
        found += chunk
    return found


def _is_insert(message: bytes) -> bool:
    """Whether it is an OP_MSG whose first section is the command {insert: "inbox", ...}."""
    if _HEADER.unpack(message[:16])[3] != _OP_MSG or message[20] != 0:
        return False
    size = struct.unpack("<i", message[21:25])[0]
    command = bson.decode(message[21 : 21 + size])
    return command.get("insert") == "inbox"


def _reply(asked: bytes, document: dict[str, Any]) -> bytes:
    body = struct.pack("<I", 0) + b"\x00" + bson.encode(document)
    request = _HEADER.unpack(asked[:16])[1]
    return _HEADER.pack(_HEADER.size + len(body), 1, request, _OP_MSG) + body


def _end(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
