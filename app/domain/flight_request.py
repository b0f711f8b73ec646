"""What somebody means who writes "UA 407", "ua407 9 Feb" or "UA 407 2013-02-09 EWR" to the bot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from app.domain import fields
from app.domain.errors import BadEventError

LONGEST = 60
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBER = r"(?P<number>[a-z0-9]{2} ?[0-9]{1,4}[a-z]?)"
_ISO = r"(?P<iso>[0-9]{4}-[0-9]{2}-[0-9]{2})"
_WORDS = (
    r"(?:(?P<day>[0-9]{1,2})\.? (?P<month>[a-z]{3,9})|(?P<month2>[a-z]{3,9}) (?P<day2>[0-9]{1,2}))"
    r"(?: (?P<year>[0-9]{4}))?"
)
_REQUEST = re.compile(
    rf"{_NUMBER}(?: (?:{_ISO}|{_WORDS}|(?P<word>today|tomorrow)))?(?: (?:from )?(?P<origin>[a-z]{{3}}))?"
)


@dataclass(frozen=True, slots=True)
class FlightRequest:
    """number: as everywhere ("UA407"). day: "YYYY-MM-DD", None for the next one. origin: IATA code, None if unsaid."""

    number: str
    day: str | None = None
    origin: str | None = None


def understood(text: str, today: date) -> FlightRequest | None:
    """What is meant; None when it is no flight. today: where the person is. A day without a year is the one that is
    nearest to today."""
    words = " ".join(text.replace(",", " ").split()).casefold()
    found = _REQUEST.fullmatch(words) if len(words) <= LONGEST else None
    if found is None:
        return None
    try:
        number = fields.flight_number({"flight": found["number"]}, "flight")
        day = _day(found, today)
    except (BadEventError, ValueError):
        return None
    return (
        FlightRequest(number, day, found["origin"].upper() if found["origin"] else None) if number else None
    )


def _day(found: re.Match[str], today: date) -> str | None:
    """Raises ValueError, BadEventError when there is no such day."""
    if found["word"]:
        return (today + timedelta(days=found["word"] == "tomorrow")).isoformat()
    if found["iso"]:
        return fields.day({"day": found["iso"]}, "day")
    month, day = found["month"] or found["month2"], found["day"] or found["day2"]
    if month is None:
        return None
    if month[:3] not in _MONTHS:
        raise ValueError("no month")
    number = _MONTHS.index(month[:3]) + 1
    if found["year"]:
        return date(int(found["year"]), number, int(day)).isoformat()
    near = []
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            near.append(date(year, number, int(day)))
        except ValueError:
            continue  # 29 February
    return min(near, key=lambda one: abs(one - today)).isoformat()
