"""/api/v1/changes and /api/v1/people: why somebody did or did not hear, for staff and their programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field

from app.domain.people import masked_words
from app.domain.why import Chain, Changed, Notification, Quiet
from app.domain.why_view import Line, View, view
from app.store.why import WhyReader
from app.web import access
from app.web.api import described
from app.web.api.answers import as_json, wanted_page, written
from app.web.api.requests import parameters, refused
from app.web.problems import Fault, Problem
from app.web.services import services

_PERSON_LENGTH = 128
_CONFIG = ConfigDict(extra="forbid")


class WhyChange(BaseModel):
    """One field of the flight that differs; null: no value."""

    model_config = _CONFIG

    field: Annotated[str, Field(examples=["gate"])]
    from_: Annotated[str | None, Field(alias="from", examples=["C70"])]
    to: Annotated[str | None, Field(examples=["C71"])]


class WhyStep(BaseModel):
    """One step of a chain, as it was written down when it was taken."""

    model_config = _CONFIG

    at: Annotated[str | None, Field(description="RFC 3339 in UTC; null when nobody wrote it down.")]
    time: Annotated[str, Field(description="As pages show it.", examples=["+ 0.16 s"])]
    title: Annotated[str, Field(examples=["It was decided to tell people"])]
    words: str
    tone: Annotated[str, Field(pattern="^(end|bad|)$", description="end: it ended well; bad: it did not.")]


class WhyChannel(BaseModel):
    """What one channel did for the person. state: in a word or two."""

    model_config = _CONFIG

    channel: Annotated[str, Field(examples=["sms"])]
    state: Annotated[str, Field(examples=["Sent"])]
    title: Annotated[str | None, Field(description="What the message said; null when there was none.")]
    steps: list[WhyStep]


class WhyChain(BaseModel):
    """The whole chain of one change of a flight."""

    model_config = _CONFIG

    event: str
    flight: Annotated[str, Field(examples=["UA 1545 to Houston, 8 February 2013"])]
    subject: str | None
    outcome: Annotated[
        str | None,
        Field(description="What the notifier decided; null when that is not on record.", examples=["news"]),
    ]
    kinds: Annotated[list[str], Field(description="What was announced; empty when nothing was.")]
    changes: list[WhyChange]
    steps: Annotated[list[WhyStep], Field(description="From the save to the notifier's decision.")]
    person: str | None
    place: Annotated[
        str | None,
        Field(description="How the person stands to the flight at this moment, looked up just now."),
    ]
    channels: Annotated[list[WhyChannel], Field(description="Empty without ?person=.")]
    people: Annotated[
        dict[str, int], Field(description="Messages that tell of it, by status; empty with ?person=.")
    ]


class WhyDecision(BaseModel):
    """A message to a person, or the decision not to send one."""

    model_config = _CONFIG

    at: str
    channel: str
    subject: str
    event: str
    status: Annotated[str, Field(examples=["sent", "failed", "skipped", "settle", "wait"])]
    reason: str | None
    title: str | None
    kinds: list[str]
    attempts: int


class WhyDecisions(BaseModel):
    """What was decided for a person, newest first."""

    model_config = _CONFIG

    person: str
    decisions: list[WhyDecision]


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.get("/changes/<path:event_id>/why", endpoint="why_change")(change)
    blueprint.get("/people/<person>/notifications", endpoint="why_decisions")(decisions)


@access.staff
def change(event_id: str) -> Response:
    """The chain of one change; `?person=` adds what each channel did for one person."""
    sent = parameters("person")
    person = _person(sent["person"]) if "person" in sent else None
    parts = services()
    reader = WhyReader(parts.database)
    event = reader.event(event_id)
    if event is None:
        raise Problem(404, "No such change", "Nothing is known of this event, or it is too long ago.")
    chain = reader.chain(event, person)
    return as_json(as_model(chain, view(chain, parts.clock)))


@access.staff
def decisions(person: str) -> Response:
    """What was sent to a person, and what was not and why, newest first."""
    sent = parameters("subject", "limit")
    limit = wanted_page(sent).limit
    found = WhyReader(services().database).notifications(_person(person), sent.get("subject"), limit)
    rows = [_decision(channel, subject, one) for channel, subject, one in found]
    return as_json(WhyDecisions(person=person, decisions=rows))


def as_model(chain: Chain, shown: View) -> WhyChain:
    """A chain as the API answers it. shown: the same chain in words."""
    event = chain.event
    return WhyChain(
        event=event.id,
        flight=shown.flight,
        subject=event.subject,
        outcome=event.outcome,
        kinds=list(event.kinds),
        changes=[_changed(one) for one in event.changes],
        steps=_steps(shown.lines),
        person=chain.person,
        place=shown.place,
        channels=[
            WhyChannel(channel=one.channel, state=one.state.words, title=one.title, steps=_steps(one.lines))
            for one in shown.channels
        ],
        people=dict(chain.people),
    )


def _changed(one: Changed) -> WhyChange:
    return WhyChange.model_validate({"field": one.field, "from": one.old, "to": one.new})


def _steps(lines: Sequence[Line]) -> list[WhyStep]:
    return [
        WhyStep(at=written(one.at), time=one.time, title=one.title, words=one.words, tone=one.tone)
        for one in lines
    ]


def _decision(channel: str, subject: str, one: Notification | Quiet) -> WhyDecision:
    is_row = isinstance(one, Notification)
    return WhyDecision(
        at=written(one.created_at if isinstance(one, Notification) else one.decided_at) or "",
        channel=channel,
        subject=subject,
        event=one.event_id,
        status=one.status if isinstance(one, Notification) else one.action,
        reason=masked_words(one.reason) if one.reason else None,
        title=one.title if isinstance(one, Notification) else None,
        kinds=list(one.kinds),
        attempts=len(one.attempts) if is_row and isinstance(one, Notification) else 0,
    )


def _person(text: str) -> str:
    if not text or len(text) > _PERSON_LENGTH or not text.isprintable():
        words = f"write the person's id, of at most {_PERSON_LENGTH} characters"
        raise refused([Fault("person", words)])
    return text


OUT = (WhyChain, WhyDecisions)
IN = ()


def paths() -> dict[str, Any]:
    """The routes for the OpenAPI document."""
    in_path, in_query = described.in_path, described.in_query
    return {
        "/api/v1/changes/{event_id}/why": {
            "get": described.operation(
                "why", "Why a change was told, or was not", {200: described.answer("The chain", WhyChain)},
                400, 401, 403, 404, who=described.STAFF,
                parameters=[
                    in_path("event_id", "The id of the change event, as the feed and all logs have it."),
                    in_query("person", "The id of a person: what each channel did for them.",
                             minLength=1, maxLength=_PERSON_LENGTH),
                ],
            ),
        },
        "/api/v1/people/{person}/notifications": {
            "get": described.operation(
                "decisions", "What a person was sent, and what not and why",
                {200: described.answer("The newest first", WhyDecisions)}, 400, 401, 403, who=described.STAFF,
                parameters=[
                    in_path("person", "The id of the person."),
                    in_query("subject", "Only about this subject, like `flight:` and a document's id."),
                    described.LIMIT,
                ],
            ),
        },
    }  # fmt: skip
