"""/api/v1/me/pickups: people who are asked whether they want to hear when the person arrives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field

from app.store import shown
from app.store.pickups import Pickup
from app.web import access, picking_up
from app.web.api import described
from app.web.api.answers import as_json, done, written
from app.web.api.flight_facts import FlightFacts, facts
from app.web.api.me import own_document
from app.web.api.repeats import idempotent
from app.web.api.requests import body, is_id, not_found, parameters
from app.web.picking_up import NewPickup
from app.web.services import services

_OUT = ConfigDict(extra="forbid")
PATH = "/api/v1/me/pickups"


class AskedPickup(BaseModel):
    """Somebody who was asked. flight: null when it is gone. until: the question can be answered."""

    model_config = _OUT

    id: str
    flight: FlightFacts | None
    name: str
    mailbox: Annotated[str, Field(examples=["a***@example.org"])]
    state: Literal["asked", "agreed", "declined", "stopped", "expired"]
    asked_at: str | None
    until: str | None


class AskedPickups(BaseModel):
    """All of them, the latest first; without those that were taken back."""

    model_config = _OUT

    pickups: list[AskedPickup]


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.get("/me/pickups", endpoint="pickups_listed")(listed)
    blueprint.post("/me/pickups", endpoint="pickups_ask")(ask)
    blueprint.delete("/me/pickups/<pickup>", endpoint="pickups_withdraw")(withdraw)


@access.person
def listed() -> Response:
    """Whom the person asked, and how it stands."""
    parameters()
    return as_json(AskedPickups(pickups=_models(picking_up.of(services(), access.own()))))


@access.person
@idempotent
def ask() -> Response:
    """Ask somebody; the answer is the same whoever has the address."""
    parameters()
    user = own_document()
    asked = picking_up.ask(services(), user, body(NewPickup))
    return as_json(_models([asked])[0], 201)


@access.person
def withdraw(pickup: str) -> Response:
    """Take a question or an agreement back; nobody is told that it was."""
    parameters()
    if not is_id(pickup) or not picking_up.withdraw(services(), access.own(), pickup):
        raise not_found("pick-up")
    return done()


def _models(found: list[Pickup]) -> list[AskedPickup]:
    parts = services()
    documents = shown.by_ids(parts.database, {one.flight for one in found})
    return [
        AskedPickup(
            id=one.id,
            flight=facts(documents[one.flight]) if one.flight in documents else None,
            name=one.name,
            mailbox=one.mailbox,
            state=one.state_at(parts.now()).value,
            asked_at=written(one.asked_at),
            until=written(one.until),
        )
        for one in found
    ]


OUT = (AskedPickup, AskedPickups)
IN = (NewPickup,)


def paths() -> dict[str, Any]:
    """The routes for the OpenAPI document."""
    person, id_ = described.PERSON, described.in_path("pickup", "The id of the pick-up.")
    return {
        PATH: {
            "get": described.operation(
                "list_pickups", "Who picks me up", {200: described.answer("All of them", AskedPickups)},
                400, 401, 403, who=person,
            ),
            "post": described.operation(
                "ask_pickup", "Ask somebody whether they want to hear when I arrive",
                {201: described.answer("Asked", AskedPickup)},
                400, 401, 403, 404, 409, 413, 415, 422,
                who=person, parameters=[described.KEY], body=NewPickup,
                words="One mail with the question goes to the address, and nothing else before they agree. The answer "
                "is the same whoever has the address, also where they want no such mail and none goes out. "
                "409 where this address was asked for this flight before, or three people were.",
            ),
        },
        f"{PATH}/{{pickup}}": {
            "delete": described.operation(
                "withdraw_pickup", "Take a question or an agreement back", {204: described.answer("They hear no more")},
                400, 401, 403, 404, who=person, parameters=[id_],
            ),
        },
    }  # fmt: skip
