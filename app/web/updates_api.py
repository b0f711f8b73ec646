"""GET /update and GET /update/stream, answered before Flask: most requests of all are for these two.

A WSGI layer around the application. It knows the feed and nothing else; what it does not answer goes on to Flask.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import structlog

from app import metrics
from app.settings import Settings
from app.web import query as queries
from app.web.feed import Answer, Feed, NotReadYetError
from app.web.headers import API_HEADERS, EXPOSED
from app.web.problems import MEDIA_TYPE, Fault, Problem
from app.web.query import Query
from app.web.stream import NOT_YET, Stream

log = structlog.get_logger()

Headers = list[tuple[str, str]]
Environ = dict[str, Any]
Wsgi = Callable[[Environ, Any], Iterable[bytes]]

PATH = "/update"
STREAM_PATH = "/update/stream"
_READS = frozenset({"GET", "HEAD"})
_METHODS = "GET, HEAD, OPTIONS, POST"

_FRESH = metrics.FEED_REQUESTS.labels("200")
_NOT_MODIFIED = metrics.FEED_REQUESTS.labels("304")
_REFUSED = metrics.FEED_REQUESTS.labels("error")
_STREAMED = metrics.FEED_REQUESTS.labels("stream")


class WaitingRoom:
    """How many requests may wait at the same time; the others are answered at once."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._lock = threading.Lock()

    def enter(self) -> bool:
        """Take a place; False when there is none. Every True needs one `leave`."""
        with self._lock:
            if self._free <= 0:
                return False
            self._free -= 1
        metrics.FEED_WAITING.inc()
        return True

    def leave(self) -> None:
        """Give the place back."""
        with self._lock:
            self._free += 1
        metrics.FEED_WAITING.dec()


