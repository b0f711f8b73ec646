"""/api/v1/me/followings: flights, and airports, that a person wants to hear of without a booking."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from app.domain import place_search, places
from app.store import ids
from app.store.own_followings import OwnFollowings
from app.web import access
from app.web.api import choosing, described
from app.web.api.answers import (
    as_json,
    changed_meanwhile,
    done,
    entity_tag,
    must_match,
    text_or_none,
    written,
)
from app.web.api.flight_facts import Documents, FlightFacts, facts, flights_of, own_page
from app.web.api.me import own_document
from app.web.api.repeats import idempotent
from app.web.api.requests import STRICT, body, is_id, not_found, parameters, validated
from app.web.services import services

_OUT = ConfigDict(extra="forbid")
PATH = "/api/v1/me/followings"
_EXAMPLES: list[JsonValue] = [
    {"flight_number": "UA1545", "departure_date": "2026-12-01"},
    {"airport": "Newark"},
]


class NewFollowing(BaseModel):
    """A flight by number and date, or an airport; never both."""

    model_config = ConfigDict(**STRICT, json_schema_extra={"examples": _EXAMPLES})

    flight_number: Annotated[str | None, Field(max_length=40, examples=["UA1545"])] = None
    departure_date: Annotated[str | None, Field(max_length=40, examples=["2026-12-01"])] = None
    origin: Annotated[str | None, Field(max_length=place_search.LONGEST, examples=["EWR"])] = None
    airport: Annotated[
        str | None, Field(max_length=place_search.LONGEST, description="Code, city or name.")
    ] = None

    @field_validator("airport")
    @classmethod
    def _airport(cls, value: str | None) -> str | None:
        return None if value is None else choosing.airport(value)

    @model_validator(mode="after")
    def _one_of_both(self) -> NewFollowing:
        of_flight = (self.flight_number, self.departure_date, self.origin)
        if (self.airport is not None) == any(value is not None for value in of_flight):
            raise ValueError("write either flight_number and departure_date, or airport")
        return self


class FollowingChange(BaseModel):
    """What of a following changes."""

    model_config = STRICT

    muted: bool


class Following(BaseModel):
    """A following of the person who asks: of a flight (null when it is gone), or of an airport."""

    model_config = _OUT

    id: str
    flight: FlightFacts | None
    airport: Annotated[str | None, Field(examples=["EWR"])]
    airport_name: Annotated[str | None, Field(examples=["Newark Liberty"])]
    muted: bool
    created_at: str | None


class Followings(BaseModel):
    """A page of followings. next: the cursor of the next page, null at the end."""

    model_config = _OUT

    followings: list[Following]
    next: str | None


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.get("/me/followings", endpoint="followings_listed")(listed)
    blueprint.post("/me/followings", endpoint="followings_add")(add)
    blueprint.get("/me/followings/<following>", endpoint="followings_one")(one)
    blueprint.patch("/me/followings/<following>", endpoint="followings_change")(change)
    blueprint.delete("/me/followings/<following>", endpoint="followings_remove")(remove)


@access.person
def listed() -> Response:
    """What the person follows, a page at a time."""
    rows, flights, following = own_page(_store().page)
    return as_json(Followings(followings=[_model(row, flights) for row in rows], next=following))


@access.person
@idempotent
def add() -> Response:
    """Follow a flight or an airport; what is followed already is the answer."""
    parameters()
    user = own_document()
    sent = body(NewFollowing)
    now = services().now()
    if sent.airport is not None:
        row, is_new = _store().add_airport(access.own(), user["_id"], sent.airport, now)
    else:
        given = sent.model_dump(include={"flight_number", "departure_date", "origin"}, exclude_none=True)
        flight = choosing.flight(validated(choosing.FlightChoice, given))
        row, is_new = _store().add_flight(access.own(), user["_id"], flight.document["_id"], now)
    return _answer(row, 201 if is_new else 200)


@access.person
def one(following: str) -> Response:
    """One following."""
    parameters()
    return _answer(_own(following))


@access.person
def change(following: str) -> Response:
    """Mute a following, or hear of it again."""
    parameters()
    row = _own(following)
    sent = body(FollowingChange)
    must_match(tag(row))
    changed = _store().mute(row, sent.muted)
    if changed is None:
        raise changed_meanwhile()
    return _answer(changed)


@access.person
def remove(following: str) -> Response:
    """End a following."""
    parameters()
    row = _own(following)
    must_match(tag(row))
    if not _store().remove(row):
        raise changed_meanwhile()
    return done()


def tag(row: Mapping[str, Any]) -> str:
    """The tag of a following's own state; its flight changes without it."""
    return entity_tag({name: row.get(name) for name in ("_id", "muted", "version")})


def _store() -> OwnFollowings:
    return OwnFollowings(services().database)


def _own(following: str) -> dict[str, Any]:
    row = _store().get(access.own(), following) if is_id(following) else None
    if row is None:
        raise not_found("following")
    return row


def _answer(row: Mapping[str, Any], status: int = 200) -> Response:
    model = _model(row, flights_of([row]))
    location = f"{PATH}/{model.id}" if status == 201 else None
    return as_json(model, status, etag=tag(row), location=location)


def _model(row: Mapping[str, Any], documents: Documents) -> Following:
    airport = text_or_none(row.get("airport"))
    document = documents.get(ids.text(row.get("flight_id"))) if airport is None else None
    created_at = row.get("created_at")
    return Following(
        id=ids.text(row["_id"]),
        flight=facts(document) if document is not None else None,
        airport=airport,
        airport_name=places.short_name(airport) if airport else None,
        muted=row.get("muted") is True,
        created_at=written(created_at if isinstance(created_at, datetime) else None),
    )


OUT = (Following, Followings)
IN = (NewFollowing, FollowingChange)


def paths() -> dict[str, Any]:
    """The routes for the OpenAPI document."""
    person, id_ = described.PERSON, described.in_path("following", "The id of the following.")
    return {
        PATH: {
            "get": described.operation(
                "list_followings", "What I follow", {200: described.answer("A page", Followings)},
                400, 401, 403, who=person, parameters=described.PAGED,
            ),
            "post": described.operation(
                "follow", "Follow a flight or an airport",
                {
                    200: described.answer("It is followed already", Following, etag=True),
                    201: described.answer("Followed", Following, etag=True, located=True),
                },
                400, 401, 403, 404, 409, 413, 415, 422,
                who=person, parameters=[described.KEY], body=NewFollowing,
                words="News of a followed flight comes as chosen, and so does the news that a day at a followed "
                "airport is disrupted, or normal again.",
            ),
        },
        f"{PATH}/{{following}}": {
            "get": described.operation(
                "read_following", "One following", {200: described.answer("It", Following, etag=True)},
                400, 401, 403, 404, who=person, parameters=[id_],
            ),
            "patch": described.operation(
                "mute_following", "Mute a following, or hear of it again",
                {200: described.answer("As it is now", Following, etag=True)},
                400, 401, 403, 404, 412, 413, 415, 428,
                who=person, parameters=[id_, described.IF_MATCH], body=FollowingChange,
            ),
            "delete": described.operation(
                "unfollow", "End a following", {204: described.answer("It is gone")},
                400, 401, 403, 404, 412, 428, who=person, parameters=[id_, described.IF_MATCH],
            ),
        },
    }  # fmt: skip
