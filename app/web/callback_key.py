"""Keys of the services that report about mails. Only their SHA-256 is in the settings.

A key travels as a Bearer token, or as the password of Basic authentication, which is what services can put into
the address they call. Never in the query: that is logged on the way.
"""

from __future__ import annotations

import hashlib
import hmac

from flask import Request

from app.settings import Settings
from app.web.problems import Problem


def require(request: Request, settings: Settings) -> None:
    """Raises Problem 403 unless the request has a key whose hash is in CALLBACK_KEY_HASHES."""
    digest = hashlib.sha256(_key(request).encode("utf-8", "surrogateescape")).hexdigest()
    # All hashes are compared, so that the time tells nothing about which one is near.
    known = [hmac.compare_digest(hash_, digest) for hash_ in settings.callback_key_hashes]
    if not any(known):
        raise Problem(
            403,
            "A callback key is needed",
            "Send the key as Authorization: Bearer KEY, or as the password of Basic authentication. Its hash "
            "belongs into CALLBACK_KEY_HASHES; `gatecall staff-key` makes both.",
        )


def _key(request: Request) -> str:
    given = request.authorization
    if given is None:
        return ""
    return str(given.token or given.password or "").strip()
