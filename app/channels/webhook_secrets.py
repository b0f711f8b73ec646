"""The secrets that webhooks are signed with, as they are stored: sealed with SECRET_KEY.

A copy of the database signs nothing. While a secret is replaced, the old one signs along for a day, so that a receiver
may change over when it likes (https://github.com/standard-webhooks/standard-webhooks, "Secret rotation"). One that is
replaced before its receiver had it takes nothing from those before.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from cryptography.fernet import InvalidToken

from app.channels.base import UnopenedError
from app.domain.sealing import seal_of

OLD_SIGNS_FOR = timedelta(hours=24)
_MOST_EARLIER = 5
"""So many sign beside the present one; each is a signature in every request."""
_BYTES = 32  # the standard asks for 24 to 64
_PREFIX = "whsec_"
_PURPOSE = b"gatecall webhook secrets\0"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What signs. present: "whsec_" and base64. earlier: those before it, the oldest first, each until then."""

    present: str
    earlier: tuple[tuple[str, datetime], ...] = ()

    def at(self, now: datetime) -> tuple[str, ...]:
        """Those that sign now, the present one first, then the latest before it."""
        return (self.present, *(secret for secret, until in reversed(self.earlier) if now < until))

    def all_until(self, now: datetime) -> datetime | None:
        """Until when all earlier ones sign along that do so now; None when none does."""
        return min((until for _, until in self.earlier if now < until), default=None)

    def rotated(self, now: datetime) -> Secrets:
        """A new one; this one signs along for a day, and those before it for as long as they would have.

        Of too many the oldest stays, and the latest: a receiver that was never told of another has the oldest, one that
        is told of each has the latest. Those between were made and lost.
        """
        left = [one for one in self.earlier if now < one[1]] + [(self.present, now + OLD_SIGNS_FOR)]
        if len(left) > _MOST_EARLIER:
            left = [left[0], *left[1 - _MOST_EARLIER :]]
        return Secrets(new_secret(), tuple(left))


def new_secret() -> str:
    """A random secret as the standard writes it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


class SecretSeal:
    """Seals and opens. keys: the present SECRET_KEY first, then earlier ones; ValueError without any."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("webhook secrets need a key to be sealed with")
        self._seal = seal_of(_PURPOSE, keys)

    def sealed(self, found: Secrets) -> bytes:
        """As it is stored: [present, [[earlier, until], ...]]."""
        earlier = [[secret, until.timestamp()] for secret, until in found.earlier]
        return self._seal.encrypt(orjson.dumps([found.present, earlier]))

    def opened(self, sealed: bytes) -> Secrets:
        """What was sealed. Raises UnopenedError when no key of ours opens it: that is our settings' fault, and will be
        mended."""
        try:
            present, *rest = orjson.loads(self._seal.decrypt(sealed))
            earlier = tuple((secret, datetime.fromtimestamp(until, UTC)) for secret, until in _earlier(rest))
        except (InvalidToken, ValueError, TypeError) as error:
            raise UnopenedError("the webhook's secret cannot be opened with SECRET_KEY") from error
        return Secrets(present, earlier)


def _earlier(rest: list[Any]) -> list[Any]:
    """What stands behind the present one; there was room for one alone once: [present, old, until]."""
    if len(rest) == 1:
        return list(rest[0])
    return [rest] if rest[0] is not None else []
