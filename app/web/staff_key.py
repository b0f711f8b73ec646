"""Staff keys: who may publish. Only their SHA-256 is in the settings; a key is 256 random bits, so a plain
hash of it cannot be turned back."""

from __future__ import annotations

import hashlib
import hmac

from flask import Request

from app.settings import Settings
from app.web.problems import Problem


def identify(request: Request, settings: Settings) -> str:
    """Who makes a request, as an id that says nothing about the key.

    Raises Problem: 403 when no staff key is configured, 401 when the request has none or a wrong one.
    """
    if not settings.staff_key_hashes:
        raise Problem(
            403,
            "No staff key is configured",
            "`gatecall staff-key` makes a key and its hash; put the hash into STAFF_KEY_HASHES and restart.",
        )
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise _unauthorized("Send the staff key in the header: Authorization: Bearer KEY.")
    digest = hashlib.sha256(key.strip().encode("utf-8", "surrogateescape")).hexdigest()
    # All hashes are compared, so that the time tells nothing about which one is near.
    matching = [known for known in settings.staff_key_hashes if hmac.compare_digest(known, digest)]
    if not matching:
        raise _unauthorized("This staff key is not known here.")
    return f"staff:{matching[0][:12]}"


def _unauthorized(detail: str) -> Problem:
    challenge = {"WWW-Authenticate": 'Bearer realm="staff"'}
    return Problem(401, "A staff key is needed", detail, headers=challenge)
