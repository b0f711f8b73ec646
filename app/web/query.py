"""What is asked of the feed: the parameters of `GET /update`, read strictly."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from app.domain import fields
from app.domain.errors import BadEventError
from app.domain.feed import Type
from app.web import cursor as cursors
from app.web.cursor import Cursor
from app.web.index import Shown
from app.web.problems import Fault, Problem

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
MAX_WAIT_S = 30.0

_LIMIT = re.compile(r"[0-9]{1,4}")
_WAIT = re.compile(r"[0-9]{1,2}(\.[0-9]{1,3})?")
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Query:
    """cursor: None for the newest. wait_s: how long to wait for an update. Filters that are None match all."""

    cursor: Cursor | None = None
    limit: int = DEFAULT_LIMIT
    wait_s: float = 0.0
    type: str | None = None
    flight: str | None = None
    date: str | None = None
    airport: str | None = None
    route: str | None = None

    def matches(self) -> Callable[[Shown], bool] | None:
        """A function that says whether an update is wanted; None when all are."""
        if (self.type, self.flight, self.date, self.airport, self.route) == (None,) * 5:
            return None

        def wanted(update: Shown) -> bool:
            tags = update.tags
            return (
                (self.type is None or update.type == self.type)
                and (self.flight is None or self.flight in tags.flights)
                and (self.date is None or self.date in tags.dates)
                and (self.airport is None or self.airport in tags.airports)
                and (self.route is None or self.route in tags.routes)
            )

        return wanted


def parse(query_string: str) -> Query:
    """The query of a URL.

    Raises Problem (400) that names every parameter that is unknown, given twice or not understood.
    """
    faults: list[Fault] = []
    values: dict[str, object] = {}
    if len(query_string) > _LONGEST:
        raise Problem(414, "The address is too long", "Use a cursor that this service gave you.")
    for name, text in parse_qsl(query_string, keep_blank_values=True, errors="replace"):
        read = READERS.get(name)
        if read is None:
            faults.append(Fault(name, f"unknown parameter; there are {', '.join(READERS)}"))
        elif name in values:
            faults.append(Fault(name, "given twice"))
        else:
            try:
                values[_FIELDS.get(name, name)] = read(text)
            except ValueError as error:
                faults.append(Fault(name, str(error)))
    if faults:
        raise Problem(400, "The request cannot be understood", _sentence(faults), faults=faults)
    return Query(**values)  # type: ignore[arg-type]


def read_cursor(text: str) -> Cursor:
    """A cursor. Raises ValueError with a sentence for people."""
    try:
        return cursors.decode(text)
    except cursors.BadCursorError as error:
        raise ValueError(f"not a cursor of this service ({error}); leave it out to start afresh") from error


def _limit(text: str) -> int:
    if not _LIMIT.fullmatch(text) or not 1 <= int(text) <= MAX_LIMIT:
        raise ValueError(f"a whole number from 1 to {MAX_LIMIT}")
    return int(text)


def _wait(text: str) -> float:
    if not _WAIT.fullmatch(text) or float(text) > MAX_WAIT_S:
        raise ValueError(f"seconds from 0 to {MAX_WAIT_S:.0f}")
    return float(text)


def _type(text: str) -> str:
    if text not in set(Type):
        raise ValueError(f"one of {', '.join(Type)}")
    return text


def _field(read: Callable[[Mapping[str, str], str], str | None], example: str) -> Callable[[str], str]:
    def parameter(text: str) -> str:
        try:
            value = read({"value": text}, "value")
        except BadEventError as error:
            raise ValueError(f'not understood; write it like "{example}"') from error
        if value is None:
            raise ValueError(f'empty; write it like "{example}"')
        return value

    return parameter


_airport = _field(fields.airport, "EWR")


def _route(text: str) -> str:
    origin, dash, destination = text.partition("-")
    if not dash:
        raise ValueError('write it like "EWR-IAH"')
    return f"{_airport(origin)}-{_airport(destination)}"


READERS: Mapping[str, Callable[[str], object]] = {
    "cursor": read_cursor,
    "limit": _limit,
    "wait": _wait,
    "type": _type,
    "flight": _field(fields.flight_number, "UA1545"),
    "date": _field(fields.day, "2026-12-01"),
    "airport": _airport,
    "route": _route,
}
"""Every parameter, and what reads it: a value, or ValueError with a sentence."""

_FIELDS = {"wait": "wait_s"}


def _sentence(faults: list[Fault]) -> str:
    return "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
