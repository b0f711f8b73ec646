"""M4 to M6: an announcement about a notice reaches those who are concerned at this moment.

Everything here may be repeated: a conversation that is there stays as it is, and who has heard is not told again.
"""

from __future__ import annotations

from collections.abc import Sequence

from app import crash_points
from app.domain.channels import base_of, linked_of
from app.domain.news import URGENT
from app.domain.notice_value import NoticeValue
from app.domain.order import incarnation_of, of_marker, raised
from app.metrics import NOTICE_PEOPLE, NOTICE_TOLD
from app.store.announcements import Announcement
from app.store.conversations import Start, Telling, restored_doubt
from app.store.notice_audience import Concerned
from consumers.notices.rules import Rules
from consumers.notices.stores import Stores

_URGENT_PRIORITY, _PRIORITY = 0, 2
"""Among what is due: with cancellations, or after the times of flights."""


class Reaching:
    """Brings announcements to people. channels: names of those that are on."""

    def __init__(self, stores: Stores, rules: Rules, channels: Sequence[str]) -> None:
        self._stores = stores
        self._rules = rules
        self._channels = tuple(channels)
        self._base, self._linked = tuple(base_of(self._channels)), tuple(linked_of(self._channels))

    def reach(self, announced: Announcement, incarnation: int, *, may_have_heard: bool = False) -> int:
        """M4 to M6; returns how many people are among those whom the notice reaches.

        may_have_heard: those who have no conversation may have had one that a backup did not hold. Raises PyMongoError.
        """
        with NOTICE_TOLD.time():
            told = self._telling(announced, incarnation, may_have_heard=may_have_heard)
            made = self._make(told, announced) if _begins(announced) else 0
            changed = self._stores.conversations.tell([told])
            if made or changed:
                self._stores.doorbells.ring(self._channels)
            crash_points.reached("M5.told")
            people = self._stores.conversations.people(announced.subject)
            self._stores.announcements.done(announced.id, people)
            crash_points.reached("M6.done")
        NOTICE_PEOPLE.inc(people)
        return people

    def _make(self, told: Telling, announced: Announcement) -> int:
        """M4: conversations of those who are concerned now and have none, some thousands at a time."""
        value, made = announced.after, 0
        assert isinstance(value, NoticeValue)
        now = self._rules.clock.at(self._rules.now())
        about = self._stores.reached.about(value.airport, value.flight, now, value.over_at)
        for some in self._stores.reached.people(about):
            made += self._stores.conversations.make(self._starts(some, told))
            crash_points.reached("M4.made")
        return made

    def _starts(self, some: Sequence[Concerned], told: Telling) -> list[tuple[Start, Telling]]:
        ways = self._stores.people.channels_of([one.person for one in some], self._base, self._linked)
        before = of_marker(incarnation_of(told.order), (0, 0))
        return [
            (Start(one.person, channel, told.unheard, before, one.places), told)
            for one in some
            for channel in ways[one.person]
        ]

    def _telling(self, announced: Announcement, incarnation: int, *, may_have_heard: bool) -> Telling:
        value, order, now = announced.after, announced.order, self._rules.now()
        assert isinstance(value, NoticeValue)
        if (
            incarnation_of(order) < incarnation
        ):  # it was recorded before a restore, which raised the conversations
            order = raised(incarnation, order)
        due_at = now + self._rules.settle
        return Telling(
            subject=announced.subject,
            order=order,
            want=value,
            unheard=value.unsaid(),
            priority=_URGENT_PRIORITY if URGENT.intersection(announced.kinds) else _PRIORITY,
            due_at=due_at,
            cancellation_due_at=due_at,
            puts_off=False,
            ends_at=self._rules.kept_until(value),
            event_id=announced.event_id,
            changed_at=announced.changed_at,
            found_late=announced.found_late,
            doubt=restored_doubt(incarnation) if may_have_heard else None,
        )


def _begins(announced: Announcement) -> bool:
    """Whether people are concerned who were not before: it is the first of the notice, it is given again, or it is
    about another place. Who is booked later than that does not hear of it."""
    before, after = announced.before, announced.after
    assert isinstance(before, NoticeValue)
    assert isinstance(after, NoticeValue)
    if after.is_withdrawn:
        return False
    return not before.message or before.is_withdrawn or before.place != after.place
