"""Samples: what each process measured of itself, every 15 seconds, for the lines on the staff's health page.

They are taken from the metrics that raise the alarms, by the processes that measure; Prometheus keeps the long
history. Nothing in them is about a person.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from prometheus_client import REGISTRY, CollectorRegistry
from pymongo import ASCENDING
from pymongo.database import Database
from pymongo.errors import PyMongoError

from app.domain.clock import Now, system_now
from app.runtime import Health, StopFlag

log = structlog.get_logger()

COLLECTION = "samples"

WATCHERS, NOTIFIER, DELIVERY, WEB = "watchers", "notifier", "delivery", "web"
TELEGRAM = "telegram"
AIRPORTS, ALERTS, NOTICES = "airports", "alerts", "notices"
EVERY_S = 15.0


@dataclass(frozen=True, slots=True)
class Taken:
    """One value of a sample: the sum of a metric over its labels, or the largest. only: labels that must agree."""

    metric: str
    largest: bool = False
    only: Mapping[str, str] = field(default_factory=dict)


TAKEN: Mapping[str, Mapping[str, Taken]] = {
    WATCHERS: {
        "events": Taken("gatecall_watcher_events_total"),
        "lag_s": Taken("gatecall_watcher_lag_seconds", largest=True),
        "behind_s": Taken("gatecall_watcher_behind_seconds", largest=True),
        "token_age_s": Taken("gatecall_watcher_token_age_seconds", largest=True),
        "oplog_s": Taken("gatecall_oplog_window_seconds", largest=True),
        "held": Taken("gatecall_lease_held"),
    },
    NOTIFIER: {
        "events": Taken("gatecall_notifier_events_total"),
        "no_news": Taken("gatecall_notifier_events_total", only={"outcome": "no_news"}),
        "announcements": Taken("gatecall_announcements_total"),
        "lag_messages": Taken("gatecall_consumer_lag_messages"),
        "lag_s": Taken("gatecall_consumer_lag_seconds", largest=True),
        "handled_after_s": Taken("gatecall_notifier_lag_seconds", largest=True),
        "letters": Taken("gatecall_dead_letters_waiting", largest=True),
    },
    AIRPORTS: {
        "events": Taken("gatecall_airport_events_total"),
        "due_age_s": Taken("gatecall_airport_due_age_seconds", largest=True),
        "lag_s": Taken("gatecall_consumer_lag_seconds", largest=True),
    },
    ALERTS: {
        "events": Taken("gatecall_alert_events_total"),
        "due": Taken("gatecall_alerts_due", largest=True),
        "due_age_s": Taken("gatecall_alert_due_age_seconds", largest=True),
        "lag_s": Taken("gatecall_consumer_lag_seconds", largest=True),
    },
    NOTICES: {
        "events": Taken("gatecall_notice_events_total"),
        "people": Taken("gatecall_notice_people_total"),
        "lag_s": Taken("gatecall_consumer_lag_seconds", largest=True),
    },
    DELIVERY: {
        "sent": Taken("gatecall_notifications_total", only={"status": "sent"}),
        "due": Taken("gatecall_due"),
        "due_age_s": Taken("gatecall_due_age_seconds", largest=True),
        "doubtful": Taken("gatecall_doubtful_sends_total"),
        "claims_lost": Taken("gatecall_claims_lost_total"),
        "down": Taken("gatecall_channel_down"),
    },
    TELEGRAM: {
        "updates": Taken("gatecall_telegram_updates_total"),
    },
    WEB: {
        "requests": Taken("gatecall_feed_requests_total"),
        "waiting": Taken("gatecall_feed_waiting"),
    },
}

SAVE_TO_PROVIDER = "gatecall_save_to_provider_seconds"
"""The histogram of which a delivery's samples hold the cumulative counts, by upper bound."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one process measured at one time. holder: the process, among all there ever were. at: aware UTC.

    values: by the names in TAKEN; what could not be measured is absent. seconds: how many messages were accepted
    within so many seconds of the save, (bound, count) in order, since the process began; empty but for delivery.
    problems: what it said was wrong with itself.
    """

    process: str
    holder: str
    at: datetime
    values: Mapping[str, float]
    seconds: tuple[tuple[float, float], ...]
    problems: Mapping[str, str]


class Samples:
    """The collection of samples."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._samples = database[COLLECTION]

    def add(self, sample: Sample) -> None:
        """Keep one. Raises PyMongoError."""
        row: dict[str, Any] = {
            "process": sample.process,
            "holder": sample.holder,
            "at": sample.at,
            "values": dict(sample.values),
            # infinity has a form in BSON, and null is easier to read
            "seconds": [[None if math.isinf(bound) else bound, count] for bound, count in sample.seconds],
            "problems": [[name, words] for name, words in sample.problems.items()],
        }
        self._samples.insert_one(row)

    def since(self, moment: datetime) -> list[Sample]:
        """All taken then or later, in the order of time. Raises PyMongoError."""
        rows = self._samples.find({"at": {"$gte": moment}}).sort("at", ASCENDING)
        return [
            Sample(
                process=row["process"],
                holder=row["holder"],
                at=row["at"],
                values=row["values"],
                seconds=tuple((math.inf if b is None else b, c) for b, c in row["seconds"]),
                problems=dict(row["problems"]),
            )
            for row in rows
        ]


