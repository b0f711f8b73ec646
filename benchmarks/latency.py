"""From the save to the provider, without settling time: what the whole line adds to a bare change stream.

100 flights a second are cancelled for 30 s, one traveller each. A bare change stream on the same collection
notes when it saw each; the ledger notes when the SMTP server accepted the mail.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo.database import Database

from app.bus import clients
from app.bus import topics as bus_topics
from app.store import client as mongo
from app.store import schema
from benchmarks.floor import Floor
from benchmarks.report import Row
from benchmarks.stack import Stack, product, smtp_sink

RATE = 100
SECONDS = 30
P50_ABOVE_RAW_MS = 60.0
P99_ABOVE_RAW_MS = 500.0

Docs = Database[dict[str, Any]]
Times = dict[str, datetime]


def run(stack: Stack) -> list[Row]:
    """Three rounds; p50 and p99 in milliseconds above the bare change stream of the same changes."""
    rounds = [_round(stack) for _ in range(3)]
    floor = [_floor(stack) for _ in range(3)]
    detail = "; ".join(f"{ours:.0f} ms, bare {raw:.0f} ms" for (ours, raw), _ in rounds)
    tail = "; ".join(f"{ours:.0f} ms, bare {raw:.0f} ms" for _, (ours, raw) in rounds)
    return [
        Row(
            "save to provider, p50 above a bare change stream",
            _above(r[0] for r in rounds),
            "ms",
            P50_ABOVE_RAW_MS,
            True,
            detail,
        ),
        Row(
            "save to provider, p99 above a bare change stream",
            _above(r[1] for r in rounds),
            "ms",
            P99_ABOVE_RAW_MS,
            True,
            tail,
        ),
        Row(
            "the protocol's writes alone, p50 above a bare change stream",
            _above(r[0] for r in floor),
            "ms",
            P50_ABOVE_RAW_MS,
            True,
            f"p99 {', '.join(f'{value:.0f}' for value in _above(r[1] for r in floor))} ms; nothing of the product runs",
        ),
    ]


def _above(pairs: Any) -> tuple[float, ...]:
    return tuple(ours - raw for ours, raw in pairs)


def _round(stack: Stack) -> tuple[tuple[float, float], tuple[float, float]]:
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
            flights = _load(database)
            commands = {
                "watchers": ["watch"],
                "notifier": ["consume", "notifier"],
                "delivery": ["consume", "delivery"],
            }
            with product(settings, commands, stack.directory):
                _wait(
                    lambda: database.conversations.count_documents({}) == len(flights), 120, "conversations"
                )
                saved, seen = _cancel(database, flights)
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


def _floor(stack: Stack) -> tuple[tuple[float, float], tuple[float, float]]:
    """The same changes, through the protocol's writes alone."""
    settings = stack.settings()
    with mongo.connect(settings, app_name="bench-floor") as client:
        database = mongo.database(client, settings)
        schema.ensure(database)
        flights = _load(database)
        floor = Floor(database, flights)
        thread = threading.Thread(target=floor.run, daemon=True)
        thread.start()
        floor.ready.wait(10)
        saved, seen = _cancel(database, flights)
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


def _load(database: Docs) -> list[ObjectId]:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    keys = [ObjectId() for _ in range(RATE * SECONDS)]
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


def _cancel(database: Docs, keys: Sequence[ObjectId]) -> tuple[Times, Times]:
    """Cancel one flight every 1/RATE s; returns when each was saved, and when a bare change stream saw it."""
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
        time.sleep(max(0.0, begin + n / RATE - time.monotonic()))
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
