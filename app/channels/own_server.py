"""A server of a person's own, over HTTP: how it is reached, how one request is made, and what its status means.

Whoever asks such a server (`webhook.py`, `apprise_transport.py`) has an `OwnServer`: it connects to nothing that the
guard did not look at, keeps within one deadline, and can be ended from another thread.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping

from app.channels import deadline
from app.channels.base import AddressDownError, AddressRefusedError, ChannelDownError
from app.channels.webhook_guard import Endpoint, addresses_of
from app.domain.errors import GatecallError, PermanentError
from app.domain.reports import Refusal

WORDS = 120
"""So many characters of an answer, or of an error, are kept."""
_LATER = frozenset({408, 425, 429})
"""4xx that speak of now, not of the message: Request Timeout, Too Early (RFC 8470), Too Many Requests (RFC 6585)."""


class OwnServer:
    """One connection after the other, for one sender. local: this machine and http are allowed (`endpoint_of`)."""

    def __init__(self, *, local: bool) -> None:
        self.local = local
        self.deadline = deadline.Deadline()
        self._socket: deadline.DeadlineSocket | None = None

    def connect(self, endpoint: Endpoint) -> deadline.DeadlineSocket:
        """A connection to an address that was looked at, kept until `close`. Raises what `connected` does."""
        self._socket = connected(endpoint, self.deadline, local=self.local)
        return self._socket

    def abort(self) -> None:
        """End a request under way, from another thread."""
        self.deadline.abort()
        sock = self._socket
        if sock is not None:
            sock.abort()

    def close(self) -> None:
        """Close the connection; safe to repeat."""
        sock, self._socket = self._socket, None
        if sock is not None:
            sock.close()


def connected(
    endpoint: Endpoint, within: deadline.Deadline, *, local: bool = False
) -> deadline.DeadlineSocket:
    """A connection to one of the endpoint's addresses, all of which were looked at, the name in SNI. local: see
    `addresses_of`.

    Raises AddressDownError when none can be had, with the reason; NotAllowedError when an address is not public.
    """
    failure: Exception | None = None
    addresses = addresses_of(endpoint, within, local=local)
    for index, address in enumerate(addresses):
        try:
            # an address that is silent leaves time for the others
            with within.shortened(within.left_s() / (len(addresses) - index)):
                return _connected_to(address, endpoint, within)
        except (ChannelDownError, OSError, ValueError) as error:
            failure = error
    raise AddressDownError(f"cannot connect: {why(failure)}") from failure


def _connected_to(address: str, endpoint: Endpoint, within: deadline.Deadline) -> deadline.DeadlineSocket:
    """A connection to this address. Raises ChannelDownError, OSError, ValueError."""
    sock = deadline.connect(address, endpoint.port, within)
    if endpoint.is_tls:
        try:
            sock.start_tls(ssl.create_default_context(), endpoint.host)
        except (OSError, ValueError):
            sock.close()
            raise
    return sock


def requested(
    sock: deadline.DeadlineSocket,
    endpoint: Endpoint,
    method: str,
    headers: Mapping[str, str | bytes],
    body: bytes | None,
) -> http.client.HTTPResponse:
    """The answer to one request, its body unread. `sock.sent_all` says afterwards whether the request left whole.

    The headers of the connection are ours: the name in Host, nothing packed, no second request. Raises OSError,
    HTTPException; ValueError for a header that cannot be sent.
    """
    sock.sent_all = False  # until the body left, too; whatever fails before
    connection = http.client.HTTPConnection(endpoint.netloc)  # an IPv6 address in brackets
    # http.client asks a socket for sendall, makefile and close alone
    connection.sock = sock
    connection.auto_open = 0
    own = {"Host": endpoint.netloc, "Accept-Encoding": "identity", "Connection": "close"}
    given = {name: value for name, value in headers.items() if name.title() not in own}
    connection.request(method, endpoint.target, body=body, headers={**own, **given})
    return connection.getresponse()


def meaning_of(status: int, said: str, retry_after_s: float | None) -> GatecallError:
    """The error for an answer by which nothing was taken. said: in words. retry_after_s: as long as it asks for."""
    if status == http.client.GONE:
        return AddressRefusedError(said, Refusal.GONE, str(status))
    if 300 <= status < 400:
        return PermanentError(f"{said}: redirects are not followed")
    if 400 <= status < 500 and status not in _LATER:
        return PermanentError(said)
    return AddressDownError(said, retry_after_s=retry_after_s)


def why(failure: Exception | None) -> str:
    """An error in a few words; of a certificate, what is wrong with it."""
    if isinstance(failure, ssl.SSLCertVerificationError):
        return in_short(f"the certificate is not accepted: {failure.verify_message}")
    return in_short(str(failure)) or type(failure).__name__


def in_short(words: str) -> str:
    """The beginning of what a server or an error says, in one line."""
    return " ".join(words.split())[:WORDS]
