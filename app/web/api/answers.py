"""Answers of the API: JSON, entity tags, and pages of long lists."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from flask import Response, request
from pydantic import BaseModel

from app.domain.fields import rfc3339
from app.web.api.requests import refused
from app.web.problems import Fault, Problem

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
_LONGEST_CURSOR = 1000
_NUMBER = re.compile(r"[0-9]{1,3}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def as_json(
    model: BaseModel, status: int = 200, *, etag: str | None = None, location: str | None = None
) -> Response:
    """The model as an answer that nobody keeps. etag: of the state that a change must name."""
    headers = {"Cache-Control": "no-store"}
    if etag is not None:
        headers["ETag"] = etag
    if location is not None:
        headers["Location"] = location
    content = model.model_dump_json(by_alias=True)
    return Response(content, status, headers, content_type="application/json")


def done() -> Response:
    """204: it is done, and there is nothing to say about it."""
    return Response(status=204, headers={"Cache-Control": "no-store"})


def entity_tag(*state: Any) -> str:
    """The tag of a state: the same for equal values, another for others."""
    written = orjson.dumps(state, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return f'"{hashlib.sha256(written).hexdigest()[:24]}"'


def must_match(present: str) -> None:
    """Refuse a change that is not based on the present state.

    Raises Problem: 428 without If-Match, 412 when it names another state (RFC 9110, 13.1.1: strong comparison).
    """
    sent = request.headers.get("If-Match")
    if sent is None:
        detail = "Read it first, and send the ETag of that answer as If-Match: then nobody's change is lost."
        raise Problem(428, "Precondition Required", detail, faults=[Fault("If-Match", "it is required")])
    names = [name.strip() for name in sent.split(",")]
    if present not in names and names != ["*"]:
        raise changed_meanwhile()


def changed_meanwhile() -> Problem:
    """412: somebody changed it since it was read."""
    detail = "It was changed since you read it. Read it again, and send the change with its new ETag."
    return Problem(
        412, "Precondition Failed", detail, faults=[Fault("If-Match", "it names an earlier state")]
    )


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a list that is sorted by time and id: of the last one that was answered."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What part of a list is asked for. after: None for its beginning."""

    limit: int
    after: Mark | None


def wanted_page(sent: Mapping[str, str]) -> Wanted:
    """The parameters `limit` and `cursor`. Raises Problem 400."""
    faults = []
    text = sent.get("limit", str(DEFAULT_LIMIT))
    limit = int(text) if _NUMBER.fullmatch(text) else 0
    if not 1 <= limit <= MAX_LIMIT:
        faults.append(Fault("limit", f"write a whole number from 1 to {MAX_LIMIT}"))
    after = None
    if "cursor" in sent:
        after = _mark(sent["cursor"])
        if after is None:
            faults.append(
                Fault("cursor", "not a cursor of this list; leave it out to begin at its beginning")
            )
    if faults:
        raise refused(faults)
    return Wanted(limit, after)


def cursor_after(found: Sequence[Mark], limit: int) -> str | None:
    """The cursor of the next page, None at the end. found: the marks of what was found, one more than the limit."""
    if len(found) <= limit:
        return None
    last = found[limit - 1]
    micros = (last.at - _EPOCH) // timedelta(microseconds=1)
    return urlsafe_b64encode(orjson.dumps([micros, last.id])).decode().rstrip("=")


def _mark(cursor: str) -> Mark | None:
    if len(cursor) > _LONGEST_CURSOR:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        micros, id_ = orjson.loads(urlsafe_b64decode(padded.encode("ascii")))
        if isinstance(micros, bool) or not isinstance(micros, int) or not isinstance(id_, str):
            return None
        return Mark(_EPOCH + timedelta(microseconds=micros), id_)
    except (ValueError, TypeError, OverflowError):
        return None


def written(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC; None stays None."""
    return None if moment is None else rfc3339(moment)


def text_or_none(value: Any) -> str | None:
    """A text as it is stored; None for what is no text: admins' programs write what they like."""
    return value if isinstance(value, str) else None


def opaque(text: str) -> str:
    """An id as a part of an address."""
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def transparent(text: str) -> str | None:
    """The id that `opaque` wrote; None when it is none."""
    try:
        return urlsafe_b64decode((text + "=" * (-len(text) % 4)).encode("ascii")).decode()
    except ValueError:
        return None
