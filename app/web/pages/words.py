"""How the pages say times, ages, durations and states. Plain functions; no request, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.domain import places, speech, wording_terms
from app.domain.flight import AFTER_DEPARTURE, Flight, Status

LATE = timedelta(minutes=15)
"""From this delay on a flight counts as late (the threshold of US DOT and Eurocontrol statistics)."""

REASONS: Mapping[str, str] = {
    "departed": "it had left by then",
    "past": "it was over by then",
}
"""Why nobody was sent a message, as far as it is about the flight: what is about a person is not for everybody."""


@dataclass(frozen=True, slots=True)
class State:
    """A state of a flight as people see it. shape: a `.st-*` class; group: what the status filter calls it."""

    shape: str
    words: str
    group: str


def clock(local: datetime) -> str:
    """15:13."""
    return speech.clock_time(local)


def clock_zone(local: datetime) -> str:
    """15:13 EST."""
    return f"{speech.clock_time(local)} {places.zone_name(local)}"


def day(of: date) -> str:
    """Fri 8 Feb."""
    return speech.day(of)


def long_day(of: date) -> str:
    """Friday 8 February 2013."""
    return speech.long_day(of)


def short_day(of: date) -> str:
    """8 February."""
    return speech.short_date(of)


def number(count: int) -> str:
    """1,585."""
    return speech.number(count)


def counted(count: int, one: str, many: str) -> str:
    """ "1 flight", "1,585 flights"."""
    return f"{count:,} {one if count == 1 else many}"


def minutes_of(length: timedelta) -> int:
    """Whole minutes, towards zero."""
    return int(length.total_seconds() / 60)


def duration(length: timedelta) -> str:
    """ "28 min", "3 h 25 min", "2 d 3 h"; without a sign."""
    hours = abs(minutes_of(length)) // 60
    if hours < 48:
        return wording_terms.duration(length, short=True)
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def age(seconds: float) -> str:
    """How old something is: "2 s", "3 min", "5 h", "4 d"."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 172_800:
        return f"{whole // 3600} h"
    return f"{whole // 86_400} d"


def seconds(value: float) -> str:
    """ "0.3 s", "37 s", "2 min": a measured time."""
    return f"{value:.1f} s" if value < 10 else age(value)


def day_shift(days: int) -> str:
    """ "+1 day" when the date differs, "" when it does not."""
    if not days:
        return ""
    return f"{'+' if days > 0 else '−'}{abs(days)} {'day' if abs(days) == 1 else 'days'}"


def departure_state(flight: Flight) -> State:
    """What a departures board says of a flight."""
    leaves = places.utc_to_local(flight.leaves_at, flight.origin)
    told_time = flight.estimated_departure_time is not None
    late = flight.delay >= LATE
    if flight.status is Status.DEPARTED:
        return State("departed", f"Departed {clock(leaves)}" if told_time else "Departed", "departed")
    if flight.status in AFTER_DEPARTURE:
        return _after_departure(flight)
    if flight.status is Status.BOARDING:
        return State("boarding", f"Boarding, leaves {clock(leaves)}" if late else "Boarding", "boarding")
    if flight.status is Status.GATE_CLOSED:
        if flight.delay > timedelta():
            return State("delayed", f"Gate closed, leaves {clock(leaves)}", "delayed")
        return State("boarding", "Gate closed", "boarding")
    return _waiting(flight, flight.delay)


def arrival_state(flight: Flight) -> State:
    """What an arrivals board says of a flight."""
    planned, lands = flight.arrives_at, flight.lands_at
    if flight.status in {Status.LANDED, Status.ARRIVED, Status.DIVERTED}:
        return _after_departure(flight)
    delay = lands - planned if lands and planned else flight.delay
    if flight.status is Status.DEPARTED:
        late = f", {duration(delay)} late" if delay >= LATE else ""
        return State(
            "delayed" if late else "boarding", f"On its way{late}", "delayed" if late else "departed"
        )
    return _waiting(flight, delay)


def _after_departure(flight: Flight) -> State:
    if flight.status is Status.DIVERTED:
        where = f" to {places.city(flight.diverted_to)}" if flight.diverted_to else ""
        return State("delayed", f"Diverted{where}", "delayed")
    lands = flight.lands_at if flight.estimated_arrival_time is not None else None
    at = f" {clock(places.utc_to_local(lands, flight.destination))}" if lands else ""
    belt = f", belt {flight.belt}" if flight.belt else ""
    return State(
        "departed", f"{'Arrived' if flight.status is Status.ARRIVED else 'Landed'}{at}{belt}", "departed"
    )


def _waiting(flight: Flight, delay: timedelta) -> State:
    if flight.status is Status.CANCELLED:
        return State("cancelled", "Cancelled", "cancelled")
    if flight.status is Status.REMOVED:
        return State("cancelled", "No longer in the schedule", "cancelled")
    if delay >= timedelta(minutes=1):
        return State("delayed", f"Delayed {duration(delay)}", "delayed")
    if flight.status is Status.DELAYED:
        return State("delayed", "Delayed, new time not yet known", "delayed")
    if delay <= -timedelta(minutes=1):
        return State("ontime", f"{duration(delay)} early", "ontime")
    return State("ontime", "On time", "ontime")


_STATUS_WORDS = {"scheduled": "On time", "gate_closed": "Gate closed", "departed": "Departed"}


def status_word(status: str) -> str:
    """The short word of a status, for what it was before: "Delayed", "On time"."""
    return _STATUS_WORDS.get(status, status.replace("_", " ").capitalize())


def long_date(text: str) -> str:
    """ "2013-02-08" as "Friday 8 February 2013"; as it is when it is no date."""
    of = parsed_date(text)
    return long_day(of) if of else text


def short_date(text: str) -> str:
    """ "2013-02-08" as "8 February"; as it is when it is no date."""
    of = parsed_date(text)
    return short_day(of) if of else text


def parsed_date(text: str) -> date | None:
    """A date written as ISO 8601 has it; None when it is not one."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
