"""What the page of a flight says: its state in a sentence, both ends with their own clocks, and what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.domain import airlines, channels, places
from app.domain.clock import DomainClock
from app.domain.flight import NOT_FLYING, Flight, Status
from app.domain.news import Kind
from app.domain.speech import plural, say, to_say, weekday_of
from app.domain.wording_corrections import is_taken_back
from app.domain.wording_terms import as_sentence, duration
from app.store.flight_log import Told
from app.web.pages import flight_words, words

FEWEST = 5
"""Below so many people a count could point at one of them, so the page says "fewer than"."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of a flight. time: as now expected, None when not known; old: as scheduled, when that differs."""

    place: str
    iata: str
    time: str | None
    old: str | None
    day: str
    zone: str
    shift: str
    now: str
    ahead: str


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed, within an entry of the log."""

    what: str
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One announcement in the log. day: set on the first entry of a day."""

    day: str | None
    time: str
    iso: str
    changes: Sequence[Change]
    reason: str | None
    state: words.State
    told: str
    late: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the template shows of one flight."""

    flight: Flight
    number: str
    airline: str
    airline_known: bool
    title: str
    say_state: words.State
    say: words.Pieces
    off: bool
    off_words: flight_words.Off | None
    origin: End
    destination: End
    length: str | None
    miles: int | None
    facts: Sequence[tuple[str, str | None, str | None]]
    reason: str | None
    log: Sequence[Entry]
    last_edited: str | None
    median: str | None
    messages: int


def page(
    flight: Flight,
    announced: Sequence[Mapping[str, Any]],
    told: Mapping[str, Told],
    clock: DomainClock,
    system_now: datetime,
) -> Page:
    """The page of a flight. announced: newest first; told: by order."""
    now = clock()
    last_edited = _last_edited(flight, announced, clock)
    entries = log(flight, announced, told, clock, system_now)
    seconds = sorted(s for one in told.values() for s in one.seconds)
    origin, destination = places.city(flight.origin), places.city(flight.destination)
    off = flight.status in NOT_FLYING
    lands = flight.lands_at
    return Page(
        flight=flight,
        number=airlines.written(flight.flight_number),
        airline=airlines.name(flight.airline),
        airline_known=airlines.name(flight.airline) != flight.airline,
        title=say(
            "{flight}, {origin} to {destination}",
            flight=airlines.written(flight.flight_number),
            origin=origin,
            destination=destination,
        ),
        say_state=flight_words.state(flight),
        say=flight_words.sentence(flight, now),
        off=off,
        off_words=flight_words.off(flight, last_edited) if off else None,
        origin=_end(flight, now, arrival=False),
        destination=_end(flight, now, arrival=True),
        length=words.duration(lands - flight.leaves_at) if lands and lands > flight.leaves_at else None,
        miles=places.distance_miles(flight.origin, flight.destination),
        facts=_facts(flight, announced),
        reason=as_sentence(flight.status_reason) if flight.status_reason else None,
        log=entries,
        last_edited=last_edited,
        median=words.seconds(seconds[len(seconds) // 2]) if len(seconds) >= FEWEST else None,
        messages=len(seconds),
    )


def _end(flight: Flight, now: datetime, *, arrival: bool) -> End:
    iata = flight.destination if arrival else flight.origin
    planned = flight.arrives_at if arrival else flight.departs_at
    expected = flight.lands_at if arrival else flight.leaves_at
    if flight.status in NOT_FLYING or (
        arrival and (flight.is_delayed_without_time or flight.status is Status.DIVERTED)
    ):
        expected = planned
    local_now = places.utc_to_local(now, iata)
    city, name = places.city(iata), places.short_name(iata)
    left = places.utc_to_local(
        flight.leaves_at if expected is not planned else flight.departs_at, flight.origin
    )
    local = places.utc_to_local(expected, iata) if expected else None
    old = words.clock(places.utc_to_local(planned, iata)) if planned and planned != expected else None
    return End(
        place=name if city in name or name in city else f"{city}, {name}",
        iata=iata,
        time=words.clock(local) if local else None,
        old=old,
        day=words.day(local) if local else "",
        zone=_zone(local or local_now),
        shift=words.day_shift((local.date() - left.date()).days) if local and arrival else "",
        now=words.clock(local_now),
        ahead=_ahead(flight, now) if arrival else "",
    )


def _zone(local: datetime) -> str:
    name, offset = places.zone_name(local), places.utc_offset(local)
    return name if name == offset else f"{name} ({offset})"


def _ahead(flight: Flight, now: datetime) -> str:
    """How the clocks of the destination stand against those of the origin."""
    here = places.utc_to_local(now, flight.origin).utcoffset() or timedelta()
    there = places.utc_to_local(now, flight.destination).utcoffset() or timedelta()
    if here == there:
        return say("the same time")
    length = duration(there - here)
    # Translators: how far the clocks there are ahead of those where the flight leaves, like "2 hours ahead".
    return (
        say("{duration} ahead", duration=length)
        if there > here
        else say("{duration} behind", duration=length)
    )


def _facts(
    flight: Flight, announced: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str | None, str | None]]:
    """Label, value (None: not yet known), and the value it replaced."""
    if flight.status in NOT_FLYING:
        return []
    end = flight.destination
    facts: list[tuple[str, str | None, str | None]] = [
        (say("Gate"), flight.gate, _replaced("gate", flight.gate, announced)),
        (
            say("Bags at {airport}", airport=end),
            say("Belt {belt}", belt=flight.belt) if flight.belt else None,
            None,
        ),
        (say("Aircraft"), flight.aircraft, None),
    ]
    # Whether an airport has terminals at all is not known, so an empty one is left out, not called unknown.
    if flight.arrival_gate:
        facts.insert(1, (say("Gate at {airport}", airport=end), flight.arrival_gate, None))
    if flight.terminal:
        facts.insert(0, (say("Terminal"), flight.terminal, _replaced("terminal", flight.terminal, announced)))
    return facts


def _replaced(field: str, present: str | None, announced: Sequence[Mapping[str, Any]]) -> str | None:
    for one in announced:
        old, new = (one.get("from") or {}).get(field), (one.get("to") or {}).get(field)
        if old and new and old != new:
            return str(old) if new == present else None
    return None


def log(
    flight: Flight,
    announced: Sequence[Mapping[str, Any]],
    told: Mapping[str, Told],
    clock: DomainClock,
    system_now: datetime,
) -> list[Entry]:
    """What changed, newest first."""
    found: list[Entry] = []
    shown_day = None
    for one in announced:
        if not one.get("to"):
            continue
        heard = Flight.from_document(one["from"]) if one.get("from") else flight.as_published()
        want = Flight.from_document(one["to"])
        at = places.utc_to_local(clock.at(one["changed_at"]), flight.origin)
        kinds = [Kind(kind) for kind in one.get("kinds", ()) if kind in set(Kind)]
        age_s = (system_now - one["changed_at"]).total_seconds()
        found.append(
            Entry(
                day=weekday_of(at.date()) if at.date() != shown_day else None,
                time=words.clock_zone(at),
                iso=at.isoformat(timespec="seconds"),
                changes=[_change(kind, heard, want) for kind in kinds],
                reason=want.status_reason if want.status_reason != heard.status_reason else None,
                state=words.departure_state(want),
                told=_told(told.get(str(one.get("event_id"))), age_s),
                late=bool(one.get("found_late")),
            )
        )
        shown_day = at.date()
    return found


def _change(kind: Kind, heard: Flight, want: Flight) -> Change:
    old_time = words.clock(places.utc_to_local(heard.leaves_at, heard.origin))
    new_time = words.clock(places.utc_to_local(want.leaves_at, want.origin))
    if is_taken_back(want, kind):
        return Change(say(_NOT_SO[kind]))
    if kind is Kind.DELAYED:
        what = words.status_word(Status.DELAYED)
        return Change(what) if want.is_delayed_without_time else Change(what, old_time, new_time)
    if kind is Kind.EARLIER:
        gained = heard.leaves_at - want.leaves_at
        if not gained:
            return Change(say("No longer delayed"))
        what = say("Leaves {duration} earlier than last announced", duration=duration(gained))
        return Change(what, old_time, new_time)
    if kind is Kind.RESCHEDULED:
        return Change(say("New schedule"), _schedule(heard), _schedule(want))
    if kind in _NEW:
        return Change(say(_NEW[kind]), getattr(heard, kind.value), getattr(want, kind.value))
    if kind is Kind.REROUTED:
        return Change(say("New route or number"), _route(heard), _route(want))
    if kind is Kind.DIVERTED and want.diverted_to:
        return Change(say("Diverted to {city}", city=places.city(want.diverted_to)))
    if kind is Kind.BELT:
        return Change(say("Bags on belt {belt}", belt=want.belt))
    return Change(say(_FIXED[kind]) if kind in _FIXED else kind.value.capitalize())


_NEW: Mapping[Kind, str] = {
    Kind.GATE: to_say("New gate"),
    Kind.TERMINAL: to_say("New terminal"),
    Kind.AIRCRAFT: to_say("New aircraft"),
}
_NOT_SO: Mapping[Kind, str] = {
    Kind.DIVERTED: to_say("No longer diverted"),
    Kind.LANDED: to_say("Not landed yet"),
    Kind.DEPARTED: to_say("Not left yet"),
}
_FIXED: Mapping[Kind, str] = {
    Kind.CANCELLED: to_say("Cancelled"),
    Kind.REMOVED: to_say("No longer in the schedule"),
    Kind.REINSTATED: to_say("Goes ahead after all"),
    Kind.DIVERTED: to_say("Diverted"),
    Kind.GATE_CLOSED: to_say("Gate closed"),
    Kind.ARRIVAL: to_say("New time of arrival"),
}


def _route(flight: Flight) -> str:
    number, ends = (
        airlines.written(flight.flight_number),
        {"origin": flight.origin, "destination": flight.destination},
    )
    # Translators: {flight} is like "UA 407", the others are codes of airports.
    return say("{flight}, {origin} to {destination}", flight=number, **ends)


def _schedule(flight: Flight) -> str:
    local = places.utc_to_local(flight.departs_at, flight.origin)
    # Translators: {day} is like "Fri 8 Feb", {time} like "15:13".
    return say("{day}, {time}", day=words.day(local), time=words.clock(local))


def _told(told: Told | None, age_s: float) -> str:
    """Who was told, in counts: no more is said of people on a public page."""
    if told is None or not (told.people or told.skipped or told.waiting or told.failed):
        if age_s < 60:
            return say("No message has gone out yet.")
        return say("No message of its own was sent.")
    if not told.people:
        return say("Messages are on their way.") if told.waiting else _nobody(told)
    if told.people < FEWEST:
        return say("Told fewer than {number} people.", number=FEWEST)
    # Translators: {channels} is like "12 e-mails, 3 SMS".
    said = plural(
        "Told {number} person: {channels}.",
        "Told {number} people: {channels}.",
        told.people,
        channels=", ".join(channels.counted(name, told.sent[name]) for name in sorted(told.sent)),
    )
    if told.first_s is None or told.last_s is None:
        return said
    first, last = words.seconds(told.first_s), words.seconds(told.last_s)
    return " ".join((said, say("The first after {first}, the last after {last}.", first=first, last=last)))


def _nobody(told: Told) -> str:
    reason = max(told.skipped, key=lambda r: told.skipped[r], default="")
    if reason in words.REASONS:
        return say(words.REASONS[reason])
    return say("Nobody was sent a message.")


def _last_edited(flight: Flight, announced: Sequence[Mapping[str, Any]], clock: DomainClock) -> str | None:
    if not announced:
        return None
    at = places.utc_to_local(clock.at(announced[0]["changed_at"]), flight.origin)
    today = places.utc_to_local(clock(), flight.origin).date()
    return words.clock_zone(at) if at.date() == today else words.day_and_time(at)
