"""Staff keys: who may publish and repair. Only their SHA-256 is in the settings; a key is 256 random bits, so a plain
hash of it cannot be turned back."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from flask import session

from app.settings import Settings

_WHO, _SINCE = "staff", "since"
_LONGEST_KEY = 200


def who_has(key: str, settings: Settings) -> str | None:
    """Whose key it is, as an id that says nothing about the key ("staff:0123456789ab"); None for a wrong one."""
    digest = hashlib.sha256(key.strip()[:_LONGEST_KEY].encode("utf-8", "surrogateescape")).hexdigest()
    # All hashes are compared, so that the time tells nothing about which one is near.
    matching = [known for known in settings.staff_key_hashes if hmac.compare_digest(known, digest)]
    return _id_of(matching[0]) if matching else None


def remember(who: str, now: datetime) -> None:
    """Keep who signed in in the signed cookie; what was in it before is forgotten."""
    session.clear()
    session[_WHO], session[_SINCE] = who, now.isoformat()


def forget() -> None:
    """End what `remember` began, in this browser."""
    session.clear()


def remembered(settings: Settings, now: datetime) -> str | None:
    """Who signed in with a key in this browser; None for nobody, after STAFF_SESSION_HOURS, and when the key was taken
    out of the settings."""
    who, since = session.get(_WHO), session.get(_SINCE)
    if not (isinstance(who, str) and isinstance(since, str)):
        return None
    if who not in {_id_of(known) for known in settings.staff_key_hashes}:
        return None
    return (
        who if now - datetime.fromisoformat(since) < timedelta(hours=settings.staff_session_hours) else None
    )


def _id_of(key_hash: str) -> str:
    return f"staff:{key_hash[:12]}"
