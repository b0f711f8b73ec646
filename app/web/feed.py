"""The updates this process has read from Kafka, in memory, ready to be handed out. Safe for several threads."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import structlog

from app import metrics
from app.bus.log_reader import Entry
from app.domain.clock import Now
from app.domain.errors import BadEventError
from app.domain.feed import History
from app.settings import Settings
from app.web import cursor as cursors
from app.web.index import Index, Page, Shown
from app.web.query import DEFAULT_LIMIT, Query

log = structlog.get_logger()

# Answers are kept until the next update: most readers ask with the same cursor. 256 of 64 KB are 16 MB.
_ANSWERS_KEPT = 256
_LARGEST_KEPT = 64 * 1024
_CLEAN_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What GET /update says. after: where the reader stands now. empty: it holds no update and no gap."""

    body: bytes
    etag: str
    cursor: str
    after: cursors.Cursor
    updates: Sequence[Shown]
    more: bool
    gap: bool

    @property
    def empty(self) -> bool:
        """Whether a waiting reader goes on waiting."""
        return not self.updates and not self.gap


class NotReadYetError(Exception):
    """The log has not been read to its end since the start of this process."""


class Feed:
    """Updates of the last hours: what a LogReader's Sink is told goes in, answers come out.

    A log that was made again is read to its end in the background before it takes the place of the old one. now:
    the system clock.
    """

    def __init__(self, settings: Settings, now: Now, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most = settings.feed_updates
        self._reach = timedelta(hours=settings.feed_hours)
        self._stale_s = settings.stale_s
        self._now = now
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._index: Index | None = None
        self._loading: Index | None = None
        self._history = History(max(2 * self._most, 100_000))
        self._answers: dict[str, Answer] = {}
        self._version = 0
        self._as_of = -math.inf
        self._cleaned_at = monotonic()
        self._closed = False

    # What the log reader tells (app.bus.log_reader.Sink).

    def begin(self, topic_ids: Sequence[str], positions: Sequence[int]) -> None:
        """Another log begins; the old one is served until this one has been read."""
        with self._changed:
            self._loading = Index(cursors.log_digest(topic_ids), positions, self._most)
            self._history = History(max(2 * self._most, 100_000))

    def take(self, entries: Sequence[Entry], positions: Sequence[int]) -> None:
        """Take what is new of some entries; a bad one never stops its neighbours."""
        oldest = self._now() - self._reach
        found, late = [], []
        for entry in entries:
            try:
                update = self._history.take(entry.event) if entry.event is not None else None
            except BadEventError as error:
                log.info("event not shown", reason=error.reason, field=error.field)
                continue
            except Exception:
                log.exception("event not shown", partition=entry.partition, offset=entry.offset)
                continue
            if update is None:
                continue
            if update.at < oldest:
                late.append(entry)
            else:
                body = orjson.dumps(update.to_document())
                at = update.at.timestamp()
                found.append(Shown(entry.partition, entry.offset, at, update.type.value, update.tags, body))
                metrics.FEED_UPDATES.labels(update.type.value).inc()
        with self._changed:
            index = self._written_index()
            index.add(found)
            index.positions = list(positions)
            for (
                entry
            ) in late:  # too old to be shown, and nobody has seen it: readers from before it have a gap
                index.lost(entry.partition, entry.offset + 1)
            if (found or late) and index is self._index:
                self._notify()

    def lost(self, partition: int, offset: int) -> None:
        """Messages were deleted before they were read: readers from before them are told of a gap."""
        log.warning("messages deleted before they were read", partition=partition, first_left=offset)
        with self._changed:
            index = self._written_index()
            index.lost(partition, offset)
            self._answers = {}

    def current_as_of(self, moment: float) -> None:
        """Everything in the log at this moment (monotonic seconds) has been taken."""
        with self._changed:
            self._as_of = moment
            if self._loading is not None:
                self._loading.sort()
                self._index, self._loading = self._loading, None
                log.info("feed ready", updates=len(self._index))
                self._notify()
            if self._index is not None and moment - self._cleaned_at > _CLEAN_EVERY_S:
                self._cleaned_at = moment
                self._index.drop_before((self._now() - self._reach).timestamp())
                self._answers = {}

    # What readers ask.

    def age_s(self) -> float:
        """Seconds since everything Kafka had was known here; math.inf when it never was."""
        return max(0.0, self._monotonic() - self._as_of)

    def is_stale(self) -> bool:
        """Whether the data is older than the setting STALE_S."""
        return self.age_s() > self._stale_s

    def is_ready(self) -> bool:
        """Whether the log was read to its end once."""
        return self._index is not None

    def cursor(self) -> str:
        """The cursor of the present: with it comes only what is newer. "" when the log was not read yet."""
        with self._changed:
            return "" if self._index is None else cursors.encode(self._index.log, self._index.positions)

    def recent(
        self,
        *,
        type: str | None = None,  # noqa: A002 - the parameter's name in the API
        airport: str | None = None,
        flight: str | None = None,
        date: str | None = None,
        route: str | None = None,
        limit: int | None = None,
    ) -> list[dict[str, Any]]:
        """Updates as GET /update gives them, oldest first; limit: only the newest so many. For the pages."""
        query = Query(type=type, airport=airport, flight=flight, date=date, route=route)
        with self._changed:
            if self._index is None:
                return []
            shown = self._index.newest(query.matches(), limit).updates
        return [orjson.loads(update.body) for update in shown]

    def count(self) -> int:
        """How many updates there are; 0 before the log was read."""
        with self._changed:
            return 0 if self._index is None else len(self._index)

    def last_at(self) -> datetime | None:
        """When the latest update was saved (aware UTC); None when there is none."""
        with self._changed:
            newest = self._index.newest(None, 1).updates if self._index is not None else ()
        return datetime.fromtimestamp(newest[0].at, UTC) if newest else None

    def kept_answer(self, query_string: str) -> Answer | None:
        """The answer that was given to the same query since the last update; None when there was none."""
        return self._answers.get(query_string)

    def answer(self, query: Query, query_string: str | None = None) -> Answer:
        """The answer of this moment. query_string: to keep it under. Raises NotReadYetError."""
        with self._changed:
            if self._index is None:
                raise NotReadYetError
            answer = _answer(self._index, query)
            if query_string is not None and len(answer.body) <= _LARGEST_KEPT:
                if len(self._answers) >= _ANSWERS_KEPT:
                    self._answers = {}
                self._answers[query_string] = answer
            return answer

    def version(self) -> int:
        """A number that grows with every update. Ask before `answer`, wait for the next with `wait`."""
        return self._version

    def wait(self, version: int, timeout_s: float) -> bool:
        """Sleep until there is an update newer than this version; False when none came, or the end did."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._version != version, timeout_s)
            return not self._closed and self._version != version

    def close(self) -> None:
        """Let nobody wait any more: the process is to end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether the process is to end."""
        return self._closed

    def _written_index(self) -> Index:
        index = self._loading if self._loading is not None else self._index
        assert index is not None, "begin comes first"
        return index

    def _notify(self) -> None:
        self._version += 1
        self._answers = {}
        self._changed.notify_all()


def _answer(index: Index, query: Query) -> Answer:
    """Newer than the cursor; the newest when there is none, or when what follows it is no longer here."""
    matches = query.matches()
    gap = query.cursor is not None and (
        query.cursor.log != index.log or not index.reaches(query.cursor.offsets)
    )
    if query.cursor is None:
        page = index.newest(matches, query.limit)
    elif gap:
        page = index.newest(matches, min(query.limit, DEFAULT_LIMIT))
    else:
        page = index.since(query.cursor.offsets, matches, query.limit)
    return _written(index.log, page, gap=gap)


def _written(log_digest: bytes, page: Page, *, gap: bool) -> Answer:
    cursor = cursors.encode(log_digest, page.after)
    body = b'{"updates":[%b],"cursor":"%b","more":%b,"gap":%b}' % (
        b",".join([update.body for update in page.updates]),
        cursor.encode(),
        b"true" if page.more else b"false",
        b"true" if gap else b"false",
    )
    after = cursors.Cursor(log_digest, tuple(page.after))
    return Answer(body, f'"{cursor}"', cursor, after, page.updates, page.more, gap)
