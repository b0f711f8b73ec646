"""From the save to the provider, without settling time: what the whole line adds to a bare change stream.

100 flights a second are cancelled for 30 s, one traveller each; then 10 a second, which leave the machine time. A bare
change stream on the same collection notes when it saw each; the ledger notes when the SMTP server accepted the mail.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

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


def run(stack: Stack) -> list[Row]:
    """ROUNDS of each; p50 and p99 in milliseconds above the bare change stream of the same changes."""
    rounds = [_round(stack, RATE) for _ in range(ROUNDS)]
    quiet = [_round(stack, QUIET_RATE) for _ in range(ROUNDS)]
    floor = [_floor(stack) for _ in range(ROUNDS)]
    return [
        _row(f"{RATE} changes/s, save to provider, p50", [r[0] for r in rounds], P50_ABOVE_RAW_MS),
        _row(f"{RATE} changes/s, save to provider, p99", [r[1] for r in rounds], P99_ABOVE_RAW_MS),
        _row(f"{QUIET_RATE} changes/s, save to provider, p50", [r[0] for r in quiet], P50_ABOVE_RAW_MS),
        _row(f"{QUIET_RATE} changes/s, save to provider, p99", [r[1] for r in quiet], P99_ABOVE_RAW_MS),
        Row(
            "the protocol's writes alone, p50 above a bare change stream",
            _above(r[0] for r in floor),
            "ms",
            P50_ABOVE_RAW_MS,
            True,
            f"p99 {', '.join(f'{value:.0f}' for value in _above(r[1] for r in floor))} ms; nothing of the product runs",
        ),
    ]


def _row(what: str, pairs: Sequence[tuple[float, float]], goal: float) -> Row:
    detail = "; ".join(f"{ours:.0f} ms, bare {raw:.0f} ms" for ours, raw in pairs)
    return Row(f"{what} above a bare change stream", _above(pairs), "ms", goal, True, detail)


def _above(pairs: Any) -> tuple[float, ...]:
    return tuple(ours - raw for ours, raw in pairs)


def _round(stack: Stack, rate: int) -> tuple[tuple[float, float], tuple[float, float]]:
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
                saved, seen = _cancel(database, flights, rate)
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
    return _percentiles(sent, saved, seen)


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


def _floor(stack: Stack) -> tuple[tuple[float, float], tuple[float, float]]:
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
        saved, seen = _cancel(database, flights, RATE)
        thread.join(60)
        client.drop_database(database.name)
    return _percentiles(floor.heard, saved, seen)


def _percentiles(
    reached: Times, saved: Times, seen: Times
) -> tuple[tuple[float, float], tuple[float, float]]:
    """p50 and p99 of what was measured, each with that of the bare change stream."""
    ours = sorted(_ms(reached[key] - saved[key]) for key in saved)
    raw = sorted(_ms(seen[key] - saved[key]) for key in saved)
    return (_at(ours, 0.5), _at(raw, 0.5)), (_at(ours, 0.99), _at(raw, 0.99))


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


def _cancel(database: Docs, keys: Sequence[ObjectId], rate: int) -> tuple[Times, Times]:
    """Cancel one flight every 1/rate s; returns when each was saved, and when a bare change stream saw it."""
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
    begin = time.monotonic()
    for n, key in enumerate(keys):
        time.sleep(max(0.0, begin + n / rate - time.monotonic()))
        saved[str(key)] = datetime.now(UTC)
        database.flights.update_one({"_id": key}, {"$set": {"status": "cancelled"}})
    watcher.join(30)
    return saved, seen


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
