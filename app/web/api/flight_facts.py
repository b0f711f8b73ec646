"""A flight in answers of the API: the facts that boards show, times local to their airport."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.domain import flight as flights
from app.domain.errors import BadEventError
from app.domain.namespaces import FLIGHT_FIELDS
from app.store import ids, shown
from app.web import access
from app.web.api.answers import Mark, cursor_after, wanted_page
from app.web.api.requests import parameters
from app.web.services import services

Document = dict[str, Any]
Documents = Mapping[str, Mapping[str, Any]]
"""Of flights, by their ids as text."""
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)


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


def own_page(
    read: Callable[[str, str | None, int], list[Document]],
) -> tuple[Sequence[Document], Documents, str | None]:
    """A page of the person's rows that are about flights: the rows, the flights, the cursor of the next page.

    read: takes the person, the id of the last row before the page (None: from the beginning) and how many, and gives
    rows sorted by their ids as text.
    """
    wanted = wanted_page(parameters("limit", "cursor"))
    rows = read(access.own(), wanted.after.id if wanted.after else None, wanted.limit + 1)
    following = cursor_after([Mark(_ANY_TIME, ids.text(row["_id"])) for row in rows], wanted.limit)
    page = rows[: wanted.limit]
    return page, flights_of(page), following


def flights_of(rows: Iterable[Mapping[str, Any]]) -> Documents:
    """The documents of the flights that these rows are about, those that are there."""
    return shown.by_ids(services().database, (ids.text(row.get("flight_id")) for row in rows))
