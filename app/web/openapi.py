"""The API as an OpenAPI 3.1 document, out of the models and readers that serve it.

Tests hold it against the application: every route, parameter and answer.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from app.domain.feed import Type
from app.web import api, callbacks
from app.web.api import described
from app.web.problems import MEDIA_TYPE as PROBLEM
from app.web.publishing import Accepted, NoticeBody
from app.web.query import DEFAULT_LIMIT, MAX_LIMIT, MAX_WAIT_S

_JSON = "application/json"
_STREAM = "text/event-stream"
_REF = "#/components/schemas/"


class ChangedField(BaseModel):
    """One field that changed; null where there was, or is, no value."""

    model_config = ConfigDict(extra="forbid")

    field: Annotated[str, Field(examples=["gate"])]
    from_: Annotated[str | int | None, Field(alias="from", examples=["C70"])]
    to: Annotated[str | int | None, Field(examples=["C71"])]


class FeedUpdate(BaseModel):
    """One change of a flight, a fare or a notice. Public facts only."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(description="The same on every process and in every repeat.")]
    type: Type
    message: Annotated[str, Field(examples=["UA1545 EWR-IAH: gate C71, was C70"])]
    at: Annotated[
        str, Field(description="When it was saved, RFC 3339 in UTC.", examples=["2026-12-01T09:30:00.120Z"])
    ]
    subject: Annotated[
        dict[str, str],
        Field(description="What it is about: the document's id, and the identity of the flight or fare."),
    ]
    changes: Annotated[
        list[ChangedField],
        Field(description="Empty when the state before is not known; all fields of what is new."),
    ]
    now: Annotated[
        dict[str, str | int] | None,
        Field(
            description="All public fields as they are now. A removed flight has status removed; null for a fare "
            "or notice that is gone. Times are local to their airport, amounts exact decimals as text."
        ),
    ]


class Feed(BaseModel):
    """Updates, oldest first, and where to go on."""

    model_config = ConfigDict(extra="forbid")

    updates: list[FeedUpdate]
    cursor: Annotated[
        str,
        Field(
            description="Give it back as ?cursor= to receive only what is newer. Opaque; good on every process."
        ),
    ]
    more: Annotated[bool, Field(description="More is there already: ask again at once.")]
    gap: Annotated[
        bool,
        Field(
            description="What followed the cursor is no longer here; these are the newest updates instead. "
            "Load what you show afresh."
        ),
    ]


class FaultyField(BaseModel):
    """One parameter, header or field, and what is wrong with it."""

    model_config = ConfigDict(extra="forbid")

    field: str
    message: str


class StreamEvent(BaseModel):
    """One server-sent event. id: the cursor after it, absent of a gap. data: JSON; an update as GET /update has it."""

    model_config = ConfigDict(extra="forbid")

    event: Literal["update", "gap", "age"]
    id: str = ""
    data: str
    retry: int = 0