class UpdatesApi:
    """The layer. wrapped: the application for everything else."""

    def __init__(self, settings: Settings, feed: Feed, wrapped: Wsgi) -> None:
        self._feed = feed
        self._wrapped = wrapped
        self._room = WaitingRoom(settings.feed_waiting)
        self._stale_s = settings.stale_s
        self._origins = frozenset(settings.cors_origins)
        # The answer depends on who asks as soon as anybody may ask from elsewhere.
        self._always = (*API_HEADERS, ("Vary", "Origin")) if self._origins else API_HEADERS

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request for the feed; pass on all others."""
        path = environ["PATH_INFO"]
        if path == PATH:
            method = environ["REQUEST_METHOD"]
            if method in _READS:
                return self._guarded(self._updates, environ, start_response)
            if method == "OPTIONS":
                return self._wrapped(environ, _with_reads_allowed(start_response))
            if method != "POST":
                return self._refuse(_not_allowed(_METHODS), environ, start_response)
        elif path == STREAM_PATH:
            if environ["REQUEST_METHOD"] not in _READS:
                return self._refuse(_not_allowed("GET, HEAD"), environ, start_response)
            return self._guarded(self._stream, environ, start_response)
        return self._wrapped(environ, start_response)

    def _guarded(self, view: Wsgi, environ: Environ, start_response: Any) -> Iterable[bytes]:
        try:
            return view(environ, start_response)
        except Problem as problem:
            return self._refuse(problem, environ, start_response)
        except NotReadYetError:
            detail = "This process has not read the log to its end yet. Ask again in a second."
            waiting = Problem(503, "Not ready yet", detail, headers={"Retry-After": "1"})
            return self._refuse(waiting, environ, start_response)
        except Exception as error:
            log.exception("request for the feed failed")
            detail = f"This is our fault ({type(error).__name__}). Ask again with the same cursor."
            return self._refuse(Problem(500, "Internal Server Error", detail), environ, start_response)

    def _updates(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        query_string = environ.get("QUERY_STRING", "")
        version = self._feed.version()
        answer = self._feed.kept_answer(query_string)
        if answer is None:
            query = queries.parse(query_string)
            answer = self._feed.answer(query, query_string)
        if answer.empty and "wait=" in query_string:
            answer = self._waited(queries.parse(query_string), answer, version)
        headers = self._headers(environ, "application/json")
        headers.append(("ETag", answer.etag))
        asked = environ.get("HTTP_IF_NONE_MATCH")
        if asked is not None and _names(asked, answer.etag):
            _NOT_MODIFIED.inc()
            start_response("304 Not Modified", headers)
            return []
        _FRESH.inc()
        headers.append(("Content-Length", str(len(answer.body))))
        start_response("200 OK", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def _waited(self, query: Query, answer: Answer, version: int) -> Answer:
        """The answer after an update came or the time was over; at once when all places are taken.

        version: of the feed, read before the answer was made, so that nothing in between is slept through.
        """
        if query.wait_s <= 0 or not self._room.enter():
            return answer
        try:
            ends = time.monotonic() + query.wait_s
            while answer.empty and self._feed.wait(version, ends - time.monotonic()):
                version = self._feed.version()
                # From where the last look ended: what did not match is not looked at again.
                answer = self._feed.answer(replace(query, cursor=answer.after))
        finally:
            self._room.leave()
        return answer

    def _stream(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        query = queries.parse(environ.get("QUERY_STRING", ""))
        resumed = environ.get("HTTP_LAST_EVENT_ID")
        if resumed:
            try:
                query = replace(query, cursor=queries.read_cursor(resumed))
            except ValueError as error:
                fault = Fault("Last-Event-ID", str(error))
                raise Problem(400, "The request cannot be understood", str(error), faults=[fault]) from error
        try:
            first = self._feed.answer(query)  # before the status line: it may refuse
        except NotReadYetError:
            first = None  # any other status than 200 would end the browser's tries for good
        _STREAMED.inc()
        headers = self._headers(environ, "text/event-stream")
        headers.append(("X-Accel-Buffering", "no"))  # nginx would hold events back
        start_response("200 OK", headers)
        if environ["REQUEST_METHOD"] == "HEAD":
            return []
        if first is None:
            return [NOT_YET]
        leave = self._room.leave if self._room.enter() else None
        return Stream(self._feed, query, first, leave)

    def _headers(self, environ: Environ, media_type: str) -> Headers:
        age = self._feed.age_s()
        headers = [
            ("Content-Type", media_type),
            ("Gatecall-Data-Age", f"{age:.1f}" if age != math.inf else "unknown"),
            ("Gatecall-Data-Stale", "true" if age > self._stale_s else "false"),
            *self._always,
        ]
        origin = environ.get("HTTP_ORIGIN")
        if origin in self._origins:
            headers.append(("Access-Control-Allow-Origin", origin))
            headers.append(("Access-Control-Expose-Headers", EXPOSED))
        return headers

    def _refuse(self, problem: Problem, environ: Environ, start_response: Any) -> Iterable[bytes]:
        _REFUSED.inc()
        body = problem.body()
        headers = self._headers(environ, MEDIA_TYPE)
        headers += [*problem.headers.items(), ("Content-Length", str(len(body)))]
        start_response(problem.status_line(), headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _names(if_none_match: str, etag: str) -> bool:
    """Whether the header names the answer (RFC 9110, 13.1.2: weak comparison)."""
    if if_none_match == etag:
        return True
    names = [name.strip().removeprefix("W/") for name in if_none_match.split(",")]
    return etag in names or names == ["*"]


def _with_reads_allowed(start_response: Any) -> Any:
    """Flask knows of POST alone: what reads is answered here, and belongs into the header Allow."""

    def start(status: str, headers: Headers, *more: Any) -> Any:
        named = [(name, _METHODS if name.lower() == "allow" else value) for name, value in headers]
        return start_response(status, named, *more)

    return start


def _not_allowed(methods: str) -> Problem:
    detail = f"This address takes {methods}."
    return Problem(405, "Method Not Allowed", detail, headers={"Allow": methods})
