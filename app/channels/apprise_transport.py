"""The connections of Apprise's plugins, by our rules: guarded, within one deadline, abortable, no redirects.

Plugins ask the module `requests` that they imported. `Requests` stands in for it; it carries a request through the
hand-over that is under way in its thread (`Carrier.during`), and refuses any other.
"""

from __future__ import annotations

import http.client
import io
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.util import parse_url

from app.channels import own_server
from app.channels.deadline import DeadlineSocket
from app.channels.own_server import OwnServer
from app.channels.webhook_guard import Endpoint, endpoint_of
from app.domain.errors import GatecallError, PermanentError

_MOST_READ = 1 << 20
"""Bytes of an answer that a plugin is given."""


@dataclass(slots=True)
class Exchange:
    """One request of a plugin. host: asked. left: whether it left whole. status, reason, asked: of the answer, None
    without; asked is Retry-After. failure: why there is no whole answer; None when there is."""

    host: str
    left: bool = False
    status: int | None = None
    reason: str = ""
    asked: str | None = None
    failure: Exception | None = None

    @property
    def is_lost(self) -> bool:
        """Whether the request left and what became of it is not known."""
        return self.left and self.failure is not None


class Carrier:
    """Carries the requests of one hand-over after the other, for one sender. local: see `endpoint_of`."""

    def __init__(self, *, local: bool) -> None:
        self.exchanges: list[Exchange] = []
        self._server = OwnServer(local=local)

    @contextmanager
    def during(self, seconds: float) -> Iterator[None]:
        """A hand-over that may take so long in all; what this thread requests meanwhile goes this way."""
        self.exchanges = []
        self._server.deadline.restart(seconds)
        before = _carrier.set(self)
        try:
            yield
        finally:
            _carrier.reset(before)
            self.close()

    def pause(self, seconds: float) -> None:
        """Wait as a service asked, if there is time for it. Raises requests.Timeout when there is none."""
        if seconds > 0:
            raise requests.Timeout(f"the service asks to wait for {seconds:.0f} s")

    def abort(self) -> None:
        """End a request under way, from another thread."""
        self._server.abort()

    def close(self) -> None:
        """Close the connection; safe to repeat."""
        self._server.close()

    def carry(self, request: requests.PreparedRequest) -> requests.Response:
        """Send one request and read its answer. Raises requests.ConnectionError, whatever went wrong; the exchange has
        the reason."""
        exchange = Exchange(parse_url(request.url or "").host or "")
        self.exchanges.append(exchange)
        try:
            endpoint = endpoint_of(request.url or "", local=self._server.local)
            self._server.deadline.left_s()
            return _exchanged(request, endpoint, self._server.connect(endpoint), exchange)
        except (OSError, http.client.HTTPException, GatecallError) as error:
            exchange.failure = error
            raise requests.ConnectionError("not carried") from error
        except ValueError as error:  # its words may hold a header, and so a token
            exchange.failure = PermanentError("the service's plugin made a request that cannot be sent")
            raise requests.ConnectionError("not carried") from error
        finally:
            self.close()


def _exchanged(
    request: requests.PreparedRequest, endpoint: Endpoint, sock: DeadlineSocket, exchange: Exchange
) -> requests.Response:
    body = request.body
    content = body.encode() if isinstance(body, str) else body
    if content is not None and not isinstance(content, bytes):
        raise PermanentError("the service's plugin sends a file")
    try:
        answer = own_server.requested(sock, endpoint, request.method or "GET", request.headers, content)
    finally:
        exchange.left = sock.sent_all
    exchange.status, exchange.reason = answer.status, answer.reason
    exchange.asked = answer.headers.get("Retry-After")
    raw = urllib3.HTTPResponse(
        body=io.BytesIO(answer.read(_MOST_READ)),
        headers={name: value for name, value in answer.getheaders() if name.lower() not in _OF_TRANSFER},
        status=answer.status,
        reason=answer.reason,
        preload_content=False,
    )
    found = HTTPAdapter().build_response(request, raw)
    found.content  # noqa: B018 - read while the bytes are there
    return found


_OF_TRANSFER = frozenset({"content-encoding", "transfer-encoding", "content-length", "connection"})
"""Headers that do not hold for what was read. A packed answer was not asked for and is not unpacked: a small one can
be huge."""

_carrier: ContextVar[Carrier | None] = ContextVar("carrier", default=None)


class _Adapter(BaseAdapter):
    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        carrier = _carrier.get()
        if carrier is None:
            raise requests.ConnectionError("no hand-over is under way")
        return carrier.carry(request)

    def close(self) -> None:
        """Nothing is kept."""


class Requests(types.ModuleType):
    """What plugins have in place of `requests`: the functions and names that they use, and nothing else."""

    codes = requests.codes
    RequestException = requests.RequestException
    TooManyRedirects = requests.TooManyRedirects
    ConnectionError = requests.ConnectionError
    Timeout = requests.Timeout

    def __init__(self) -> None:
        super().__init__("requests")
        for method in ("get", "post", "put", "patch", "delete", "head", "options"):
            setattr(self, method, self._of(method.upper()))

    @staticmethod
    def request(method: str, url: str, **options: Any) -> requests.Response:
        """As `requests.request`; redirects, certificates, time-outs, proxies and `.netrc` are not the plugin's to
        choose."""
        chosen: Mapping[str, Any] = options | {"allow_redirects": False, "verify": True, "proxies": {}}
        with requests.Session() as session:
            session.trust_env = False
            session.mount("https://", _Adapter())
            session.mount("http://", _Adapter())
            return session.request(method, url, **chosen)

    def _of(self, method: str) -> Callable[..., requests.Response]:
        return lambda url, **options: self.request(method, url, **options)


REQUESTS = Requests()
