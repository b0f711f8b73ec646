"""The address of an Apprise service, as it is stored: sealed with SECRET_KEY, for it holds passwords and tokens.

What stands beside it in the open names the schema and a keyed hash, so that two can be told apart.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from cryptography.fernet import InvalidToken

from app.channels.base import UnopenedError
from app.domain.sealing import key_of, seal_of

LONGEST = 2000
_PURPOSE = b"gatecall apprise addresses\0"


class AddressSeal:
    """Seals and opens. keys: the present SECRET_KEY first, then earlier ones; ValueError without any."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("addresses of Apprise need a key to be sealed with")
        self._name_key = key_of(_PURPOSE, keys[0])
        self._seal = seal_of(_PURPOSE, keys)

    def sealed(self, url: str) -> bytes:
        """As it is stored."""
        return self._seal.encrypt(url.encode())

    def opened(self, sealed: bytes) -> str:
        """What was sealed. Raises UnopenedError when no key of ours opens it: that is our settings' fault, and will be
        mended."""
        try:
            return self._seal.decrypt(sealed).decode()
        except (InvalidToken, ValueError, TypeError) as error:
            raise UnopenedError("the address cannot be opened with SECRET_KEY") from error

    def name_of(self, schema: str, url: str) -> str:
        """What the address is called where it may be read: "ntfys:6f3a...", the same for the same address."""
        return f"{schema}:{hmac.digest(self._name_key, url.encode(), 'sha256').hex()[:32]}"
