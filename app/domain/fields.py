"""Reading single fields of what an admin wrote, strictly: accepted where unambiguous, else BadEventError."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from app.domain import places
from app.domain.errors import BadEventError

_FIRST_YEAR, _LAST_YEAR = 1900, 2199

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::[0-9]{2})?")
_SHORT_CODE = re.compile(r"[A-Z0-9][A-Z0-9 /-]{0,9}")
# IATA airline designator (two characters, at least one letter) and up to four digits and a suffix letter
# (IATA Standard Schedules Information Manual, chapter 2).
_FLIGHT_NUMBER = re.compile(r"([A-Z][A-Z0-9]|[0-9][A-Z])0*([0-9]{1,4})([A-Z]?)")


def bad(field: str, value: object, remedy: str) -> BadEventError:
    """The error for a field that cannot be understood; its sentence names the field and how to write it."""
    shown = repr(value)
    if len(shown) > 60:
        shown = f"{shown[:57]}..."
    return BadEventError("bad_field", f"{field}: {shown} cannot be understood; {remedy}", field=field)


def text(document: Mapping[str, Any], field: str, longest: int) -> str | None:
    """Text of a field, None when absent, null or blank. Line breaks become spaces."""
    value = document.get(field)
    if value is None:
        return None
    if not isinstance(value, str):
        raise bad(field, value, "write it as text")
    words = " ".join(value.split())
    if not words.isprintable():
        raise bad(field, words, "remove the control characters")
    if len(words) > longest:
        raise bad(field, words, f"at most {longest} characters")
    return words or None


def airport(document: Mapping[str, Any], field: str) -> str | None:
    """IATA code of an airport in capitals, None when absent."""
    code = text(document, field, 40)
    if code is None:
        return None
    if places.airport(code.upper()) is None:
        raise bad(field, code, "it is not the IATA code of an airport")
    return code.upper()


def day(document: Mapping[str, Any], field: str) -> str | None:
    """A day as "YYYY-MM-DD", None when absent."""
    written = text(document, field, 40)
    if written is None:
        return None
    if not _DATE.fullmatch(written):
        raise bad(field, written, 'write a date like "2026-12-01"')
    try:
        found = date.fromisoformat(written)
    except ValueError as error:
        raise bad(field, written, "there is no such day") from error
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:  # a typo; near year 1 or 9999 no zone can be computed
        raise bad(field, written, f"write a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    return found.isoformat()


def time_of_day(document: Mapping[str, Any], field: str) -> str | None:
    """A time of day as "HH:MM", None when absent. Seconds are dropped."""
    written = text(document, field, 40)
    if written is None:
        return None
    match = _TIME.fullmatch(written)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise bad(field, written, 'write a time of 24 hours like "09:30"')
    return f"{int(match[1]):02d}:{match[2]}"


def short_code(document: Mapping[str, Any], field: str) -> str | None:
    """A gate, belt or tail number in capitals, None when absent. A number counts as its digits."""
    value = document.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        document = {field: str(value)}
    written = text(document, field, 40)
    if written is None:
        return None
    if not _SHORT_CODE.fullmatch(written.upper()):
        raise bad(field, written, 'write a short code like "C71"')
    return written.upper()


def required(document: Mapping[str, Any], field: str, value: str | None) -> str:
    """The value that was read from a field that must be there."""
    if value is None:
        raise bad(field, document.get(field), "it is required")
    return value


def moment(document: Mapping[str, Any], field: str) -> datetime | None:
    """An instant, aware UTC, from RFC 3339 text (what a BSON date becomes); None when absent."""
    written = text(document, field, 40)
    if written is None:
        return None
    try:
        found = datetime.fromisoformat(written)
        return found.astimezone(UTC) if found.tzinfo else _no_zone(field, written)
    except (ValueError, OverflowError) as error:
        raise bad(field, written, 'write a time like "2026-12-01T09:30:00Z"') from error


def moment_if_set(document: Mapping[str, Any], field: str) -> datetime | None:
    """As `moment`; None also for year 1 or 9999, which programs write for "never", and in which no zone can be
    computed."""
    found = moment(document, field)
    return found if found and _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def rfc3339(instant: datetime) -> str:
    """An aware time as RFC 3339 text in UTC, to the millisecond."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def flight_number(document: Mapping[str, Any], field: str) -> str | None:
    """A flight number written one way ("ua 0407" is UA407), None when absent."""
    written = text(document, field, 40)
    if written is None:
        return None
    match = _FLIGHT_NUMBER.fullmatch(written.replace(" ", "").upper())
    if match is None:
        raise bad(field, written, 'write it like "UA407"')
    carrier, digits, suffix = match.groups()
    return f"{carrier}{int(digits)}{suffix}"


def _no_zone(field: str, written: str) -> datetime:
    raise bad(field, written, "add its offset from UTC, or Z")
