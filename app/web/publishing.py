"""POST /update: staff publish a notice. It goes into MongoDB; the watcher brings it to the feed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, NoReturn

import orjson
import structlog
from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pymongo.errors import PyMongoError

from app.domain import fields
from app.domain.errors import BadEventError
from app.domain.notice_value import Terms
from app.domain.notices import MAX_MESSAGE, TYPE, Notice
from app.store import idempotency, notices
from app.store.notice_audience import About, NoticeAudience
from app.web import access
from app.web.problems import Fault, Problem
from app.web.services import services

log = structlog.get_logger()


class NoticeBody(BaseModel):
    """What staff send. Unknown fields and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, title="Notice")

    type: Annotated[
        str,
        Field(
            description='A word: small letters, digits, - and _. Notices of the type "urgent" pass quiet hours.',
            examples=["disruption"],
            pattern=f"^{TYPE.pattern}$",
        ),
    ]
    message: Annotated[
        str,
        Field(
            description="The sentence people read.",
            min_length=1,
            max_length=MAX_MESSAGE,
            examples=["Snow at Newark: check your flight before you leave."],
        ),
    ]
    airport: Annotated[
        str | None,
        Field(
            description="IATA code of the airport it is about: told to those who follow it, and to those who are "
            "booked on a flight that leaves from it or lands at it until the notice expires.",
            examples=["EWR"],
        ),
    ] = None
    flight: Annotated[
        str | None,
        Field(
            description="Flight number it is about: told to those who are booked on or follow it, on any day that is "
            "not over. With an airport, only its flights there.",
            examples=["UA1545"],
        ),
    ] = None
    expires_at: Annotated[
        str | None,
        Field(
            description="When it is of no more use, RFC 3339 with offset. Nobody is told after that; without it, "
            "people are told for a day (NOTICE_HOURS).",
            examples=["2026-12-01T20:00:00Z"],
        ),
    ] = None

    @field_validator("message")
    @classmethod
    def _message(cls, value: str) -> str:
        text: str | None = _read(fields.text, value, MAX_MESSAGE)
        return text or _refuse("it is empty")

    @field_validator("airport")
    @classmethod
    def _airport(cls, value: str | None) -> str | None:
        code: str | None = _read(fields.airport, value)
        return code

    @field_validator("flight")
    @classmethod
    def _flight(cls, value: str | None) -> str | None:
        number: str | None = _read(fields.flight_number, value)
        return number

    @field_validator("expires_at")
    @classmethod
    def _expires_at(cls, value: str | None) -> str | None:
        _read(fields.moment, value)
        return value

    def notice(self) -> Notice:
        """The notice that was sent."""
        expires_at: datetime | None = fields.moment({"expires_at": self.expires_at}, "expires_at")
        return Notice(self.type, self.message, self.airport, self.flight, expires_at)


class Accepted(BaseModel):
    """The notice is stored and on its way to the feed."""

    model_config = ConfigDict(extra="forbid")

    status: Annotated[str, Field(pattern="^accepted$")]
    id: Annotated[str, Field(description="Of the notice; the feed's update has it as subject.id.")]
    message: Annotated[str, Field(description="The sentence as it is published.")]
    audience: Annotated[
        int | None,
        Field(
            description="How many people were booked on its flights, or following them or its airport, when it "
            "was stored, at most 100,000; null when they could not be counted in time. Each of them is told on their "
            "channels as they chose, until it expires; who books later is not. A notice about no airport and no flight "
            "is for all: it stands in the feed, and nobody is sent a message, so it is 0.",
            ge=0,
            examples=[143],
        ),
    ]


publishing = Blueprint("publishing", __name__)


