"""/api/v1/me/bookings: what a person has booked; added here, or brought by an airline's import."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.store import ids
from app.store.audience import is_held
from app.store.own_bookings import BY_PERSON, OwnBookings
from app.web import access
from app.web.api import choosing, described
from app.web.api.answers import as_json, changed_meanwhile, entity_tag, must_match, text_or_none, written
from app.web.api.flight_facts import Documents, FlightFacts, facts, flights_of, own_page
from app.web.api.me import own_document
from app.web.api.repeats import idempotent
from app.web.api.requests import body, is_id, not_found, parameters
from app.web.problems import Problem
from app.web.services import services

_OUT = ConfigDict(extra="forbid")
PATH = "/api/v1/me/bookings"


class NewBooking(choosing.FlightChoice):
    """A booking that somebody adds."""

    reference: Annotated[
        str | None, Field(max_length=20, description="The airline's reference.", examples=["K7Q2MD"])
    ] = None

    @field_validator("reference")
    @classmethod
    def _reference(cls, value: str | None) -> str | None:
        return reference(value)


class Booking(BaseModel):
    """A booking of the person who asks. flight: null when it is gone."""

    model_config = _OUT

    id: str
    status: Annotated[str, Field(examples=["confirmed", "cancelled"])]
    held: Annotated[bool, Field(description="Whether it counts as a booking: news of the flight comes.")]
    reference: str | None
    added_by: Annotated[str, Field(description="person: added here; import: brought by an airline.")]
    booked_at: str | None
    flight: FlightFacts | None


class Bookings(BaseModel):
    """A page of bookings. next: the cursor of the next page, null at the end."""

    model_config = _OUT

    bookings: list[Booking]
    next: str | None


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.get("/me/bookings", endpoint="bookings_listed")(listed)
    blueprint.post("/me/bookings", endpoint="bookings_add")(add)
    blueprint.get("/me/bookings/<booking>", endpoint="bookings_one")(one)
    blueprint.delete("/me/bookings/<booking>", endpoint="bookings_cancel")(cancel)


def reference(value: str | None) -> str | None:
    """An airline's reference in capitals. Raises ValueError when it is none."""
    if value is None:
        return None
    found = value.strip().upper()
    if not (found.isascii() and found.isalnum()):
        raise ValueError('letters and digits, like "K7Q2MD"')
    return found


@access.person
def listed() -> Response:
    """The person's bookings, a page at a time."""
    rows, flights, following = own_page(_store().page)
    return as_json(Bookings(bookings=[_model(row, flights) for row in rows], next=following))


@access.person
@idempotent
def add() -> Response:
    """Add a booking; one that is there already is the answer. What is shown now counts as known to the person."""
    parameters()
    user = own_document()
    sent = body(NewBooking)
    flight = choosing.flight(sent)
    row, is_new = _store().add(access.own(), user["_id"], flight, sent.reference, services().now())
    model = _model(row, {ids.text(flight.document["_id"]): flight.document})
    return as_json(model, 201 if is_new else 200, etag=tag(row), location=f"{PATH}/{model.id}")


@access.person
def one(booking: str) -> Response:
    """One booking."""
    parameters()
    row = _own(booking)
    return as_json(_model(row, flights_of([row])), etag=tag(row))


@access.person
def cancel(booking: str) -> Response:
    """Cancel a booking that the person added. It stays in the list, cancelled."""
    parameters()
    row = _own(booking)
    if row.get("added_by") != BY_PERSON:
        words = (
            "This booking came from the airline's system, and ends there: cancel it with the airline. "
            "To hear nothing more of it, choose so at /api/v1/me/preferences."
        )
        raise Problem(403, "Not yours to cancel", words)
    must_match(tag(row))
    if is_held(row.get("status")) and not _store().cancel(row):
        raise changed_meanwhile()
    now = _own(booking)
    return as_json(_model(now, flights_of([now])), etag=tag(now))


def tag(row: Mapping[str, Any]) -> str:
    """The tag of a booking's own state; its flight changes without it."""
    return entity_tag({name: row.get(name) for name in ("_id", "status", "reference", "version")})


def _store() -> OwnBookings:
    return OwnBookings(services().database)


def _own(booking: str) -> dict[str, Any]:
    row = _store().get(access.own(), booking) if is_id(booking) else None
    if row is None:
        raise not_found("booking")
    return row


def _model(row: Mapping[str, Any], documents: Documents) -> Booking:
    document = documents.get(ids.text(row.get("flight_id")))
    return Booking(
        id=ids.text(row["_id"]),
        status=str(row.get("status") or "confirmed"),
        held=is_held(row.get("status")),
        reference=text_or_none(row.get("reference")),
        added_by="person" if row.get("added_by") == BY_PERSON else "import",
        booked_at=written(_moment(row.get("booked_at"))),
        flight=facts(document) if document is not None else None,
    )


def _moment(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else None


OUT = (Booking, Bookings)
IN = (NewBooking,)


def paths() -> dict[str, Any]:
    """The routes for the OpenAPI document."""
    person, id_ = described.PERSON, described.in_path("booking", "The id of the booking.")
    return {
        PATH: {
            "get": described.operation(
                "list_bookings", "My bookings", {200: described.answer("A page", Bookings)},
                400, 401, 403, who=person, parameters=described.PAGED,
            ),
            "post": described.operation(
                "add_booking", "Add a booking by flight and date",
                {
                    200: described.answer("It was there already", Booking, etag=True, located=True),
                    201: described.answer("Added", Booking, etag=True, located=True),
                },
                400, 401, 403, 404, 409, 413, 415, 422,
                who=person, parameters=[described.KEY], body=NewBooking,
            ),
        },
        f"{PATH}/{{booking}}": {
            "get": described.operation(
                "read_booking", "One booking", {200: described.answer("It", Booking, etag=True)},
                400, 401, 403, 404, who=person, parameters=[id_],
            ),
            "delete": described.operation(
                "cancel_booking", "Cancel a booking that I added",
                {200: described.answer("Cancelled", Booking, etag=True)}, 400, 401, 403, 404, 412, 428,
                who=person, parameters=[id_, described.IF_MATCH],
            ),
        },
    }  # fmt: skip
