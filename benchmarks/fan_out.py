"""Fan-out of one cancelled flight to 20,000 people, from the event to due conversations.

Against a bare `update_many` of as many conversations, and against a bare `insert_many` of the same documents:
what the server must do in any case.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from pymongo.database import Database

from app.bus.consumer import Received
from app.domain import order
from app.domain.clock import system_now
from app.domain.events import ChangeEvent, Op
from app.domain.flight import parse
from app.settings import Settings
from app.store import client as mongo
from app.store import schema
from benchmarks.report import Row
from benchmarks.stack import Stack
from consumers.notifier.notifier import TOPICS, Notifier
from consumers.notifier.stores import Stores
from consumers.notifier.telling import Rules

PEOPLE = 20_000
ROUNDS = 3
EXISTING_GOAL = 0.7
MISSING_GOAL = 0.5

Docs = Database[dict[str, Any]]
_NUMBERS: dict[str, int] = {}
_TOPIC = TOPICS[0]
_FLIGHT = {
    "flight_number": "UA1545",
    "airline": "UA",
    "origin": "EWR",
    "destination": "IAH",
    "departure_time": "10:00",
    "arrival_time": "13:05",
    "status": "scheduled",
}


def run(stack: Stack) -> list[Row]:
    """Both cases, three rounds each; every round measures ours and the raw limit on fresh documents."""
    settings = stack.settings(mail_server="127.0.0.1")
    existing: list[tuple[float, float]] = []
    missing: list[tuple[float, float]] = []
    with mongo.connect(settings, app_name="bench-fan-out") as client:
        database = mongo.database(client, settings)
        schema.ensure(database)
        notifier = notifier_of(database, settings)
        for round_ in range(ROUNDS):
            missing.append(_missing(database, notifier, round_))
            existing.append(_existing(database, notifier, round_))
        client.drop_database(database.name)
    return [
        _row("fan-out to 20,000 existing conversations", existing, EXISTING_GOAL, "update_many"),
        _row("fan-out to 20,000 missing conversations", missing, MISSING_GOAL, "insert_many"),
    ]


def notifier_of(database: Docs, settings: Settings) -> Notifier:
    """A notifier without a consumer: events are handed to it."""
    return Notifier(
        Stores.of(database),
        Rules.of(settings, system_now),
        channels=settings.channels,
        collections={_TOPIC.topic: _TOPIC.collection},
        partitions=lambda _: 6,
    )


def _row(name: str, pairs: list[tuple[float, float]], goal: float, bare: str) -> Row:
    ours, raw = median(o for o, _ in pairs), median(r for _, r in pairs)
    detail = f"{ours * 1000:.0f} ms; bare {bare} {raw * 1000:.0f} ms"
    return Row(name, tuple(r / o for o, r in pairs), "ratio", goal, detail=detail)


def _missing(database: Docs, notifier: Notifier, round_: int) -> tuple[float, float]:
    """A flight that nobody knew, cancelled: all conversations are made; then the same documents, bare."""
    flight = f"missing{round_}"
    book(database, flight, PEOPLE)
    ours = timed(lambda: notifier.handle([event_of(flight, 1, Op.INSERT, status="cancelled")]))
    rows = list(database.conversations.find({"subject": f"flight:{flight}"}))
    assert len(rows) == PEOPLE
    assert all("due_at" in row for row in rows)
    database.conversations.delete_many({"subject": f"flight:{flight}"})
    raw = timed(lambda: database.conversations.insert_many(rows, ordered=False))
    _clear(database, flight)
    return ours, raw


def _existing(database: Docs, notifier: Notifier, round_: int) -> tuple[float, float]:
    """A flight whose travellers have their conversations, cancelled; then the same change of others, bare."""
    flight, other = f"existing{round_}", f"bare{round_}"
    for key in (flight, other):
        book(database, key, PEOPLE)
        notifier.handle([event_of(key, 1, Op.INSERT)])
    received = event_of(flight, 2, Op.UPDATE, status="cancelled")
    event = received.event
    assert isinstance(event, ChangeEvent)
    values = {
        "want": parse(event.after or {}).to_document(),
        "order": event.order,
        "due_at": datetime.now(UTC),
        "priority": 0,
        "event_id": event.id,
        "changed_at": event.wall_time,
    }
    measured = {
        "ours": lambda: notifier.handle([received]),
        "raw": lambda: database.conversations.update_many({"subject": f"flight:{other}"}, {"$set": values}),
    }
    # Whoever goes first pays for what the server still has to do; so they take turns.
    took = {name: timed(measured[name]) for name in sorted(measured, reverse=round_ % 2 == 1)}
    ours, raw = took["ours"], took["raw"]
    assert (
        database.conversations.count_documents({"subject": f"flight:{flight}", "due_at": {"$exists": True}})
        == PEOPLE
    )
    _clear(database, flight)
    _clear(database, other)
    return ours, raw


def book(database: Docs, flight: str, people: int) -> None:
    """So many people with a booking on the flight."""
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    seen = {"flight": _FLIGHT | {"departure_date": day, "flight_number": _number(flight)}}
    database.bookings.insert_many(
        {"user_id": f"{flight}-{n}", "flight_id": flight, "status": "confirmed", "seen": seen}
        for n in range(people)
    )


def _clear(database: Docs, flight: str) -> None:
    database.bookings.delete_many({"flight_id": flight})
    database.conversations.delete_many({"subject": f"flight:{flight}"})


def _number(flight: str) -> str:
    return f"UA{_NUMBERS.setdefault(flight, len(_NUMBERS) + 1)}"


def event_of(flight: str, step: int, op: Op, **fields: str) -> Received:
    """The step-th event of a flight that leaves in three days. fields: what it changes."""
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    after = _FLIGHT | {"departure_date": day, "flight_number": _number(flight)} | fields
    now = datetime.now(UTC)
    when = (int(now.timestamp()), step)
    event = ChangeEvent(
        id=f"{flight}-{step}",
        op=op,
        namespace="bench.flights",
        key=flight,
        document_key=flight,
        order=order.of_event(0, when, f"82{step:04x}"),
        cluster_time=when,
        wall_time=now,
        before=None,
        after=after,
        changed=(),
    )
    return Received(_TOPIC.topic, 0, step, flight, event)


def timed(work: Callable[[], Any]) -> float:
    """Seconds that it took."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
