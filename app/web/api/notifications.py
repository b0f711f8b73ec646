"""/api/v1/me/notifications: what a person was sent and what not, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field

from app.domain.people import masked_words
from app.domain.why_view import view
from app.store.own_notifications import LEDGER, OwnNotifications
from app.store.why import WhyReader
from app.web import access
from app.web.api import described
from app.web.api import why as chains
from app.web.api.answers import Mark, as_json, cursor_after, opaque, transparent, wanted_page, written
from app.web.api.requests import not_found, parameters
from app.web.services import services

_OUT = ConfigDict(extra="forbid")
PATH = "/api/v1/me/notifications"


class OwnNotification(BaseModel):
    """A message to the person who asks, or the decision not to send one now."""

    model_config = _OUT

    id: str
    at: Annotated[str, Field(description="When it was decided, RFC 3339 in UTC.")]
    channel: Annotated[str, Field(examples=["email", "sms"])]
    status: Annotated[
        str, Field(examples=["sent", "failed", "skipped", "unknown", "retrying", "wait", "settle"])
    ]
    reason: Annotated[str | None, Field(description="Why it was not sent, or not yet.")]
    until: Annotated[str | None, Field(description="Until when it is held, RFC 3339; null when it is not.")]
    title: Annotated[str | None, Field(description="What the message said, in a line.")]
    kinds: list[str]
    flight: Annotated[str | None, Field(description="null for news of an airport.", examples=["UA1545"])]
    departure_date: str | None
    airport: Annotated[str | None, Field(description="null for news of a flight.", examples=["EWR"])]
    date: Annotated[str | None, Field(description="The airport's local day; null for news of a flight.")]
    change: Annotated[str, Field(description="The id of the change that it tells of.")]


class History(BaseModel):
    """A page, newest first. next: the cursor of the next page, null at the end."""

    model_config = _OUT

    notifications: list[OwnNotification]
    next: str | None


class OwnNotificationWhy(BaseModel):
    """One of them and the whole chain behind it. why: null when the change is too long ago."""

    model_config = _OUT

    notification: OwnNotification
    why: chains.WhyChain | None


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.get("/me/notifications", endpoint="notifications_listed")(listed)
    blueprint.get("/me/notifications/<notification>", endpoint="notifications_one")(one)


@access.person
def listed() -> Response:
    """The person's history, newest first, a page at a time."""
    wanted = wanted_page(parameters("limit", "cursor"))
    before = (wanted.after.at, wanted.after.id) if wanted.after else None
    rows = OwnNotifications(services().database).page(access.own(), before, wanted.limit + 1)
    following = cursor_after([Mark(at, row["_id"]) for _, at, row in rows], wanted.limit)
    found = [_model(*one) for one in rows[: wanted.limit]]
    return as_json(History(notifications=found, next=following))


@access.person
def one(notification: str) -> Response:
    """One of them, and why."""
    parameters()
    id_ = transparent(notification)
    found = OwnNotifications(services().database).get(access.own(), id_) if id_ else None
    if found is None:
        raise not_found("notification")
    reader = WhyReader(services().database)
    event = reader.event(str(found[2]["event_id"]))
    chain = reader.chain(event, access.own()) if event is not None else None
    why = chains.as_model(chain, view(chain, services().clock, you=True)) if chain is not None else None
    return as_json(OwnNotificationWhy(notification=_model(*found), why=why))


def _model(collection: str, at: datetime, row: dict[str, Any]) -> OwnNotification:
    is_row = collection == LEDGER
    told = row.get("to") or {}
    reason, until = row.get("reason"), row.get("until")
    return OwnNotification(
        id=opaque(row["_id"]),
        at=written(at) or "",
        channel=row["channel"],
        status=row["status"] if is_row else row["action"],
        reason=masked_words(reason) if isinstance(reason, str) else None,
        until=written(until) if isinstance(until, datetime) else None,
        title=row.get("title"),
        kinds=[str(kind) for kind in row.get("kinds") or ()],
        flight=told.get("flight_number"),
        departure_date=told.get("departure_date"),
        airport=told.get("airport"),
        date=told.get("date"),
        change=str(row["event_id"]),
    )


OUT = (OwnNotification, History, OwnNotificationWhy)
IN = ()


def paths() -> dict[str, Any]:
    """The routes for the OpenAPI document."""
    person = described.PERSON
    return {
        PATH: {
            "get": described.operation(
                "list_notifications", "What I was sent, and what not",
                {200: described.answer("A page, newest first", History)},
                400, 401, 403, who=person, parameters=described.PAGED,
            ),
        },
        f"{PATH}/{{notification}}": {
            "get": described.operation(
                "read_notification", "One of them, and why",
                {200: described.answer("It, with every step", OwnNotificationWhy)}, 400, 401, 403, 404,
                who=person, parameters=[described.in_path("notification", "Its id in the list.")],
            ),
        },
    }  # fmt: skip
