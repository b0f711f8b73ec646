"""What the page of a flight says: its state in a sentence, both ends with their own clocks, and what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.domain import airlines, channels, places
from app.domain.clock import DomainClock
from app.domain.flight import AFTER_DEPARTURE, NOT_FLYING, Flight, Status
from app.domain.news import Kind
from app.domain.wording_terms import as_sentence, delayed_without_time, duration
from app.store.flight_log import Told
from app.web.pages import words

FEWEST = 5
"""Below so many people a count could point at one of them, so the page says "fewer than"."""

Sentence = Sequence[tuple[str, bool]]
"""Pieces of text; True: set in bold."""


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
    say: Sentence
    off: bool
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
        title=f"{airlines.written(flight.flight_number)}, {origin} to {destination}",
        say_state=_state(flight),
        say=_say(flight, now),
        off=off,
        origin=_end(flight, now, arrival=False),
        destination=_end(flight, now, arrival=True),
        length=words.duration(lands - flight.leaves_at) if lands and lands > flight.leaves_at else None,
        miles=places.distance_miles(flight.origin, flight.destination),
        facts=_facts(flight, announced),
        reason=as_sentence(flight.status_reason) if flight.status_reason else None,
        log=entries,
        last_edited=_last_edited(flight, announced, clock),
        median=words.seconds(seconds[len(seconds) // 2]) if len(seconds) >= FEWEST else None,
        messages=len(seconds),
    )


def _state(flight: Flight) -> words.State:
    """The state in a word or two: the sentence after it says the rest."""
    state = words.departure_state(flight)
    short = {
        Status.DEPARTED: "Departed", Status.DIVERTED: "Diverted", Status.LANDED: "Landed", Status.ARRIVED: "Arrived",
        Status.BOARDING: "Boarding", Status.GATE_CLOSED: "Gate closed",
    }.get(flight.status)  # fmt: skip
    if short is None and state.group == "delayed":
        short = "Delayed"
    return words.State(state.shape, short or state.words, state.group)


def _say(flight: Flight, now: datetime) -> Sentence:
    leaves = words.clock_zone(places.utc_to_local(flight.leaves_at, flight.origin))
    planned = words.clock_zone(places.utc_to_local(flight.departs_at, flight.origin))
    if flight.status in NOT_FLYING:
        gate = [(" from gate ", False), (flight.gate, True)] if flight.gate else []
        return [("It was to leave at ", False), (planned, True), *gate, (".", False)]
    if flight.status in AFTER_DEPARTURE:
        return _say_after(flight)
    gate = [("at gate ", False), (flight.gate, True), (". ", False)] if flight.gate else []
    if delayed_without_time(flight):
        return [
            *gate,
            ("The new time is not yet known. It was to leave at ", False),
            (planned, True),
            (".", False),
        ]
    if flight.leaves_at <= now:
        return [
            *gate,
            ("It was to leave at ", False),
            (leaves, True),
            (". Whether it left is not yet known.", False),
        ]
    if flight.delay >= timedelta(minutes=1):
        how = f"It leaves {duration(flight.delay)} late, at "
    elif flight.delay <= -timedelta(minutes=1):
        how = f"It leaves {duration(flight.delay)} early, at "
    else:
        how = "It leaves at "
    return [*gate, (how, False), (leaves, True), (".", False)]


def _say_after(flight: Flight) -> Sentence:
    left = words.clock_zone(places.utc_to_local(flight.leaves_at, flight.origin))
    late = f", {duration(flight.delay)} late" if flight.delay >= timedelta(minutes=1) else ""
    lands = flight.lands_at
    at = words.clock_zone(places.utc_to_local(lands, flight.destination)) if lands else None
    if flight.status is Status.DIVERTED:
        where = (
            [("to ", False), (places.city(flight.diverted_to), True), (". ", False)]
            if flight.diverted_to
            else []
        )
        return [*where, ("When it goes on is not yet known; ask the airline.", False)]
    if flight.status is Status.DEPARTED:
        when = [("at ", False), (left, True), (f"{late}. ", False)] if flight.estimated_departure_time else []
        return [*when, *([("It lands at ", False), (at, True), (".", False)] if at else [])]
    belt = [("Bags on belt ", False), (flight.belt, True), (".", False)] if flight.belt else []
    when = [("at ", False), (at, True), (". ", False)] if at and flight.estimated_arrival_time else []
    return [*when, *belt]


def _end(flight: Flight, now: datetime, *, arrival: bool) -> End:
    iata = flight.destination if arrival else flight.origin
    planned = flight.arrives_at if arrival else flight.departs_at
    expected = flight.lands_at if arrival else flight.leaves_at
    if flight.status in NOT_FLYING or (
        arrival and (delayed_without_time(flight) or flight.status is Status.DIVERTED)
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
        return "the same time"
    return f"{duration(there - here)} {'ahead' if there > here else 'behind'}"


def _facts(
    flight: Flight, announced: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str | None, str | None]]:
    """Label, value (None: not yet known), and the value it replaced."""
    if flight.status in NOT_FLYING:
        return []
    facts: list[tuple[str, str | None, str | None]] = [
        ("Terminal", flight.terminal, _replaced("terminal", flight.terminal, announced)),
        ("Gate", flight.gate, _replaced("gate", flight.gate, announced)),
        (f"Gate at {flight.destination}", flight.arrival_gate, None),
        (f"Bags at {flight.destination}", f"Belt {flight.belt}" if flight.belt else None, None),
        ("Aircraft", flight.aircraft, None),
    ]
    # Whether an airport has terminals at all is not known, so an empty one is left out, not called unknown.
    return [fact for fact in facts if fact[1] or fact[0] not in {"Terminal", f"Gate at {flight.destination}"}]


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
                day=f"{at:%A} {words.short_day(at.date())}" if at.date() != shown_day else None,
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
    if kind is Kind.DELAYED:
        return Change("Delayed") if delayed_without_time(want) else Change("Delayed", old_time, new_time)
    if kind is Kind.EARLIER:
        gained = heard.leaves_at - want.leaves_at
        what = f"Leaves {duration(gained)} earlier than last announced" if gained else "No longer delayed"
        return Change(what, old_time, new_time) if gained else Change(what)
    if kind is Kind.RESCHEDULED:
        return Change("New schedule", _schedule(heard), _schedule(want))
    if kind in {Kind.GATE, Kind.TERMINAL, Kind.AIRCRAFT}:
        return Change(f"New {kind.value}", getattr(heard, kind.value), getattr(want, kind.value))
    fixed = {
        Kind.CANCELLED: "Cancelled",
        Kind.REMOVED: "No longer in the schedule",
        Kind.REINSTATED: "Goes ahead after all",
        Kind.DIVERTED: f"Diverted to {places.city(want.diverted_to)}" if want.diverted_to else "Diverted",
        Kind.BELT: f"Bags on belt {want.belt}",
        Kind.GATE_CLOSED: "Gate closed",
        Kind.ARRIVAL: "New time of arrival",
    }
    return Change(fixed.get(kind) or kind.value.capitalize())


def _schedule(flight: Flight) -> str:
    local = places.utc_to_local(flight.departs_at, flight.origin)
    return f"{words.day(local)}, {words.clock(local)}"


def _told(told: Told | None, age_s: float) -> str:
    """Who was told, in counts: no more is said of people on a public page."""
    if told is None or not (told.people or told.skipped or told.waiting or told.failed):
        return "No message has gone out yet." if age_s < 60 else "No message of its own was sent."
    if not told.people:
        waiting = "Messages are on their way." if told.waiting else ""
        return waiting or f"Nobody was sent a message{_why(told)}."
    if told.people < FEWEST:
        return f"Told fewer than {FEWEST} people."
    by_channel = ", ".join(
        words.counted(told.sent[name], channels.said(name).one, channels.said(name).many)
        for name in sorted(told.sent)
    )
    times = ""
    if told.first_s is not None and told.last_s is not None:
        times = (
            f" The first after {words.seconds(told.first_s)}, the last after {words.seconds(told.last_s)}."
        )
    return f"Told {words.counted(told.people, 'person', 'people')}: {by_channel}.{times}"


def _why(told: Told) -> str:
    reason = max(told.skipped, key=lambda r: told.skipped[r], default="")
    return f": {words.REASONS[reason]}" if reason in words.REASONS else ""


def _last_edited(flight: Flight, announced: Sequence[Mapping[str, Any]], clock: DomainClock) -> str | None:
    if not announced:
        return None
    at = places.utc_to_local(clock.at(announced[0]["changed_at"]), flight.origin)
    today = places.utc_to_local(clock(), flight.origin).date()
    return words.clock_zone(at) if at.date() == today else f"{words.day(at)}, {words.clock_zone(at)}"
