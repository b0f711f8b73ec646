"""F1: which alerts the changes of fares can move; they are asked for, and read elsewhere.

What is asked for is stored before the offsets are committed, so a crash anywhere asks again, which changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from app import crash_points
from app.bus.consumer import Received
from app.domain import fares
from app.domain.alert import route_month
from app.domain.errors import BadEventError
from app.domain.events import ChangeEvent, Op
from app.domain.fares import Fare
from app.domain.namespaces import PRICES
from app.domain.order import incarnation_of
from app.metrics import ALERT_EVENTS, ALERTS_ASKED
from app.store.alert_filters import FareChange
from app.store.client import waited_for
from app.store.dead_letters import HANDLER_FAILED
from consumers.alerts.rules import Rules
from consumers.alerts.stores import Stores
from consumers.letters import letter_of

log = structlog.get_logger()

TOPICS = (PRICES,)


class Asking:
    """Handles batches. collections: by the topic's full name. incarnation: how often the database was restored from a
    backup; may raise TransientError."""

    def __init__(
        self,
        stores: Stores,
        rules: Rules,
        collections: Mapping[str, str],
        incarnation: Callable[[], int] = lambda: 0,
    ) -> None:
        self._stores = stores
        self._rules = rules
        self._collections = collections
        self._incarnation = incarnation

    def handle(self, batch: Sequence[Received]) -> None:
        """F1 for the messages. Raises TransientError when MongoDB does not take it now; then nothing may be committed.

        A fare that cannot be understood is counted and passed over: no read counts it either.
        """
        incarnation = self._incarnation()
        with waited_for():
            changes: list[FareChange] = []
            markers: list[ChangeEvent] = []
            for received in batch:
                event = received.event
                if isinstance(event, BadEventError):
                    outcome = "unreadable"
                    self._keep_letter(received, event)
                elif incarnation_of(event.order) < incarnation:
                    outcome = "other_past"
                elif event.op is Op.MARKER:
                    outcome = "marker"
                    markers.append(event)
                else:
                    change = change_of(event)
                    changes.append(change)
                    outcome = "asked" if change.fare or not event.after else "not_understood"
                ALERT_EVENTS.labels(self._collections[received.topic], outcome).inc()
            self._ask(changes, markers)
            crash_points.reached("F1.asked")

    def set_aside(self, received: Received, words: str) -> None:
        """A message that makes `handle` fail again and again is a dead letter: its replay reads the fare afresh, and
        asks as any change does."""
        ALERT_EVENTS.labels(self._collections[received.topic], "set_aside").inc()
        log.error("message set aside", key=received.key, why=words)
        with waited_for():
            self._keep_letter(received, BadEventError(HANDLER_FAILED, words))

    def _ask(self, changes: Sequence[FareChange], markers: Sequence[ChangeEvent]) -> None:
        now = self._rules.now()
        due_at = now + self._rules.settle
        asked = self._stores.alerts.ask_for(changes, due_at)
        if markers:
            # Whatever was deleted unseen is in no event.
            asked += self._stores.alerts.ask_for_all(due_at, now, max(marker.order for marker in markers))
        ALERTS_ASKED.inc(asked)

    def _keep_letter(self, received: Received, error: BadEventError) -> None:
        collection = self._collections[received.topic]
        self._stores.dead_letters.add(letter_of(received, "alerts", collection, error))


def change_of(event: ChangeEvent) -> FareChange:
    """What the event says of its fare. Where nobody kept what the document was before, it may have been any fare."""
    before, after = _understood(event.before), _understood(event.after)
    keys = {route_month(f.route, f.departure_date) for f in (before, after) if f is not None}
    return FareChange(
        offer=event.document_key,
        order=event.order,
        changed_at=event.wall_time,
        keys=frozenset(keys),
        fare=after,
        is_unseen=event.before is None and event.op is not Op.INSERT,
    )


def _understood(document: Mapping[str, Any] | None) -> Fare | None:
    try:
        return fares.parse(document) if document else None
    except BadEventError:
        return None
