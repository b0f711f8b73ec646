"""/api/v1/me: who somebody is, and what they choose to hear."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields as fields_of
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from babel.numbers import list_currencies
from flask import Blueprint, Response
from flask_wtf.csrf import generate_csrf
from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.domain import preferences as choices
from app.domain.people import DEFAULT_LANGUAGE
from app.domain.preferences import Preferences, PreferencesError
from app.store import ids
from app.store.users import ChangedMeanwhileError, Users, roles_of
from app.web import access, choosing
from app.web.api import described
from app.web.api.answers import as_json, changed_meanwhile, entity_tag, must_match, text_or_none, written
from app.web.api.requests import STRICT, body, json_object, not_found, one_line, parameters, refused
from app.web.problems import Fault
from app.web.services import services

CSRF_HEADER = "X-CSRFToken"
_NAMES = frozenset(field.name for field in fields_of(Preferences))
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_OUT = ConfigDict(extra="forbid")


class Profile(BaseModel):
    """A person. null: not known, or not chosen."""

    model_config = _OUT

    id: str
    name: str
    email: str | None
    email_verified: bool
    phone: str | None
    phone_verified: bool
    language: Annotated[str, Field(examples=["en"])]
    time_zone: Annotated[str | None, Field(examples=["Europe/Zurich"])]
    clock: Literal[12, 24] | None
    currency: Annotated[str | None, Field(examples=["EUR"])]
    roles: list[str]


class ProfileChange(BaseModel):
    """What of a profile changes; what is absent stays, null takes a choice back. Addresses change by verification."""

    model_config = STRICT

    name: Annotated[str, Field(min_length=1, max_length=200)] = ""
    language: Annotated[str | None, Field(max_length=35, examples=["de-CH"])] = None
    time_zone: Annotated[str | None, Field(max_length=64, examples=["Europe/Zurich"])] = None
    clock: Literal[12, 24] | None = None
    currency: Annotated[str | None, Field(max_length=3, examples=["EUR"])] = None

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        return one_line(value)

    @field_validator("language")
    @classmethod
    def _language(cls, value: str | None) -> str | None:
        if value is not None and not _LANGUAGE.fullmatch(value):
            raise ValueError('write a tag like "en" or "de-CH"')
        return value

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError('write an IANA name like "Europe/Zurich"')
        return value

    @field_validator("currency")
    @classmethod
    def _currency(cls, value: str | None) -> str | None:
        if value is not None and value not in list_currencies():
            raise ValueError('write an ISO 4217 code like "EUR"')
        return value


class Quiet(BaseModel):
    """Times of day in the person's zone."""

    model_config = STRICT
    from_: Annotated[str, Field(alias="from", examples=["22:00"])]
    until: Annotated[str, Field(examples=["07:00"])]


class DigestChoice(BaseModel):
    """When the digest comes. weekday: 1 Monday to 7 Sunday, of weekly ones."""

    model_config = STRICT
    every: Literal["none", "daily", "weekly"]
    at: Annotated[str, Field(examples=["20:00"])] = "20:00"
    weekday: Annotated[int, Field(ge=1, le=7)] = 1


class RoutingStep(BaseModel):
    """A channel in its place. minutes: how long the next one waits for it; the last one has none."""

    model_config = STRICT
    channel: Annotated[str, Field(examples=["email"])]
    minutes: Annotated[int | None, Field(ge=1, le=240)] = None


class RoutingChoice(BaseModel):
    """Channels that are told one after the other, and the groups of news for which they are."""

    model_config = STRICT
    steps: Annotated[list[RoutingStep], Field(min_length=2)]
    news: Annotated[list[str] | None, Field(min_length=1, examples=[["cancelled", "diverted"]])] = None


class Choices(BaseModel):
    """What a person chose to hear (docs/people.md). null: not chosen."""

    model_config = STRICT

    channels: dict[str, dict[str, bool]] | None = None
    delay_min: Annotated[int | None, Field(examples=[30])] = None
    gate_h: Annotated[int | None, Field(examples=[12])] = None
    fare_change: Annotated[str | None, Field(examples=["25.00"])] = None
    quiet: Quiet | None = None
    urgent_passes: bool | None = None
    urgent_h: int | None = None
    digest: DigestChoice | None = None
    daily_max: int | None = None
    routing: RoutingChoice | None = None
    paused_until: Annotated[str | None, Field(examples=["2026-12-01T08:00:00Z"])] = None
    stopped: list[str] | None = None


class QuietChange(BaseModel):
    """What of the quiet hours changes."""

    model_config = STRICT
    from_: Annotated[str | None, Field(alias="from", examples=["22:00"])] = None
    until: Annotated[str | None, Field(examples=["07:00"])] = None


class DigestChange(BaseModel):
    """What of the digest changes."""

    model_config = STRICT
    every: Literal["none", "daily", "weekly"] | None = None
    at: Annotated[str | None, Field(examples=["20:00"])] = None
    weekday: Annotated[int | None, Field(ge=1, le=7)] = None


class RoutingChange(BaseModel):
    """What of the order of channels changes; a list is replaced as a whole."""

    model_config = STRICT
    steps: Annotated[list[RoutingStep] | None, Field(min_length=2)] = None
    news: Annotated[list[str] | None, Field(min_length=1, examples=[["cancelled", "diverted"]])] = None


