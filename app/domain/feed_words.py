"""The one line that says what changed, in an update of the feed: "UA1545 EWR-IAH: gate C71, was C70"."""

from __future__ import annotations

from datetime import datetime

from app.domain import places
from app.domain.fares import Fare
from app.domain.flight import NOT_FLYING, Flight, Status
from app.domain.notices import Notice

_PLACES = (
    ("gate", "gate"),
    ("terminal", "terminal"),
    ("arrival_gate", "arrival gate"),
    ("arrival_terminal", "arrival terminal"),
    ("belt", "belt"),
    ("aircraft", "aircraft"),
)
_IDENTITY = (
    ("flight_number", "flight number"),
    ("airline", "airline"),
    ("origin", "from"),
    ("destination", "to"),
)


def flight(old: Flight | None, new: Flight) -> str:
    """What happened to a flight. old: None when it is new, or its former state is not known."""
    if old is None:
        return f"{_name(new)}: new in the schedule, leaves {_moment(new.leaves_at, new.origin)}"
    said = [*_status(old, new), *_times(old, new), *_fields(old, new)]
    return f"{_name(new)}: {'; '.join(said) or 'details changed'}"


def flight_as_it_is(now: Flight) -> str:
    """The state of a flight whose former state is not known."""
    said = [_STATUS_WORDS[now.status], f"leaves {_moment(now.leaves_at, now.origin)}"]
    if now.status in NOT_FLYING:
        said.pop()
    elif now.gate:
        said.append(f"gate {now.gate}")
    return f"{_name(now)}: {', '.join(said)}"


def fare(old: Fare | None, new: Fare | None) -> str:
    """What happened to a fare, not both None. old: None when it is new; new: None when it is gone."""
    shown = new or old
    assert shown is not None
    name = " ".join(part for part in (shown.flight_number or shown.airline, shown.cabin) if part)
    name = f"{shown.route} {shown.departure_date}{f', {name}' if name else ''}"
    if new is None:
        return f"{name}: no longer offered, was {shown.price}"
    if old is None:
        return f"{name}: {new.price}"
    if old.price != new.price:
        return f"{name}: {new.price}, was {old.price}"
    return f"{name}: {new.price}, details changed"


def notice(old: Notice | None, new: Notice | None) -> str:
    """What happened to a notice, not both None: its sentence, or that it was withdrawn."""
    if new is None:
        assert old is not None
        return f"Withdrawn: {old.message}"
    return new.message


_STATUS_WORDS = {
    Status.SCHEDULED: "as scheduled",
    Status.DELAYED: "delayed",
    Status.BOARDING: "boarding",
    Status.GATE_CLOSED: "gate closed",
    Status.DEPARTED: "departed",
    Status.DIVERTED: "diverted",
    Status.LANDED: "landed",
    Status.ARRIVED: "arrived",
    Status.CANCELLED: "cancelled",
    Status.REMOVED: "no longer in the schedule",
}


def _name(shown: Flight) -> str:
    return f"{shown.flight_number} {shown.origin}-{shown.destination}"


def _status(old: Flight, new: Flight) -> list[str]:
    if old.status is new.status:
        return [f"reason: {new.status_reason}"] if new.status_reason not in {None, old.status_reason} else []
    if old.status in NOT_FLYING and new.status not in NOT_FLYING:
        word = "flies again"
        if new.status is not Status.SCHEDULED:
            word += f", {_STATUS_WORDS[new.status]}"
    else:
        word = _STATUS_WORDS[new.status]
    if new.status is Status.DIVERTED and new.diverted_to:
        word += f" to {new.diverted_to}"
    if new.status is Status.DELAYED and new.leaves_at != old.leaves_at and not new.status_reason:
        return []  # the new time says it
    return [f"{word} ({new.status_reason})" if new.status_reason else word]


def _times(old: Flight, new: Flight) -> list[str]:
    said = []
    if new.departs_at != old.departs_at:
        was = _moment(old.departs_at, old.origin)
        said.append(f"scheduled {_moment(new.departs_at, new.origin)}, was {was}")
    # A schedule that moved takes the expected departure with it; that is one piece of news, not two.
    if new.leaves_at != old.leaves_at and (new.departs_at == old.departs_at or new.delay != old.delay):
        said.append(f"leaves {_against(new.leaves_at, old.leaves_at, new.origin)}")
    told = (old.arrival_time, old.arrival_date, old.estimated_arrival_time, old.estimated_arrival_date)
    now = (new.arrival_time, new.arrival_date, new.estimated_arrival_time, new.estimated_arrival_date)
    if told != now and new.lands_at is not None and new.lands_at != old.lands_at:
        if old.lands_at is None:
            said.append(f"arrives {_moment(new.lands_at, new.destination)}")
        else:
            said.append(f"arrives {_against(new.lands_at, old.lands_at, new.destination)}")
    return said


def _fields(old: Flight, new: Flight) -> list[str]:
    said = []
    for field, label in (*_PLACES, *_IDENTITY):
        was, now = getattr(old, field), getattr(new, field)
        if was == now:
            continue
        if now is None:
            said.append(f"{label} not known any more, was {was}")
        else:
            said.append(f"{label} {now}, was {was}" if was else f"{label} {now}")
    if new.diverted_to != old.diverted_to and new.diverted_to and new.status is old.status:
        said.append(f"diverted to {new.diverted_to}")
    return said


def _moment(instant: datetime, iata: str) -> str:
    local = places.utc_to_local(instant, iata)
    return f"{local.day} {local:%b %H:%M} {local.tzname()}"


def _against(new: datetime, old: datetime, iata: str) -> str:
    """Two instants at one airport: the day is said where it differs."""
    now, was = places.utc_to_local(new, iata), places.utc_to_local(old, iata)
    if now.date() != was.date():
        return f"{_moment(new, iata)}, was {_moment(old, iata)}"
    return f"{now:%H:%M} {now.tzname()}, was {was:%H:%M}"
