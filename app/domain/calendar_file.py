"""Flights as a calendar file (RFC 5545): an entry that each later file replaces.

An entry is known by its UID, which is the subject's and stays when the flight moves to another day, and its
SEQUENCE, which grows with every change (section 3.8.7.4) and never falls, also when the database is restored. Times
are in UTC, so a calendar shows them in its reader's zone; the words name the airport's. They are those of the language
of the block around.
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
from app.domain.order import Order, cluster_time_of, first_of, incarnation_of, is_raised
from app.domain.speech import clock_time, current, day, say
from app.domain.wording_terms import as_sentence, lateness

_SINCE = 1_577_836_800
"""1 January 2020: sequences count seconds from here."""
_HIGHEST = 2**31 - 1
"""RFC 5545 section 3.3.8. Reached after some fifty restores, or in 2088; from then on DTSTAMP says which is later."""
_LOST_S = 400 * 86_400
"""So long before what the lost past told of a flight its last change in the backup may be: it is sold for a year."""
_SET_BACK_S = 30 * 86_400
"""By so much the cluster's clock may be set back by a restore."""
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
    found.add("prodid", f"-//Gatecall//Flights//{current().language.upper()}")
    found.add("method", method)
    return found


def _event(entry: Entry, public_url: str, now: datetime) -> Event:
    flight = entry.flight
    url = f"{public_url}/f/{quote(flight.flight_number)}/{quote(flight.departure_date)}"
    found = Event()
    found.add("uid", _uid(entry.subject, public_url))
    found.add("sequence", _sequence(entry.order))
    found.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    found.add("dtstart", flight.leaves_at.astimezone(UTC))
    if (lands_at := _lands_at(flight)) is not None:
        found.add("dtend", lands_at.astimezone(UTC))
    found.add("summary", _summary(flight))
    found.add("location", _location(flight))
    check = say("Check before you go: {link}", link=url)
    found.add("description", f"{_description(flight)}\n{check}")
    found.add("url", url)
    found.add("status", _status(flight))
    found.add("transp", "TRANSPARENT" if flight.status in NOT_FLYING else "OPAQUE")
    return found


def _uid(subject: str, public_url: str) -> str:
    """The same for every file about the flight, and nobody's secret (RFC 5545 section 3.8.4.7)."""
    digest = hashlib.sha256(f"calendar {subject}".encode()).hexdigest()[:32]
    return f"{digest}@{urlsplit(public_url).hostname or 'gatecall'}"


def _sequence(order: Order) -> int:
    """Seconds, and a stride for every restore: so it grows with the order, and is never less than what was told before,
    also of the past that a restore took back.

    What a restore raised stays below all that happens after it.
    """
    happened, restores = order, max(0, incarnation_of(order) - 1)
    while is_raised(happened):
        happened = Order(happened.removeprefix(first_of(incarnation_of(happened))))
    seconds = max(0, cluster_time_of(happened)[0] - _SINCE) + restores * (_LOST_S + _SET_BACK_S)
    return min(_HIGHEST, max(0, seconds - _SET_BACK_S) if is_raised(order) else seconds)


def _lands_at(flight: Flight) -> datetime | None:
    """None where it is not known, or would be before the departure: an estimate that came first."""
    if flight.status is Status.DIVERTED or flight.is_delayed_without_time:
        return None
    lands_at = flight.lands_at
    return lands_at if lands_at is not None and lands_at > flight.leaves_at else None


def _summary(flight: Flight) -> str:
    number = airlines.written(flight.flight_number)
    origin, destination = (f"{places.city(iata)} {iata}" for iata in (flight.origin, flight.destination))
    given = {"flight": number, "origin": origin, "destination": destination}
    if flight.status is Status.CANCELLED:
        return say("Cancelled: {flight} {origin} to {destination}", **given)
    if flight.status in NOT_FLYING:
        return say("Not in the schedule: {flight} {origin} to {destination}", **given)
    # Translators: an entry of a calendar: "UA 407 Newark EWR to Denver DEN".
    return say("{flight} {origin} to {destination}", **given)


def _location(flight: Flight) -> str:
    airport = places.airport(flight.origin)
    parts = [airport.name if airport else flight.origin]
    parts += [say("terminal {terminal}", terminal=flight.terminal)] if flight.terminal else []
    parts += [say("gate {gate}", gate=flight.gate)] if flight.gate else []
    return ", ".join(parts)


def _description(flight: Flight) -> str:
    """Whole sentences: how it leaves, how it lands, and the airline's reason."""
    number = airlines.written(flight.flight_number)
    if flight.status is Status.CANCELLED:
        return say("{flight} is cancelled.", flight=number) + _reason(flight)
    if flight.status in NOT_FLYING:
        return say("{flight} is no longer in the schedule.", flight=number) + _reason(flight)
    if flight.is_delayed_without_time:
        planned = _local(flight.departs_at, flight.origin)
        leaves = say("Delayed; until when is not yet known. Planned {time}.", time=planned)
    else:
        # Translators: {lateness} is "28 minutes late", "5 minutes early" or "on time".
        leaves = say(
            "Leaves {time}, {lateness}.",
            time=_local(flight.leaves_at, flight.origin),
            lateness=lateness(flight.delay),
        )
    if flight.status is Status.DIVERTED and flight.diverted_to:
        to = places.city(flight.diverted_to)
        lands = say("Diverted to {place}; when it lands is not yet known.", place=to)
    elif flight.status is Status.DIVERTED:
        lands = say("Diverted; when it lands is not yet known.")
    else:
        lands_at = _lands_at(flight)
        lands = say("Lands {time}.", time=_local(lands_at, flight.destination)) if lands_at else ""
    return f"{leaves}{' ' if lands else ''}{lands}{_reason(flight)}"


def _reason(flight: Flight) -> str:
    return f" {as_sentence(flight.status_reason)}" if flight.status_reason else ""


def _local(instant: datetime, iata: str) -> str:
    local = places.utc_to_local(instant, iata)
    return f"{day(local)}, {clock_time(local)} {places.zone_name(local)}"


def _status(flight: Flight) -> str:
    if flight.status in NOT_FLYING:
        return "CANCELLED"
    return "TENTATIVE" if flight.is_delayed_without_time else "CONFIRMED"
