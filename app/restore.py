"""What `gatecall restore` does after MongoDB was restored from a backup, step by step, and safe to repeat.

MongoDB's past is another one then. People may have heard what the restored database does not know of (the lost
past), and the topics hold changes that never happened. The steps: the incarnation grows (outside the database);
conversations whose person may have heard something in the lost past are put in doubt, so that they are told the
present state once, with a message that says "now"; all orders are raised into the new incarnation, so that nothing
of the lost past can follow them; the watchers' positions are forgotten, so that they read everything anew.

Which flights changed in the lost past is read from their topic. Where it does not reach back to the backup, or was
made again since, every conversation is in doubt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kafka.errors import GroupIdNotFoundError, KafkaError, UnsupportedVersionError
from pymongo.database import Database

from app.bus import clients, topics
from app.bus.history import History, changed_flights
from app.bus.incarnation import Incarnation, Incarnations
from app.domain import order
from app.domain.clock import Now
from app.domain.errors import SetupError, TransientError
from app.domain.namespaces import FLIGHTS, PRICES, Namespace
from app.domain.order import Order
from app.settings import Settings
from app.store import digests, schema_steps
from app.store.airport_days import AirportDays
from app.store.due_alerts import DueAlerts
from app.store.known import KnownFlights
from app.store.leases import Leases
from app.store.restored import Marked, RestoredConversations, RestoredKnown
from app.store.resume_tokens import ResumeTokens

# A person in doubt is told at the latest then, even if no event of the flight comes.
TOLD_WITHIN = timedelta(minutes=10)
GROUPS = {
    "notifier": "notifiers",
    "airports": "airports consumers",
    "alerts": "alerts consumers",
    "notices": "notices consumers",
}
# Who holds a lease, if not the watchers. Telegram's by its name, because nothing here may import a consumer.
_HOLDERS = {digests.LEASE: "delivery", "telegram": "telegram", schema_steps.LEASE: "`gatecall schema`"}
_AT_ONCE = 1_000
# Of questions to a group's coordinator, and the seconds between them.
_ATTEMPTS = 15
_PAUSE_S = 1.0
# By so much a server's clock may be ahead of the watcher's that noted when it stored its position.
_CLOCKS_S = 5

Report = Callable[[str], None]
"""Told what was done, a sentence each, for the operator."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the command works with. admin: from clients.admin. now: system clock."""

    settings: Settings
    database: Database[dict[str, Any]]
    admin: Any
    incarnations: Incarnations
    now: Now


def busy(around: Surroundings) -> list[str]:
    """What of the pipeline still runs, a sentence each; empty when all of it is stopped.

    Raises TransientError when Kafka does not tell.
    """
    found = [
        f"{name} is held by {holder}: stop {_HOLDERS.get(name, 'the watchers')}"
        for name, holder in Leases(around.database, "").all_held()
    ]
    claimed = RestoredConversations(around.database).claimed()
    if claimed:
        found.append(f"{claimed} conversations are claimed: stop delivery, or wait for its lease to end")
    for name, whose in GROUPS.items():
        group = f"{around.settings.kafka_topic_prefix}{name}"
        if members := _members(around.admin, group):
            found.append(f"consumer group {group} has {members} members: stop the {whose}")
    return found


def run(around: Surroundings, report: Report) -> Marked:
    """All steps; returns what was marked. Repeat it when it was interrupted: it goes on where it was.

    Raises SetupError when the pipeline runs, TransientError when Kafka, PyMongoError when MongoDB does not answer.
    """
    working = busy(around)
    if working:
        raise SetupError("\n".join(["The pipeline must be stopped before a restore is finished:", *working]))
    tokens, known = ResumeTokens(around.database), RestoredKnown(around.database)
    found = around.incarnations.current(fresh=True)
    number = found.number
    if not found.unfinished:
        number = max(number, tokens.highest()[0], known.highest_incarnation()) + 1
        around.incarnations.write(Incarnation(number, unfinished=True), around.now())
    report(f"Incarnation {number} {'goes on' if found.unfinished else 'begins'}.")
    doubtful = _changed_subjects(around, number, report)
    # How many flights of a day went wrong is counted from all of them.
    days = AirportDays(around.database).raise_all(number)
    alerts = DueAlerts(around.database).raise_all(number)
    if doubtful is not None:
        fares_changed = bool(alerts) and _fares_changed(around)
        doubtful |= {*(days if doubtful else ()), *(alerts if fares_changed else ())}
    conversations = RestoredConversations(around.database)
    marked = Marked()
    for some in conversations.raise_all(number, doubtful, around.now() + TOLD_WITHIN):
        marked += some
        report(f"  {marked.conversations} conversations, {marked.doubtful} of them in doubt")
    report(f"{known.raise_all(number)} flights are known as of before the restore.")
    report(f"{tokens.forget_all()} positions of watchers are forgotten: they read everything anew.")
    around.incarnations.write(Incarnation(number), around.now())
    report(f"Done. Start the watchers and the notifier, then delivery: all is of incarnation {number} now.")
    return marked


