"""What only SECRET_KEY opens: a copy of the database alone reads nothing of it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, MultiFernet


def key_of(purpose: bytes, key: str) -> bytes:
    """A key of 256 bits, for this purpose alone; SECRET_KEY is random, so a plain hash of it does."""
    return hashlib.sha256(purpose + key.encode()).digest()


def seal_of(purpose: bytes, keys: Sequence[str]) -> MultiFernet:
    """Seals with the first of the keys and opens with any: the present SECRET_KEY, then earlier ones."""
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key_of(purpose, key))) for key in keys])
