"""How long a server asks to be left alone: the header Retry-After (RFC 9110, section 10.2.3)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST_S = 86_400.0
"""Whoever asks for more is asked again after a day."""


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Seconds that the header asks for, from 0 to a day; None without one, and for what is neither a number of seconds
    nor a date of HTTP. now: aware, for a date. Raises nothing.

    Seconds are digits of ASCII alone ("1*DIGIT"); other digits are rubbish. A date in any of the three forms that HTTP
    ever had (section 5.6.7) is understood, and its zone is GMT where it names none.
    """
    text = (header or "").strip(" \t")
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_S)
    try:
        moment = parsedate_to_datetime(text)
        left = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(left.total_seconds(), 0.0), _LONGEST_S)