def _fares_changed(around: Surroundings) -> bool:
    """Whether any fare changed in the lost past, or nobody can tell."""
    stored, history = ResumeTokens(around.database).when(PRICES.collection), _history(around, PRICES)
    if stored is None or history is None:
        return True
    backup_s = int(stored[1].timestamp()) - _CLOCKS_S
    # What cannot be read sorts after every order.
    return any(
        last.startswith("~") or order.cluster_time_of(last)[0] >= backup_s for last in history.last.values()
    )


def _changed_subjects(around: Surroundings, number: int, report: Report) -> frozenset[str] | None:
    """Subjects of the flights that changed in the lost past; None when nobody can tell."""
    history = _history(around, FLIGHTS)
    if history is None:
        report(
            "The topic of flights does not reach back to the backup: everybody is told the present state once."
        )
        return None
    known, subjects, flights = KnownFlights(around.database), set(), 0
    for keys in _portions(sorted(history.last)):
        there = known.of_keys(keys)
        for key, one in there.items():
            if one.subject is not None and history.last[key] > _unraised(one.order, number):
                subjects.add(one.subject)
                flights += 1
        # A document that came in the lost past carried on what was known of its flight.
        new = {history.identities[key] for key in keys if key not in there and key in history.identities}
        if new:
            carried_on = known.of_identities(new)
            subjects |= carried_on
            flights += len(carried_on)
    report(
        f"{flights} flights changed after the backup was made; those who may have heard it are told once more."
    )
    return frozenset(subjects)


def _history(around: Surroundings, namespace: Namespace) -> History | None:
    tokens = ResumeTokens(around.database)
    topic_ids = topics.TopicIds(around.admin)
    name = topics.name(around.settings, namespace.topic)
    topic = topic_ids.current(name, fresh=True)
    stored = tokens.when(namespace.collection)
    if stored is None or stored[0] != topic.id:
        return None
    history = changed_flights(around.settings, topic)
    return history if history.reaches(stored[1] - timedelta(hours=1)) else None


def _unraised(found: Order, number: int) -> Order:
    prefix = order.first_of(number)
    return Order(found[len(prefix) :]) if found.startswith(prefix) else found


def _portions(keys: list[str]) -> Iterator[list[str]]:
    for first in range(0, len(keys), _AT_ONCE):
        yield keys[first : first + _AT_ONCE]


def _members(admin: Any, group: str) -> int:
    """How many members the consumer group has. Raises TransientError when Kafka does not tell."""
    try:
        answer = _patiently(lambda: admin.describe_groups([group])[group])
    except (UnsupportedVersionError, ValueError):
        return 0  # brokers that cannot say (the client cannot read Tansu's answer); the leases were looked at
    except KafkaError as error:
        raise clients.transient(f"asking who is in consumer group {group}", error) from error
    if answer["error"] and GroupIdNotFoundError.__name__ not in answer["error"]:
        raise TransientError(f"Kafka does not tell who is in consumer group {group}: {answer['error']}")
    return len(answer["members"])


def _patiently(ask: Callable[[], Any]) -> Any:
    """The answer; what passes by itself is waited for: the first question ever makes a coordinator."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return ask()
        except KafkaError as error:
            if not error.retriable:
                raise
        time.sleep(_PAUSE_S)
    return ask()


def asked_for(database: Database[dict[str, Any]], collections: list[str], now: datetime) -> dict[str, bool]:
    """`gatecall reconcile`: ask the watchers for snapshots; whether each has a position that it leaves for that."""
    tokens = ResumeTokens(database)
    return {collection: tokens.ask(collection, now) for collection in collections}
