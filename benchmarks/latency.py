"""From the save to the provider, without settling time: what the whole line adds to a bare change stream.

100 flights a second are cancelled for 30 s, one traveller each; then 10 a second, which leave the machine time. A bare
change stream on the same collection notes when it saw each; the ledger notes when the SMTP server accepted the mail.
How busy the processors were meanwhile is said beside it, and how busy the saves and the bare stream alone keep them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
from bson import ObjectId
from kafka import TopicPartition
from pymongo.database import Database

from app.bus import clients
from app.bus import topics as bus_topics
from app.domain.namespaces import BOOKINGS, FLIGHTS, FOLLOWINGS
from app.settings import Settings
from app.store import client as mongo
from app.store import schema
from benchmarks.floor import Floor
from benchmarks.report import Row
from benchmarks.stack import Stack, product, smtp_sink

RATE = 100
QUIET_RATE = 10
SECONDS = 30
ROUNDS = 3
P50_ABOVE_RAW_MS = 60.0
P99_ABOVE_RAW_MS = 500.0

Docs = Database[dict[str, Any]]
Times = dict[str, datetime]


@dataclass(frozen=True, slots=True)
class Saves:
    """When each flight was saved, when a bare change stream saw it; busy: share of all processors meanwhile."""

    saved: Times
    seen: Times
    busy: float


@dataclass(frozen=True, slots=True)
class Round:
    """p50 and p99 in ms of what was measured, each with that of the bare change stream; busy as in Saves."""

    p50: tuple[float, float]
    p99: tuple[float, float]
    busy: float


def run(stack: Stack) -> list[Row]:
    """ROUNDS of each; p50 and p99 in milliseconds above the bare change stream of the same changes."""
    rounds = [_round(stack, RATE) for _ in range(ROUNDS)]
    quiet = [_round(stack, QUIET_RATE) for _ in range(ROUNDS)]
    floor = [_floor(stack) for _ in range(ROUNDS)]
    alone = [_alone(stack) for _ in range(ROUNDS)]
    return [
        *_rows(RATE, rounds),
        *_rows(QUIET_RATE, quiet),
        Row(
            "the protocol's writes alone, p50 above a bare change stream",
            _above(r.p50 for r in floor),
            "ms",
            P50_ABOVE_RAW_MS,
            True,
            f"p99 {', '.join(f'{value:.0f}' for value in _above(r.p99 for r in floor))} ms; nothing of the product "
            f"runs; processors busy {_percent(r.busy for r in floor)}, {_percent(alone)} without any of these writes",
        ),
    ]


def _rows(rate: int, rounds: Sequence[Round]) -> list[Row]:
    busy = f"processors busy {_percent(r.busy for r in rounds)}"
    return [
        _row(f"{rate} changes/s, save to provider, p50", [r.p50 for r in rounds], P50_ABOVE_RAW_MS, busy),
        _row(f"{rate} changes/s, save to provider, p99", [r.p99 for r in rounds], P99_ABOVE_RAW_MS, busy),
    ]


def _row(what: str, pairs: Sequence[tuple[float, float]], goal: float, busy: str) -> Row:
    detail = "; ".join([*(f"{ours:.0f} ms, bare {raw:.0f} ms" for ours, raw in pairs), busy])
    return Row(f"{what} above a bare change stream", _above(pairs), "ms", goal, True, detail)


def _percent(shares: Iterable[float]) -> str:
    return ", ".join(f"{share:.0%}" for share in shares)


def _above(pairs: Iterable[tuple[float, float]]) -> tuple[float, ...]:
    return tuple(ours - raw for ours, raw in pairs)


def _round(stack: Stack, rate: int) -> Round:
    with smtp_sink() as port:
        settings = stack.settings(
            mail_server="127.0.0.1", mail_port=port, settle_s=0, log_format="json", floor_step_min=5
        )
        admin = clients.admin(settings)
        bus_topics.ensure(admin, settings)
        admin.close()
        with mongo.connect(settings, app_name="bench-latency") as client:
            database = mongo.database(client, settings)
            schema.ensure(database)
            flights = _load(database, rate * SECONDS)
            commands = {
                "watchers": ["watch"],
                "notifier": ["consume", "notifier"],
                "delivery": ["consume", "delivery"],
            }
            with product(settings, commands, stack.directory):
                _wait(
                    lambda: database.conversations.count_documents({}) == len(flights), 120, "conversations"
                )
                _wait(lambda: _is_at_rest(settings), 120, "messages of the load")
                saves = _cancel(database, flights, rate)
                _wait(
                    lambda: database.notifications.count_documents({"status": "sent"}) == len(flights),
                    60,
                    "mails",
                )
            sent = {
                row["subject"].partition(":")[2]: row["sent_at"]
                for row in database.notifications.find({}, {"subject": 1, "sent_at": 1})
            }
            client.drop_database(database.name)
    return _percentiles(sent, saves)


def _is_at_rest(settings: Settings) -> bool:
    """Whether the notifier has dealt with all that the load published: cancellations do not queue behind it."""
    with closing(clients.admin(settings)) as admin:
        group = f"{settings.kafka_topic_prefix}notifier"
        committed = admin.list_group_offsets(group)
        committed = committed.get(group, committed)
        topics = [bus_topics.name(settings, one.topic) for one in (FLIGHTS, BOOKINGS, FOLLOWINGS)]
        partitions = [
            TopicPartition(topic["name"], number)
            for topic in admin.describe_topics(topics)
            for number in range(len(topic["partitions"]))
        ]
        ends = admin.list_partition_offsets(dict.fromkeys(partitions, -1))
        return all(tp in committed and committed[tp].offset == ends[tp].offset for tp in partitions)


def _floor(stack: Stack) -> Round:
    """The same changes, through the protocol's writes alone."""
    settings = stack.settings()
    with mongo.connect(settings, app_name="bench-floor") as client:
        database = mongo.database(client, settings)
        schema.ensure(database)
        flights = _load(database, RATE * SECONDS)
        floor = Floor(database, flights)
        thread = threading.Thread(target=floor.run, daemon=True)
        thread.start()
        floor.ready.wait(10)
        saves = _cancel(database, flights, RATE)
        thread.join(60)
        client.drop_database(database.name)
    return _percentiles(floor.heard, saves)


