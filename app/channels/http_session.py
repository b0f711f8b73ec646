"""The HTTP client that Twilio's library is given: one connection, one deadline, no retries of its own.

The library's own (requests) has time-outs per read, and hides whether a request had left when it failed.
Needs no proxy; the address may be http for tests.
"""

from __future__ import annotations

import base64
import http.client
import logging
import ssl
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from twilio.http import HttpClient
from twilio.http.response import Response

from app.channels import deadline
from app.channels.base import ChannelDownError
from app.domain.errors import TransientError, UnknownOutcomeError

_silent = logging.getLogger("gatecall.twilio")


class HttpSession(HttpClient):  # type: ignore[misc]  # twilio ships no types
    """Requests within a deadline, on a connection that is kept and replaced when the server closed it.

    `retry_after` is the header of the last answer, None when it had none.
    """

    def __init__(self) -> None:
        super().__init__(_silent, is_async=False)
        self.deadline = deadline.Deadline()
        self.retry_after: str | None = None
        self._connection: http.client.HTTPConnection | None = None
        self._socket: deadline.DeadlineSocket | None = None
        self._site = ("", "")

    def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the deadline is used
        allow_redirects: bool = False,  # noqa: ARG002 - there are none to follow
    ) -> Response:
        """One request. Raises ChannelDownError when there is no connection, TransientError when the request
        did not leave whole, UnknownOutcomeError when it left and no answer came. timeout is not used: the
        deadline is.
        """
        parts = urlsplit(uri)
        path = parts.path + (f"?{urlencode(params, doseq=True)}" if params else "")
        body = urlencode(data, doseq=True).encode() if data else None
        all_headers = dict(headers or {})
        if auth is not None:
            all_headers["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
        connection, sock = self._connected(parts.scheme, parts.netloc)
        try:
            connection.request(method.upper(), path, body=body, headers=all_headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self.close()
            words = f"{method.upper()}: {' '.join(str(error).split())[:200] or type(error).__name__}"
            if not sock.sent_all:
                raise TransientError(words) from error
            raise UnknownOutcomeError(words) from error
        self.retry_after = answer.headers.get("Retry-After")
        if answer.will_close:
            self.close()
        return Response(answer.status, text, answer.headers)

    def _connected(
        self, scheme: str, netloc: str
    ) -> tuple[http.client.HTTPConnection, deadline.DeadlineSocket]:
        if self._socket is not None and (self._socket.is_stale() or self._site != (scheme, netloc)):
            self.close()
        if self._connection is None or self._socket is None:
            host, port = urlsplit(f"//{netloc}").hostname or "", urlsplit(f"//{netloc}").port
            sock = deadline.connect(host, port or (443 if scheme == "https" else 80), self.deadline)
            if scheme == "https":
                try:
                    sock.start_tls(ssl.create_default_context(), host)
                except OSError as error:
                    sock.close()
                    raise ChannelDownError(f"cannot connect: {error}") from error
            # http.client asks a socket for sendall, makefile and close alone
            self._connection = http.client.HTTPConnection(netloc)
            self._connection.sock = sock
            self._connection.auto_open = 0
            self._socket, self._site = sock, (scheme, netloc)
        return self._connection, self._socket

    def abort(self) -> None:
        """End a request under way, from another thread."""
        self.deadline.abort()
        sock = self._socket
        if sock is not None:
            sock.abort()

    def close(self) -> None:
        """Close the connection; safe to repeat."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._socket = None
