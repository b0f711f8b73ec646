"""Server-sent events: the updates of one query as they come (WHATWG HTML, "Server-sent events")."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import orjson

from app.web import cursor as cursors
from app.web.feed import Answer, Feed
from app.web.query import Query

# Proxies end a connection that is silent for a minute, some for half of one.
_HEARTBEAT_S = 15.0
# A stream ends after this time, so that a reader who is no longer there does not keep its place for ever, and
# readers spread over new processes. The browser comes back with Last-Event-ID.
_LONGEST_S = 900.0
_RETRY_MS = 2_000
_RETRY_WHEN_FULL_MS = 5_000

NOT_YET = b"retry: %d\n\n" % _RETRY_MS
"""A stream before the log was read: nothing yet, come back."""


class Stream(Iterator[bytes]):
    """One reader's stream, as WSGI iterates it.

    first: the answer to begin with. leave: called once at the end; None when there was no place to wait: then
    the stream ends after what is there, and the browser asks again.
    """

    def __init__(self, feed: Feed, query: Query, first: Answer, leave: Callable[[], None] | None) -> None:
        self._feed = feed
        self._query = query
        self._leave = leave
        self._waits = leave is not None
        self._parts = self._run(first)

    def __next__(self) -> bytes:
        try:
            return next(self._parts)
        except StopIteration:
            self.close()
            raise

    def close(self) -> None:
        """Give the place back; safe to repeat."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    def __del__(self) -> None:
        self.close()  # a server that never began to iterate does not close either

    def _run(self, answer: Answer) -> Iterator[bytes]:
        ends = time.monotonic() + _LONGEST_S
        yield b"retry: %d\n\n" % (_RETRY_MS if self._waits else _RETRY_WHEN_FULL_MS)
        version = self._feed.version() - 1  # something may have come since the first answer: look again
        yield _events(answer) + self._heartbeat(answer)
        beat_at = time.monotonic() + _HEARTBEAT_S
        while (answer.more or self._waits) and time.monotonic() < ends and not self._feed.closed:
            if answer.more or self._feed.wait(version, beat_at - time.monotonic()):
                version = self._feed.version()
                answer = self._feed.answer(replace(self._query, cursor=answer.after))
                if not answer.empty:
                    yield _events(answer)
            if time.monotonic() >= beat_at:
                yield self._heartbeat(answer)
                beat_at = time.monotonic() + _HEARTBEAT_S

    def _heartbeat(self, answer: Answer) -> bytes:
        """A comment for proxies; for pages the age of the data, and the cursor where no update brought one."""
        age = {"age_s": round(self._feed.age_s(), 1), "stale": self._feed.is_stale()}
        return b": heartbeat\nid: %b\nevent: age\ndata: %b\n\n" % (answer.cursor.encode(), orjson.dumps(age))


def _events(answer: Answer) -> bytes:
    """The updates as events, each with the cursor after it; a gap is an event of its own before them."""
    parts = [b"event: gap\ndata: {}\n\n"] if answer.gap else []
    # From the end, where the cursor is known: before its last update a partition stands at that update.
    offsets = list(answer.after.offsets)
    ids = []
    for update in reversed(answer.updates):
        ids.append(cursors.encode(answer.after.log, offsets))
        offsets[update.partition] = update.offset
    for update, cursor in zip(answer.updates, reversed(ids), strict=True):
        parts.append(b"id: %b\nevent: update\ndata: %b\n\n" % (cursor.encode(), update.body))
    return b"".join(parts)
