"""Fare alerts: what matching costs with 1,000 and with 1,000,000 of them, and a storm of 10,000 changes of fares.

Matching is measured for the same number of matches, against a bare `update_many` of the same alerts by their ids: what
the server must do in any case. The storm goes from the events until nothing is due.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from pymongo.database import Database

from app.bus.consumer import Received
from app.domain import order, places
from app.domain.clock import real_time, system_now
from app.domain.events import ChangeEvent, Op
from app.store import client as mongo
from app.store import schema
from benchmarks.report import Row
from benchmarks.stack import Stack
from consumers.alerts.asking import TOPICS, Asking
from consumers.alerts.evaluating import Evaluating
from consumers.alerts.rules import Rules
from consumers.alerts.stores import Stores

Docs = Database[dict[str, Any]]

FEW, MANY = 1_000, 1_000_000
MATCHES = 100
ROUNDS = 15
MOST_RATIO = 2.0
RAW_GOAL = 0.4
STORM, STORM_ALERTS, STORM_S = 10_000, 1_000, 60.0
_AT_ONCE = 500
_THREADS = 4
_MONTH = "2035-03"
_FIELDS = {
    "origins": ["JFK"],
    "destinations": ["SFO"],
    "dates": {"from": f"{_MONTH}-01", "until": f"{_MONTH}-31"},
    "currency": "USD",
    "condition": {"kind": "below", "amount": "200.00"},
    "repeat": "again",
    "tell_now": True,
}
_TOPIC = TOPICS[0]


def run(stack: Stack) -> list[Row]:
    """Matching with few alerts and with many, then the storm; each on a database of its own."""
    places.load()
    few, few_raw = _matching(stack, FEW)
    many, many_raw = _matching(stack, MANY)
    detail = f"{1000 * few:.1f} ms with {FEW:,}, {1000 * many:.1f} ms with {MANY:,}, {MATCHES} matches"
    raw_detail = (
        f"{1000 * many:.1f} ms; bare update_many by id {1000 * many_raw:.1f} ms ({1000 * few_raw:.1f} ms)"
    )
    return [
        Row(
            "alerts: 1,000,000 against 1,000", (many / few,), "ratio", MOST_RATIO, at_most=True, detail=detail
        ),
        Row("alerts: matching against bare update", (many_raw / many,), "ratio", RAW_GOAL, detail=raw_detail),
        _storm(stack),
    ]


def _matching(stack: Stack, number: int) -> tuple[float, float]:
    """Seconds for one change that asks for MATCHES of so many alerts, and for a bare update of the same."""
    settings = stack.settings(mail_server="127.0.0.1")
    with mongo.connect(settings, app_name="bench-alerts") as client:
        database = mongo.database(client, settings)
        schema.ensure(database)
        for some in _batches(_alerts(number)):
            database.alerts.insert_many(some, ordered=False)
        asking, _ = _consumer(database)
        wanted = {"_id": {"$in": [f"match{n}" for n in range(MATCHES)]}}
        ours, raw = [], []
        for round_ in range(ROUNDS + 1):
            change = _event(f"new{round_}", round_ + 1, "190.00")
            began = time.perf_counter()
            asking.handle([change])
            ours.append(time.perf_counter() - began)
            found = database.alerts.count_documents({"due_at": {"$exists": True}})
            assert found == MATCHES, f"{found} alerts were asked for"
            database.alerts.update_many(wanted, {"$unset": {"due_at": "", "asked": ""}})
            began = time.perf_counter()
            values = {"asked": "x", "asked_at": datetime.now(UTC), "due_at": datetime.now(UTC)}
            database.alerts.update_many(wanted, {"$set": values, "$inc": {"asks": 1}})
            raw.append(time.perf_counter() - began)
            database.alerts.update_many(wanted, {"$unset": {"due_at": "", "asked": ""}})
        client.drop_database(database.name)
    return median(ours[1:]), median(raw[1:])  # the first makes plans and fills caches


def _storm(stack: Stack) -> Row:
    """10,000 changes of one route's fares, each of which may move 1,000 alerts, until nobody waits."""
    settings = stack.settings(mail_server="127.0.0.1")
    with mongo.connect(settings, app_name="bench-alerts") as client:
        database = mongo.database(client, settings)
        schema.ensure(database)
        database.users.insert_many([{"_id": f"p{n}", "name": f"P{n}"} for n in range(STORM_ALERTS)])
        database.alerts.insert_many([_alert(f"storm{n}", f"p{n}", None) for n in range(STORM_ALERTS)])
        asking, stores = _consumer(database)
        changes, rows = [], []
        for number in range(STORM):
            amount = f"{100 + (number * 7919) % 400}.00"
            changes.append(_event(f"offer{number}", number + 1, amount))
            rows.append({"_id": f"offer{number}", **_fare(amount)})
        database.prices.insert_many(rows)
        readers = [
            Evaluating(stores, Rules.of(settings, system_now), settings.channels) for _ in range(_THREADS)
        ]
        began = time.perf_counter()
        with ThreadPoolExecutor(_THREADS) as pool:
            for at in range(0, STORM, _AT_ONCE):
                asking.handle(changes[at : at + _AT_ONCE])
                list(pool.map(lambda reader: reader.evaluate_due(), readers))
            while database.alerts.find_one({"due_at": {"$exists": True}}):
                if not sum(pool.map(lambda reader: reader.evaluate_due(), readers)):
                    time.sleep(0.05)  # an alert is read once in its settling time
        took = time.perf_counter() - began
        told = database.conversations.count_documents({"due_at": {"$exists": True}})
        assert told == STORM_ALERTS, f"{told} conversations are due"
        client.drop_database(database.name)
    detail = f"{STORM / took:,.0f} changes/s, {STORM_ALERTS:,} alerts on their route"
    return Row("alerts: a storm of 10,000 changes", (took,), "s", STORM_S, at_most=True, detail=detail)


