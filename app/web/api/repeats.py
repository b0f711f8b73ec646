"""`Idempotency-Key` on POST: a repeat gets the first answer, however many come at once and to whichever process."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

import orjson
import structlog
from flask import Response, g, request
from pymongo.errors import PyMongoError

from app.store.idempotency import KEY, Answer, Busy, Found, IdempotentAnswers, Mine, OtherBody
from app.web import access
from app.web.api.requests import refused
from app.web.problems import Fault, Problem
from app.web.problems import response as problem_response
from app.web.services import services

log = structlog.get_logger()

View = Callable[..., Response]

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
WAIT_S = 5.0
"""How long a repeat waits for the first one's answer."""
_LOOK_S = 0.05
_NOT_NOW = (409, 429)
_AT_WORK = "idempotent_work"
_KEPT_HEADERS = ("Content-Type", "Location", "ETag", "Cache-Control")


def answers() -> IdempotentAnswers:
    """The store of the present application."""
    parts = services()
    return IdempotentAnswers(parts.database, timedelta(hours=parts.settings.idempotency_keep_h))


def idempotent(view: View) -> View:
    """Answer repeats of a POST with the same Idempotency-Key and body as the first one.

    What passes is not kept, so that a repeat tries again: errors of ours (5xx), and "not now" (409, 429). After an
    error of ours, and after a process that died, the work may be done already: what it makes is called by
    `at_work().work`. The same key with another body is 422; while the first one is at work, a repeat waits a few
    seconds and is 409 then. Without the header every request counts.
    """

    @wraps(view)
    def once(*args: Any, **named: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return view(*args, **named)
        if not KEY.fullmatch(key):
            raise refused([Fault(HEADER, "1 to 255 visible ASCII characters, no spaces")])
        found = _found(key)
        if isinstance(found, Mine):
            return _work(found, lambda: view(*args, **named))
        if isinstance(found, Answer):
            return Response(found.body, found.status, {**found.headers, REPLAYED: "true"})
        if isinstance(found, OtherBody):
            detail = "This Idempotency-Key was used for another request. Take a new key for a new request."
            raise Problem(
                422, "The key was used before", detail, faults=[Fault(HEADER, "used for another body")]
            )
        detail = (
            "The first request with this Idempotency-Key is still at work. Send the same again in a moment."
        )
        raise Problem(409, "Still at work", detail, headers={"Retry-After": "2"})

    return once


def at_work() -> Mine | None:
    """The work of the present request, which a repeat may begin again; None without the header."""
    found: Mine | None = g.get(_AT_WORK)
    return found


def kept_as(answer: Response, body: bytes) -> Response:
    """The answer, of which repeats get another body: one without what may be shown once alone."""
    answer.gatecall_kept = body  # type: ignore[attr-defined]
    return answer


def _found(key: str) -> Found:
    store, parts = answers(), services()
    route = f"{request.method} {request.path}"
    ends = time.monotonic() + WAIT_S
    while True:
        found = store.take(access.asker().owner, route, key, _what_is_asked(), parts.now())
        if not isinstance(found, Busy) or time.monotonic() >= ends:
            return found
        time.sleep(_LOOK_S)


def _what_is_asked() -> bytes:
    """The query and the body; JSON that says the same is the same."""
    sent = request.get_data()
    try:
        sent = orjson.dumps(orjson.loads(sent), option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass  # no JSON, or nested deeper than JSON is written: it is compared as it is, and refused by the view
    return request.query_string + b"\n" + sent


def _work(mine: Mine, view: Callable[[], Response]) -> Response:
    store = answers()
    setattr(g, _AT_WORK, mine)
    try:
        answer = view()
    except Problem as problem:
        answer = problem_response(problem)
    except BaseException:
        _let_go(lambda: store.release(mine, services().now()))
        raise
    if answer.status_code >= 500:
        _let_go(lambda: store.release(mine, services().now()))
        return answer
    if answer.status_code in _NOT_NOW:
        _let_go(lambda: store.forget(mine))
        return answer
    body = getattr(answer, "gatecall_kept", None)
    kept = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    store.keep(mine, Answer(answer.status_code, kept, answer.get_data() if body is None else body))
    return answer


def _let_go(write: Callable[[], None]) -> None:
    try:
        write()
    except PyMongoError as error:
        # The row is taken over when its time is over.
        log.warning("a request that failed could not be let go", why=type(error).__name__)
