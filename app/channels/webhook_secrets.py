"""The secrets that webhooks are signed with, as they are stored: sealed with SECRET_KEY.

A copy of the database signs nothing. While a secret is replaced, the old one signs along for a day, so that a receiver
may change over when it likes (https://github.com/standard-webhooks/standard-webhooks, "Secret rotation").
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.domain.errors import TransientError

OLD_SIGNS_FOR = timedelta(hours=24)
_BYTES = 32  # the standard asks for 24 to 64
_PREFIX = "whsec_"
_PURPOSE = b"gatecall webhook secrets\0"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What signs. present: "whsec_" and base64. old: the one before it, until then; None without."""

    present: str
    old: str | None = None
    old_until: datetime | None = None

    def at(self, now: datetime) -> tuple[str, ...]:
        """Those that sign now, the present one first."""
        holds = self.old is not None and self.old_until is not None and now < self.old_until
        return (self.present, self.old) if holds and self.old else (self.present,)

    def rotated(self, now: datetime) -> Secrets:
        """A new one; this one signs along for a day."""
        return Secrets(new_secret(), self.present, now + OLD_SIGNS_FOR)


def new_secret() -> str:
    """A random secret as the standard writes it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


class SecretSeal:
    """Seals and opens. keys: the present SECRET_KEY first, then earlier ones; ValueError without any."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("webhook secrets need a key to be sealed with")
        self._seal = MultiFernet([_fernet(key) for key in keys])

    def sealed(self, found: Secrets) -> bytes:
        """As it is stored."""
        until = found.old_until.timestamp() if found.old_until else None
        return self._seal.encrypt(orjson.dumps([found.present, found.old, until]))

    def opened(self, sealed: bytes) -> Secrets:
        """What was sealed. Raises TransientError when no key of ours opens it: that is our settings' fault, and will be
        mended."""
        try:
            present, old, until = orjson.loads(self._seal.decrypt(sealed))
        except (InvalidToken, ValueError, TypeError) as error:
            raise TransientError("the webhook's secret cannot be opened with SECRET_KEY") from error
        return Secrets(present, old, datetime.fromtimestamp(until, UTC) if until else None)


def _fernet(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(_PURPOSE + key.encode()).digest()))
