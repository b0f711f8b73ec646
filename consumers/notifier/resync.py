"""N8: the net under the other steps. Conversations that lag behind what is known are brought up to date.

The steps before it do not need it, so what it mends is counted: more than none is a defect to look into.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from pymongo.errors import PyMongoError

from app.domain.order import cluster_time_of
from app.metrics import RESYNC_MENDED
from app.runtime import StopFlag
from app.store.known import Subject
from consumers.notifier import identity
from consumers.notifier.stores import Stores
from consumers.notifier.telling import Rules, telling

log = structlog.get_logger()

_ROUND_EVERY_S = 600.0
_FIRST_AFTER_S = 60.0
_AT_ONCE = 200
_PAUSE_S = 0.5
# Younger changes may be in the middle of their fan-out, which is no defect.
_SETTLED_S = 120
# "Lies ahead" at any airport: local dates differ from UTC by a day at most.
_BACK = timedelta(days=2)


class Resync:
    """Goes through all subjects that lie ahead, slowly, again and again."""

    def __init__(self, stores: Stores, rules: Rules) -> None:
        self._stores = stores
        self._rules = rules

    def run(self, stop: StopFlag) -> None:
        """Until the stop flag is set. A round that MongoDB does not allow is taken up at the next one."""
        pause_s = _FIRST_AFTER_S
        while not stop.wait(pause_s):
            pause_s = _ROUND_EVERY_S
            try:
                self.round(stop)
            except PyMongoError as error:
                log.warning("resync put off", why=type(error).__name__)

    def round(self, stop: StopFlag) -> int:
        """One round; returns how many conversations did not want what they should."""
        departing_from = (self._rules.clock() - _BACK).date().isoformat()
        mended, name = 0, ""
        while names := self._stores.known.names_after(name, departing_from, _AT_ONCE):
            name = names[-1]
            subjects = self._stores.known.of_subjects(names).values()
            mended += self._bring_up_to_date([subject for subject in subjects if self._is_settled(subject)])
            if stop.wait(_PAUSE_S if len(names) > 1 else 0):
                break
        if mended:
            RESYNC_MENDED.inc(mended)
            log.error("resync mended conversations that were left behind", conversations=mended)
        return mended

    def _bring_up_to_date(self, subjects: list[Subject]) -> int:
        """N8 for some subjects; not for those of which N3 may not tell anything now either."""
        vanished = identity.vanished(self._stores, subjects)
        there = (subject for subject in subjects if subject.name not in vanished)
        found = (telling(subject, subject.speaker.announced, self._rules) for subject in there)
        tellings = [t for t in found if t is not None]
        return self._stores.conversations.tell_late(tellings) if tellings else 0

    def _is_settled(self, subject: Subject) -> bool:
        seconds, _ = cluster_time_of(subject.order)
        return self._rules.now().timestamp() - seconds > _SETTLED_S
