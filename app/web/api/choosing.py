"""Which flight or airport somebody means who writes a number and a date, or a name."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, field_validator

from app.domain import fields, place_search
from app.domain.errors import BadEventError
from app.domain.place_search import PlaceError
from app.store import flights, shown
from app.store.shown import Shown
from app.web.api.requests import STRICT, refused
from app.web.problems import Fault, Problem
from app.web.services import services


class FlightChoice(BaseModel):
    """A flight by its number and date of departure; its origin where a number leaves from several airports."""

    model_config = STRICT

    flight_number: Annotated[str, Field(max_length=40, examples=["UA1545"])]
    departure_date: Annotated[
        str, Field(max_length=40, description="Local to the origin.", examples=["2026-12-01"])
    ]
    origin: Annotated[
        str | None,
        Field(max_length=place_search.LONGEST, description="Code, city or name.", examples=["EWR"]),
    ] = None

    @field_validator("flight_number")
    @classmethod
    def _number(cls, value: str) -> str:
        return understood(fields.flight_number, value)

    @field_validator("departure_date")
    @classmethod
    def _date(cls, value: str) -> str:
        return understood(fields.day, value)

    @field_validator("origin")
    @classmethod
    def _origin(cls, value: str | None) -> str | None:
        return None if value is None else airport(value)


def understood(read: Any, value: str) -> str:
    """A text as the domain reads it. Raises ValueError with the domain's sentence."""
    try:
        found: str | None = read({"value": value}, "value")
    except BadEventError as error:
        raise ValueError(str(error).rpartition("; ")[2]) from error
    if found is None:
        raise ValueError("it is empty")
    return found


def airport(value: str) -> str:
    """The code of the airport that is meant. Raises PlaceError, which is a ValueError, naming the nearest."""
    return place_search.one_airport(value)


def flight(choice: FlightChoice) -> Shown:
    """The flight that is meant, read at one cluster time.

    Raises Problem: 400 when several are meant, naming their origins; 404 when there is none, naming the days on which
    the number flies.
    """
    database = services().database
    found = shown.on_day(database, choice.flight_number, choice.departure_date)
    origins = sorted({shown.origin_of(document) for document in found})
    if choice.origin is not None:
        found = [document for document in found if shown.origin_of(document) == choice.origin]
    elif len(origins) > 1:
        words = (
            f"{choice.flight_number} leaves from several airports that day; write one of {', '.join(origins)}"
        )
        raise refused([Fault("origin", words)])
    read = shown.read(database, found[0]["_id"]) if found else None
    if read is None:
        raise _unknown(choice, origins)
    return read


def _unknown(choice: FlightChoice, origins: list[str]) -> Problem:
    number, day = choice.flight_number, choice.departure_date
    if origins:
        words = f"{number} leaves from {', '.join(origins)} on {day}, not from {choice.origin}."
        return Problem(404, "No such flight", words, faults=[Fault("origin", words)])
    near = flights.numbered(services().database, number, first=day, most=3)
    near = near or flights.numbered(services().database, number, last=day, latest=True, most=3)
    days = list(dict.fromkeys(str(one.get("departure_date")) for one in near))
    if days:
        words = f"{number} does not fly on {day}; near it: {', '.join(days)}."
        return Problem(404, "No such flight", words, faults=[Fault("departure_date", words)])
    words = (
        f"No flight {number} is known. Look at the number on the booking: airline and digits, like UA1545."
    )
    return Problem(404, "No such flight", words, faults=[Fault("flight_number", words)])


__all__ = ["FlightChoice", "PlaceError", "airport", "flight", "understood"]
