"""Airports: names and time zones, from the airportsdata package (IATA codes of some 7,900 airports)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import airportsdata


@dataclass(frozen=True, slots=True)
class Airport:
    """iata: three capitals. zone: an IANA name such as "America/New_York"."""

    iata: str
    name: str
    city: str
    country: str
    zone: str


def airport(iata: str) -> Airport | None:
    """The airport with this IATA code (three capitals), None when there is none."""
    row = _airports().get(iata)
    if row is None:
        return None
    return Airport(iata=iata, name=row["name"], city=row["city"], country=row["country"], zone=row["tz"])


@cache
def zone(iata: str) -> ZoneInfo:
    """The time zone of an airport. Raises KeyError when the code is unknown."""
    return ZoneInfo(_airports()[iata]["tz"])


def local_to_utc(day: date, clock: time, iata: str) -> datetime:
    """The instant at which the clocks of an airport show this day and time, aware UTC.

    A time that occurs twice (the night summer time ends) means the first one; a time that does not exist (the
    night it begins) means the instant the clock would have shown it without the change (PEP 495, fold=0).
    """
    return datetime.combine(day, clock, tzinfo=zone(iata)).astimezone(UTC)


def utc_to_local(instant: datetime, iata: str) -> datetime:
    """The instant as the clocks of an airport show it."""
    return instant.astimezone(zone(iata))


def arrival_day(departure_day: date, leaves: datetime, lands: time, destination: str) -> date:
    """The local day on which a flight lands when only the time is known: the first one after it leaves.

    leaves: the instant of departure. lands: local to the destination.
    """
    for days in (-1, 0, 1, 2):
        day = departure_day + timedelta(days=days)
        if local_to_utc(day, lands, destination) > leaves:
            return day
    return departure_day + timedelta(days=2)


@cache
def _airports() -> dict[str, dict[str, str]]:
    return airportsdata.load("IATA")  # type: ignore[no-any-return,unused-ignore]
