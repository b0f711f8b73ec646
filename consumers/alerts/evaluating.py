"""F2 to F6: alerts that were asked for, or whose time has come, are read, decided, kept and told.

Any number of threads and processes may do so at once. Two that read the same alert are harmless: what they found is
kept in the order of their reads, each from what the one before had kept, and people are told under the order of the
read that found the news.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from app import crash_points
from app.domain import alert_rules, fares, timing
from app.domain.alert import Alert, Offer, end_of
from app.domain.alert_reach import is_reached
from app.domain.alert_state import Step
from app.domain.clock import stored
from app.domain.errors import BadEventError
from app.domain.news import Kind
from app.domain.order import Order, cluster_time_of, of_snapshot_read
from app.domain.people import Person
from app.metrics import ALERT_DUE_AGE, ALERT_READS, ALERT_UNREADABLE, ALERTS_DUE, ALERTS_READ
from app.store import prices
from app.store.due_alerts import Found, Row
from app.store.prices import Search
from consumers.alerts.rules import Rules
from consumers.alerts.stores import Stores
from consumers.alerts.telling import AlertTelling
from consumers.due_work import DueWork

log = structlog.get_logger()

_TAKEN_FOR = timedelta(seconds=60)
"""Alerts that are not done after so long are taken again."""
_AT_ONCE = 50
"""Alerts that are read together: one read, and one write for each step."""
_ROUNDS = 5
_LOOKS_FOR_LINKS = timedelta(minutes=5)
"""An alert that has news, and no channel that reaches its person, is read again after so long."""
_BY_TIME = (Kind.FARE_REPORT, Kind.FARE_ENDED)
_IDLE_S = 0.2

_Routes = Mapping[tuple[str, str], Sequence[Offer]]


@dataclass(frozen=True, slots=True)
class _Read:
    """What F3 found: all fares of some alerts by origin and destination, whose the alerts are, and what read it was.

    now: the domain's present when it began.
    """

    offers: _Routes
    persons: Mapping[str, Person]
    at: Order
    now: datetime


class Evaluating:
    """Reads what is due. incarnation: how often the database was restored from a backup; may raise TransientError."""

    def __init__(
        self,
        stores: Stores,
        rules: Rules,
        channels: Sequence[str],
        incarnation: Callable[[], int] = lambda: 0,
        *,
        at_once: int = _AT_ONCE,
    ) -> None:
        """channels: names of those that are on. at_once: most alerts that are read together."""
        self._stores = stores
        self._rules = rules
        self._incarnation = incarnation
        self._channels = channels
        self._telling = AlertTelling(stores, rules, channels)
        self._at_once = at_once

    def work(self) -> DueWork:
        """What is due, for a thread of its own: what cannot be done now is due again by itself."""
        return DueWork(self.evaluate_due, "alerts are not read", _IDLE_S)

    def measure(self) -> None:
        """How many alerts are due, and for how long the oldest has been. Raises PyMongoError."""
        now = self._rules.now()
        due = self._stores.alerts.next_due()
        ALERT_DUE_AGE.set(max(0.0, (now - due).total_seconds()) if due else 0.0)
        ALERTS_DUE.set(self._stores.alerts.count_due(now))

    def evaluate_due(self) -> int:
        """F2 to F6 for some alerts; how many were due. Raises TransientError and PyMongoError."""
        now, alerts = self._rules.now(), self._stores.alerts
        again_at = now + max(self._rules.settle, _TAKEN_FOR)
        taken, taken_at = alerts.take(now, again_at, uuid.uuid4().hex, self._at_once)
        if not taken:
            return 0
        crash_points.reached("F2.taken")
        with ALERT_READS.time():
            # A death between F4 and F5 left news that nobody was told; what comes next must not hide it.
            rows = [replace(row, told=row.since) for row in self._telling.tell(taken)]
            not_before = max(taken_at, *(cluster_time_of(row.asked) for row in rows))
            searches = [search for row in rows for search in _searches(row)]
            documents, read_at = prices.at_one_time(self._stores.database, searches, not_before)
            crash_points.reached("F3.read")
            at = of_snapshot_read(self._incarnation(), read_at)
            persons = self._stores.people.by_id({row.person for row in rows})
            kept = self._kept(rows, _Read(_by_route(documents), persons, at, self._rules.domain_now()))
            crash_points.reached("F4.kept")
            self._telling.tell(kept)
            alerts.done(kept)
            crash_points.reached("F6.done")
        return len(taken)

    def _kept(self, taken: Sequence[Row], read: _Read) -> list[Row]:
        """F4: the alerts as they stand with this read or a later one, with what was asked for when they were taken.

        One that somebody changed meanwhile, or deleted, is left out: whoever changed it asked for it; so is one that
        another reader was done with. One that an older read was kept of meanwhile is decided again, from that.
        """
        done: list[Row] = []
        open_: Sequence[Row] = taken
        for _ in range(_ROUNDS):
            found = [
                (row, self._found(row, read)) for row in open_ if not row.is_ended and row.order < read.at
            ]
            self._stores.alerts.keep(found, read.at)
            steps = {row.id: one for row, one in found}
            there, again = self._stores.alerts.get([row.id for row in open_]), []
            for row in open_:
                stands = there.get(row.id)
                if stands is None or stands.version != row.version:
                    ALERTS_READ.labels("changed").inc()
                    continue
                stands = replace(stands, asked=row.asked, asks=row.asks, asked_at=row.asked_at)
                if stands.order < read.at and not stands.is_ended:
                    if stands.is_due:
                        again.append(replace(stands, told=max(row.told, stands.told)))
                    continue
                if row.id in steps and stands.order == read.at:
                    ALERTS_READ.labels(_outcome(steps[row.id])).inc()
                done.append(stands)
            if not again:
                break
            open_ = again
        return done

    def _found(self, row: Row, read: _Read) -> Found:
        """What the read comes to for one alert."""
        alert, person = row.alert, read.persons.get(row.person)
        routes = ((a, b) for a in alert.origins for b in alert.destinations)
        found = (_cheapest(alert, read.offers.get(route, ()), read.now) for route in routes)
        offers = [offer for offer in found if offer is not None]
        zone = timing.zone_of(person.time_zone if person else None, alert.origins[0])
        floor = person.preferences.fare_change if person else None
        decided = partial(alert_rules.step, alert, row.state, offers, read.now, zone=zone, floor=floor)
        step = decided()
        waits = bool(step.fires and person and not is_reached(alert, person, self._channels))
        if waits:
            step = decided(is_reached=False)
        by_time = step.fires is not None and step.fires.kind in _BY_TIME
        return Found(
            step=step,
            changed_at=None if by_time else row.asked_at,
            next_at=self._next_at(alert, step, waits=waits),
            ended_until=self._rules.kept_until(alert.ends_at) if step.ended else None,
        )

    def _next_at(self, alert: Alert, step: Step, *, waits: bool) -> datetime | None:
        """When time alone triggers something, system clock. waits: for a channel to be linked."""
        if waits:
            return stored(self._rules.now() + _LOOKS_FOR_LINKS)
        next_at = alert_rules.next_at(alert, step.state)
        return self._rules.system_time_of(next_at) if next_at else None


def _outcome(found: Found) -> str:
    if found.step.ended:
        return "ended"
    return "news" if found.step.fires else "quiet"


def _searches(row: Row) -> list[Search]:
    alert = row.alert
    return [Search(alert.origins, alert.destinations, alert.first, alert.last)]


def _cheapest(alert: Alert, offers: Sequence[Offer], now: datetime) -> Offer | None:
    """The first of a route's fares, the cheapest first, that counts for the alert: all of a route that `step` looks at.
    In a storm many alerts look at the same thousands of fares."""
    for offer in offers:
        if alert.matches(offer.fare) and now < end_of(offer.fare.departure_date, (offer.fare.origin,)):
            return offer
    return None


def _by_route(documents: Iterable[Mapping[str, Any]]) -> _Routes:
    """What can be understood, the cheapest first; the rest is counted, and passed over. Only fares of one currency
    are compared later: here the order is all that counts."""
    found: dict[tuple[str, str], list[Offer]] = {}
    for document in documents:
        try:
            fare = fares.parse(document)
        except BadEventError:
            ALERT_UNREADABLE.inc()
            continue
        found.setdefault((fare.origin, fare.destination), []).append(Offer(str(document["_id"]), fare))
    for offers in found.values():
        offers.sort(key=lambda offer: offer.rank)
    return found
