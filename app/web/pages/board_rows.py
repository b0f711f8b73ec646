"""What a board shows: which flights, in which order, and each one's cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from app.domain import airlines, places
from app.domain.errors import BadEventError
from app.domain.flight import AFTER_DEPARTURE, NOT_FLYING, Flight, Status, parse
from app.web.pages import words
from app.web.pages.changes import LANDING_FIELDS, TIME_FIELDS, Ages, FieldChange, FlightChanges

PAGE = 30
"""Rows of a board, and as many more as leave in the same minute as the last."""

FILTERED_PAGE = 100
"""Rows of a filtered board, which covers the rest of the day."""

LOOK_BACK = timedelta(minutes=30)
"""The board of the present begins so long before now, and keeps so long what should have left."""

DEPARTURES, ARRIVALS = "dep", "arr"

_QUIET = frozenset({Status.BOARDING, Status.GATE_CLOSED, Status.DEPARTED, Status.LANDED, Status.ARRIVED})


@dataclass(frozen=True, slots=True)
class Entry:
    """One flight on a board. planned, expected: local to the board's airport."""

    flight: Flight
    planned: datetime
    expected: datetime
    state: words.State
    arrival: bool

    @property
    def other(self) -> str:
        """The airport at the other end."""
        return self.flight.origin if self.arrival else self.flight.destination

    @property
    def over(self) -> bool:
        """Whether nothing more will happen here."""
        if self.arrival:
            return self.flight.status in {Status.LANDED, Status.ARRIVED}
        return self.flight.status in AFTER_DEPARTURE

    @property
    def off(self) -> bool:
        """Whether it does not fly."""
        return self.flight.status in NOT_FLYING

    @property
    def gate(self) -> str | None:
        """The gate here; None when not known, or of no use since it does not fly."""
        if self.off:
            return None
        return self.flight.arrival_gate if self.arrival else self.flight.gate

    @property
    def late(self) -> bool:
        """Whether it is late by 15 minutes or more; cancelled is not late."""
        return not self.off and self.expected - self.planned >= words.LATE


