"""A2 to A6: a day that was asked for is read, counted, kept, and told where its level is another one.

Any number of processes may do so at once. Two that count the same day are harmless: what they found is kept in the
order of their reads, and people are told under the order of the read that found the level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog

from app import crash_points
from app.domain import airport_day, flight
from app.domain.airport_day import AirportDay, Level
from app.domain.channels import base_of, linked_of
from app.domain.errors import BadEventError, TransientError
from app.domain.flight import Flight
from app.domain.order import NEVER, cluster_time_of, incarnation_of, of_marker, of_snapshot_read
from app.metrics import AIRPORT_DUE_AGE, AIRPORT_LEVELS, AIRPORT_READS, AIRPORT_UNREADABLE, ANNOUNCEMENTS
from app.store.airport_days import Row, read_flights
from app.store.announcements import Announcement
from app.store.conversations import Start, Telling, conversation_id
from app.store.own_followings import AIRPORT
from consumers.airports.rules import Rules
from consumers.airports.stores import Stores
from consumers.due_work import DueWork

log = structlog.get_logger()

_PRIORITY = 2
"""Of an airport's news among what is due: after the times of flights."""
_TAKEN_FOR = timedelta(seconds=30)
"""A day that is not done after so long is taken again."""
_IDLE_S = 0.5


class Counting:
    """Counts what is due. channels: names of those that are on. incarnation: how often the database was restored from
    a backup; may raise TransientError."""

    def __init__(
        self,
        stores: Stores,
        rules: Rules,
        channels: Sequence[str],
        incarnation: Callable[[], int] = lambda: 0,
    ) -> None:
        self._stores = stores
        self._rules = rules
        self._channels = tuple(channels)
        self._incarnation = incarnation

    def work(self) -> DueWork:
        """What is due, for a thread of its own: what cannot be done now is due again by itself."""
        return DueWork(self.count_due, "an airport's day is not counted", _IDLE_S)

    def measure(self) -> None:
        """How long the oldest day has been due. Raises PyMongoError."""
        due = self._stores.days.next_due()
        AIRPORT_DUE_AGE.set(max(0.0, (self._rules.now() - due).total_seconds()) if due else 0.0)

    def count_due(self) -> bool:
        """A2 to A6 for one day; False when none is due. Raises TransientError and PyMongoError."""
        now = self._rules.now()
        row = self._stores.days.take(now, now + max(self._rules.settle, _TAKEN_FOR))
        if row is None:
            return False
        crash_points.reached("A2.taken")
        if not self._rules.is_over(*airport_day.place_of(row.subject)):
            with AIRPORT_READS.time():
                row = self._counted(row)
                self._tell(row)
        self._stores.days.done(row)
        return True

    def _counted(self, taken: Row) -> Row:
        """A3 and A4. Returns the row as it stands then, with what was asked for when it was taken."""
        airport, day = airport_day.place_of(taken.subject)
        documents, read_at = read_flights(self._stores.database, airport, day, cluster_time_of(taken.asked))
        found = airport_day.counted(_understood(documents), airport, day, self._rules.steps)
        crash_points.reached("A3.read")
        at, row = of_snapshot_read(self._incarnation(), read_at), taken
        while row.order < at:
            before = row.day.level if row.day else Level.NORMAL
            if self._stores.days.keep(row, airport_day.with_level(found, before, self._rules.steps), at):
                row = self._again(row)
                if row.since == at and row.day is not None:
                    AIRPORT_LEVELS.labels(row.day.level).inc()
                break
            row = self._again(row)
        crash_points.reached("A4.kept")
        return row

    def _again(self, row: Row) -> Row:
        """The row as it stands; with what was asked for when it was taken: what is asked meanwhile stays due."""
        there = self._stores.days.get(row.subject)
        if there is None:
            raise TransientError("the airport's day was deleted while it was counted")
        return replace(there, asked=row.asked, asks=row.asks, asked_at=row.asked_at)

    def _tell(self, row: Row) -> None:
        """A5: keep the announcement, make missing conversations, tell everybody who is behind."""
        if row.since == NEVER or row.day is None:
            return  # it was normal all the time, as everybody takes for granted
        if row.told != row.since:
            self._announce(row, row.day)
        told = self._telling(row, row.day)
        made = self._make(told, row, row.day) if row.day.level is not Level.NORMAL else 0
        crash_points.reached("A5.made")
        if self._stores.conversations.tell([told]) or made:
            self._stores.doorbells.ring(self._channels)
        crash_points.reached("A5.told")

    def _announce(self, row: Row, day: AirportDay) -> None:
        kind = airport_day.KINDS[day.level]
        self._stores.announcements.record(
            [
                Announcement(
                    subject=row.subject,
                    order=row.since,
                    event_id=row.event_id,
                    kinds=(kind,),
                    before=row.before or day.undisturbed(),
                    after=day,
                    changed_at=row.changed_at or self._rules.now(),
                    found_late=False,
                )
            ]
        )
        ANNOUNCEMENTS.labels(kind).inc()
        log.info("announcement", trace=row.event_id, subject=row.subject, kinds=[str(kind)])

    def _make(self, told: Telling, row: Row, day: AirportDay) -> int:
        """Conversations of followers that have none: they heard of a normal day. A channel added later starts, in
        silence, with what was told before."""
        airport = f"{AIRPORT}{day.airport}"
        persons = self._stores.audience.of_flights([airport]).get(airport, set())
        there = self._stores.conversations.of_subjects([told.subject]) if persons else set()
        order = of_marker(incarnation_of(told.order), (0, 0))
        base, linked = base_of(self._channels), linked_of(self._channels)
        ways = self._stores.audience.channels_of(persons, base, linked)
        # Who has a conversation on another channel heard there what was told before.
        elsewhere = {id_.rpartition("|")[0] for id_ in there}
        before = day if row.told == row.since else row.before or day.undisturbed()
        missing = [
            (Start(person, channel, before if is_known else day.undisturbed(), order), told)
            for person in sorted(persons)
            for is_known in (f"{told.subject}|{person}" in elsewhere,)
            for channel in ways[person]
            if conversation_id(told.subject, person, channel) not in there
        ]
        return self._stores.conversations.make(missing) if missing else 0

    def _telling(self, row: Row, day: AirportDay) -> Telling:
        now = self._rules.now()
        return Telling(
            subject=row.subject,
            order=row.since,
            want=day,
            unheard=day.undisturbed(),
            priority=_PRIORITY,
            due_at=now,
            cancellation_due_at=now,
            puts_off=False,
            ends_at=self._rules.kept_until(day.airport, day.date),
            event_id=row.event_id,
            changed_at=row.changed_at,
            found_late=False,
        )


def _understood(documents: Sequence[dict[str, Any]]) -> list[Flight]:
    found = []
    for document in documents:
        try:
            found.append(flight.parse(document))
        except BadEventError:
            AIRPORT_UNREADABLE.inc()
    return found
