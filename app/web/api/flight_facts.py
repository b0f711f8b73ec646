"""A flight in answers of the API: the facts that boards show, times local to their airport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.domain import flight as flights
from app.domain.errors import BadEventError
from app.domain.namespaces import FLIGHT_FIELDS
from app.store import ids


class FlightFacts(BaseModel):
    """A flight of one day. null: not known."""

    model_config = ConfigDict(extra="forbid")

    id: str
    flight_number: Annotated[str | None, Field(examples=["UA1545"])] = None
    airline: str | None = None
    origin: Annotated[str | None, Field(examples=["EWR"])] = None
    destination: str | None = None
    departure_date: Annotated[str | None, Field(examples=["2026-12-01"])] = None
    departure_time: str | None = None
    arrival_date: str | None = None
    arrival_time: str | None = None
    estimated_departure_date: str | None = None
    estimated_departure_time: str | None = None
    estimated_arrival_date: str | None = None
    estimated_arrival_time: str | None = None
    status: str | None = None
    status_reason: str | None = None
    gate: str | None = None
    terminal: str | None = None
    arrival_gate: str | None = None
    arrival_terminal: str | None = None
    belt: str | None = None
    aircraft: str | None = None
    diverted_to: str | None = None


def facts(document: Mapping[str, Any]) -> FlightFacts:
    """Of a `flights` document, written one way; as an admin wrote it where it cannot be understood."""
    try:
        values = flights.parse(document).to_document()
    except BadEventError:
        written = ((name, document.get(name)) for name in FLIGHT_FIELDS)
        values = {name: str(value) for name, value in written if value is not None}
    return FlightFacts(id=ids.text(document["_id"]), **values)
