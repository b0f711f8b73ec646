"""A watcher drains 50,000 updates that are waiting, against pymongo reading the same stream and doing nothing.

The watcher is the product's own: pre- and post-images, tokens stored after acknowledgements, all in-sync
replicas. The raw side iterates `collection.watch` with the same pipeline; a second row has it without the
projection, as a plain program would write it.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bson.timestamp import Timestamp
from pymongo import UpdateOne
from pymongo.database import Database

from app.bus import clients, topics
from app.domain.clock import system_now
from app.domain.namespaces import FLIGHTS
from app.metrics import WATCHER_EVENTS
from app.runtime import StopFlag
from app.settings import Settings
from app.store import client as mongo
from app.store.leases import Leases
from app.store.resume_tokens import Position, ResumeTokens
from benchmarks.report import Row, ratios
from benchmarks.stack import Stack
from watchers.process import collect_garbage_rarely
from watchers.stream import pipeline
from watchers.watcher import Surroundings, Watcher

UPDATES = 50_000
FLIGHTS_COUNT = 2_000
ROUNDS = 3
AT_LEAST = 0.7
_DEADLINE_S = 180.0

Documents = Database[dict[str, Any]]


def run(stack: Stack) -> list[Row]:
    """Two rows: events a second of the watcher, by those of pymongo with and without the projection."""
    settings = stack.settings()
    admin = clients.admin(settings)
    try:
        topics.ensure(admin, settings)
        with mongo.connect(settings, app_name="bench-drain") as client:
            database = mongo.database(client, settings)
            start_at = _prepare(database)
            ours = partial(_ours, database, settings, admin, start_at)
            bare = pipeline(FLIGHTS, Position(start_at=start_at))
            collect_garbage_rarely()
            return [
                _row("same pipeline", ours, partial(_raw, database, bare[1:], start_at)),
                _row("no projection", ours, partial(_raw, database, [], start_at)),
            ]
    finally:
        admin.close()
        gc.set_threshold(700, 10, 10)
        gc.unfreeze()


def _row(against: str, ours: Callable[[], float], raw: Callable[[], float]) -> Row:
    name = f"watcher draining {UPDATES:,} updates ({against})"
    return ratios(name, ours, raw, rounds=ROUNDS, goal=AT_LEAST, unit="events/s")


def _prepare(database: Documents) -> tuple[int, int]:
    """Documents of some 650 bytes, each edited 25 times; returns the cluster time before the edits."""
    flights = database.create_collection("flights", changeStreamPreAndPostImages={"enabled": True})
    flights.insert_many(_flight(number) for number in range(FLIGHTS_COUNT))
    start = database.command("ping")["operationTime"]
    for turn in range(UPDATES // FLIGHTS_COUNT):
        edit = {"$set": {"gate": f"B{turn}", "updated_at": system_now()}}
        flights.bulk_write([UpdateOne({"_id": f"F{n}"}, edit) for n in range(FLIGHTS_COUNT)], ordered=False)
    return (start.time, start.inc + 1)


def _flight(number: int) -> dict[str, Any]:
    return {
        "_id": f"F{number}",
        "flight_number": f"AI{number}",
        "airline": "AI",
        "origin": "DEL",
        "destination": "BOM",
        "departure_date": "2026-12-01",
        "departure_time": "10:00",
        "arrival_date": "2026-12-01",
        "arrival_time": "12:10",
        "estimated_departure_time": "10:25",
        "estimated_arrival_time": "12:35",
        "status": "delayed",
        "status_reason": "late arrival of the aircraft",
        "gate": "A1",
        "terminal": "3",
        "arrival_gate": "42",
        "belt": "7",
        "aircraft": "A320",
        "version": 1,
        "notes": "n" * 200,
    }


def _ours(database: Documents, settings: Settings, admin: Any, start_at: tuple[int, int]) -> float:
    topic_ids = topics.TopicIds(admin)
    name = topics.name(settings, FLIGHTS.topic)
    ResumeTokens(database).save(
        "flights", Position(start_at=start_at), topic_ids.current(name).id, system_now()
    )
    around = Surroundings(
        database=database,
        topic_ids=topic_ids,
        topic_name=partial(topics.name, settings),
        producer=partial(clients.producer, settings),
        ensure_topics=partial(topics.ensure, admin, settings),
        leases=Leases(database, holder="bench"),
        lease_s=settings.lease_s,
        now=system_now,
    )
    stop = StopFlag()
    acknowledged = WATCHER_EVENTS.labels("flights", "update")
    before = acknowledged._value.get()
    thread = threading.Thread(target=Watcher(FLIGHTS, around, stop).run)
    began = time.perf_counter()
    thread.start()
    while acknowledged._value.get() - before < UPDATES:
        if time.perf_counter() - began > _DEADLINE_S:
            raise TimeoutError(
                f"only {acknowledged._value.get() - before:.0f} updates in {_DEADLINE_S:.0f} s"
            )
        time.sleep(0.02)
    rate = UPDATES / (time.perf_counter() - began)
    stop.set()
    thread.join()
    return rate


def _raw(database: Documents, stages: list[dict[str, Any]], start_at: tuple[int, int]) -> float:
    began = time.perf_counter()
    seen = 0
    with database.flights.watch(
        stages,
        full_document="whenAvailable",
        full_document_before_change="whenAvailable",
        start_at_operation_time=Timestamp(*start_at),
    ) as stream:
        for _ in stream:
            seen += 1
            if seen == UPDATES:
                break
    return UPDATES / (time.perf_counter() - began)
