"""Errors of the API as RFC 9457 problem documents: what happened, what it means, what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from flask import Flask, Request, Response, request
from pymongo.errors import PyMongoError
from werkzeug.exceptions import HTTPException

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a request: the parameter or field, and a sentence."""

    field: str
    message: str


class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """An answer that is an error. detail: a sentence for people; faults: every field at fault."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})

    def body(self) -> bytes:
        """The document."""
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.faults:
            document["errors"] = [{"field": f.field, "message": f.message} for f in self.faults]
        return orjson.dumps(document)

    def status_line(self) -> str:
        """As WSGI wants it: "400 Bad Request"."""
        return f"{self.status} {HTTPStatus(self.status).phrase}"


def response(problem: Problem) -> Response:
    """The problem as Flask's answer."""
    headers = {**problem.headers, "Cache-Control": "no-store"}
    return Response(problem.body(), problem.status, headers, content_type=MEDIA_TYPE)


_DETAILS = {
    404: "There is nothing at this address. /docs lists what there is.",
    405: "This address does not take this method; the header Allow names those it takes.",
    413: "The body is too large; send at most 64 KB.",
    415: "Send JSON, with the header Content-Type: application/json.",
}


def register(app: Flask, is_page: Callable[[Request], bool], not_found: Callable[[], Any]) -> None:
    """Answer every error with a problem document, except those of pages, which draw their own.

    is_page: says whether a request is for a page; not_found: draws the page for an address that does not exist.
    """

    def of_http(error: HTTPException) -> Any:
        if error.code is None or error.code < 400:
            return error  # a redirect
        if is_page(request) and error.code == 404:
            return not_found()
        headers = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
        detail = _DETAILS.get(error.code) or error.description or error.name
        return response(Problem(error.code, error.name, detail, headers=headers))

    def of_database(error: PyMongoError) -> Response:
        log.error("request failed, MongoDB did not answer", path=request.path, why=type(error).__name__)
        detail = "The database did not answer. Nothing is wrong with the request; send it again."
        return response(Problem(503, "Service Unavailable", detail, headers={"Retry-After": "5"}))

    def of_bug(error: Exception) -> Response:
        log.error("request failed", path=request.path, exc_info=error)
        return response(Problem(500, "Internal Server Error", "The fault is ours. Nothing was changed."))

    app.register_error_handler(Problem, response)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(PyMongoError, of_database)
    app.register_error_handler(Exception, of_bug)