@publishing.post("/update")
@access.scope(access.Scope.NOTICES_WRITE)
def publish() -> Response:
    """Store a notice, once for each Idempotency-Key.

    :raise 400: the body is not what it should be; every field at fault is named.
    :raise 401: no staff key, or a wrong one. :raise 403: none is configured.
    :raise 415: not JSON. :raise 422: the Idempotency-Key was used for another notice. :raise 503: no database.
    """
    parts = services()
    created_by = access.asker().label
    notice = read_notice(request.get_data(), request.mimetype)
    key = _idempotency_key(request.headers.get("Idempotency-Key"))
    try:
        done = notices.published(parts.database, notice, created_by=created_by, idempotency_key=key)
        if done is None:
            if is_over(notice):
                raise _bad_request([Fault("expires_at", "this time is over")])
            done = notices.publish(
                parts.database,
                notice,
                created_by=created_by,
                created_at=parts.now(),
                idempotency_key=key,
                kept_until=kept_until(),
                audience=outlook(notice).people,
            )
    except notices.RepeatedDifferentlyError as error:
        detail = "This Idempotency-Key was used for another notice. Take a new key for a new notice."
        raise Problem(422, "The key was used before", detail) from error
    except PyMongoError as error:
        log.error("notice could not be stored", why=type(error).__name__)
        detail = "The database did not answer. Send the same again with the same Idempotency-Key."
        raise Problem(503, "Not stored", detail, headers={"Retry-After": "5"}) from error
    log.info("notice accepted", notice_id=done.id, created_by=created_by)
    accepted = Accepted(status="accepted", id=done.id, message=done.message, audience=done.audience)
    return Response(accepted.model_dump_json(), 202, content_type="application/json")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a notice does at this moment. people: whom it reaches, each once, but those who follow in silence; None when
    they cannot be counted in time. until: when it expires, on the domain clock."""

    about: About
    people: int | None
    until: datetime


def outlook(notice: Notice) -> Outlook:
    """Whom the notice would reach if it were published now. Raises PyMongoError."""
    parts = services()
    now = parts.clock()
    until = terms().over_at(notice, now)
    reached = NoticeAudience(parts.database)
    about = reached.about(notice.airport, notice.flight, now, until)
    return Outlook(about, reached.count(about), until)


def is_over(notice: Notice) -> bool:
    """Whether it says that it has expired."""
    return notice.expires_at is not None and notice.expires_at <= services().clock()


def kept_until() -> datetime:
    """So long the idempotency key of a notice that is published now is known, system clock."""
    parts = services()
    return parts.now() + timedelta(hours=parts.settings.idempotency_keep_h)


def terms() -> Terms:
    """How long notices are told, as the settings say."""
    settings = services().settings
    return Terms.of(settings.notice_hours, settings.notice_max_days)


def read_notice(body: bytes, media_type: str) -> Notice:
    """The notice in a request's body. Raises Problem 400 or 415."""
    if media_type != "application/json":
        raise Problem(
            415, "Unsupported Media Type", "Send JSON, with the header Content-Type: application/json."
        )
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(400, "The body is not JSON", f"The body is not JSON: {error}.") from error
    if not isinstance(sent, dict):
        raise Problem(400, "The body is not an object", 'Send an object like {"type": ..., "message": ...}.')
    if isinstance(sent.get("type"), str):
        sent["type"] = sent["type"].strip().lower()
    try:
        return NoticeBody.model_validate(sent).notice()
    except ValidationError as error:
        raise _bad_request(faults_of(error)) from error


def faults_of(error: ValidationError) -> list[Fault]:
    """What is wrong with a notice, a sentence for each field at fault."""
    return [_fault(e) for e in error.errors(include_url=False, include_input=False)]


def _idempotency_key(header: str | None) -> str | None:
    if header is None:
        return None
    if not idempotency.KEY.fullmatch(header):
        raise _bad_request([Fault("Idempotency-Key", "1 to 255 visible ASCII characters")])
    return header


def _bad_request(faults: list[Fault]) -> Problem:
    detail = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
    return Problem(400, "The request cannot be understood", detail, faults=faults)


_WORDS = {"missing": "it is required", "extra_forbidden": "unknown field", "string_type": "write it as text"}


def _fault(error: Mapping[str, Any]) -> Fault:
    name = ".".join(str(part) for part in error["loc"])[:100]
    words = _WORDS.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    return Fault(name, words)


def _read(read: Callable[..., Any], value: str | None, *more: Any) -> Any:
    """Read a field as the domain does; its sentence becomes pydantic's."""
    try:
        return read({"value": value}, "value", *more)
    except BadEventError as error:
        _refuse(str(error).rpartition("; ")[2])


def _refuse(words: str) -> NoReturn:
    raise ValueError(words)
