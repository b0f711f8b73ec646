"""What follows from a batch of messages: M1 to M6 of the protocol, each notice by itself, in its order.

Everything here may be repeated: after a crash between any two steps the same messages come again, and the result is the
same. What was announced last about a notice, and whether everybody was told, stands in `announcements`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import structlog

from app import crash_points
from app.bus.consumer import Received
from app.domain import notice_value, notices
from app.domain.errors import BadEventError
from app.domain.events import ChangeEvent, Op
from app.domain.namespaces import NOTICES
from app.domain.notice_value import NoticeValue, subject_of
from app.domain.order import incarnation_of
from app.metrics import ANNOUNCEMENTS, NOTICE_EVENTS
from app.store import ids
from app.store.announcements import Announcement, Recorded
from app.store.client import waited_for
from app.store.dead_letters import HANDLER_FAILED
from app.store.decisions import Arrival, EventDecision
from consumers.letters import letter_of
from consumers.notices.reaching import Reaching
from consumers.notices.rules import Rules
from consumers.notices.stores import Stores

log = structlog.get_logger()

TOPICS = (NOTICES,)


class Announcing:
    """Handles batches. channels: names of those that are on. incarnation: how often the database was restored from a
    backup; may raise TransientError."""

    def __init__(
        self,
        stores: Stores,
        rules: Rules,
        channels: Sequence[str],
        incarnation: Callable[[], int] = lambda: 0,
    ) -> None:
        self._stores = stores
        self._rules = rules
        self._reaching = Reaching(stores, rules, channels)
        self._incarnation = incarnation

    def handle(self, batch: Sequence[Received]) -> None:
        """M1 to M6 for the messages. Raises TransientError when MongoDB does not take it now; then nothing may be
        committed."""
        with waited_for():
            incarnation = self._incarnation()
            for received in batch:
                NOTICE_EVENTS.labels(self._handled(received, incarnation)).inc()

    def set_aside(self, received: Received, words: str) -> None:
        """M2 for a message that makes `handle` fail again and again, or kills the process."""
        with waited_for():
            self._dead_letter(received, BadEventError(HANDLER_FAILED, words))

    def _handled(self, received: Received, incarnation: int) -> str:
        """What came of one message, in a word."""
        event = received.event
        if isinstance(event, BadEventError):
            return self._dead_letter(received, event)
        if incarnation_of(event.order) < incarnation:
            return "other_past"
        if event.op is Op.MARKER:
            return self._look_for_vanished(event, incarnation)
        if event.op is Op.UNREADABLE:
            return "unreadable"  # the watcher has kept it as a dead letter
        try:
            return self._dealt_with(received, event, incarnation)
        except BadEventError as error:
            return self._dead_letter(received, error)

    def _dealt_with(self, received: Received, event: ChangeEvent, incarnation: int) -> str:
        """M1 and M3. Raises BadEventError when the notice cannot be understood (M2)."""
        last = self._stores.announcements.latest(subject_of(event.document_key))
        if last is not None and event.order < last.announcement.order:
            return "old"
        if last is not None and not last.is_done:
            # It died there, or another event of the same notice overtook it.
            self._reaching.reach(last.announcement, incarnation)
        if last is not None and event.order == last.announcement.order:
            return "repeated"
        before = _value(last)
        value = self._understood(event, before)
        if outcome := self._no_news(value, before):
            self._note(received, event, outcome, before, value)
            return outcome
        assert value is not None, "what is gone and was never known is no news"
        self._announce(event, before or value.unsaid(), value, incarnation, is_first=last is None)
        return "news"

    def _understood(self, event: ChangeEvent, before: NoticeValue | None) -> NoticeValue | None:
        """The notice as it is after the event; None when it is gone and nobody knew of it. Raises BadEventError."""
        if event.after is None:
            return before.withdrawn() if before else None
        notice = notices.parse(event.after)
        made_at = self._rules.clock.at(notice.created_at or event.wall_time)
        over_at = self._rules.terms.over_at(notice, made_at)
        if notice.expires_at is None and notice.created_at is None and before is not None:
            over_at = before.over_at  # nothing says when it was made, so an edit makes it no younger
        if notice.airport:
            local_to = notice.airport
        elif before is not None and before.flight == notice.flight:
            local_to = before.local_to
        else:
            now = self._rules.clock.at(self._rules.now())
            local_to = self._stores.reached.about(None, notice.flight, now, over_at).local_to
        return notice_value.of_notice(notice, over_at, local_to)

    def _no_news(self, value: NoticeValue | None, before: NoticeValue | None) -> str | None:
        """M3: why nobody is to be told, as a constant code; None when somebody is."""
        if value is None:
            return "gone_unseen"
        if value == before:
            return "same"
        if self._rules.is_over(value) and (before is None or self._rules.is_over(before)):
            return "expired"
        return "for_all" if value.is_for_all and (before is None or before.is_for_all) else None

    def _announce(
        self,
        event: ChangeEvent,
        before: NoticeValue,
        value: NoticeValue,
        incarnation: int,
        *,
        is_first: bool,
    ) -> None:
        """M3: the announcement is recorded. M4 to M6: it reaches people."""
        announced = Announcement(
            subject=subject_of(event.document_key),
            order=event.order,
            event_id=event.id,
            kinds=notice_value.of_state(value),
            before=before,
            after=value,
            changed_at=event.wall_time,
            found_late=event.op is Op.SNAPSHOT,
        )
        self._stores.announcements.record([announced])
        crash_points.reached("M3.recorded")
        for kind in announced.kinds:
            ANNOUNCEMENTS.labels(kind).inc()
        restored = is_first and incarnation > 0 and event.op is Op.SNAPSHOT
        people = self._reaching.reach(announced, incarnation, may_have_heard=restored)
        kinds = [str(kind) for kind in announced.kinds]
        log.info("notice announced", trace=event.id, subject=announced.subject, kinds=kinds, people=people)

    def _look_for_vanished(self, marker: ChangeEvent, incarnation: int) -> str:
        """N6 for notices: one that was announced before the snapshot began and is gone was deleted unseen. A withdrawal
        that was announced and not brought to its end is brought there, also once the notice would be over: delivery
        tells nobody then, on the record, and the announcement is done."""
        for last in list(self._stores.announcements.latest_of_kind(notice_value.PREFIX)):
            value = _value(last)
            if value is None:
                continue
            if value.is_withdrawn and not last.is_done:
                # It died there. Of others their own event comes again.
                self._reaching.reach(last.announcement, incarnation)
            elif self._has_vanished(last.announcement, value, marker):
                self._reaching.reach(
                    self._record_withdrawn(last.announcement.subject, value, marker), incarnation
                )
        return "marker"

    def _has_vanished(self, announced: Announcement, value: NoticeValue, marker: ChangeEvent) -> bool:
        if value.is_withdrawn or self._rules.is_over(value) or announced.order >= marker.order:
            return False
        return not self._is_there(announced.subject)

    def _record_withdrawn(self, subject: str, value: NoticeValue, marker: ChangeEvent) -> Announcement:
        """M3 for a notice that is gone: its withdrawal, which is on record now."""
        announced = Announcement(
            subject=subject,
            order=marker.order,
            event_id=f"{marker.id}:{subject}",
            kinds=notice_value.of_state(value.withdrawn()),
            before=value,
            after=value.withdrawn(),
            changed_at=marker.wall_time,
            found_late=True,
        )
        self._stores.announcements.record([announced])
        crash_points.reached("M3.recorded")
        return announced

    def _is_there(self, subject: str) -> bool:
        key = subject.partition(":")[2]
        found: dict[str, Any] | None = self._stores.database.notices.find_one(
            {"_id": {"$in": ids.forms(key)}}, {"_id": 1}
        )
        return found is not None

    def _note(
        self,
        received: Received,
        event: ChangeEvent,
        outcome: str,
        before: NoticeValue | None,
        value: NoticeValue | None,
    ) -> None:
        """M3: the reason why nobody is told, on record."""
        now, subject = self._rules.now(), subject_of(event.document_key)
        arrival = Arrival(received.topic, received.partition, received.offset, received.published_at, now)
        decision = EventDecision(
            event_id=event.id,
            key=subject,
            order=event.order,
            subject=subject,
            version=None,
            outcome=outcome,
            changed_at=event.wall_time,
            found_late=event.op is Op.SNAPSHOT,
            before=before or (value.unsaid() if value else None),
            value=value,
            arrival=arrival,
        )
        self._stores.decisions.of_events([decision], now)

    def _dead_letter(self, received: Received, error: BadEventError) -> str:
        """M2: what cannot be understood is kept; nobody is told of it, and what was told stays."""
        event = None if isinstance(received.event, BadEventError) else received.event
        self._stores.dead_letters.add(letter_of(received, "notices", NOTICES.collection, error))
        crash_points.reached("N7.kept")
        log.warning("notice not understood", trace=event.id if event else None, key=received.key)
        return "dead_letter"


def _value(last: Recorded | None) -> NoticeValue | None:
    after = last.announcement.after if last else None
    assert after is None or isinstance(after, NoticeValue)
    return after
