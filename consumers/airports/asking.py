"""A1: which airports' days the changes of flights and followings touch; they are asked for, and counted elsewhere.

What is asked for is stored before the offsets are committed, so a crash anywhere asks again, which changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from app import crash_points
from app.bus.consumer import Received
from app.domain import airport_day, flight, places
from app.domain.errors import BadEventError
from app.domain.events import ChangeEvent, Op
from app.domain.namespaces import FLIGHTS, FOLLOWINGS
from app.domain.order import NEVER, Order, incarnation_of
from app.metrics import AIRPORT_EVENTS
from app.runtime import StopFlag
from app.store import airport_days
from app.store.airport_days import Asked
from app.store.client import waited_for
from app.store.conversations import conversation_id
from app.store.own_followings import AIRPORT
from consumers.airports.rules import Rules
from consumers.airports.stores import Stores

log = structlog.get_logger()

TOPICS = (FLIGHTS, FOLLOWINGS)

_NET_S = 300.0
"""The net looks at all days this often: a day that comes near without any change, and what was never seen."""

Days = set[tuple[str, str]]
"""Airports and their days: ("EWR", "2013-02-08")."""


class Asking:
    """Handles batches. channels: names of those that are on. collections: by the topic's full name. incarnation: how
    often the database was restored from a backup; may raise TransientError."""

    def __init__(
        self,
        stores: Stores,
        rules: Rules,
        channels: Sequence[str],
        collections: Mapping[str, str],
        incarnation: Callable[[], int] = lambda: 0,
    ) -> None:
        self._stores = stores
        self._rules = rules
        self._channels = tuple(channels)
        self._collections = collections
        self._incarnation = incarnation

    def handle(self, batch: Sequence[Received]) -> None:
        """A1 for the messages. Raises TransientError when MongoDB does not take it now; then nothing may be committed.

        What cannot be understood is counted and passed over: the notifier keeps it as a dead letter.
        """
        incarnation = self._incarnation()
        with waited_for():
            followed = airport_days.followed(self._stores.database)
            latest: dict[tuple[str, str], ChangeEvent] = {}
            begun: list[ChangeEvent] = []
            for received in batch:
                event, outcome = received.event, "passed_over"
                if isinstance(event, BadEventError):
                    outcome = "unreadable"
                elif incarnation_of(event.order) < incarnation:
                    outcome = "other_past"
                elif days := self._days(event, followed):
                    outcome = "asked"
                    for day in days:
                        if day not in latest or latest[day].order < event.order:
                            latest[day] = event
                    begun += [event] if event.collection == FOLLOWINGS.collection else []
                AIRPORT_EVENTS.labels(self._collections[received.topic], outcome).inc()
            self._ask({day: (event.order, event) for day, event in latest.items()})
            self._look_again(begun)
            crash_points.reached("A1.asked")

    def set_aside(self, received: Received, words: str) -> None:
        """A message that makes `handle` fail again and again: the day is counted with the next one, or by the net."""
        AIRPORT_EVENTS.labels(self._collections[received.topic], "set_aside").inc()
        log.error("message passed over", key=received.key, why=words)

    def keep_asking(self, stop: StopFlag) -> None:
        """The net, now and then until the stop; what MongoDB does not answer is left to the next round."""
        while not stop.wait(_NET_S):
            try:
                self.ask_for_all()
            except PyMongoError as error:
                log.warning("airports are asked for later", why=type(error).__name__)

    def ask_for_all(self) -> int:
        """The net: today and tomorrow of all airports that are followed, and whatever was disturbed and is not over.
        Returns how many days. Raises PyMongoError."""
        days = {
            day for airport in airport_days.followed(self._stores.database) for day in self._near(airport)
        }
        self._ask(dict.fromkeys(days, (NEVER, None)))
        return len(days)

    def _days(self, event: ChangeEvent, followed: set[str]) -> Days:
        """The days that an event may change, of airports that somebody follows."""
        if event.op in (Op.MARKER, Op.UNREADABLE):
            return set()
        if event.collection == FOLLOWINGS.collection:
            airport = event.key.removeprefix(AIRPORT)
            is_begun = event.op is not Op.DELETE and event.key.startswith(AIRPORT) and airport in followed
            return self._near(airport) if is_begun else set()
        days = {
            day for fields in (event.before, event.after) if fields for day in _of_flight(fields, followed)
        }
        return {day for day in days if not self._rules.is_over(*day)}

    def _near(self, airport: str) -> Days:
        """Today and tomorrow there, and every day that was disturbed and is not over."""
        if places.airport(airport) is None:
            return set()
        today = places.utc_to_local(self._rules.clock.at(self._rules.now()), airport).date()
        days = {(airport, (today + timedelta(days=days)).isoformat()) for days in (0, 1)}
        days |= {airport_day.place_of(subject) for subject in self._stores.days.disturbed([airport])}
        return {day for day in days if not self._rules.is_over(*day)}

    def _ask(self, days: Mapping[tuple[str, str], tuple[Order, ChangeEvent | None]]) -> None:
        asked = [
            Asked(
                subject=airport_day.subject_of(*day),
                order=order,
                changed_at=event.wall_time if event and event.collection == FLIGHTS.collection else None,
                ends_at=self._rules.kept_until(*day),
            )
            for day, (order, event) in days.items()
        ]
        self._stores.days.ask(asked, self._rules.now() + self._rules.settle)

    def _look_again(self, begun: Iterable[ChangeEvent]) -> None:
        """Who follows an airport again has conversations that were settled when they stopped."""
        places_ = self._stores.audience.of_followings({event.document_key for event in begun})
        subjects = {
            place: [airport_day.subject_of(*day) for day in self._near(place.flight.removeprefix(AIRPORT))]
            for place in places_
        }
        ids = [
            conversation_id(subject, place.person, channel)
            for place, some in subjects.items()
            for subject in some
            for channel in self._channels
        ]
        if ids and self._stores.conversations.look_again(ids, self._rules.now() + self._rules.settle):
            self._stores.doorbells.ring(self._channels)


def _of_flight(fields: Mapping[str, Any], followed: set[str]) -> Days:
    """Where a flight counts, as far as somebody follows that; nowhere when it cannot be understood."""
    written = {str(fields.get(name, "")).strip().upper() for name in ("origin", "destination")}
    if not written & followed:
        return set()  # most of them: not worth a parse
    try:
        days = airport_day.days_of(flight.parse(fields))
    except BadEventError:
        return set()
    return {day for day in days if day[0] in followed}
