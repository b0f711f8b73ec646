"""Pieces of the OpenAPI document that the API's resources describe themselves with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from app.web.api.answers import DEFAULT_LIMIT, MAX_LIMIT
from app.web.problems import MEDIA_TYPE as PROBLEM

REF = "#/components/schemas/"
PERSON: list[dict[str, list[str]]] = [{"personSession": []}]
"""Of operations for a person who is signed in."""
PROGRAM: list[dict[str, list[str]]] = [{"apiKey": []}]
"""Of operations for programs; which scope they need is said in words."""
STAFF: list[dict[str, list[str]]] = [{"staffKey": []}, {"personSession": []}]
"""Of operations for staff: with a staff key, or signed in with the role."""

_RATES = {
    "RateLimit-Limit": {"description": "Requests of one window.", "schema": {"type": "integer"}},
    "RateLimit-Remaining": {"description": "Requests left in it.", "schema": {"type": "integer"}},
    "RateLimit-Reset": {"description": "Seconds until the next window.", "schema": {"type": "integer"}},
}
_ETAG = {"ETag": {"description": "Names this state; for If-Match.", "schema": {"type": "string"}}}
_LOCATION = {"Location": {"description": "Its address.", "schema": {"type": "string"}}}

_REASONS = {
    400: "Something in the request is not understood; every field is named",
    401: "Nobody is signed in, or there is no key that works",
    403: "Whoever asks may not do this; the answer says why",
    404: "There is no such thing, or it is somebody else's",
    409: "The same request is still at work; send it again in a moment",
    410: "It counts no more",
    412: "It was changed since it was read",
    413: "More than 64 KB",
    415: "The body is not JSON",
    422: "The Idempotency-Key was used for another request",
    428: "If-Match is missing",
    429: "Too many requests; the header Retry-After says when to go on",
    503: "The database does not answer; nothing is wrong with the request",
}

CURSOR = {
    "name": "cursor",
    "in": "query",
    "description": "`next` of the page before.",
    "schema": {"type": "string"},
}
LIMIT = {
    "name": "limit",
    "in": "query",
    "description": "Most items of one page.",
    "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
}
PAGED = [LIMIT, CURSOR]
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of what was read; `*` for whatever there is.",
    "schema": {"type": "string"},
}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A repeat with the same key and body gets the first answer. 1 to 255 visible ASCII characters.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}


def in_path(name: str, description: str) -> dict[str, Any]:
    """A part of the address."""
    return {
        "name": name, "in": "path", "required": True, "description": description, "schema": {"type": "string"},
    }  # fmt: skip


def in_query(name: str, description: str, *, required: bool = False, **schema: Any) -> dict[str, Any]:
    """A parameter of the query."""
    found = {"name": name, "in": "query", "description": description, "schema": {"type": "string"} | schema}
    return found | {"required": True} if required else found


def answer(
    words: str, model: type[BaseModel] | None = None, *, etag: bool = False, located: bool = False
) -> dict[str, Any]:
    """An answer that is no error."""
    headers = {**_RATES, **(_ETAG if etag else {}), **(_LOCATION if located else {})}
    found: dict[str, Any] = {"description": words, "headers": headers}
    if model is not None:
        found["content"] = {"application/json": {"schema": {"$ref": f"{REF}{model.__name__}"}}}
    return found


def operation(
    name: str,
    summary: str,
    answers: dict[int, dict[str, Any]],
    *errors: int,
    who: Sequence[dict[str, list[str]]] = (),
    parameters: Sequence[dict[str, Any]] = (),
    body: type[BaseModel] | None = None,
    words: str | None = None,
) -> dict[str, Any]:
    """One operation. errors: its statuses besides 429 and 503, which any may have. body: what is sent."""
    content = {PROBLEM: {"schema": {"$ref": f"{REF}ProblemDocument"}}}
    problems = {
        status: {"description": _REASONS[status], "content": content} for status in (*errors, 429, 503)
    }
    found: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "responses": {str(status): one for status, one in sorted((answers | problems).items())},
    }
    if who:
        found["security"] = list(who)
    if words:
        found["description"] = words
    if parameters:
        found["parameters"] = list(parameters)
    if body is not None:
        schema = {"$ref": f"{REF}{body.__name__}"}
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return found
