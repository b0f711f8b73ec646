"""/api/v1/me/sessions and /api/v1/me/api-keys: where somebody is signed in, and the programs that act for them."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.store.api_keys import ApiKey, ApiKeys, prefix_of
from app.web import access, person_cookie
from app.web.api import described
from app.web.api.answers import as_json, done, written
from app.web.api.repeats import at_work, idempotent, kept_as
from app.web.api.requests import STRICT, body, is_id, not_found, one_line, parameters, refused
from app.web.problems import Fault, Problem
from app.web.services import services

_OUT = ConfigDict(extra="forbid")
SESSIONS, KEYS = "/api/v1/me/sessions", "/api/v1/me/api-keys"
MOST_KEYS = 20
"""Keys that work, of one person."""


class OwnSession(BaseModel):
    """A browser in which the person is signed in."""

    model_config = _OUT

    id: str
    browser: str
    present: Annotated[bool, Field(description="Whether it is the one that asks.")]
    created_at: str | None
    seen_at: str | None
    expires_at: str | None


class OwnSessions(BaseModel):
    """All of them, the one used last first."""

    model_config = _OUT

    sessions: list[OwnSession]


class NewKey(BaseModel):
    """A key for a program."""

    model_config = STRICT

    name: Annotated[str, Field(min_length=1, max_length=80, examples=["My calendar"])]
    scopes: Annotated[list[str], Field(min_length=1, max_length=10, examples=[["feed:read"]])]

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        return one_line(value)


class OwnKey(BaseModel):
    """A key, without the key itself."""

    model_config = _OUT

    id: Annotated[str, Field(description="The beginning of the key.", examples=["gca_1f2e3d4c"])]
    name: str
    scopes: list[str]
    created_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class MadeKey(OwnKey):
    """A key that was made just now. key: shown this once; null in a repeat of the request."""

    key: str | None


class OwnKeys(BaseModel):
    """All of them, the newest first; with those that were revoked."""

    model_config = _OUT

    api_keys: list[OwnKey]


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.get("/me/sessions", endpoint="keys_sessions")(sessions)
    blueprint.delete("/me/sessions", endpoint="keys_end_sessions")(end_sessions)
    blueprint.delete("/me/sessions/<session>", endpoint="keys_end_session")(end_session)
    blueprint.get("/me/api-keys", endpoint="keys_keys")(keys)
    blueprint.post("/me/api-keys", endpoint="keys_make_key")(make_key)
    blueprint.delete("/me/api-keys/<key>", endpoint="keys_revoke")(revoke)


@access.person
def sessions() -> Response:
    """Where the person is signed in."""
    parameters()
    parts = services()
    here = person_cookie.present()
    found = [
        OwnSession(
            id=one.id,
            browser=one.browser,
            present=here is not None and one.id == here.id,
            created_at=written(one.created_at),
            seen_at=written(one.seen_at),
            expires_at=written(one.expires_at),
        )
        for one in person_cookie.sessions(parts).of_person(access.own(), parts.now())
    ]
    return as_json(OwnSessions(sessions=found))


@access.person
def end_sessions() -> Response:
    """Sign out everywhere, here too."""
    parameters()
    person_cookie.sessions(services()).end_all(access.own())
    answer = done()
    person_cookie.take(answer)
    return answer


@access.person
def end_session(session: str) -> Response:
    """Sign one browser out."""
    parameters()
    if not is_id(session) or not person_cookie.sessions(services()).end_one(access.own(), session):
        raise not_found("session")
    return done()


@access.person
def keys() -> Response:
    """The person's keys."""
    parameters()
    found = _store().all(access.own())
    return as_json(OwnKeys(api_keys=[OwnKey(**_values(key)) for key in found]))


@access.person
@idempotent
def make_key() -> Response:
    """Make a key. It is in this answer alone: what is kept for a repeat is without it."""
    parameters()
    sent = body(NewKey)
    allowed = access.asker().scopes
    known = {str(scope) for scope in access.Scope}
    faults = [
        Fault("scopes", f'"{name[:40]}" is no scope; there are {", ".join(sorted(known))}')
        for name in sent.scopes
        if name not in known
    ]
    if faults:
        raise refused(faults)
    missing = [name for name in sent.scopes if name not in {str(scope) for scope in allowed}]
    if missing:
        words = f"Your account may not give {', '.join(missing)}; it may give {', '.join(sorted(allowed)) or 'none'}."
        raise Problem(403, "Not yours to give", words, faults=[Fault("scopes", words)])
    own, begun = access.own(), at_work()
    gives_way = prefix_of(begun) if begun else None
    if sum(key.revoked_at is None and key.prefix != gives_way for key in _store().all(own)) >= MOST_KEYS:
        words = f"You have {MOST_KEYS} keys that work. Revoke one that nobody needs."
        raise Problem(403, "Too many keys", words)
    label, now = access.asker().label, services().now()
    secret, made = _store().create(sent.name, set(sent.scopes), own, label, now, begun)
    values = _values(made)
    answer = as_json(MadeKey(**values, key=secret), 201, location=f"{KEYS}/{made.prefix}")
    return kept_as(answer, MadeKey(**values, key=None).model_dump_json().encode())


@access.person
def revoke(key: str) -> Response:
    """End a key at once."""
    parameters()
    if not is_id(key) or not _store().revoke(key, services().now(), access.own()):
        raise not_found("key that works")
    return done()


def _store() -> ApiKeys:
    return ApiKeys(services().database)


def _values(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.prefix,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created_at": written(key.created_at),
        "last_used_at": written(key.last_used_at),
        "revoked_at": written(key.revoked_at),
    }


OUT = (OwnSession, OwnSessions, OwnKey, MadeKey, OwnKeys)
IN = (NewKey,)


def paths() -> dict[str, Any]:
    """The routes for the OpenAPI document."""
    person = described.PERSON
    return {
        SESSIONS: {
            "get": described.operation(
                "list_sessions", "Where I am signed in", {200: described.answer("All", OwnSessions)},
                400, 401, 403, who=person,
            ),
            "delete": described.operation(
                "sign_out_everywhere", "Sign out everywhere", {204: described.answer("Signed out")},
                400, 401, 403, who=person,
            ),
        },
        f"{SESSIONS}/{{session}}": {
            "delete": described.operation(
                "end_session", "Sign one browser out", {204: described.answer("Signed out")},
                400, 401, 403, 404, who=person, parameters=[described.in_path("session", "Its id.")],
            ),
        },
        KEYS: {
            "get": described.operation(
                "list_api_keys", "My keys for programs", {200: described.answer("All", OwnKeys)},
                400, 401, 403, who=person,
            ),
            "post": described.operation(
                "make_api_key", "Make a key for a program",
                {201: described.answer("Made; the key is shown this once", MadeKey, located=True)},
                400, 401, 403, 409, 413, 415, 422,
                who=person, parameters=[described.KEY], body=NewKey,
            ),
        },
        f"{KEYS}/{{key}}": {
            "delete": described.operation(
                "revoke_api_key", "End a key", {204: described.answer("It works no more")},
                400, 401, 403, 404, who=person, parameters=[described.in_path("key", "Its beginning.")],
            ),
        },
    }  # fmt: skip
