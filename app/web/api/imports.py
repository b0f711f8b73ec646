"""/api/v1/bookings: bookings that an airline's system brings, with the passengers whom they name."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.domain import people
from app.domain.errors import PermanentError
from app.store import ids
from app.store.audience import is_held
from app.store.own_bookings import OtherBookingError, OwnBookings
from app.store.passengers import Passengers
from app.store.shown import Shown
from app.store.users import Users
from app.web import access
from app.web.api import choosing, described
from app.web.api.answers import as_json, changed_meanwhile, must_match
from app.web.api.bookings import reference, tag
from app.web.api.flight_facts import FlightFacts, facts
from app.web.api.repeats import idempotent
from app.web.api.requests import STRICT, body, is_id, one_line, parameters, refused
from app.web.problems import Fault, Problem
from app.web.services import services

_OUT = ConfigDict(extra="forbid")
PATH = "/api/v1/bookings"
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:@-]*$")]


class Passenger(BaseModel):
    """Whom a booking names. id: of the airline's system. The rest counts where nobody is known by the id yet."""

    model_config = STRICT

    id: Annotated[Id, Field(examples=["pax-1042"])]
    name: Annotated[str, Field(min_length=1, max_length=200, examples=["Ada Lovelace"])]
    email: Annotated[str | None, Field(max_length=320, examples=["ada@example.org"])] = None
    phone: Annotated[str | None, Field(max_length=40, examples=["+15550100142"])] = None
    language: Annotated[str | None, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")] = None

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        return one_line(value)

    @field_validator("email")
    @classmethod
    def _email(cls, value: str | None) -> str | None:
        return None if value is None else _address(people.email_address, value)

    @field_validator("phone")
    @classmethod
    def _phone(cls, value: str | None) -> str | None:
        return None if value is None else _address(people.phone_number, value)


class ImportedBooking(choosing.FlightChoice):
    """A booking of a passenger on a flight. id: of the airline's system; without it a passenger has one per flight."""

    id: Annotated[Id | None, Field(examples=["bk-77120"])] = None
    passenger: Passenger
    reference: Annotated[str | None, Field(max_length=20, examples=["K7Q2MD"])] = None
    seats: Annotated[int | None, Field(ge=1, le=99)] = None

    @field_validator("reference")
    @classmethod
    def _reference(cls, value: str | None) -> str | None:
        return reference(value)


class Imported(BaseModel):
    """The booking as it is stored."""

    model_config = _OUT

    id: str
    passenger: str
    status: str
    flight: FlightFacts


class Ended(BaseModel):
    """The booking that was cancelled."""

    model_config = _OUT

    id: str
    status: str


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.post("/bookings", endpoint="imports_bring")(bring)
    blueprint.get("/bookings/<booking>", endpoint="imports_one")(one)
    blueprint.delete("/bookings/<booking>", endpoint="imports_end")(end)


@access.scope(access.Scope.BOOKINGS_WRITE)
@idempotent
def bring() -> Response:
    """Store a booking, and its passenger where nobody is known by that id."""
    parameters()
    sent = body(ImportedBooking)
    parts = services()
    flight = choosing.flight(sent)
    named = sent.passenger.model_dump(exclude_none=True, exclude={"id"})
    values = sent.model_dump(include={"reference", "seats"}, exclude_none=True)
    try:
        if sent.id is not None:
            _check_own(sent.id, sent.passenger.id, flight)
        user_id = Passengers(parts.database).known_or_made(sent.passenger.id, named)
        row, is_new = OwnBookings(parts.database).import_one(sent.id, user_id, flight, values, parts.now())
    except OtherBookingError as error:
        raise refused([Fault("id", str(error))]) from error
    model = Imported(
        id=ids.text(row["_id"]),
        passenger=ids.text(user_id),
        status=str(row.get("status")),
        flight=facts(flight.document),
    )
    return as_json(model, 201 if is_new else 200, etag=tag(row), location=f"{PATH}/{model.id}")


@access.scope(access.Scope.BOOKINGS_WRITE)
def one(booking: str) -> Response:
    """The state of a booking that an import brought, with the ETag that its end must name."""
    parameters()
    return _ended(_imported(booking))


@access.scope(access.Scope.BOOKINGS_WRITE)
def end(booking: str) -> Response:
    """Cancel a booking that an import brought; what a person added is theirs."""
    parameters()
    row = _imported(booking)
    must_match(tag(row))
    if is_held(row.get("status")) and not OwnBookings(services().database).cancel(row):
        raise changed_meanwhile()
    return _ended(_imported(booking))


def _check_own(booking: str, passenger: str, flight: Shown) -> None:
    """What `import_one` would refuse is refused before its passenger is stored: nobody would ever remove them. Raises
    OtherBookingError."""
    database = services().database
    known = Users(database).get(passenger)
    OwnBookings(database).check_import(booking, known["_id"] if known else passenger, flight)


def _imported(booking: str) -> dict[str, Any]:
    row = OwnBookings(services().database).imported(booking) if is_id(booking) else None
    if row is None:
        raise Problem(404, "Not Found", "No import brought such a booking.")
    return row


def _ended(row: dict[str, Any]) -> Response:
    return as_json(
        Ended(id=ids.text(row["_id"]), status=str(row.get("status") or "confirmed")), etag=tag(row)
    )


def _address(read: Any, value: str) -> str:
    try:
        return str(read(value.strip()))
    except PermanentError as error:
        raise ValueError(str(error)) from error


OUT = (Imported, Ended)
IN = (ImportedBooking,)


def paths() -> dict[str, Any]:
    """The routes for the OpenAPI document."""
    program, id_ = described.PROGRAM, described.in_path("booking", "The id of the booking.")
    return {
        PATH: {
            "post": described.operation(
                "import_booking", "Bring a booking and its passenger (scope bookings:write)",
                {
                    200: described.answer("It was there already", Imported, etag=True, located=True),
                    201: described.answer("Stored", Imported, etag=True, located=True),
                },
                400, 401, 403, 404, 409, 413, 415, 422,
                who=program, parameters=[described.KEY], body=ImportedBooking,
            ),
        },
        f"{PATH}/{{booking}}": {
            "get": described.operation(
                "read_imported_booking", "How an imported booking stands (scope bookings:write)",
                {200: described.answer("It", Ended, etag=True)}, 400, 401, 403, 404, who=program, parameters=[id_],
            ),
            "delete": described.operation(
                "end_imported_booking", "Cancel an imported booking (scope bookings:write)",
                {200: described.answer("Cancelled", Ended, etag=True)}, 400, 401, 403, 404, 412, 428,
                who=program, parameters=[id_, described.IF_MATCH],
            ),
        },
    }  # fmt: skip
