"""/api/v1/me/inbox: what a person was told on their own pages, and what of it they have seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field

from app.store.inbox import MOST_COUNTED, Inbox
from app.web import access
from app.web import inbox as marking
from app.web.api import described
from app.web.api.answers import Mark, as_json, cursor_after, wanted_page, written
from app.web.api.repeats import idempotent
from app.web.api.requests import STRICT, body, parameters
from app.web.services import services

_OUT = ConfigDict(extra="forbid")
PATH = "/api/v1/me/inbox"
_MOST = 200


class InboxEntry(BaseModel):
    """One message in the inbox of the person who asks."""

    model_config = _OUT

    id: str
    at: Annotated[str, Field(description="When it came, RFC 3339 in UTC.")]
    subject: Annotated[
        str | None, Field(description="What it is about; null for a test.", examples=["flight:f407"])
    ]
    kind: Annotated[str, Field(examples=["flight", "airport", "alert", "notice", "service"])]
    tone: Annotated[str, Field(examples=["change", "bad", "plain"])]
    title: str
    lines: Annotated[list[str], Field(description="The news in sentences.")]
    url: Annotated[str, Field(description="What it is about; a path is one of this system.")]
    why: Annotated[str | None, Field(description="Why the person was told; null without.")]
    seen_at: Annotated[str | None, Field(description="RFC 3339 in UTC; null while it is new.")]
    latest: Annotated[bool, Field(description="Whether no later entry is about the same.")]


class InboxPage(BaseModel):
    """A page, newest first. next: the cursor of the next page, null at the end."""

    model_config = _OUT

    entries: list[InboxEntry]
    unseen: Annotated[int, Field(description=f"How many are new; {MOST_COUNTED} for that many and more.")]
    next: str | None


class InboxSeen(BaseModel):
    """Which entries were seen."""

    model_config = STRICT

    entries: Annotated[
        list[Annotated[str, Field(max_length=200)]] | None,
        Field(max_length=_MOST, description="Ids of entries; null or absent for all there are."),
    ] = None
    until: Annotated[
        str | None,
        Field(max_length=200, description="Id of the newest entry that was read: what came later stays new."),
    ] = None


class InboxLeft(BaseModel):
    """seen: how many of them were new. unseen: how many are new now."""

    model_config = _OUT

    seen: int
    unseen: int


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.get("/me/inbox", endpoint="inbox_listed")(listed)
    blueprint.post("/me/inbox/seen", endpoint="inbox_seen")(seen)


@access.person
def listed() -> Response:
    """The person's inbox, newest first, a page at a time."""
    wanted = wanted_page(parameters("limit", "cursor"))
    before = (wanted.after.at, wanted.after.id) if wanted.after else None
    inbox, person = Inbox(services().database), access.own()
    rows = inbox.page(person, before, wanted.limit + 1)
    shown = rows[: wanted.limit]
    latest = inbox.latest(person, {row["subject"] for row in shown if row["subject"]})
    found = [_model(row, latest) for row in shown]
    following = cursor_after([Mark(row["at"], row["_id"]) for row in rows], wanted.limit)
    return as_json(InboxPage(entries=found, unseen=inbox.unseen(person).count, next=following))


@access.person
@idempotent
def seen() -> Response:
    """The person has seen these entries, or all. Ids of nobody's and of others' entries are passed over."""
    sent = body(InboxSeen)
    new = marking.mark_seen(services(), access.own(), sent.entries, sent.until)
    return as_json(InboxLeft(seen=new, unseen=Inbox(services().database).unseen(access.own()).count))


def _model(row: Mapping[str, Any], latest: frozenset[str]) -> InboxEntry:
    seen_at = row.get("seen_at")
    return InboxEntry(
        id=row["_id"],
        at=written(row["at"]) or "",
        subject=row["subject"],
        kind=row["kind"],
        tone=row["tone"],
        title=row["title"],
        lines=row["lines"],
        url=row["link"]["url"],
        why=row.get("why"),
        seen_at=written(seen_at) if isinstance(seen_at, datetime) else None,
        latest=row["subject"] is None or row["_id"] in latest,
    )


OUT = (InboxEntry, InboxPage, InboxLeft)
IN = (InboxSeen,)


def paths() -> dict[str, Any]:
    """The routes for the OpenAPI document."""
    person = described.PERSON
    return {
        PATH: {
            "get": described.operation(
                "list_inbox", "What I was told on my pages",
                {200: described.answer("A page, newest first", InboxPage)},
                400, 401, 403, who=person, parameters=described.PAGED,
            ),
        },
        f"{PATH}/seen": {
            "post": described.operation(
                "mark_inbox_seen", "I have seen these entries",
                {200: described.answer("How many are new now", InboxLeft)},
                400, 401, 403, 409, 413, 415, 422, who=person, parameters=[described.KEY], body=InboxSeen,
            ),
        },
    }  # fmt: skip
