"""What the API of fare alerts takes and answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.domain.place_search import LONGEST
from app.web.api.requests import STRICT

_OUT = ConfigDict(extra="forbid")
_BELOW: JsonValue = {
    "origins": ["New York"],
    "destinations": ["SFO"],
    "dates": {"from": "2026-12-01", "until": "2026-12-14"},
    "currency": "USD",
    "condition": {"kind": "below", "amount": "220"},
    "max_stops": 0,
}
_REPORT: JsonValue = {
    "origins": ["EWR"],
    "destinations": ["Denver"],
    "dates": {"month": "2026-12"},
    "currency": "USD",
    "condition": {"kind": "report", "every_h": 24, "at": "08:00"},
}
_Kind = Literal["below", "drop", "new_low", "any", "report"]
_Name = Annotated[str, Field(min_length=1, max_length=LONGEST)]
_Names = Annotated[
    list[_Name],
    Field(
        min_length=1,
        max_length=100,
        description="Airports by code or name; a city means all of its airports.",
        examples=[["New York"]],
    ),
]
_Amount = Annotated[
    str, Field(max_length=30, description="In `currency`, as decimal text.", examples=["220.00"])
]


class Days(BaseModel):
    """The days of departure, local to the origin: from the first until the last, or any day of a month."""

    model_config = STRICT

    from_: Annotated[str | None, Field(alias="from", max_length=40, examples=["2026-12-01"])] = None
    until: Annotated[
        str | None, Field(max_length=40, description="Without it: the first.", examples=["2026-12-14"])
    ] = None
    month: Annotated[str | None, Field(max_length=40, examples=["2026-12"])] = None


class Condition(BaseModel):
    """When the alert tells, by the lowest fare: `below` an amount; a `drop` by an amount or a percentage against what
    was told, the fare when the alert was created, or the lowest since; a `new_low` in so many days; `any` change; or a
    `report` every so many hours, at a time of the person's zone where these are whole days."""

    model_config = STRICT

    kind: _Kind
    amount: _Amount | None = None
    percent: Annotated[str | None, Field(max_length=10, examples=["15"])] = None
    against: Literal["told", "created", "lowest"] | None = None
    days: Annotated[int | None, Field(ge=1, le=365)] = None
    every_h: Annotated[int | None, Field(description="1, 6, 12, 24, 48 or 168.", examples=[24])] = None
    at: Annotated[str | None, Field(max_length=20, examples=["08:00"])] = None
    unchanged: Annotated[bool | None, Field(description="Also when there is nothing new.")] = None


class AlertChange(BaseModel):
    """What of an alert changes: what is absent stays, null is the default again; `dates` and `condition` are changed as
    a whole. A change counts as new: where `tell_now` is true and it is so already, it is told."""

    model_config = STRICT

    name: Annotated[str | None, Field(max_length=80, description="Of your own; without it the trip.")] = None
    origins: Annotated[_Names, Field(default_factory=list)]
    destinations: Annotated[_Names, Field(default_factory=list)]
    dates: Annotated[Days, Field(default_factory=Days)]
    max_stops: Annotated[int | None, Field(ge=0, le=9, description="0 is direct only.")] = None
    airlines: Annotated[list[Annotated[str, Field(max_length=10)]] | None, Field(max_length=20)] = None
    cabin: Annotated[str | None, Field(max_length=40, examples=["economy"])] = None
    currency: Annotated[
        str,
        Field(
            default_factory=str,
            max_length=10,
            description="Of every amount; fares in others are never compared.",
            examples=["USD"],
        ),
    ]
    condition: Annotated[Condition, Field(default_factory=lambda: Condition(kind="any"))]
    repeat: Annotated[
        Literal["once", "each_low", "again"] | None,
        Field(description="Once, at each further drop, or again after it was no longer so."),
    ] = None
    tell_now: Annotated[bool | None, Field(description="Told at once where it is so already.")] = None
    min_step: Annotated[
        str | None, Field(max_length=30, description="Fares that moved less are the same.", examples=["5.00"])
    ] = None
    channels: Annotated[
        list[Annotated[str, Field(max_length=40)]] | None,
        Field(max_length=20, description="None: as the preferences have it for fares.", examples=[["email"]]),
    ] = None
    paused: Annotated[bool | None, Field(description="Nothing is told, nor made up for.")] = None


class NewAlert(AlertChange):
    """A fare alert: a trip, a condition, how often."""

    model_config = ConfigDict(**STRICT, json_schema_extra={"examples": [_BELOW, _REPORT]})

    origins: _Names
    destinations: _Names
    dates: Days
    currency: Annotated[str, Field(max_length=10, examples=["USD"])]
    condition: Condition


class Offer(BaseModel):
    """A fare as the alert sees it. null: not known."""

    model_config = _OUT

    origin: str
    destination: str
    departure_date: str
    amount: Annotated[str, Field(examples=["204.00"])]
    currency: str
    airline: str | None
    flight_number: str | None
    cabin: str | None
    stops: int | None
    link: str | None


class AlertDays(BaseModel):
    """The first and the last day of departure."""

    model_config = _OUT

    from_: Annotated[str, Field(alias="from")]
    until: str


class AlertState(BaseModel):
    """How an alert stands. cheapest: the lowest fare when the fares were looked at last, null for none. told: times it
    told. told_amount: what fares are compared with, told last or known. lowest_amount: since it was made."""

    model_config = _OUT

    cheapest: Offer | None
    told: int
    told_amount: str | None
    lowest_amount: str | None
    next_report_at: str | None


class Alert(BaseModel):
    """A fare alert of the person who asks."""

    model_config = _OUT

    id: str
    title: Annotated[str, Field(examples=["JFK to SFO, below $220"])]
    sentence: str
    status: Literal["active", "paused", "ended"]
    name: str | None
    origins: list[str]
    destinations: list[str]
    dates: AlertDays
    max_stops: int | None
    airlines: list[str] | None
    cabin: str | None
    currency: str
    condition: Condition
    repeat: Literal["once", "each_low", "again"]
    tell_now: bool
    min_step: str | None
    channels: list[str] | None
    paused: bool
    state: AlertState
    created_at: str | None


class Alerts(BaseModel):
    """A page of alerts. next: the cursor of the next page, null at the end."""

    model_config = _OUT

    alerts: list[Alert]
    next: str | None
