"""Webhooks: a message as JSON, posted to a server of the person's own, signed as Standard Webhooks has it
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).

The model of a channel that people link themselves; docs/channels.md explains it line by line.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from datetime import datetime

import orjson
from standardwebhooks import Webhook

from app.channels import deadline
from app.channels.addresses import address_on
from app.channels.base import (
    AddressDownError,
    AddressRefusedError,
    ChannelDownError,
    Parcel,
    Receipt,
    text_hash,
)
from app.channels.twilio_errors import retry_after_s
from app.channels.webhook_guard import Endpoint, addresses_of, endpoint_of
from app.channels.webhook_secrets import SecretSeal
from app.domain.clock import Now, system_now
from app.domain.errors import PermanentError, UnknownOutcomeError
from app.domain.fields import rfc3339
from app.domain.people import Person
from app.domain.reports import Refusal
from app.domain.wording import Message
from app.settings import Settings

_BODY_READ = 4096
"""Bytes of an answer that are read; a receiver has nothing to tell us but its status."""
_WORDS = 120
_LATER = frozenset({408, 425, 429})
"""4xx that speak of now, not of the message: Request Timeout, Too Early (RFC 8470), Too Many Requests (RFC 6585)."""


class WebhookSender:
    """Posts one message at a time, on a new connection each: the next goes to another server."""

    def __init__(self, settings: Settings, now: Now = system_now) -> None:
        self._deadline = deadline.Deadline()
        self._socket: deadline.DeadlineSocket | None = None
        self._seal = SecretSeal(settings.signing_keys)
        self._local = settings.webhook_allow_local
        self._longest_s = settings.webhook_timeout_s
        self._agent = f"Gatecall (+{settings.public_url})"
        self._now = now

    def send(self, parcel: Parcel, deadline_s: float) -> Receipt:
        """Hand the message over within deadline_s seconds in all; the errors are those of `Sender.send`, and
        AddressDownError in place of ChannelDownError: a server that fails is one person's."""
        self._deadline.restart(min(deadline_s, self._longest_s))
        endpoint = endpoint_of(parcel.address, local=self._local)
        body = body_of(parcel)
        headers = self._headers(parcel, endpoint, body)
        sock = self._connected(endpoint)
        self._socket = sock
        try:
            status, reason, words, asked = self._posted(sock, endpoint, headers, body)
        except (OSError, http.client.HTTPException) as error:
            said = " ".join(str(error).split())[:_WORDS] or type(error).__name__
            if not sock.sent_all:
                raise AddressDownError(said) from error
            raise UnknownOutcomeError(f"no answer: {said}") from error
        finally:
            self.close()
        said = " ".join(f"{status} {reason} {words}".split())[:_WORDS]
        return self._judged(status, said, asked, headers["webhook-id"])

    def _headers(self, parcel: Parcel, endpoint: Endpoint, body: bytes) -> dict[str, str]:
        """Raises TransientError when the secret cannot be opened."""
        now, id_ = self._now(), f"msg_{parcel.message_id}"
        signs = self._seal.opened(parcel.sealed).at(now)
        return {
            "Host": endpoint.netloc,
            "User-Agent": self._agent,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
            "Content-Type": "application/json",
            "webhook-id": id_,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(Webhook(one).sign(id_, now, body.decode()) for one in signs),
        }

    def _connected(self, endpoint: Endpoint) -> deadline.DeadlineSocket:
        """A connection to an address that was looked at. Raises AddressDownError, NotAllowedError."""
        failure: Exception | None = None
        for address in addresses_of(endpoint, self._deadline, local=self._local):
            try:
                sock = deadline.connect(address, endpoint.port, self._deadline)
            except ChannelDownError as error:
                failure = error
                continue
            if not endpoint.is_tls:
                return sock
            try:
                sock.start_tls(ssl.create_default_context(), endpoint.host)
            except (OSError, ValueError) as error:
                sock.close()
                failure = error
            else:
                return sock
        raise AddressDownError(f"cannot connect: {' '.join(str(failure).split())[:_WORDS]}") from failure

    def _posted(
        self, sock: deadline.DeadlineSocket, endpoint: Endpoint, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str, str, str | None]:
        """Status, its name, the beginning of the answer, and Retry-After. Raises OSError, HTTPException."""
        connection = http.client.HTTPConnection(endpoint.host)
        connection.sock = sock
        connection.auto_open = 0
        sock.sent_all = False  # until the body left, too
        connection.request("POST", endpoint.target, body=body, headers=dict(headers))
        answer = connection.getresponse()
        try:
            words = answer.read(_BODY_READ).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            words = ""  # the status is the answer
        printable = "".join(c if c.isprintable() else " " for c in words)
        return answer.status, answer.reason, printable, answer.headers.get("Retry-After")

    def _judged(self, status: int, said: str, asked: str | None, id_: str) -> Receipt:
        if 200 <= status < 300:
            return Receipt(provider_id=id_, words=said)
        if status == http.client.GONE:
            raise AddressRefusedError(said, Refusal.GONE, "410")
        if status >= 500 or status in _LATER:
            raise AddressDownError(said, retry_after_s=retry_after_s(asked, self._now()))
        if 300 <= status < 400:
            raise PermanentError(f"{said}: redirects are not followed")
        raise PermanentError(said)

    def abort(self) -> None:
        """End a hand-over under way, from another thread."""
        self._deadline.abort()
        sock = self._socket
        if sock is not None:
            sock.abort()

    def close(self) -> None:
        """Close the connection; safe to repeat."""
        sock, self._socket = self._socket, None
        if sock is not None:
            sock.close()


class WebhookChannel:
    """The channel "webhook". Opens senders; connects to nothing itself."""

    name = "webhook"
    fallback = None

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def address(self, person: Person) -> str:
        """The address that the person linked. Raises PermanentError without one."""
        return address_on(self.name, person)

    def reaches(self, person: Person) -> bool:
        """Whether the person linked one."""
        return self.name in person.linked

    def pack(self, conversation: str, person: Person, message: Message) -> Parcel:
        """The message for a program. Raises PermanentError when nothing is linked."""
        text = text_of(message)
        sealed = person.sealed.get(self.name, b"")
        return Parcel(self.address(person), text_hash(conversation, text), text, message, sealed=sealed)

    def open(self) -> WebhookSender:
        """A sender; it connects when used."""
        return WebhookSender(self._settings)


def text_of(message: Message) -> str:
    """The news in sentences, without greeting and footer."""
    note = (message.highlight.note,) if message.highlight.note else ()
    return "\n".join((message.opening, *note, *message.more, *message.advice))


def body_of(parcel: Parcel) -> bytes:
    """The JSON that is posted: `type`, `timestamp` and `data`, as the standard suggests. The same parcel has the same
    bytes. No address, name or id of a person is in it."""
    data = dict(parcel.data)
    kind, at = data.pop("type", "test"), data.pop("changed_at", None)
    content = {
        "type": kind,
        "timestamp": rfc3339(at) if isinstance(at, datetime) else None,
        "data": {
            **data,
            "title": parcel.message.subject,
            "text": parcel.text,
            "url": parcel.message.link[1],
            "why": parcel.why.text if parcel.why else None,
        },
    }
    return orjson.dumps(content, default=str, option=orjson.OPT_UTC_Z)