class ChoicesChange(Choices):
    """What of the choices changes: what is absent stays, null is the default again, objects are merged (RFC 7396)."""

    channels: dict[str, dict[str, bool | None] | None] | None = None  # type: ignore[assignment]
    quiet: QuietChange | None = None  # type: ignore[assignment]
    digest: DigestChange | None = None  # type: ignore[assignment]
    routing: RoutingChange | None = None  # type: ignore[assignment]


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.get("/me", endpoint="me_read")(read)
    blueprint.patch("/me", endpoint="me_change")(change)
    blueprint.get("/me/preferences", endpoint="me_read_preferences")(read_preferences)
    blueprint.patch("/me/preferences", endpoint="me_change_preferences")(change_preferences)


def own_document() -> dict[str, Any]:
    """The document of the person who asks. Raises Problem 404 when it is gone."""
    found = Users(services().database).get(access.own())
    if found is None:
        raise not_found("person")
    return found


@access.person
def read() -> Response:
    """The person's profile. The header X-CSRFToken is what changes must send back."""
    parameters()
    return answer(own_document())


@access.person
def change() -> Response:
    """Change the allowed fields of the profile."""
    user = own_document()
    sent = body(ProfileChange)
    must_match(_tag(user))
    changes = {name: getattr(sent, name) for name in sent.model_fields_set}
    if changes:
        try:
            Users(services().database).set_fields(access.own(), changes, choosing.version_of(user))
        except ChangedMeanwhileError as error:
            raise changed_meanwhile() from error
        if changes.get("time_zone", user.get("time_zone")) != user.get("time_zone"):
            choosing.zone_changed(services(), access.own())
    return answer(own_document())


@access.person
def read_preferences() -> Response:
    """What the person chose."""
    parameters()
    return _preferences(own_document())


@access.person
def change_preferences() -> Response:
    """Change what the person chose; what waits for them is looked at again at once."""
    user = own_document()
    patch = json_object()
    must_match(_tag(user))
    before = choices.parse(user.get("preferences"))
    merged = _merged(before.to_document(), patch)
    try:
        after = choices.read(merged)
    except PreferencesError as error:
        raise refused(Fault(name, sentence) for name, sentence in error.faults) from error
    unknown = [
        Fault(n[:100], "unknown field") for n in patch if n not in {f.name for f in fields_of(Preferences)}
    ]
    if unknown:
        raise refused(unknown)
    if after != before:
        try:
            choosing.save(services(), user, after, choosing.version_of(user), way="api")
        except ChangedMeanwhileError as error:
            raise changed_meanwhile() from error
    else:
        # A request that broke off after they were kept may not have come so far.
        choosing.look_again(services(), access.own())
    return _preferences(own_document())


def _merged(present: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7396."""
    found = dict(present)
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, dict):
            inner = found.get(name)
            found[name] = _merged(inner if isinstance(inner, dict) else {}, value)
        else:
            found[name] = value
    return found


def _tag(user: Mapping[str, Any]) -> str:
    names = ("_id", "version", *_SHOWN)
    return entity_tag({name: user.get(name) for name in names})


_SHOWN = ("name", "email", "phone", "verified", "language", "time_zone", "clock", "currency", "preferences")


def answer(user: Mapping[str, Any]) -> Response:
    """A person's profile as an answer, with its ETag and the token for changes."""
    found = as_json(profile(user), etag=_tag(user))
    found.headers[CSRF_HEADER] = generate_csrf()
    return found


def profile(user: Mapping[str, Any]) -> Profile:
    """A person's own view of their document."""
    kept = user.get("verified")
    verified = kept if isinstance(kept, dict) else {}
    return Profile(
        id=ids.text(user["_id"]),
        name=str(user.get("name") or ""),
        email=text_or_none(user.get("email")),
        email_verified=bool(user.get("email")) and verified.get("email") == user.get("email"),
        phone=text_or_none(user.get("phone")),
        phone_verified=bool(user.get("phone")) and verified.get("phone") == user.get("phone"),
        language=str(user.get("language") or DEFAULT_LANGUAGE),
        time_zone=text_or_none(user.get("time_zone")),
        clock=user.get("clock") if user.get("clock") in (12, 24) else None,
        currency=text_or_none(user.get("currency")),
        roles=sorted(roles_of(user)),
    )


def _preferences(user: Mapping[str, Any]) -> Response:
    document = choosing.chosen(user).to_document()
    for name, value in document.items():
        if isinstance(value, datetime):
            document[name] = written(value)
    defaults = {"channels": {}, "urgent_passes": True, "urgent_h": choices.DEFAULTS.urgent_h, "stopped": []}
    return as_json(Choices.model_validate(defaults | document), etag=_tag(user))


OUT = (Profile, Choices)
IN = (ProfileChange, ChoicesChange)


def paths() -> dict[str, Any]:
    """The routes for the OpenAPI document."""
    changed = (400, 401, 403, 404, 412, 413, 415, 428)
    person = described.PERSON
    return {
        "/api/v1/me": {
            "get": described.operation(
                "read_me", "Who am I?", {200: described.answer("The person", Profile, etag=True)},
                400, 401, 403, 404, who=person,
                words=f"The header {CSRF_HEADER} of the answer is what every change of a signed-in person sends back.",
            ),
            "patch": described.operation(
                "change_me", "Change name, language, zone, clock or currency",
                {200: described.answer("As it is now", Profile, etag=True)}, *changed,
                who=person, parameters=[described.IF_MATCH], body=ProfileChange,
            ),
        },
        "/api/v1/me/preferences": {
            "get": described.operation(
                "read_preferences", "What I chose to hear",
                {200: described.answer("The choices", Choices, etag=True)}, 400, 401, 403, 404, who=person,
            ),
            "patch": described.operation(
                "change_preferences", "Choose what to hear",
                {200: described.answer("As they are now", Choices, etag=True)}, *changed,
                who=person, parameters=[described.IF_MATCH], body=ChoicesChange,
            ),
        },
    }  # fmt: skip