class Sampler:
    """Takes the samples of this process. measure: called before each; it may raise PyMongoError."""

    def __init__(
        self,
        samples: Samples,
        process: str,
        holder: str,
        health: Health,
        *,
        now: Now = system_now,
        measure: Callable[[], None] = lambda: None,
        every_s: float = EVERY_S,
    ) -> None:
        self._samples = samples
        self._process = process
        self._holder = holder
        self._health = health
        self._now = now
        self._measure = measure
        self._every_s = every_s

    def run(self, stop: StopFlag) -> None:
        """Until the stop flag is set. A sample that MongoDB does not take is not kept."""
        while not stop.is_set():
            try:
                self._measure()
                self._samples.add(self.take())
            except PyMongoError as error:
                log.warning("no sample was kept", why=type(error).__name__)
            stop.wait(self._every_s)

    def take(self, registry: CollectorRegistry = REGISTRY) -> Sample:
        """What is measured now."""
        found = _by_name(registry)
        values = {name: _value(taken, found) for name, taken in TAKEN[self._process].items()}
        return Sample(
            process=self._process,
            holder=self._holder,
            at=self._now(),
            values={name: value for name, value in values.items() if value is not None},
            seconds=_seconds(found) if self._process == DELIVERY else (),
            problems=self._health.problems(),
        )


_Found = Mapping[str, list[tuple[Mapping[str, str], float]]]


def _by_name(registry: CollectorRegistry) -> _Found:
    found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for metric in registry.collect():
        if metric.name.startswith("gatecall_") and metric.name != "gatecall_ready":
            for one in metric.samples:
                found.setdefault(one.name, []).append((one.labels, one.value))
    return found


def _value(taken: Taken, found: _Found) -> float | None:
    """None when nothing was measured."""
    wanted = taken.only.items()
    values = [
        v for labels, v in found.get(taken.metric, ()) if wanted <= labels.items() and not math.isnan(v)
    ]
    if not taken.largest:
        return sum(values)
    return max(values, default=None)


def _seconds(found: _Found) -> tuple[tuple[float, float], ...]:
    counts: dict[float, float] = {}
    for labels, count in found.get(f"{SAVE_TO_PROVIDER}_bucket", ()):
        bound = float(labels["le"])
        counts[bound] = counts.get(bound, 0.0) + count
    return tuple(sorted(counts.items()))


def holders(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """The samples of each process, in the order given."""
    found: dict[str, list[Sample]] = {}
    for sample in samples:
        found.setdefault(sample.holder, []).append(sample)
    return found
