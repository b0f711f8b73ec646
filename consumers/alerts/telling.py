"""F5: what is news is recorded, and those whose alert it is are told."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import structlog

from app import crash_points
from app.domain import alert_value
from app.domain.alert_value import AlertValue
from app.domain.channels import base_of, linked_of
from app.domain.order import incarnation_of, of_marker
from app.metrics import ANNOUNCEMENTS
from app.store.announcements import Announcement
from app.store.conversations import Start, Telling, conversation_id
from app.store.due_alerts import Row
from consumers.alerts.rules import Rules
from consumers.alerts.stores import Stores

log = structlog.get_logger()

_PRIORITY = 2
"""Of an alert's news among what is due: after the times of flights."""


class AlertTelling:
    """Tells alerts that are kept. channels: names of those that are on."""

    def __init__(self, stores: Stores, rules: Rules, channels: Sequence[str]) -> None:
        self._stores = stores
        self._rules = rules
        self._channels = tuple(channels)

    def tell(self, rows: Sequence[Row]) -> Sequence[Row]:
        """F5: keep the announcements, make missing conversations, tell those that are behind; returns the rows.

        A crash before this is harmless: the order is that of the read that found it, so a repetition tells it again to
        those who do not have it. What went out on one channel is not told on another one that the alert goes by since.
        """
        behind = [row for row in rows if row.since != row.told and row.state.value is not None]
        if not behind:
            return rows
        self._announce([row for row in behind if row.news == row.since])
        told = {row.id: self._telling(row, row.state.value) for row in behind if row.state.value is not None}
        # Until its own order is told, nobody was told all of the news: what is missing then is no later channel.
        moved = [row for row in behind if row.since != row.news]
        known = self._stores.alert_conversations.sent({row.subject: row.state.n for row in moved})
        self._hear([row for row in behind if row.subject in known])
        made = self._make(behind, told, known)
        crash_points.reached("F5.made")
        if self._stores.conversations.tell(list(told.values())) or made:
            self._stores.doorbells.ring(self._channels)
        crash_points.reached("F5.told")
        return rows

    def _announce(self, rows: Sequence[Row]) -> None:
        found = []
        for row in rows:
            value = row.state.value
            if value is None or value.kind is None:
                continue
            found.append(
                Announcement(
                    subject=row.subject,
                    order=row.news,
                    event_id=row.event_id,
                    kinds=(value.kind,),
                    before=row.before or alert_value.nothing(row.alert),
                    after=value,
                    changed_at=row.changed_at or self._rules.now(),
                    found_late=False,
                )
            )
            ANNOUNCEMENTS.labels(value.kind).inc()
            log.info("announcement", trace=row.event_id, subject=row.subject, kinds=[str(value.kind)])
        self._stores.announcements.record(found)

    def _hear(self, rows: Sequence[Row]) -> None:
        """What went out before counts as heard on the channels that the alert did not go by until now."""
        by_subject = {row.subject: row for row in rows}
        found = []
        for one in self._stores.alert_conversations.of(set(by_subject)):
            row = by_subject[one.subject]
            value, (goes_by, channel) = row.state.value, (alert_value.goes_by, one.channel)
            if value and goes_by(value, channel) and not goes_by(one.wanted, channel):
                found.append((one.subject, Start(one.person, one.channel, value, row.since)))
        self._stores.conversations.hear(found)

    def _make(self, rows: Sequence[Row], told: dict[str, Telling], known: Collection[str]) -> int:
        """Conversations that are missing, on the alert's own channels or on all that the person has: nothing was heard
        there, or, where the subject is known, what went out on others. None for a person who is gone."""
        persons = self._stores.people.by_id({row.person for row in rows})
        channels = self._stores.audience.channels_of(
            set(persons), base_of(self._channels), linked_of(self._channels)
        )
        there = self._stores.conversations.of_subjects([row.subject for row in rows])
        missing = []
        for row in rows:
            telling, nothing = told[row.id], alert_value.nothing(row.alert)
            heard = telling.want if row.subject in known else nothing
            order = of_marker(incarnation_of(telling.order), (0, 0))
            missing += [
                (Start(row.person, channel, heard, order), telling)
                for channel in channels.get(row.person, ())
                if alert_value.goes_by(nothing, channel)
                and conversation_id(row.subject, row.person, channel) not in there
            ]
        return self._stores.conversations.make(missing) if missing else 0

    def _telling(self, row: Row, value: AlertValue) -> Telling:
        now = self._rules.now()
        return Telling(
            subject=row.subject,
            order=row.since,
            want=value,
            unheard=alert_value.nothing(row.alert),
            priority=_PRIORITY,
            due_at=now,
            cancellation_due_at=now,
            puts_off=False,
            ends_at=self._rules.kept_until(row.alert.ends_at),
            event_id=row.event_id,
            changed_at=row.changed_at,
            found_late=False,
        )
