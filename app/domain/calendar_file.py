"""Flights as a calendar file (RFC 5545): an entry that each later file replaces.

An entry is known by its UID, which is the subject's and stays when the flight moves to another day, and its
SEQUENCE, which grows with every change (section 3.8.7.4). Times are in UTC, so a calendar shows them in its
reader's zone; the words name the airport's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

from icalendar import Calendar, Event

from app.domain import airlines, places
from app.domain.flight import NOT_FLYING, Flight, Status
from app.domain.order import Order, cluster_time_of
from app.domain.wording_terms import as_sentence, delayed_without_time, lateness

_SINCE = 1_577_836_800
"""1 January 2020: sequences count seconds from here, so that they fit into 31 bits until 2088."""
_AGAIN = timedelta(minutes=15)
"""How often a calendar that subscribed asks again (RFC 7986 section 5.7)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One flight for a calendar. subject: of its conversations. order: of the state shown."""

    flight: Flight
    subject: str
    order: Order


def of_flight(entry: Entry, public_url: str, now: datetime) -> bytes:
    """The file of one flight, as a mail brings it or a page gives it. now: the domain clock.

    Its method is PUBLISH, or CANCEL for a flight that does not fly (RFC 5546 sections 3.2.1 and 3.2.5): the entry goes.
    """
    is_off = entry.flight.status in NOT_FLYING
    found = _calendar("CANCEL" if is_off else "PUBLISH")
    found.add_component(_event(entry, public_url, now))
    return bytes(found.to_ical())


def of_flights(entries: Iterable[Entry], name: str, public_url: str, now: datetime) -> bytes:
    """The file that a calendar subscribes to: all of these flights, those that do not fly marked so.

    name: what the calendar is called. now: the domain clock.
    """
    found = _calendar("PUBLISH")
    found.add("name", name)
    found.add("x-wr-calname", name)  # what calendars read that do not know RFC 7986
    found.add("refresh-interval", _AGAIN, parameters={"VALUE": "DURATION"})
    found.add("x-published-ttl", "PT15M")
    for entry in entries:
        found.add_component(_event(entry, public_url, now))
    return bytes(found.to_ical())


def file_name(flight: Flight) -> str:
    """What the file is called: "UA1071-2013-02-09.ics"."""
    return f"{flight.flight_number}-{flight.departure_date}.ics"


def _calendar(method: str) -> Calendar:
    found = Calendar()
    found.add("version", "2.0")
    found.add("prodid", "-//Gatecall//Flights//EN")
    found.add("method", method)
    return found


def _event(entry: Entry, public_url: str, now: datetime) -> Event:
    flight = entry.flight
    url = f"{public_url}/f/{quote(flight.flight_number)}/{quote(flight.departure_date)}"
    found = Event()
    found.add("uid", _uid(entry.subject, public_url))
    found.add("sequence", max(0, cluster_time_of(entry.order)[0] - _SINCE))
    found.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    found.add("dtstart", flight.leaves_at.astimezone(UTC))
    if (lands_at := _lands_at(flight)) is not None:
        found.add("dtend", lands_at.astimezone(UTC))
    found.add("summary", _summary(flight))
    found.add("location", _location(flight))
    found.add("description", f"{_description(flight)}\nCheck before you go: {url}")
    found.add("url", url)
    found.add("status", _status(flight))
    found.add("transp", "TRANSPARENT" if flight.status in NOT_FLYING else "OPAQUE")
    return found


def _uid(subject: str, public_url: str) -> str:
    """The same for every file about the flight, and nobody's secret (RFC 5545 section 3.8.4.7)."""
    digest = hashlib.sha256(f"calendar {subject}".encode()).hexdigest()[:32]
    return f"{digest}@{urlsplit(public_url).hostname or 'gatecall'}"


def _lands_at(flight: Flight) -> datetime | None:
    """None where it is not known, or would be before the departure: an estimate that came first."""
    if flight.status is Status.DIVERTED or delayed_without_time(flight):
        return None
    lands_at = flight.lands_at
    return lands_at if lands_at is not None and lands_at > flight.leaves_at else None


def _summary(flight: Flight) -> str:
    ends = (f"{places.city(iata)} {iata}" for iata in (flight.origin, flight.destination))
    words = f"{airlines.written(flight.flight_number)} {' to '.join(ends)}"
    if flight.status in NOT_FLYING:
        return f"Cancelled: {words}" if flight.status is Status.CANCELLED else f"Not in the schedule: {words}"
    return words


def _location(flight: Flight) -> str:
    airport = places.airport(flight.origin)
    parts = [airport.name if airport else flight.origin]
    parts += [f"terminal {flight.terminal}"] if flight.terminal else []
    parts += [f"gate {flight.gate}"] if flight.gate else []
    return ", ".join(parts)


def _description(flight: Flight) -> str:
    if flight.status in NOT_FLYING:
        words = "is cancelled" if flight.status is Status.CANCELLED else "is no longer in the schedule"
        return f"{airlines.written(flight.flight_number)} {words}.{_reason(flight)}"
    if delayed_without_time(flight):
        leaves = f"Delayed; until when is not yet known. Planned {_local(flight.departs_at, flight.origin)}."
    else:
        leaves = f"Leaves {_local(flight.leaves_at, flight.origin)}, {lateness(flight.delay)}."
    if flight.status is Status.DIVERTED:
        to = f" to {places.city(flight.diverted_to)}" if flight.diverted_to else ""
        return f"{leaves} Diverted{to}; when it lands is not yet known.{_reason(flight)}"
    lands_at = _lands_at(flight)
    lands = f" Lands {_local(lands_at, flight.destination)}." if lands_at else ""
    return f"{leaves}{lands}{_reason(flight)}"


def _reason(flight: Flight) -> str:
    return f" {as_sentence(flight.status_reason)}" if flight.status_reason else ""


def _local(instant: datetime, iata: str) -> str:
    local = places.utc_to_local(instant, iata)
    return f"{local:%a} {local.day} {local:%b}, {local:%H:%M} {places.zone_name(local)}"


def _status(flight: Flight) -> str:
    if flight.status in NOT_FLYING:
        return "CANCELLED"
    return "TENTATIVE" if delayed_without_time(flight) else "CONFIRMED"
