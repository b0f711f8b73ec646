"""A flight as Gatecall knows it: its facts, read strictly from what an admin wrote.

What is unambiguous is accepted and written one way ("ewr" is EWR, "9:30" is 09:30); what is not is a
BadEventError that names the field, never a guess. Every time is local to its airport.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from app.domain import fields, places

MAX_TEXT = 200
"""Characters of a free text field such as the reason; longer ones are refused."""


# An estimate without its date means the first such time from here on: flights are late by most of a day, but not
# early by more than this.
_EARLIEST = timedelta(hours=4)

LATE_UNKNOWN = timedelta(hours=12)
"""So long after its time a flight may still leave that is delayed while nobody wrote until when. Less than a day: of
some flights nobody ever writes that they left, and people of yesterday are not told."""


class Status(StrEnum):
    """Where a flight stands. REMOVED is ours: the document is gone, "no longer in the schedule"."""

    SCHEDULED = "scheduled"
    DELAYED = "delayed"
    BOARDING = "boarding"
    GATE_CLOSED = "gate_closed"
    DEPARTED = "departed"
    DIVERTED = "diverted"
    LANDED = "landed"
    ARRIVED = "arrived"
    CANCELLED = "cancelled"
    REMOVED = "removed"


AFTER_DEPARTURE = frozenset({Status.DEPARTED, Status.DIVERTED, Status.LANDED, Status.ARRIVED})
NOT_FLYING = frozenset({Status.CANCELLED, Status.REMOVED})


@dataclass(frozen=True, slots=True)
class Flight:
    """The facts of one flight on one day. None means not known, for an estimate: as scheduled.

    Dates are "YYYY-MM-DD", times "HH:MM", both local to the airport they belong to.
    """

    flight_number: str
    airline: str
    origin: str
    destination: str
    departure_date: str
    departure_time: str
    arrival_date: str | None = None
    arrival_time: str | None = None
    estimated_departure_date: str | None = None
    estimated_departure_time: str | None = None
    estimated_arrival_date: str | None = None
    estimated_arrival_time: str | None = None
    status: Status = Status.SCHEDULED
    status_reason: str | None = None
    gate: str | None = None
    terminal: str | None = None
    arrival_gate: str | None = None
    arrival_terminal: str | None = None
    belt: str | None = None
    aircraft: str | None = None
    diverted_to: str | None = None

    @property
    def identity(self) -> str:
        """What stays the same when a document is deleted and inserted again."""
        return _identity(self.flight_number, self.origin, self.departure_date)

    @property
    def departs_at(self) -> datetime:
        """Scheduled departure, aware UTC."""
        return _instant(self.departure_date, self.departure_time, self.origin)

    @property
    def leaves_at(self) -> datetime:
        """Departure as now expected, aware UTC: the estimate, else the schedule."""
        if self.estimated_departure_time is None:
            return self.departs_at
        if self.estimated_departure_date is not None:
            return _instant(self.estimated_departure_date, self.estimated_departure_time, self.origin)
        return places.next_at(_clock(self.estimated_departure_time), self.departs_at - _EARLIEST, self.origin)

    @property
    def is_delayed_without_time(self) -> bool:
        """Whether it is delayed and nobody wrote until when."""
        return self.status is Status.DELAYED and self.estimated_departure_time is None

    @property
    def leaves_by(self) -> datetime:
        """Until when it may still leave, as far as is known, aware UTC: `leaves_at`, or LATE_UNKNOWN later."""
        return self.leaves_at + (LATE_UNKNOWN if self.is_delayed_without_time else timedelta())

    @property
    def arrives_at(self) -> datetime | None:
        """Scheduled arrival, aware UTC; None when not known."""
        return self._arrival(self.arrival_date, self.arrival_time, self.departs_at)

    @property
    def lands_at(self) -> datetime | None:
        """Arrival as now expected, aware UTC; None when not known.

        Without an estimate of its own the arrival moves with the departure, as passengers assume.
        """
        if self.estimated_arrival_time is not None:
            return self._arrival(self.estimated_arrival_date, self.estimated_arrival_time, self.leaves_at)
        planned = self.arrives_at
        return planned + (self.leaves_at - self.departs_at) if planned else None

    @property
    def delay(self) -> timedelta:
        """How much later than scheduled it leaves; negative when earlier."""
        return self.leaves_at - self.departs_at

    def _arrival(self, day: str | None, clock: str | None, leaves: datetime) -> datetime | None:
        if clock is None:
            return None
        if day is not None:
            return _instant(day, clock, self.destination)
        left = places.utc_to_local(leaves, self.origin).date()
        landing = places.arrival_day(left, leaves, _clock(clock), self.destination)
        return places.local_to_utc(landing, _clock(clock), self.destination)

    def removed(self) -> Flight:
        """The same flight after its document was deleted."""
        return replace(self, status=Status.REMOVED)

    def as_published(self) -> Flight:
        """What the schedule said before anything happened: no estimate, no gate, status scheduled."""
        return Flight(
            flight_number=self.flight_number,
            airline=self.airline,
            origin=self.origin,
            destination=self.destination,
            departure_date=self.departure_date,
            departure_time=self.departure_time,
            arrival_date=self.arrival_date,
            arrival_time=self.arrival_time,
        )

    def to_document(self) -> dict[str, str]:
        """As stored: the fields that are known, always in the same order, so that equal flights are equal
        documents to MongoDB, which compares embedded documents field by field in order."""
        values = ((name, getattr(self, name)) for name in _NAMES)
        return {name: str(value) for name, value in values if value is not None}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Flight:
        """From what to_document made. Not for documents of admins: those go through `parse`."""
        values = {name: document[name] for name in _NAMES if name in document}
        values["status"] = Status(values["status"])
        return cls(**values)


_NAMES = tuple(f.name for f in dataclasses.fields(Flight))


def parse(document: Mapping[str, Any]) -> Flight:
    """A flight from the allow-listed fields of a `flights` document, as JSON values.

    Raises BadEventError naming the first field that cannot be understood: a wrong type, an impossible date,
    an unknown airport, an unknown status, a required field that is missing or empty.
    """

    def required(name: str, read: Callable[[Mapping[str, Any], str], str | None]) -> str:
        return fields.required(document, name, read(document, name))

    number = required("flight_number", fields.flight_number)
    arrival = fields.time_of_day(document, "arrival_time")
    new_departure = fields.time_of_day(document, "estimated_departure_time")
    new_arrival = fields.time_of_day(document, "estimated_arrival_time")
    # A date without its time says nothing, but must be a date all the same.
    arrival_date = fields.day(document, "arrival_date")
    new_departure_date = fields.day(document, "estimated_departure_date")
    new_arrival_date = fields.day(document, "estimated_arrival_date")
    return Flight(
        flight_number=number,
        airline=(fields.text(document, "airline", 3) or number[:2]).upper(),
        origin=required("origin", fields.airport),
        destination=required("destination", fields.airport),
        departure_date=required("departure_date", fields.day),
        departure_time=required("departure_time", fields.time_of_day),
        arrival_date=arrival_date if arrival else None,
        arrival_time=arrival,
        estimated_departure_date=new_departure_date if new_departure else None,
        estimated_departure_time=new_departure,
        estimated_arrival_date=new_arrival_date if new_arrival else None,
        estimated_arrival_time=new_arrival,
        status=_status(document),
        status_reason=fields.text(document, "status_reason", MAX_TEXT),
        gate=fields.short_code(document, "gate"),
        terminal=fields.short_code(document, "terminal"),
        arrival_gate=fields.short_code(document, "arrival_gate"),
        arrival_terminal=fields.short_code(document, "arrival_terminal"),
        belt=fields.short_code(document, "belt"),
        aircraft=fields.short_code(document, "aircraft"),
        diverted_to=fields.airport(document, "diverted_to"),
    )


def identity_of(document: Mapping[str, Any]) -> str:
    """The identity of the flight in a `flights` document, whatever else of it can be understood.

    Raises BadEventError when the number, the origin or the date cannot.
    """
    return _identity(
        fields.required(document, "flight_number", fields.flight_number(document, "flight_number")),
        fields.required(document, "origin", fields.airport(document, "origin")),
        fields.required(document, "departure_date", fields.day(document, "departure_date")),
    )


def _identity(flight_number: str, origin: str, departure_date: str) -> str:
    return f"{flight_number}|{origin}|{departure_date}"


def _status(document: Mapping[str, Any]) -> Status:
    written = fields.text(document, "status", MAX_TEXT) or Status.SCHEDULED
    code = written.lower().replace(" ", "_").replace("-", "_")
    code = {"canceled": "cancelled", "on_time": "scheduled"}.get(code, code)
    if code == Status.REMOVED or code not in set(Status):
        known = ", ".join(s for s in Status if s is not Status.REMOVED)
        raise fields.bad("status", document.get("status"), f"write one of {known}")
    return Status(code)


def _clock(text: str) -> time:
    return time.fromisoformat(text)


def _instant(day: str, clock: str, iata: str) -> datetime:
    return places.local_to_utc(date.fromisoformat(day), _clock(clock), iata)