def _alone(stack: Stack) -> float:
    """How busy the saves and the bare change stream keep the processors, with nothing else."""
    settings = stack.settings()
    with mongo.connect(settings, app_name="bench-alone") as client:
        database = mongo.database(client, settings)
        schema.ensure(database)
        busy = _cancel(database, _load(database, RATE * SECONDS), RATE).busy
        client.drop_database(database.name)
    return busy


def _percentiles(reached: Times, saves: Saves) -> Round:
    ours = sorted(_ms(reached[key] - at) for key, at in saves.saved.items())
    raw = sorted(_ms(saves.seen[key] - at) for key, at in saves.saved.items())
    return Round((_at(ours, 0.5), _at(raw, 0.5)), (_at(ours, 0.99), _at(raw, 0.99)), saves.busy)


def _load(database: Docs, count: int) -> list[ObjectId]:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    keys = [ObjectId() for _ in range(count)]
    database.users.insert_many(
        {"_id": key, "name": "Traveller", "email": f"t{n}@example.org"} for n, key in enumerate(keys)
    )
    database.flights.insert_many(
        {
            "_id": key,
            "flight_number": f"UA{n + 1}",
            "airline": "UA",
            "origin": "EWR",
            "destination": "DEN",
            "departure_date": tomorrow,
            "departure_time": "12:00",
            "arrival_time": "14:30",
            "status": "scheduled",
        }
        for n, key in enumerate(keys)
    )
    database.bookings.insert_many({"user_id": key, "flight_id": key, "status": "confirmed"} for key in keys)
    return keys


def _cancel(database: Docs, keys: Sequence[ObjectId], rate: int) -> Saves:
    """Cancel one flight every 1/rate s, or as often as each can be confirmed."""
    saved: Times = {}
    seen: Times = {}
    ready = threading.Event()

    def watch() -> None:
        with database.flights.watch(max_await_time_ms=500) as stream:
            ready.set()
            while len(seen) < len(keys):
                change = stream.try_next()
                if change is not None:
                    seen[str(change["documentKey"]["_id"])] = datetime.now(UTC)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    ready.wait(10)
    before = psutil.cpu_times()
    begin = time.monotonic()
    for n, key in enumerate(keys):
        time.sleep(max(0.0, begin + n / rate - time.monotonic()))
        saved[str(key)] = datetime.now(UTC)
        database.flights.update_one({"_id": key}, {"$set": {"status": "cancelled"}})
    watcher.join(30)
    return Saves(saved, seen, _busy(before, psutil.cpu_times()))


def _busy(before: Any, after: Any) -> float:
    """Share of all processors between the two times of psutil; waiting for a disk is no work."""
    spent: dict[str, float] = {name: getattr(after, name) - getattr(before, name) for name in after._fields}
    return 1 - (spent["idle"] + spent.get("iowait", 0.0)) / sum(spent.values())


def _wait(done: Any, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not all {what} were there within {seconds:.0f} s")
        time.sleep(0.2)


def _ms(span: timedelta) -> float:
    return span.total_seconds() * 1000


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
