"""/api/v1/flights: flights as everybody may read them, and as programs with the scope flights:write change them.

What is written went through `app.domain.flight` first, so a program never stores what would become a dead letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, Field
from pymongo.errors import WriteError

from app.domain import flight as flights
from app.domain.errors import BadEventError
from app.domain.namespaces import FLIGHT_FIELDS
from app.store import ids, shown
from app.store.flight_edits import FlightEdits
from app.web import access
from app.web.api import described
from app.web.api.answers import as_json, changed_meanwhile, entity_tag, must_match
from app.web.api.choosing import FlightChoice
from app.web.api.flight_facts import FlightFacts, facts
from app.web.api.requests import STRICT, body, is_id, parameters, refused, validated
from app.web.problems import Fault, Problem
from app.web.services import services

_OUT = ConfigDict(extra="forbid")
PATH = "/api/v1/flights"
_IDENTITY = ("flight_number", "origin", "departure_date")

Text = Annotated[str | None, Field(max_length=200)]


class FlightChange(BaseModel):
    """What of a flight changes; what is absent stays, null removes. Number, origin and date name it and stay."""

    model_config = STRICT

    airline: Text = None
    destination: Annotated[Text, Field(examples=["IAH"])] = None
    departure_time: Annotated[Text, Field(examples=["09:30"])] = None
    arrival_date: Text = None
    arrival_time: Text = None
    estimated_departure_date: Text = None
    estimated_departure_time: Text = None
    estimated_arrival_date: Text = None
    estimated_arrival_time: Text = None
    status: Annotated[Text, Field(examples=["delayed"])] = None
    status_reason: Text = None
    gate: Annotated[Text, Field(examples=["C71"])] = None
    terminal: Text = None
    arrival_gate: Text = None
    arrival_terminal: Text = None
    belt: Text = None
    aircraft: Text = None
    diverted_to: Text = None


class WholeFlight(FlightChange):
    """A flight with all that is known of it; what is absent is not known."""

    flight_number: Annotated[str, Field(max_length=200, examples=["UA1545"])]
    origin: Annotated[str, Field(max_length=200, examples=["EWR"])]
    departure_date: Annotated[str, Field(max_length=200, examples=["2026-12-01"])]
    destination: Annotated[str, Field(max_length=200, examples=["IAH"])]
    departure_time: Annotated[str, Field(max_length=200, examples=["09:30"])]


class FoundFlights(BaseModel):
    """Flights with one number on one date: one for each origin."""

    model_config = _OUT

    flights: list[FlightFacts]


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.get("/flights", endpoint="schedule_found")(found)
    blueprint.put("/flights", endpoint="schedule_put")(put)
    blueprint.get("/flights/<flight>", endpoint="schedule_one")(one)
    blueprint.patch("/flights/<flight>", endpoint="schedule_change")(change)


@access.public
def found() -> Response:
    """Flights with a number on a date of departure."""
    sent = parameters("flight_number", "departure_date", "origin")
    choice = validated(FlightChoice, sent)
    rows = shown.on_day(services().database, choice.flight_number, choice.departure_date)
    rows = [row for row in rows if choice.origin is None or shown.origin_of(row) == choice.origin]
    return as_json(FoundFlights(flights=[facts(row) for row in rows]))


@access.public
def one(flight: str) -> Response:
    """One flight, with the ETag that a change must name."""
    parameters()
    row = _read(flight)
    return as_json(facts(row), etag=tag(row))


@access.scope(access.Scope.FLIGHTS_WRITE)
def change(flight: str) -> Response:
    """Change some fields of a flight."""
    parameters()
    row = _read(flight)
    sent = body(FlightChange)
    must_match(tag(row))
    changes = {name: getattr(sent, name) for name in sent.model_fields_set}
    understood = _understood({name: row[name] for name in FLIGHT_FIELDS if name in row} | changes)
    wanted = {name: understood.get(name) for name in changes}
    return _changed(row, wanted)


@access.scope(access.Scope.FLIGHTS_WRITE)
def put() -> Response:
    """Store a whole flight: a new one, or, with its ETag as If-Match, all that is known of one that is there."""
    parameters()
    sent = body(WholeFlight)
    understood = _understood(sent.model_dump(exclude_unset=True))
    identity = [understood[name] for name in _IDENTITY]
    found_ = shown.on_day(services().database, identity[0], identity[2])
    row = next((row for row in found_ if shown.origin_of(row) == identity[1]), None)
    if row is None:
        if request.headers.get("If-Match") is not None:
            raise changed_meanwhile()
        made = _refused_by_mongodb(lambda: _store().create(understood))
        if made is None:
            raise changed_meanwhile()
        return as_json(facts(made), 201, etag=tag(made), location=f"{PATH}/{ids.text(made['_id'])}")
    must_match(tag(row))
    others = [name for name in FLIGHT_FIELDS if name not in _IDENTITY]
    return _changed(row, {name: understood.get(name) for name in others})


def tag(row: Mapping[str, Any]) -> str:
    """The tag of a flight's allow-listed fields, as an admin wrote them."""
    return entity_tag({name: row.get(name) for name in ("_id", *FLIGHT_FIELDS)})


