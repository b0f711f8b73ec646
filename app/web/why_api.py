"""Why somebody did or did not hear, for staff's programs: `/api/v1/...` with the staff key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, Field

from app.domain.people import masked_words
from app.domain.why import Chain, Changed, Notification, Quiet
from app.domain.why_view import Line, View, view
from app.store.why import WhyReader
from app.web import access
from app.web.problems import Fault, Problem
from app.web.services import services

blueprint = Blueprint("why_api", __name__, url_prefix="/api/v1")
access.of_blueprint(blueprint, access.STAFF_ALONE)

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
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


MODELS = (WhyChain, WhyDecisions)


@blueprint.get("/changes/<path:event_id>/why")
def change(event_id: str) -> Response:
    """The chain of one change; `?person=` adds what each channel did for one person."""
    parts = services()
    person = _person(request.args.get("person")) if "person" in request.args else None
    reader = WhyReader(parts.database)
    event = reader.event(event_id)
    if event is None:
        raise Problem(404, "No such change", "Nothing is known of this event, or it is too long ago.")
    chain = reader.chain(event, person)
    return _json(as_model(chain, view(chain, parts.clock)))


@blueprint.get("/people/<person>/notifications")
def decisions(person: str) -> Response:
    """What was sent to a person, and what was not and why, newest first."""
    parts = services()
    person = _person(person)
    found = WhyReader(parts.database).notifications(person, request.args.get("subject"), _limit())
    rows = [_decision(channel, subject, one) for channel, subject, one in found]
    return _json(WhyDecisions(person=person, decisions=rows))


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
        WhyStep(at=_written(one.at), time=one.time, title=one.title, words=one.words, tone=one.tone)
        for one in lines
    ]


def _decision(channel: str, subject: str, one: Notification | Quiet) -> WhyDecision:
    is_row = isinstance(one, Notification)
    return WhyDecision(
        at=_written(one.created_at if isinstance(one, Notification) else one.decided_at) or "",
        channel=channel,
        subject=subject,
        event=one.event_id,
        status=one.status if isinstance(one, Notification) else one.action,
        reason=masked_words(one.reason) if one.reason else None,
        title=one.title if isinstance(one, Notification) else None,
        kinds=list(one.kinds),
        attempts=len(one.attempts) if is_row and isinstance(one, Notification) else 0,
    )


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _person(text: str | None) -> str:
    if not text or len(text) > _PERSON_LENGTH or not text.isprintable():
        words = f"Write the person's id, of at most {_PERSON_LENGTH} characters."
        raise Problem(400, "The person is not understood", words, faults=[Fault("person", words)])
    return text


def _limit() -> int:
    text = request.args.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MAX_LIMIT):
        words = f"Write a whole number from 1 to {MAX_LIMIT}."
        raise Problem(400, "The limit is not understood", words, faults=[Fault("limit", words)])
    return int(text)


def _json(model: BaseModel) -> Response:
    body = model.model_dump_json(by_alias=True)
    return Response(body, content_type="application/json", headers={"Cache-Control": "no-store"})


def paths(problems: Any) -> dict[str, Any]:
    """The routes for the OpenAPI document. problems: makes the answers of some error statuses."""
    return {
        "/api/v1/changes/{event_id}/why": {
            "get": _operation(
                "why",
                "Why a change was told, or was not",
                "WhyChain",
                [
                    _in("event_id", "path", "The id of the change event, as the feed and all logs have it."),
                    _in("person", "query", "The id of a person: what each channel did for them."),
                ],
                problems(400, 401, 403, 404, 503),
            )
        },
        "/api/v1/people/{person}/notifications": {
            "get": _operation(
                "decisions",
                "What a person was sent, and what not and why",
                "WhyDecisions",
                [
                    _in("person", "path", "The id of the person."),
                    _in("subject", "query", "Only about this subject, like `flight:` and a document's id."),
                    _in("limit", "query", f"At most so many, 1 to {MAX_LIMIT}; {DEFAULT_LIMIT} if not set."),
                ],
                problems(400, 401, 403, 503),
            )
        },
    }


def _operation(
    name: str, summary: str, model: str, parameters: list[dict[str, Any]], errors: dict[str, Any]
) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{model}"}}}
    return {
        "operationId": name,
        "summary": summary,
        "security": [{"staffKey": []}],
        "parameters": parameters,
        "responses": {"200": {"description": summary, "content": content}, **errors},
    }


def _in(name: str, where: str, description: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer"} if name == "limit" else {"type": "string"}
    made = {"name": name, "in": where, "description": description, "schema": schema}
    return made | {"required": True} if where == "path" else made
