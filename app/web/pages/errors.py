"""What a browser is shown when something is wrong: what happened, what still works, what to do."""

from __future__ import annotations

import secrets

import structlog
from flask import Blueprint, render_template, request
from pymongo.errors import PyMongoError
from werkzeug.exceptions import HTTPException

from app.domain.speech import say, to_say

log = structlog.get_logger()

_RETRY_AFTER_S = "5"
_TITLES = {
    400: to_say("That address cannot be understood"),
    403: to_say("That was not done"),
    404: to_say("There is no such page"),
    409: to_say("That was not done"),
}

NAMES = (
    to_say("Method Not Allowed"),
    to_say("Request Entity Too Large"),
    to_say("Unsupported Media Type"),
    to_say("Gone"),
    to_say("Too Many Requests"),
)
"""Names of errors (RFC 9110, section 15) that a page can have as its title."""

Answer = tuple[str, int, dict[str, str]]


def register(pages: Blueprint) -> None:
    """Answer errors within the pages. What is no page (the feed, the API) answers with problem documents."""
    pages.register_error_handler(PyMongoError, database_down)
    pages.register_error_handler(HTTPException, wrong_request)
    pages.register_error_handler(Exception, broken)


def wrong_request(error: HTTPException) -> Answer:
    """A page for 400, 403, 404 and their like, in the words of whoever raised it."""
    status = error.code or 500
    title = say(_TITLES.get(status, error.name))
    words = error.description if status in _TITLES and error.description else ""
    return _page(status, title, words)


def not_found() -> Answer:
    """The page for an address that does not exist."""
    words = say("The address may be mistyped, or the page has moved. Flights are found from the board.")
    return _page(404, say(_TITLES[404]), words)


def database_down(error: PyMongoError) -> Answer:
    """The page while MongoDB does not answer: 503, with what still works."""
    reference = _noted("page could not be drawn", error)
    words = say(
        "Our database did not answer. Nothing is known to be wrong with your flight. "
        "Messages to your phone and mail are sent by another part and go on as soon as they can."
    )
    return _page(503, say("The page could not be loaded"), words, reference)


def broken(error: Exception) -> Answer:
    """The page for a fault of ours: 500 and a reference to quote."""
    reference = _noted("page is broken", error, exc_info=error)
    words = say(
        "The fault is ours. Nothing is known to be wrong with your flight. "
        "Messages to your phone and mail are sent by another part and still work."
    )
    return _page(500, say("The page could not be loaded"), words, reference)


def _page(status: int, title: str, words: str, reference: str | None = None) -> Answer:
    """reference: to quote; only faults that may pass have one, and a button to try again."""
    body = render_template(
        "error.html",
        title=title,
        words=words,
        reference=reference,
        again=reference is not None,
        sign_in=status == 403 and request.blueprint == "staff",
    )
    return body, status, {"Retry-After": _RETRY_AFTER_S} if status == 503 else {}


def _noted(what: str, error: Exception, **more: object) -> str:
    reference = f"{secrets.token_hex(2)}-{secrets.token_hex(2)}"
    log.error(what, reference=reference, why=type(error).__name__, **more)
    return reference
