"""Webhooks: a message as JSON, posted to a server of the person's own, signed as Standard Webhooks has it
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).

The model of a channel that people link themselves; docs/channels.md explains it line by line.
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from datetime import datetime

import orjson
from standardwebhooks import Webhook

from app.channels import own_server
from app.channels.base import AddressDownError, Parcel, Receipt
from app.channels.deadline import DeadlineSocket
from app.channels.linked import LinkedChannel
from app.channels.own_server import OwnServer
from app.channels.retry_after import retry_after_s
from app.channels.webhook_guard import Endpoint, endpoint_of
from app.channels.webhook_secrets import SecretSeal
from app.domain.clock import Now, system_now
from app.domain.errors import UnknownOutcomeError
from app.domain.fields import rfc3339
from app.settings import Settings

_BODY_READ = 4096
"""Bytes of an answer that are read; a receiver has nothing to tell us but its status."""


class WebhookSender:
    """Posts one message at a time, on a new connection each: the next goes to another server."""

    def __init__(self, settings: Settings, now: Now = system_now) -> None:
        self._server = OwnServer(local=settings.webhook_allow_local)
        self._seal = SecretSeal(settings.signing_keys)
        self._longest_s = settings.webhook_timeout_s
        self._agent = f"Gatecall (+{settings.public_url})"
        self._now = now

    def send(self, parcel: Parcel, deadline_s: float) -> Receipt:
        """Hand the message over within deadline_s seconds in all; the errors are those of `Sender.send`, and
        AddressDownError in place of ChannelDownError: a server that fails is one person's."""
        self._server.deadline.restart(min(deadline_s, self._longest_s))
        endpoint = endpoint_of(parcel.address, local=self._server.local)
        body = body_of(parcel)
        headers = self._headers(parcel, body)
        sock = self._server.connect(endpoint)
        try:
            status, reason, words, asked = _posted(sock, endpoint, headers, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            said = own_server.why(error)
            if not sock.sent_all:
                raise AddressDownError(said) from error
            raise UnknownOutcomeError(f"no answer: {said}") from error
        finally:
            self.close()
        said = own_server.in_short(f"{status} {reason} {words}")
        if 200 <= status < 300:
            return Receipt(provider_id=headers["webhook-id"], words=said)
        raise own_server.meaning_of(status, said, retry_after_s(asked, self._now()))

    def _headers(self, parcel: Parcel, body: bytes) -> dict[str, str]:
        """Raises UnopenedError when the secret cannot be opened."""
        now, id_ = self._now(), f"msg_{parcel.message_id}"
        signs = self._seal.opened(parcel.sealed).at(now)
        return {
            "User-Agent": self._agent,
            "Accept": "*/*",
            "Content-Type": "application/json",
            "webhook-id": id_,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(Webhook(one).sign(id_, now, body.decode()) for one in signs),
        }

    def abort(self) -> None:
        """End a hand-over under way, from another thread."""
        self._server.abort()

    def close(self) -> None:
        """Close the connection; safe to repeat."""
        self._server.close()


class WebhookChannel(LinkedChannel):
    """The channel "webhook": the news in sentences, beside what it is made of."""

    name = "webhook"

    def open(self) -> WebhookSender:
        """A sender; it connects when used."""
        return WebhookSender(self._settings)


def _posted(
    sock: DeadlineSocket, endpoint: Endpoint, headers: Mapping[str, str | bytes], body: bytes
) -> tuple[int, str, str, str | None]:
    """Status, its name, the beginning of the answer, and Retry-After. Raises OSError, HTTPException;
    ValueError for a header that cannot be sent."""
    answer = own_server.requested(sock, endpoint, "POST", headers, body)
    try:
        words = answer.read(_BODY_READ).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        words = ""  # the status is the answer
    printable = "".join(c if c.isprintable() else " " for c in words)
    return answer.status, answer.reason, printable, answer.headers.get("Retry-After")


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