class ProblemDocument(BaseModel):
    """An error (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str
    title: str
    status: int
    detail: str
    errors: list[FaultyField] | None = None


class Liveness(BaseModel):
    """The process answers."""

    model_config = ConfigDict(extra="forbid")

    status: Annotated[str, Field(pattern="^alive$")]
    uptime_s: float


class Readiness(BaseModel):
    """Whether the process should be sent requests, and what is wrong."""

    model_config = ConfigDict(extra="forbid")

    status: Annotated[str, Field(pattern="^(ready|degraded|not ready)$")]
    problems: dict[str, str]


_MODELS = (
    Feed,
    StreamEvent,
    ProblemDocument,
    NoticeBody,
    Accepted,
    Liveness,
    Readiness,
    callbacks.MailEvents,
)

PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "cursor": ({"type": "string"}, "Only what is newer. Without it: the newest updates."),
    "limit": (
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        "Most updates in one answer.",
    ),
    "wait": (
        {"type": "number", "minimum": 0, "maximum": MAX_WAIT_S, "default": 0},
        "Seconds to wait for an update when there is none (long poll). A busy server answers at once.",
    ),
    "type": ({"type": "string", "enum": [t.value for t in Type]}, "Only updates of this type."),
    "flight": ({"type": "string", "example": "UA1545"}, "Only this flight number."),
    "date": ({"type": "string", "format": "date"}, "Only this date of departure, local to the origin."),
    "airport": (
        {"type": "string", "example": "EWR"},
        "Only flights and fares from or to, and notices about, this airport.",
    ),
    "route": ({"type": "string", "example": "EWR-IAH"}, "Only this origin and destination."),
}

_AGE = {
    "Gatecall-Data-Age": {
        "description": "Seconds since this process last knew everything Kafka had; unknown before the first time.",
        "schema": {"type": "string"},
    },
    "Gatecall-Data-Stale": {
        "description": "true when the data is old: say so, and do not show it as live.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
}
_ETAG = {"ETag": {"description": "For If-None-Match.", "schema": {"type": "string"}}}


def specification() -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Gatecall",
            "version": "1",
            "description": "Changes of flights and fares as they happen, and notices by staff.",
        },
        "paths": {
            "/update": {"get": _read_feed(), "post": _publish()},
            "/update/stream": {"get": _read_stream()},
            "/health/live": {
                "get": _operation("live", "Does the process answer?", {"200": _answer("Yes", "Liveness")})
            },
            "/health/ready": {"get": _ready()},
            "/metrics": {
                "get": _operation("metrics", "Every metric, for Prometheus", {"200": _text("Metrics")})
            },
            "/openapi.json": {
                "get": _operation("specification", "This document", {"200": _answer("The document", None)})
            },
            **api.paths(),
            **callbacks.described(),
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "staffKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A staff key; `gatecall staff-key` makes one.",
                },
                "apiKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of a program with the scope that the operation names.",
                },
                "personSession": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "gatecall-person",
                    "description": "The cookie of a person who signed in; over https its name begins with __Host-. "
                    "What changes something sends the header X-CSRFToken too, as GET /api/v1/me answers it.",
                },
                "callbackKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of a service that reports about mails; also as a Basic password.",
                },
            },
        },
    }


def _read_feed() -> dict[str, Any]:
    answers = {
        "200": _answer("Updates, maybe none", "Feed", {**_ETAG, **_AGE}),
        "304": {"description": "Nothing new since the answer with this ETag", "headers": {**_ETAG, **_AGE}},
        **_problems(400, 414, 503),
    }
    return _operation("read_feed", "What changed", answers) | {
        "parameters": [*_query_parameters(), _header("If-None-Match", "The ETag of the last answer.")]
    }


def _read_stream() -> dict[str, Any]:
    words = (
        "Updates as server-sent events: `update` with an update as data and the cursor as id, `gap` when some are "
        "missing, `age` every 15 seconds with the age of the data. A busy server ends the stream after what is there."
    )
    answers = {
        "200": {
            "description": "Events",
            "headers": _AGE,
            "content": {_STREAM: {"schema": {"$ref": f"{_REF}StreamEvent"}}},
        },
        **_problems(400, 414),
    }
    return _operation("read_stream", "What changes, as it happens", answers) | {
        "description": words,
        "parameters": [*_query_parameters(), _header("Last-Event-ID", "A cursor; it wins over ?cursor=.")],
    }


def _publish() -> dict[str, Any]:
    answers = {
        "202": _answer("Stored, and on its way to the feed", "Accepted"),
        **_problems(400, 401, 403, 413, 415, 422, 503),
    }
    return _operation("publish", "Publish a notice", answers) | {
        "security": [{"staffKey": []}, {"apiKey": []}],
        "parameters": [described.KEY],
        "requestBody": {"required": True, "content": {_JSON: {"schema": {"$ref": f"{_REF}Notice"}}}},
    }


def _ready() -> dict[str, Any]:
    answers = {
        "200": _answer(
            "Ready, or degraded: Kafka or MongoDB is lost and what is here is served, marked stale",
            "Readiness",
        ),
        "503": _answer("Not ready: send requests to another process", "Readiness"),
    }
    return _operation("ready", "Should the process be sent requests?", answers)


def _operation(name: str, summary: str, responses: dict[str, Any]) -> dict[str, Any]:
    return {"operationId": name, "summary": summary, "responses": responses}


def _answer(description: str, model: str | None, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    schema = {"$ref": f"{_REF}{model}"} if model else {"type": "object"}
    answer: dict[str, Any] = {"description": description, "content": {_JSON: {"schema": schema}}}
    return answer | {"headers": headers} if headers else answer


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"text/plain": {"schema": {"type": "string"}}}}


_REASONS = {
    400: "Something in the request is not understood; every field is named",
    401: "No staff key, or a wrong one",
    403: "No staff key is configured here",
    413: "More than 64 KB",
    414: "The address is too long",
    415: "The body is not JSON",
    422: "The Idempotency-Key was used for another notice",
    503: "Not now; the header Retry-After says when to try again",
}


def _problems(*statuses: int) -> dict[str, Any]:
    content = {PROBLEM: {"schema": {"$ref": f"{_REF}ProblemDocument"}}}
    return {str(status): {"description": _REASONS[status], "content": content} for status in statuses}


def _query_parameters() -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "description": description, "schema": schema}
        for name, (schema, description) in PARAMETERS.items()
    ]


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}


def _schemas() -> dict[str, Any]:
    wanted = [(model, "serialization" if model is not NoticeBody else "validation") for model in _MODELS]
    both: list[Any] = [*wanted, *api.models()]
    _, definitions = models_json_schema(both, ref_template=_REF + "{model}")
    schemas: dict[str, Any] = definitions["$defs"]
    schemas["Notice"] = schemas.pop("NoticeBody")
    return schemas