def _store() -> FlightEdits:
    return FlightEdits(services().database)


def _read(flight: str) -> dict[str, Any]:
    row = _store().get(flight) if is_id(flight) else None
    if row is None:
        raise Problem(404, "Not Found", f"There is no such flight; look for it at {PATH}?flight_number=...")
    return row


def _changed(row: dict[str, Any], changes: Mapping[str, Any]) -> Response:
    changed = _refused_by_mongodb(lambda: _store().change(row, changes))
    if changed is None:
        raise changed_meanwhile()
    return as_json(facts(changed), etag=tag(changed))


def _understood(document: Mapping[str, Any]) -> dict[str, str]:
    """The fields that were sent, written one way. Raises Problem 400 with every field that is not understood."""
    faults: list[Fault] = []
    rest, understood = dict(document), None
    while understood is None and len(faults) <= len(FLIGHT_FIELDS):
        try:
            understood = flights.parse(rest).to_document()
        except BadEventError as error:
            name = error.field or "body"
            faults.append(Fault(name, str(error).rpartition("; ")[2]))
            rest[name] = _ANY.get(name)
    if faults or understood is None:
        raise refused(faults)
    sent = {
        name: value.strip() for name, value in document.items() if isinstance(value, str) and value.strip()
    }
    # A date whose time is not known yet says nothing, and is kept as it was sent.
    return {name: understood.get(name, value) for name, value in sent.items()}


# What stands in for a required field that is wrong, so that the next wrong one is named too.
_ANY = {
    "flight_number": "UA1",
    "origin": "EWR",
    "destination": "IAH",
    "departure_date": "2026-12-01",
    "departure_time": "09:30",
}


def _refused_by_mongodb(write: Any) -> Any:
    """MongoDB's validator has the last word; what it refuses is the request's fault."""
    try:
        return write()
    except WriteError as error:
        raise refused([Fault("body", "the database refuses this flight; look at docs/data.md")]) from error


OUT = (FlightFacts, FoundFlights)
IN = (FlightChange, WholeFlight)


def paths() -> dict[str, Any]:
    """The routes for the OpenAPI document."""
    id_ = described.in_path("flight", "The id of the flight.")
    etag = {200: described.answer("As it is now", FlightFacts, etag=True)}
    of_a_program = (400, 401, 403, 412, 413, 415, 428)
    choice = [
        described.in_query("flight_number", "Like UA1545.", required=True, maxLength=40),
        described.in_query("departure_date", "Local to the origin.", required=True, format="date"),
        described.in_query("origin", "Code, city or name of the airport.", maxLength=80),
    ]
    optional_match = {key: value for key, value in described.IF_MATCH.items() if key != "required"}
    return {
        PATH: {
            "get": described.operation(
                "find_flights", "Flights by number and date", {200: described.answer("Maybe none", FoundFlights)},
                400, parameters=choice,
            ),
            "put": described.operation(
                "put_flight", "Store a whole flight (scope flights:write)",
                etag | {201: described.answer("New", FlightFacts, etag=True, located=True)}, *of_a_program,
                who=described.PROGRAM, parameters=[optional_match], body=WholeFlight,
                words="If-Match is required where the flight is there already.",
            ),
        },
        f"{PATH}/{{flight}}": {
            "get": described.operation("read_flight", "One flight", etag, 400, 404, parameters=[id_]),
            "patch": described.operation(
                "change_flight", "Change fields of a flight (scope flights:write)", etag, 404, *of_a_program,
                who=described.PROGRAM, parameters=[id_, described.IF_MATCH], body=FlightChange,
            ),
        },
    }  # fmt: skip