@dataclass(frozen=True, slots=True)
class Cell:
    """A value on the board. old is struck through. at: domain time of a change that is still marked, else None."""

    value: str
    old: str | None = None
    at: datetime | None = None
    new: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a board, ready for the template. time_iso: of the time that stands there.
    note: "+1 day" where the expected date is not the planned one."""

    key: str
    href: str
    number: str
    airline_code: str
    airline: str
    city: str
    iata: str
    time: Cell
    time_iso: str
    planned_iso: str
    note: str
    gate: Cell
    status: Cell
    state: words.State
    off: bool
    over: bool
    changed: str
    changed_iso: str
    changed_age: str


@dataclass(frozen=True, slots=True)
class Summary:
    """How a day stands."""

    total: int
    cancelled: int
    late: int

    @property
    def others(self) -> int:
        """Neither cancelled nor late."""
        return self.total - self.cancelled - self.late


def entries(documents: Iterable[Mapping[str, Any]], airport: str, arrival: bool) -> tuple[list[Entry], int]:
    """Flights of a board in order of their planned time, and how many could not be shown.

    A document that cannot be understood, or lands at an unknown time, is counted, not guessed.
    """
    found: list[Entry] = []
    unreadable = 0
    for document in documents:
        try:
            flight = parse(document)
            planned = flight.arrives_at if arrival else flight.departs_at
            expected = flight.lands_at if arrival else flight.leaves_at
            state = words.arrival_state(flight) if arrival else words.departure_state(flight)
        except (BadEventError, OverflowError):  # a date at the very end of the calendar overflows in UTC
            unreadable += 1
            continue
        if planned is None or expected is None:
            unreadable += 1
            continue
        local = places.utc_to_local(planned, airport), places.utc_to_local(expected, airport)
        found.append(Entry(flight, *local, state, arrival))
    found.sort(key=lambda e: (e.planned, e.flight.flight_number))
    return found, unreadable


def summary(found: Iterable[Entry], on: date) -> Summary:
    """Counts of the flights planned for one local day."""
    of_day = [entry for entry in found if entry.planned.date() == on]
    return Summary(len(of_day), sum(e.off for e in of_day), sum(e.late for e in of_day))


def around_now(found: Sequence[Entry], now: datetime) -> list[Entry]:
    """From half an hour ago on, and before that what is still to come."""
    since = now - LOOK_BACK
    return [e for e in found if e.planned >= since or (not e.over and not e.off and e.expected >= since)]


def page(found: Sequence[Entry], size: int = PAGE) -> list[Entry]:
    """The first entries, cut where the minute changes."""
    if len(found) <= size:
        return list(found)
    end = size
    while end < len(found) and found[end].planned == found[end - 1].planned:
        end += 1
    return list(found[:end])


def page_before(found: Sequence[Entry], start: datetime, size: int = PAGE) -> datetime | None:
    """When the page before one that starts at `start` begins; None when nothing comes before."""
    before = [e for e in found if e.planned < start]
    return before[max(0, len(before) - size)].planned if before else None


def matches(entry: Entry, text: str, airline: str, group: str) -> bool:
    """Whether an entry fits the filter; empty parts fit all. text: flight, city, airline or gate, any case."""
    if airline and entry.flight.airline != airline:
        return False
    if group and entry.state.group != group:
        return False
    if not text:
        return True
    flight = entry.flight
    spoken = airlines.written(flight.flight_number)
    parts = (
        spoken, flight.flight_number, places.city(entry.other), entry.other, entry.gate or "",
        airlines.name(flight.airline),
    )  # fmt: skip
    wanted = " ".join(text.lower().split())
    return any(wanted in part.lower() for part in parts)


def row(entry: Entry, changes: FlightChanges | None, now: datetime, ages: Ages) -> Row:
    """One line of a board. now: the domain clock."""
    flight = entry.flight
    changed = places.utc_to_local(changes.last_at, _here(entry)) if changes else None
    time = _time_cell(entry, changes, now, ages)
    shown_at = entry.planned if time.value == words.clock(entry.planned) else entry.expected
    marked = changed is not None and now - changed <= ages.marked
    return Row(
        key=flight.identity,
        href=f"/f/{flight.flight_number}/{flight.departure_date}?from={flight.origin}",
        number=airlines.written(flight.flight_number),
        airline_code=flight.airline,
        airline=airlines.name(flight.airline),
        city=places.city(entry.other),
        iata=entry.other,
        time=time,
        time_iso=shown_at.isoformat(timespec="minutes"),
        planned_iso=entry.planned.isoformat(timespec="minutes"),
        note=words.day_shift((entry.expected.date() - entry.planned.date()).days),
        gate=_gate_cell(entry, changes, now, ages),
        status=_status_cell(entry, changes, now, ages),
        state=entry.state,
        off=entry.off,
        over=entry.over,
        changed=words.clock(changed) if changed else "",
        changed_iso=changed.isoformat(timespec="seconds") if changed else "",
        changed_age=words.ago((now - changed).total_seconds()) if changed and marked else "",
    )


def _here(entry: Entry) -> str:
    return entry.flight.destination if entry.arrival else entry.flight.origin


def _marked(value: str, old: str | None, change: FieldChange, now: datetime, ages: Ages) -> Cell:
    return Cell(value, old, change.at, now - change.at <= ages.new)


def _time_cell(entry: Entry, changes: FlightChanges | None, now: datetime, ages: Ages) -> Cell:
    planned, expected = words.clock(entry.planned), words.clock(entry.expected)
    if entry.off:
        return Cell(planned)
    plain = Cell(expected, planned if expected != planned else None)
    if entry.over:
        return Cell(planned)  # the status says when it left or landed
    fields = LANDING_FIELDS if entry.arrival else TIME_FIELDS
    change = changes.of(fields) if changes else None
    if change is None or changes is None:
        return plain
    what = "arrival_time" if entry.arrival else "departure_time"
    scheduled, estimated = (changes.fields.get(name) for name in (what, f"estimated_{what}"))
    old = (estimated.old if estimated else None) or (scheduled.old if scheduled else None) or planned
    return _marked(expected, old, change, now, ages) if old != expected else plain


def _gate_cell(entry: Entry, changes: FlightChanges | None, now: datetime, ages: Ages) -> Cell:
    gate = entry.gate or ""
    change = changes.of(["arrival_gate" if entry.arrival else "gate"]) if changes else None
    # A first gate is as planned; only another one is a change.
    if change is None or not change.old or not gate or change.old == gate:
        return Cell(gate)
    return _marked(gate, change.old, change, now, ages)


def _status_cell(entry: Entry, changes: FlightChanges | None, now: datetime, ages: Ages) -> Cell:
    said = entry.state.words
    if changes is None:
        return Cell(said)
    change = changes.of(["status"])
    if change and change.old and change.old != entry.flight.status and entry.flight.status not in _QUIET:
        old = words.status_word(change.old)
        return _marked(said, old if not said.startswith(old) else None, change, now, ages)
    moved = changes.of(LANDING_FIELDS if entry.arrival else TIME_FIELDS)
    if moved and entry.state.group == "delayed" and now - moved.at <= ages.new:
        return _marked(said, None, moved, now, ages)
    return Cell(said)
