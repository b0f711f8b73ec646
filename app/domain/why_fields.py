"""What changed, in words: the fields of a subject as people name them, with their old and new values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from typing import Final

from app.domain.airport_day import Level
from app.domain.flight import Status
from app.domain.news import Kind
from app.domain.speech import clock_time, say, say_as, to_say
from app.domain.why import Changed

_LABELS: Final[Mapping[str, str]] = {
    "flight_number": to_say("flight number"),
    "airline": to_say("airline"),
    "origin": to_say("origin"),
    "destination": to_say("destination"),
    "departure_date": to_say("departure date"),
    "departure_time": to_say("departure"),
    "arrival_date": to_say("arrival date"),
    "arrival_time": to_say("arrival"),
    "estimated_departure_date": to_say("expected departure date"),
    "estimated_departure_time": to_say("expected departure"),
    "estimated_arrival_date": to_say("expected arrival date"),
    "estimated_arrival_time": to_say("expected arrival"),
    "status": to_say("status"),
    "status_reason": to_say("reason"),
    "gate": to_say("gate"),
    "terminal": to_say("terminal"),
    "arrival_gate": to_say("gate there"),
    "arrival_terminal": to_say("terminal there"),
    "belt": to_say("belt"),
    "aircraft": to_say("aircraft"),
    "diverted_to": to_say("diverted to"),
    "airport": to_say("airport"),
    "date": to_say("date"),
    "flights": to_say("flights"),
    "late_min": to_say("late min"),
    "level": to_say("level"),
    "offer": to_say("cheapest fare"),
    "lowest": to_say("lowest"),
    "type": to_say("type"),
    "message": to_say("message"),
    "flight": to_say("flight"),
    "expires_at": to_say("expires at"),
    "local_to": to_say("local to"),
    "state": to_say("state"),
}
"""Each field that a list of changes can show, besides the counts of flights."""

TIMES: Final = frozenset(name for name in _LABELS if "departure" in name or "arrival_" in name)

_STATES: Final[Mapping[str, str]] = {
    Status.SCHEDULED: to_say("scheduled"),
    Status.DELAYED: to_say("delayed"),
    Status.BOARDING: to_say("boarding"),
    Status.GATE_CLOSED: to_say("gate closed"),
    Status.DEPARTED: to_say("departed"),
    Status.DIVERTED: to_say("diverted"),
    Status.LANDED: to_say("landed"),
    Status.ARRIVED: to_say("arrived"),
    Status.CANCELLED: to_say("cancelled"),
    Status.REMOVED: to_say("removed"),
    Level.NORMAL: to_say("normal"),
    Level.DISRUPTED: to_say("disrupted"),
    Level.SEVERE: to_say("severe"),
}
_KINDS: Final[Mapping[str, str]] = {
    Kind.CANCELLED: to_say("cancelled"),
    Kind.REMOVED: to_say("removed"),
    Kind.REINSTATED: to_say("reinstated"),
    Kind.DIVERTED: to_say("diverted"),
    Kind.REROUTED: to_say("other airport or number"),
    Kind.RESCHEDULED: to_say("rescheduled"),
    Kind.DELAYED: to_say("delayed"),
    Kind.EARLIER: to_say("earlier"),
    Kind.GATE: to_say("gate"),
    Kind.TERMINAL: to_say("terminal"),
    Kind.BOARDING: to_say("boarding"),
    Kind.GATE_CLOSED: to_say("gate closed"),
    Kind.DEPARTED: to_say("departed"),
    Kind.ARRIVAL: to_say("arrival"),
    Kind.LANDED: to_say("landed"),
    Kind.ARRIVED: to_say("arrived"),
    Kind.BELT: to_say("belt"),
    Kind.AIRCRAFT: to_say("aircraft"),
    Kind.AIRPORT_SEVERE: to_say("airport severe"),
    Kind.AIRPORT_DISRUPTED: to_say("airport disrupted"),
    Kind.AIRPORT_NORMAL: to_say("airport normal"),
    Kind.FARE: to_say("fare"),
    Kind.FARE_REPORT: to_say("fare report"),
    Kind.FARE_ENDED: to_say("fare ended"),
    Kind.NOTICE_URGENT: to_say("notice urgent"),
    Kind.NOTICE: to_say("notice"),
    Kind.NOTICE_WITHDRAWN: to_say("notice withdrawn"),
    Kind.NOTICE_URGENT_WITHDRAWN: to_say("notice withdrawn"),
}
"""The kinds of news, as a list of them names each."""

_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_OFFER: Final = re.compile(r"(?P<origins>[A-Z]{3}) to (?P<destinations>[A-Z]{3})(?P<rest>, .*)", re.DOTALL)


def label(field: str) -> str:
    """A field as people say it: "expected departure"."""
    if field in _LABELS:
        return say(_LABELS[field])
    return _counts().get(field) or field.replace("_", " ")


def _counts() -> dict[str, str]:
    """How many flights of an airport's day: in most languages not the word that one flight has."""
    return {
        "cancelled": say_as("flights", "cancelled"),
        "diverted": say_as("flights", "diverted"),
        "late": say_as("flights", "late"),
    }


def kind_words(kind: str) -> str:
    """A kind of news as a list names it: "gate closed"."""
    return say(_KINDS[kind]) if kind in _KINDS else kind.replace("_", " ")


def changes(changed: tuple[Changed, ...]) -> str:
    """All fields in a line: "gate C71 (was C70), expected departure 15:13"."""
    return ", ".join(_change(one) for one in changed)


def _change(one: Changed) -> str:
    given = {
        "field": label(one.field),
        "value": value_words(one.field, one.new),
        "old": value_words(one.field, one.old),
    }
    if one.new and one.old:
        return say("{field} {value} (was {old})", **given)
    if one.new:
        # Translators: one change in a list: "gate C71", "expected departure 15:13".
        return say("{field} {value}", **given)
    if one.old:
        return say("{field} not known any more (was {old})", **given)
    return say("{field} not known any more", **given)


def value_words(field: str, value: str | None) -> str:
    """A value as people read it; what is somebody's own text, a name or a code stays as it is."""
    if not value:
        return ""
    if field in {"status", "level"}:
        return say(_STATES[value]) if value in _STATES else value.replace("_", " ")
    if field.endswith("_time") and _CLOCK.fullmatch(value):
        return clock_time(time.fromisoformat(value))
    if field == "offer" and (offer := _OFFER.fullmatch(value)):
        trip = say("{origins} to {destinations}", **offer.groupdict())
        return f"{trip}{offer['rest']}"
    return value
