"""Airports that I follow: begun by name, from my page or from the board's button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from flask import redirect, request
from pydantic import BaseModel, Field, field_validator
from werkzeug.wrappers import Response

from app.domain import place_search
from app.domain.place_search import PlaceError
from app.store.own_followings import OwnFollowings
from app.web import access, airport_field
from app.web.airport_field import Choice
from app.web.api import choosing
from app.web.api.requests import STRICT, validated
from app.web.my import frame
from app.web.services import services


class AirportChoice(BaseModel):
    """An airport by code, city or name."""

    model_config = STRICT

    airport: Annotated[str, Field(min_length=1, max_length=place_search.LONGEST)]

    @field_validator("airport")
    @classmethod
    def _airport(cls, value: str) -> str:
        return choosing.airport(value)


def follow(sent: Mapping[str, str]) -> Response:
    """Follow the airport that a form names, then back to where its button was (`back=board`). Following twice is
    following once. Raises Problem, naming the field, for what is no single airport."""
    user = frame.own()
    code = validated(AirportChoice, {"airport": sent["airport"]}).airport
    store = OwnFollowings(services().database)
    _, is_new = store.add_airport(access.own(), user["_id"], code, services().now())
    if request.form.get("back") == "board":
        return to_board(code)
    return frame.back("my.flights", "followed-airport" if is_new else "followed-before")


def to_board(code: str) -> Response:
    """Back to an airport's board."""
    return redirect(board(code), 303)


def board(code: str) -> str:
    """The address of an airport's board."""
    return f"/board?{urlencode({'airport': code})}"


def choices(sent: Mapping[str, str], faults: Mapping[str, Any]) -> dict[str, Sequence[Choice]]:
    """What to choose from, by each field whose text means no single airport."""
    found = {}
    for name in ("origin", "airport"):
        if name in faults and sent.get(name):
            try:
                place_search.one_airport(sent[name])
            except PlaceError:
                found[name] = airport_field.choices(sent[name])
    return found
