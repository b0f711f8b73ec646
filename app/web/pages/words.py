"""How the pages say times, ages, durations and states. Plain functions; no request, no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.domain import places, speech, wording_terms
from app.domain.flight import AFTER_DEPARTURE, Flight, Status
from app.domain.speech import plural, say, to_say

LATE = timedelta(minutes=15)
"""From this delay on a flight counts as late (the threshold of US DOT and Eurocontrol statistics)."""

REASONS: Mapping[str, str] = {
    "departed": to_say("Nobody was sent a message: it had left by then."),
    "past": to_say("Nobody was sent a message: it was over by then."),
}
"""Why nobody was sent a message, as far as it is about the flight: what is about a person is not for everybody."""


Pieces = Sequence[tuple[str, bool]]
"""A sentence in pieces of text; True: set in bold."""

_BEGIN, _END = "\x02", "\x03"


@dataclass(frozen=True, slots=True)
class State:
    """A state of a flight as people see it. shape: a `.st-*` class; group: what the status filter calls it."""

    shape: str
    words: str
    group: str


def strong(value: str) -> str:
    """A value that is set in bold within its sentence: `pieces` takes it apart."""
    return f"{_BEGIN}{value}{_END}"


def pieces(sentence: str) -> Pieces:
    """A sentence with strong values in pieces, for a template."""
    return [
        (text, bool(begun))
        for part in sentence.split(_END)
        for begun, text in enumerate(part.split(_BEGIN))
        if text
    ]


def clock(local: time | datetime) -> str:
    """15:13."""
    return speech.clock_time(local)


def clock_zone(local: datetime) -> str:
    """15:13 EST."""
    return f"{speech.clock_time(local)} {places.zone_name(local)}"


def day_and_time(local: datetime, *, year: bool = False) -> str:
    """Fri 8 Feb, 15:13 EST; with the year where it is asked for."""
    return say("{day}, {time}", day=speech.day(local, year=year), time=clock_zone(local))


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
    if hours:
        # Translators: a length of time, in the signs for days and hours.
        return say("{days} d {hours} h", days=days, hours=hours)
    return say("{number} d", number=days)


def route(origin: str, destination: str) -> str:
    """ "Newark EWR to Denver DEN"."""
    return say(
        "{origin} to {destination}",
        origin=f"{places.city(origin)} {origin}",
        destination=f"{places.city(destination)} {destination}",
    )


def age(seconds: float) -> str:
    """How old something is: "2 s", "3 min", "5 h", "4 d"."""
    whole = max(0, int(seconds))
    if whole < 60:
        # Translators: seconds, minutes, hours and days in signs: 2 s, 3 min, 5 h, 4 d. They count up on live pages.
        return say("{number} s", number=whole)
    if whole < 3600:
        return say("{number} min", number=whole // 60)
    if whole < 172_800:
        return say("{number} h", number=whole // 3600)
    return say("{number} d", number=whole // 86_400)


def ago(seconds: float) -> str:
    """ "2 s ago"."""
    # Translators: {age} is like "2 s" or "5 h".
    return say("{age} ago", age=age(seconds))


def seconds(value: float) -> str:
    """ "0.3 s", "37 s", "2 min": a measured time."""
    if value >= 10:
        return age(value)
    return say("{number} s", number=speech.tenths(value))


def day_shift(days: int) -> str:
    """ "+1 day" when the date differs, "" when it does not."""
    if not days:
        return ""
    sign = "+" if days > 0 else "−"
    return plural("{sign}{number} day", "{sign}{number} days", abs(days), sign=sign)


def departure_state(flight: Flight) -> State:
    """What a departures board says of a flight."""
    leaves = places.utc_to_local(flight.leaves_at, flight.origin)
    told_time = flight.estimated_departure_time is not None
    late = flight.delay >= LATE
    if flight.status is Status.DEPARTED:
        said = say("Departed {time}", time=clock(leaves)) if told_time else _named(flight.status)
        return State("departed", said, "departed")
    if flight.status in AFTER_DEPARTURE:
        return _after_departure(flight)
    if flight.status is Status.BOARDING:
        said = say("Boarding, leaves {time}", time=clock(leaves)) if late else _named(flight.status)
        return State("boarding", said, "boarding")
    if flight.status is Status.GATE_CLOSED:
        if flight.delay > timedelta():
            return State("delayed", say("Gate closed, leaves {time}", time=clock(leaves)), "delayed")
        return State("boarding", _named(flight.status), "boarding")
    return _waiting(flight, flight.delay)


def arrival_state(flight: Flight) -> State:
    """What an arrivals board says of a flight."""
    planned, lands = flight.arrives_at, flight.lands_at
    if flight.status in {Status.LANDED, Status.ARRIVED, Status.DIVERTED}:
        return _after_departure(flight)
    delay = lands - planned if lands and planned else flight.delay
    if flight.status is Status.DEPARTED:
        if delay >= LATE:
            return State("delayed", say("On its way, {duration} late", duration=duration(delay)), "delayed")
        return State("boarding", say("On its way"), "departed")
    return _waiting(flight, delay)


def _after_departure(flight: Flight) -> State:
    if flight.status is Status.DIVERTED:
        if flight.diverted_to:
            return State(
                "delayed", say("Diverted to {city}", city=places.city(flight.diverted_to)), "delayed"
            )
        return State("delayed", _named(flight.status), "delayed")
    lands = flight.lands_at if flight.estimated_arrival_time is not None else None
    time = clock(places.utc_to_local(lands, flight.destination)) if lands else None
    if flight.status is Status.ARRIVED:
        return State("departed", _arrived(time, flight.belt), "departed")
    return State("departed", _landed(time, flight.belt), "departed")


def _arrived(time: str | None, belt: str | None) -> str:
    if time is not None and belt:
        return say("Arrived {time}, belt {belt}", time=time, belt=belt)
    if time is not None:
        return say("Arrived {time}", time=time)
    return say("Arrived, belt {belt}", belt=belt) if belt else _named(Status.ARRIVED)


def _landed(time: str | None, belt: str | None) -> str:
    if time is not None and belt:
        return say("Landed {time}, belt {belt}", time=time, belt=belt)
    if time is not None:
        return say("Landed {time}", time=time)
    return say("Landed, belt {belt}", belt=belt) if belt else _named(Status.LANDED)


def _waiting(flight: Flight, delay: timedelta) -> State:
    if flight.status in {Status.CANCELLED, Status.REMOVED}:
        return State("cancelled", _named(flight.status), "cancelled")
    if delay >= timedelta(minutes=1):
        return State("delayed", say("Delayed {duration}", duration=duration(delay)), "delayed")
    if flight.status is Status.DELAYED:
        return State("delayed", say("Delayed, new time not yet known"), "delayed")
    if delay <= -timedelta(minutes=1):
        return State("ontime", say("{duration} early", duration=duration(delay)), "ontime")
    return State("ontime", _named(Status.SCHEDULED), "ontime")


STATUSES: Mapping[str, str] = {
    Status.SCHEDULED: to_say("On time"),
    Status.DELAYED: to_say("Delayed"),
    Status.BOARDING: to_say("Boarding"),
    Status.GATE_CLOSED: to_say("Gate closed"),
    Status.DEPARTED: to_say("Departed"),
    Status.LANDED: to_say("Landed"),
    Status.ARRIVED: to_say("Arrived"),
    Status.DIVERTED: to_say("Diverted"),
    Status.CANCELLED: to_say("Cancelled"),
    Status.REMOVED: to_say("No longer in the schedule"),
}
"""The state of a flight in a word or two."""


def status_word(status: str) -> str:
    """The short word of a status, for what it was before: "Delayed", "On time"; of what is no status its own."""
    known = STATUSES.get(status)
    return say(known) if known is not None else status.replace("_", " ").capitalize()


def _named(status: Status) -> str:
    return say(STATUSES[status])


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
