"""/api/v1/places: airports by what people call them."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field

from app.domain import place_search
from app.web import access
from app.web.api import described
from app.web.api.answers import as_json
from app.web.api.requests import parameters, refused
from app.web.problems import Fault

_OUT = ConfigDict(extra="forbid")
_MOST, _DEFAULT = 20, 10


class Airport(BaseModel):
    """An airport, by the names that travellers use."""

    model_config = _OUT

    iata: Annotated[str, Field(examples=["SVO"])]
    name: Annotated[str, Field(examples=["Sheremetyevo"])]
    city: Annotated[str, Field(examples=["Moscow"])]
    country: Annotated[str, Field(description="ISO 3166-1 alpha-2.", examples=["RU"])]
    time_zone: Annotated[str, Field(examples=["Europe/Moscow"])]


class Airports(BaseModel):
    """What was found, the best match first. suggestions: what may have been meant where nothing was found."""

    model_config = _OUT

    airports: list[Airport]
    suggestions: Annotated[list[str], Field(examples=[["Moscow (DME, SVO, VKO)"]])]


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.get("/places", endpoint="finding_places")(places)


@access.public
def places() -> Response:
    """Airports of a city, or by name or code; `?q=Moscow`."""
    sent = parameters("q", "limit")
    faults = []
    text, limit = sent.get("q", "").strip(), sent.get("limit", str(_DEFAULT))
    if not 1 <= len(text) <= place_search.LONGEST:
        faults.append(
            Fault("q", f"write a city, a name or a code, of at most {place_search.LONGEST} characters")
        )
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 2 and 1 <= int(limit) <= _MOST):
        faults.append(Fault("limit", f"write a whole number from 1 to {_MOST}"))
    if faults:
        raise refused(faults)
    found = [
        Airport(iata=one.iata, name=one.name, city=one.city, country=one.country, time_zone=one.zone)
        for one in place_search.search(text, int(limit))
    ]
    near = [] if found else place_search.suggestions(text)
    return as_json(Airports(airports=found, suggestions=near))


OUT = (Airport, Airports)
IN = ()


def paths() -> dict[str, Any]:
    """The routes for the OpenAPI document."""
    return {
        "/api/v1/places": {
            "get": described.operation(
                "find_places", "Airports by city, name or code",
                {200: described.answer("What was found", Airports)}, 400,
                parameters=[
                    described.in_query(
                        "q", "A city, a name or a code.", required=True,
                        minLength=1, maxLength=place_search.LONGEST,
                    ),
                    described.in_query(
                        "limit", "Most airports.", type="integer", minimum=1, maximum=_MOST, default=_DEFAULT,
                    ),
                ],
            ),
        },
    }  # fmt: skip