def _consumer(database: Docs) -> tuple[Asking, Stores]:
    stores = Stores.of(database)
    rules = Rules(timedelta(seconds=1), timedelta(days=30), real_time(), system_now)
    return Asking(stores, rules, {_TOPIC.topic: _TOPIC.collection}), stores


def _alerts(number: int) -> Iterator[dict[str, Any]]:
    """So many, of which MATCHES have a cheapest fare above 190. A tenth of the rest is of the same route and month."""
    for n in range(MATCHES):
        yield _alert(f"match{n}", f"m{n}", {"amount_minor": 25_000, "offer": f"m{n}"})
    for n in range(number - MATCHES):
        one = _alert(f"other{n}", f"o{n}", {"amount_minor": 15_000, "offer": f"o{n}"})
        if n % 10:
            one["keys"] = [f"A{n % 97:02}-B{n % 89:02} 2035-{n % 12 + 1:02}"]
        yield one


def _alert(key: str, person: str, cheapest: dict[str, Any] | None) -> dict[str, Any]:
    own = {"_id": key, "user_id": person, "created_at": datetime.now(UTC), "version": 1, "paused": False}
    state = {"status": "active", "asks": 0, "keys": [f"JFK-SFO {_MONTH}"]}
    return _FIELDS | own | state | ({"cheapest": cheapest} if cheapest else {})


def _batches(things: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    some: list[dict[str, Any]] = []
    for one in things:
        some.append(one)
        if len(some) == 2_000:
            yield some
            some = []
    if some:
        yield some


def _fare(amount: str) -> dict[str, Any]:
    day = f"{_MONTH}-10"
    return {"origin": "JFK", "destination": "SFO", "departure_date": day, "currency": "USD", "amount": amount}


def _event(key: str, number: int, amount: str) -> Received:
    when = (1_600_000_000 + number, 1)
    event = ChangeEvent(
        id=f"bench-{key}",
        op=Op.INSERT,
        namespace="bench.prices",
        key=key,
        document_key=key,
        order=order.of_event(0, when, f"82{number:08x}"),
        cluster_time=when,
        wall_time=datetime.now(UTC),
        before=None,
        after=_fare(amount),
        changed=(),
    )
    return Received(_TOPIC.topic, 0, number, key, event)
