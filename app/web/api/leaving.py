"""/api/v1/me/export and DELETE /api/v1/me: everything that is held about somebody, and its end."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Annotated, Any, Literal

import structlog
from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field

from app.store import ids
from app.store.person_data import PersonData
from app.store.pickups import Pickups
from app.store.suppressions import Suppressions
from app.store.tries import Tries
from app.store.users import Users
from app.web import access, person_cookie
from app.web.api import described
from app.web.api.answers import as_json, done, written
from app.web.api.me import own_document
from app.web.api.repeats import idempotent, kept_as
from app.web.api.requests import STRICT, body, parameters
from app.web.problems import Problem
from app.web.services import services

log = structlog.get_logger()

WAIT_S = 5.0
_LOOK_S = 0.2


class Export(BaseModel):
    """Everything that is held about a person, as it is stored."""

    model_config = ConfigDict(extra="forbid")

    person: str
    at: str
    data: Annotated[
        dict[str, list[dict[str, Any]]],
        Field(description="Rows by collection; docs/architecture.md says what each holds."),
    ]


class Erasure(BaseModel):
    """What an erasure must be confirmed with."""

    model_config = STRICT

    confirm: Literal["erase"]


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.post("/me/export", endpoint="leaving_export")(export)
    blueprint.delete("/me", endpoint="leaving_erase")(erase)


@access.person
@idempotent
def export() -> Response:
    """Everything about the person. A repeat with the same key says so and holds nothing: what is kept is not copied."""
    parameters()
    parts, person = services(), access.own()
    own_document()
    every = timedelta(minutes=parts.settings.export_every_min)
    if every and not Tries(parts.database, "export", 1, every).take(person, parts.now()):
        wait = str(int(every.total_seconds()))
        words = f"An export is made once in {parts.settings.export_every_min} min. Ask again later."
        raise Problem(429, "Too Many Requests", words, headers={"Retry-After": wait})
    at = written(parts.now()) or ""
    answer = as_json(Export(person=person, at=at, data=PersonData(parts.database).everything(person)))
    answer.headers["Content-Disposition"] = 'attachment; filename="gatecall.json"'
    return kept_as(answer, Export(person=person, at=at, data={}).model_dump_json().encode())


@access.person
def erase() -> Response:
    """Delete the person and all that is theirs; what must stay as proof stays without them."""
    parameters()
    body(Erasure)
    end_of(ids.text(own_document()["_id"]))
    answer = done()
    person_cookie.take(answer)
    return answer


def end_of(person: str) -> None:
    """Erase a person, once nothing is on its way to them. Raises Problem 409 while something is, PyMongoError."""
    parts = services()
    data = PersonData(parts.database)
    data.leave_flights(person, parts.now())
    ends = time.monotonic() + WAIT_S
    while data.is_being_told(person, parts.now()):
        if time.monotonic() >= ends:
            words = "A message to you is being handed over just now. Your bookings and followings are gone; ask again."
            raise Problem(409, "Not yet", words, headers={"Retry-After": "30"})
        time.sleep(_LOOK_S)
    email = (Users(parts.database).get(person) or {}).get("email")
    if isinstance(email, str):
        hashes = Suppressions(parts.database, parts.settings)
        Pickups(parts.database).forget_address(hashes.ids_of("email", email), parts.now())
    pseudonym = data.erase(person, parts.now())
    log.info("a person was erased", pseudonym=pseudonym)


OUT = (Export,)
IN = (Erasure,)


def paths() -> dict[str, Any]:
    """The routes for the OpenAPI document."""
    return {
        "/api/v1/me/export": {
            "post": described.operation(
                "export_me",
                "Everything that is held about me",
                {200: described.answer("All of it", Export)},
                *(400, 401, 403, 404, 409, 422),
                who=described.PERSON,
                parameters=[described.KEY],
            ),
        },
        "/api/v1/me": {
            "delete": described.operation(
                "erase_me",
                "Erase me",
                {204: described.answer("Nothing is held about the person any more")},
                *(400, 401, 403, 404, 409, 413, 415),
                who=described.PERSON,
                body=Erasure,
            ),
        },
    }
