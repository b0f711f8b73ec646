"""A TCP or TLS connection with one deadline for everything done on it.

Time-outs of sockets are per call: a peer that drips a byte a second never runs into them. Here each call is
given what is left until the deadline, so that the sum cannot exceed it. smtplib and http.client both work on
top of it. Nothing in here knows what is sent.
"""

from __future__ import annotations

import errno
import io
import os
import select
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.channels.base import ChannelDownError


class Deadline:
    """A moment on the monotonic clock that everything must be done by; set anew for each hand-over."""

    def __init__(self) -> None:
        self._expires_at = 0.0
        self._aborted = False

    def restart(self, seconds: float) -> None:
        """Let it be so many seconds from now, unless it was aborted."""
        self._expires_at = time.monotonic() + seconds

    def abort(self) -> None:
        """Let it have passed, now and for ever; for another thread to call."""
        self._aborted = True

    @contextmanager
    def shortened(self, seconds: float) -> Iterator[None]:
        """Let it be so many seconds from now, in this block, unless it is earlier."""
        before = self._expires_at
        self._expires_at = min(before, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._expires_at = before

    def left_s(self) -> float:
        """Seconds until then. Raises TimeoutError when there are none."""
        left = self._expires_at - time.monotonic()
        if self._aborted or left <= 0:
            raise TimeoutError("timed out")
        return left


class DeadlineSocket:
    """What smtplib and http.client need of a socket. `sent_all` is False after a write that was cut short."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        self.sent_all = True

    def sendall(self, data: bytes | bytearray | memoryview) -> None:
        """Write all of it before the deadline, or raise OSError."""
        self.sent_all = False
        view = memoryview(data).cast("B")
        while view:
            self._sock.settimeout(self._deadline.left_s())
            view = view[self._sock.send(view) :]
        self.sent_all = True

    def makefile(self, mode: str = "rb", *_: Any, **__: Any) -> io.BufferedReader:
        """A reader whose every read observes the deadline."""
        if mode != "rb":
            raise ValueError("only reading")
        return io.BufferedReader(_Raw(self))

    def receive_into(self, buffer: Any) -> int:
        """Read what there is, waiting until the deadline at most; 0 at the end of the stream."""
        self._sock.settimeout(self._deadline.left_s())
        return self._sock.recv_into(buffer)

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Go on in TLS. Raises OSError (ssl.SSLError among them)."""
        self._sock.settimeout(self._deadline.left_s())
        self._sock = context.wrap_socket(self._sock, server_hostname=host)

    def is_stale(self) -> bool:
        """Whether an idle connection was closed, or spoken on, by the other side."""
        try:
            readable, _, _ = select.select([self._sock], [], [], 0)
        except (OSError, ValueError):
            return True
        return bool(readable)

    def abort(self) -> None:
        """End reads and writes under way in another thread."""
        try:
            # socket.socket's own: SSLSocket.shutdown would go on in plain text
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
        except OSError:
            pass  # not connected any more: that is what was asked for

    def close(self) -> None:
        """Close the connection; safe to repeat."""
        self._sock.close()


class _Raw(io.RawIOBase):
    def __init__(self, owner: DeadlineSocket) -> None:
        self._owner = owner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._owner.receive_into(buffer)


def connect(host: str, port: int, deadline: Deadline) -> DeadlineSocket:
    """Connect to the first address of the host that answers. Raises ChannelDownError when none does."""
    failure: OSError = OSError("the name has no address")
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for index, (family, kind, protocol, _, address) in enumerate(addresses):
            sock = socket.socket(family, kind, protocol)
            try:
                # an address that is silent leaves time for the others
                _connect(sock, address, deadline, deadline.left_s() / (len(addresses) - index))
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                sock.close()
                failure = error
            else:
                return DeadlineSocket(sock, deadline)
    except socket.gaierror as error:
        failure = error
    raise ChannelDownError(f"cannot connect: {failure}") from failure


def _connect(sock: socket.socket, address: Any, deadline: Deadline, within_s: float) -> None:
    sock.setblocking(False)
    code = sock.connect_ex(address)
    give_up_at = time.monotonic() + within_s
    while code == errno.EINPROGRESS:
        left = min(deadline.left_s(), give_up_at - time.monotonic())
        if left <= 0:
            raise TimeoutError("timed out")
        # in slices, so that an abort is seen
        if select.select([], [sock], [], min(left, 0.2))[1]:
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))
