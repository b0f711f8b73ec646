"""A flight as Gatecall knows it: its facts, read strictly from what an admin wrote.

What is unambiguous is accepted and written one way ("ewr" is EWR, "9:30" is 09:30); what is not is a
BadEventError that names the field, never a guess. Every time is local to its airport.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from app.domain import places
from app.domain.errors import BadEventError

MAX_TEXT = 200
"""Characters of a free text field such as the reason; longer ones are refused."""

_FIRST_YEAR, _LAST_YEAR = 1900, 2199

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")
# IATA airline designator (two characters, at least one letter) and up to four digits and a suffix letter
# (IATA Standard Schedules Information Manual, chapter 2).
_FLIGHT_NUMBER = re.compile(r"([A-Z][A-Z0-9]|[0-9][A-Z])0*(\d{1,4})([A-Z]?)")
_SHORT_CODE = re.compile(r"[A-Z0-9][A-Z0-9 /-]{0,9}")


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
        return f"{self.flight_number}|{self.origin}|{self.departure_date}"

    @property
    def departs_at(self) -> datetime:
        """Scheduled departure, aware UTC."""
        return _instant(self.departure_date, self.departure_time, self.origin)

    @property
    def leaves_at(self) -> datetime:
        """Departure as now expected, aware UTC: the estimate, else the schedule."""
        if self.estimated_departure_time is None:
            return self.departs_at
        day = self.estimated_departure_date or self.departure_date
        return _instant(day, self.estimated_departure_time, self.origin)

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


_NAMES = tuple(f.name for f in fields(Flight))


def parse(document: Mapping[str, Any]) -> Flight:
    """A flight from the allow-listed fields of a `flights` document, as JSON values.

    Raises BadEventError naming the first field that cannot be understood: a wrong type, an impossible date,
    an unknown airport, an unknown status, a required field that is missing or empty.
    """
    number = _required(document, "flight_number").replace(" ", "").upper()
    match = _FLIGHT_NUMBER.fullmatch(number)
    if match is None:
        raise _bad("flight_number", number, 'write it like "UA407"')
    carrier, digits, suffix = match.groups()
    origin, destination = _airport(document, "origin"), _airport(document, "destination")
    if origin is None or destination is None:
        field = "origin" if origin is None else "destination"
        raise _bad(field, document.get(field), "write the airport's IATA code")
    departure_time = _time(document, "departure_time")
    departure_date = _date(document, "departure_date")
    if departure_date is None or departure_time is None:
        field = "departure_date" if departure_date is None else "departure_time"
        raise _bad(field, document.get(field), "it is required")
    estimated_departure_time = _time(document, "estimated_departure_time")
    estimated_arrival_time = _time(document, "estimated_arrival_time")
    arrival_time = _time(document, "arrival_time")
    return Flight(
        flight_number=f"{carrier}{int(digits)}{suffix}",
        airline=(_text(document, "airline", 3) or carrier).upper(),
        origin=origin,
        destination=destination,
        departure_date=departure_date,
        departure_time=departure_time,
        arrival_date=_date(document, "arrival_date") if arrival_time else None,
        arrival_time=arrival_time,
        estimated_departure_date=_date(document, "estimated_departure_date")
        if estimated_departure_time
        else None,
        estimated_departure_time=estimated_departure_time,
        estimated_arrival_date=_date(document, "estimated_arrival_date") if estimated_arrival_time else None,
        estimated_arrival_time=estimated_arrival_time,
        status=_status(document),
        status_reason=_text(document, "status_reason", MAX_TEXT),
        gate=_code(document, "gate"),
        terminal=_code(document, "terminal"),
        arrival_gate=_code(document, "arrival_gate"),
        arrival_terminal=_code(document, "arrival_terminal"),
        belt=_code(document, "belt"),
        aircraft=_code(document, "aircraft"),
        diverted_to=_airport(document, "diverted_to"),
    )


def _bad(field: str, value: object, remedy: str) -> BadEventError:
    shown = repr(value)
    if len(shown) > 60:
        shown = f"{shown[:57]}..."
    return BadEventError("bad_field", f"{field}: {shown} cannot be understood; {remedy}", field=field)


def _text(document: Mapping[str, Any], field: str, longest: int) -> str | None:
    """Text of a field, None when absent, null or blank. Line breaks become spaces."""
    value = document.get(field)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _bad(field, value, "write it as text")
    text = " ".join(value.split())
    if not text.isprintable():
        raise _bad(field, text, "remove the control characters")
    if len(text) > longest:
        raise _bad(field, text, f"at most {longest} characters")
    return text or None


def _required(document: Mapping[str, Any], field: str) -> str:
    text = _text(document, field, MAX_TEXT)
    if text is None:
        raise _bad(field, document.get(field), "it is required")
    return text


def _code(document: Mapping[str, Any], field: str) -> str | None:
    value = document.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # a belt or gate typed as a number is unambiguous
        document = {field: value}
    text = _text(document, field, MAX_TEXT)
    if text is None:
        return None
    if not _SHORT_CODE.fullmatch(text.upper()):
        raise _bad(field, text, 'write a short code like "C71"')
    return text.upper()


def _airport(document: Mapping[str, Any], field: str) -> str | None:
    text = _text(document, field, MAX_TEXT)
    if text is None:
        return None
    if places.airport(text.upper()) is None:
        raise _bad(field, text, "it is not the IATA code of an airport")
    return text.upper()


def _status(document: Mapping[str, Any]) -> Status:
    text = (
        (_text(document, "status", MAX_TEXT) or Status.SCHEDULED).lower().replace(" ", "_").replace("-", "_")
    )
    text = {"canceled": "cancelled", "on_time": "scheduled"}.get(text, text)
    if text == Status.REMOVED or text not in set(Status):
        known = ", ".join(s for s in Status if s is not Status.REMOVED)
        raise _bad("status", document.get("status"), f"write one of {known}")
    return Status(text)


def _date(document: Mapping[str, Any], field: str) -> str | None:
    text = _text(document, field, MAX_TEXT)
    if text is None:
        return None
    if not _DATE.fullmatch(text):
        raise _bad(field, text, 'write a date like "2026-12-01"')
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise _bad(field, text, "there is no such day") from error
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:  # a typo; and near year 1 or 9999 no zone can be computed
        raise _bad(field, text, f"write a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    return day.isoformat()


def _time(document: Mapping[str, Any], field: str) -> str | None:
    text = _text(document, field, MAX_TEXT)
    if text is None:
        return None
    match = _TIME.fullmatch(text)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise _bad(field, text, 'write a time of 24 hours like "09:30"')
    return f"{int(match[1]):02d}:{match[2]}"


def _clock(text: str) -> time:
    return time.fromisoformat(text)


def _instant(day: str, clock: str, iata: str) -> datetime:
    return places.local_to_utc(date.fromisoformat(day), _clock(clock), iata)
