"""Airports: names and time zones, from the airportsdata package (IATA codes of some 7,900 airports)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from math import asin, cos, radians, sin, sqrt
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


def load() -> None:
    """Read the airports now, which takes a second, and not with the first flight."""
    _airports()


def airport(iata: str) -> Airport | None:
    """The airport with this IATA code (three capitals), None when there is none."""
    row = _airports().get(iata)
    if row is None:
        return None
    return Airport(iata=iata, name=row["name"], city=row["city"], country=row["country"], zone=row["tz"])


def codes() -> list[str]:
    """Codes of all airports, sorted."""
    return sorted(_airports())


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


def next_at(clock: time, since: datetime, iata: str) -> datetime:
    """The first instant from `since` on at which the clocks of an airport show this time, aware UTC."""
    day = utc_to_local(since, iata).date()
    for days in (0, 1):
        instant = local_to_utc(day + timedelta(days=days), clock, iata)
        if instant >= since:
            return instant
    return local_to_utc(day + timedelta(days=2), clock, iata)  # a night in which the clocks were set forward


def arrival_day(departure_day: date, leaves: datetime, lands: time, destination: str) -> date:
    """The local day on which a flight lands when only the time is known: the first one after it leaves.

    leaves: the instant of departure. lands: local to the destination.
    """
    for days in (-1, 0, 1, 2):
        day = departure_day + timedelta(days=days)
        if local_to_utc(day, lands, destination) > leaves:
            return day
    return departure_day + timedelta(days=2)


def city(iata: str) -> str:
    """The place as travellers say it ("St Louis", "Portland, Maine"); the code when it is unknown."""
    if iata in _CITIES:
        return _CITIES[iata]
    row = _airports().get(iata)
    return row["city"] or row["name"] if row else iata


def short_name(iata: str) -> str:
    """The airport as travellers say it ("Newark Liberty", "Kennedy"); the code when it is unknown."""
    if iata in _NAMES:
        return _NAMES[iata]
    row = _airports().get(iata)
    if row is None:
        return iata
    name = row["name"]
    for ending in (" International Airport", " Regional Airport", " Airport"):
        name = name.removesuffix(ending)
    return name


def zone_name(local: datetime) -> str:
    """The name of the zone of a local time: "EST", or "UTC+4" where the zone has no letters of its own."""
    name = local.tzname() or ""
    return name if name.isalpha() else utc_offset(local)


def utc_offset(local: datetime) -> str:
    """How far a local time is from UTC: "UTC−5", "UTC+5:30", "UTC"."""
    minutes = round((local.utcoffset() or timedelta()) / timedelta(minutes=1))
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'−' if minutes < 0 else '+'}{hours}{f':{rest:02d}' if rest else ''}"


def distance_miles(origin: str, destination: str) -> int | None:
    """Great-circle distance in statute miles; None when an airport is unknown."""
    rows = _airports().get(origin), _airports().get(destination)
    if rows[0] is None or rows[1] is None:
        return None
    lat1, lon1, lat2, lon2 = (radians(a) for row in rows if row for a in (row["lat"], row["lon"]))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return round(2 * 3958.8 * asin(sqrt(half)))  # 3958.8: mean radius of the Earth in miles


# The package names the town the runway lies in, or the airport's full style; these are the names on boards.
_CITIES = {
    "BDL": "Hartford", "CAK": "Akron/Canton", "CHO": "Charlottesville", "COS": "Colorado Springs",
    "CRW": "Charleston, West Virginia", "CVG": "Cincinnati", "DFW": "Dallas/Fort Worth", "DCA": "Washington",
    "EGE": "Vail", "GSP": "Greenville", "HDN": "Steamboat Springs", "IAD": "Washington",
    "MHT": "Manchester, New Hampshire", "MVY": "Martha's Vineyard", "PWM": "Portland, Maine",
    "RDU": "Raleigh/Durham", "SNA": "Orange County", "SRQ": "Sarasota", "STT": "St Thomas",
    "XNA": "Northwest Arkansas", "CDG": "Paris", "ORY": "Paris", "LHR": "London", "LGW": "London",
    "STN": "London", "LTN": "London", "LCY": "London", "FCO": "Rome", "NRT": "Tokyo", "HND": "Tokyo",
    "MXP": "Milan", "LIN": "Milan", "DEL": "Delhi", "BOM": "Mumbai", "BLR": "Bengaluru",
}  # fmt: skip
_NAMES = {
    "DFW": "Dallas/Fort Worth",
    "JFK": "Kennedy", "LGA": "LaGuardia", "EWR": "Newark Liberty", "ORD": "Chicago O'Hare",
    "ATL": "Hartsfield-Jackson", "BOS": "Boston Logan", "BWI": "Baltimore/Washington",
    "DCA": "Washington National", "IAD": "Washington Dulles", "IAH": "Houston Intercontinental",
    "HOU": "Houston Hobby", "MSP": "Minneapolis-St Paul", "STL": "St Louis Lambert", "DTW": "Detroit Metro",
    "CVG": "Cincinnati/Northern Kentucky", "PWM": "Portland Jetport", "XNA": "Northwest Arkansas",
    "LAX": "Los Angeles", "MIA": "Miami", "LHR": "London Heathrow", "LGW": "London Gatwick",
    "CDG": "Paris Charles de Gaulle", "FRA": "Frankfurt", "MUC": "Munich", "AMS": "Amsterdam Schiphol",
    "DEL": "Delhi Indira Gandhi", "BOM": "Mumbai Chhatrapati Shivaji", "SNA": "John Wayne",
    "CRW": "Charleston Yeager", "OKC": "Will Rogers", "MKE": "Milwaukee Mitchell", "ANC": "Anchorage",
    "CMH": "Columbus", "BTV": "Burlington", "CHS": "Charleston", "PBI": "Palm Beach",
}  # fmt: skip


@cache
def _airports() -> dict[str, airportsdata.Airport]:
    return airportsdata.load("IATA")
