"""`gatecall restore` step by step: what it marks, that it may be interrupted anywhere, and when it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kafka.errors import CoordinatorLoadInProgressError, NodeNotReadyError
from pymongo.database import Database

from app import restore
from app import settings as settings_module
from app.bus import clients, envelope, topics
from app.bus.incarnation import Incarnation, Incarnations
from app.domain import order
from app.domain.clock import system_now
from app.domain.errors import SetupError, TransientError
from app.domain.events import ChangeEvent, Op
from app.domain.flight import identity_of
from app.domain.namespaces import FLIGHTS, WATCHED
from app.store.leases import Leases
from app.store.restored import RestoredKnown
from app.store.resume_tokens import Position, ResumeTokens
from watchers.past import Past

Docs = Database[dict[str, Any]]


class DiedError(Exception):
    """The command was killed here."""


class Restored:
    """A database as a restore leaves it: three flights, of which f1 changed after the backup."""

    def __init__(self, database: Docs, settings: settings_module.Settings) -> None:
        self.database = database
        self.settings = settings
        self.admin = clients.admin(settings)
        topics.ensure(self.admin, settings)
        self.incarnations = Incarnations(settings, max_age_s=0)
        self.around = restore.Surroundings(settings, database, self.admin, self.incarnations, system_now)
        self.said: list[str] = []
        topic = topics.TopicIds(self.admin).current(topics.name(settings, FLIGHTS.topic))
        ResumeTokens(database).save("flights", Position(start_at=(5, 1)), topic.id, system_now())
        for flight in ("f1", "f2", "f3"):
            database.known.insert_one(
                {
                    "_id": flight,
                    "subject": f"flight:{flight}",
                    "order": at(5),
                    "state": "present",
                    "partition": 0,
                }
            )
        self.conversation("f1")
        self.conversation("f2")
        self.conversation("f3", due_at=system_now())
        self.publish("f1", 9)
        self.publish("f2", 4)

    def conversation(self, flight: str, **fields: Any) -> None:
        row = {"_id": f"flight:{flight}|p1|email", "subject": f"flight:{flight}", "order": at(5)}
        row |= {"heard": {"gate": "A"}, "want": {"gate": "A"}, "status": "open"}
        self.database.conversations.insert_one(row | fields)

    def publish(self, flight: str, time: int, after: dict[str, Any] | None = None) -> None:
        event = ChangeEvent(
            "82", Op.UPDATE, "db.flights", flight, flight, order.Order(at(time)), (time, 1),
            datetime.now(UTC), None, after or {"gate": "B"}, ("gate",),
        )  # fmt: skip
        producer = clients.producer(self.settings)
        name = topics.name(self.settings, FLIGHTS.topic)
        producer.send(name, envelope.encode(event), flight.encode(), partition=0).get(10)
        producer.close()

    def run(self) -> Any:
        return restore.run(self.around, self.said.append)

    def in_doubt(self) -> set[str]:
        rows = self.database.conversations.find({"doubt": {"$regex": "^restore/"}})
        return {row["subject"].removeprefix("flight:") for row in rows}

    def state(self) -> list[dict[str, Any]]:
        rows = [
            *self.database.conversations.find().sort("_id", 1),
            *self.database.known.find().sort("_id", 1),
        ]
        return [{k: v for k, v in row.items() if k != "due_at"} for row in rows]

    def close(self) -> None:
        self.incarnations.close()
        every = (*(n.topic for n in WATCHED), topics.OPERATIONS)
        self.admin.delete_topics([topics.name(self.settings, topic) for topic in every])
        self.admin.close()


def at(time: int, incarnation: int = 1) -> str:
    return order.of_event(incarnation, (time, 1), "82")


@pytest.fixture
def restored(database: Docs, database_uri: str, kafka: str, topic_prefix: str) -> Iterator[Restored]:
    settings = settings_module.load(
        mongodb_uri=database_uri,
        kafka_bootstrap_servers=kafka,
        kafka_topic_prefix=topic_prefix,
        kafka_partitions=1,
    )
    made = Restored(database, settings)
    yield made
    made.close()


def test_only_who_may_have_heard_more_is_in_doubt_and_all_orders_are_raised(restored: Restored) -> None:
    marked = restored.run()
    assert (marked.conversations, marked.doubtful) == (3, 2)
    assert restored.in_doubt() == {"f1", "f3"}
    for row in restored.state():
        assert row["order"] == order.raised(2, order.Order(at(5)))
        assert order.Order(at(99)) < row["order"] < order.of_marker(2, (0, 1))
    row = restored.database.conversations.find_one({"subject": "flight:f1"})
    assert row is not None
    assert timedelta(0) < row["due_at"] - system_now() <= restore.TOLD_WITHIN
    assert ResumeTokens(restored.database).load("flights") is None
    assert restored.incarnations.current() == Incarnation(2)


def test_who_may_have_heard_of_a_document_that_the_backup_does_not_know_is_in_doubt(
    restored: Restored,
) -> None:
    flight = {"flight_number": "UA1", "origin": "EWR", "departure_date": "2026-11-22"}
    identity = identity_of(flight)
    restored.database.known.update_one({"_id": "f2"}, {"$set": {"identity": identity, "state": "gone"}})
    restored.publish("f4", 9, flight)  # inserted again after the backup
    restored.run()
    assert restored.in_doubt() == {"f1", "f2", "f3"}


def test_where_the_topic_says_nothing_everybody_is_in_doubt(restored: Restored) -> None:
    restored.database.resume_tokens.update_one({"_id": "flights"}, {"$set": {"topic_id": "another/1"}})
    restored.run()
    assert restored.in_doubt() == {"f1", "f2", "f3"}


@pytest.mark.parametrize("step", ["conversations", "known", "tokens", "end"])
def test_killed_anywhere_it_is_repeated_and_leaves_the_same(
    restored: Restored, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def die(*_: object, **__: object) -> Any:
        raise DiedError

    with monkeypatch.context() as patch:
        match step:
            case "conversations":  # the first half of them is done
                patch.setattr("app.store.restored._AT_ONCE", 1)
                patch.setattr(restored, "said", Cut(3))
            case "known":
                patch.setattr(RestoredKnown, "raise_all", die)
            case "tokens":
                patch.setattr(ResumeTokens, "forget_all", die)
            case _:
                patch.setattr(ResumeTokens, "forget_all", die_after(ResumeTokens.forget_all))
        with pytest.raises(DiedError):
            restored.run()
        with pytest.raises(SetupError, match="gatecall restore --confirm"):
            restored.incarnations.ready(1, system_now())
    restored.run()
    assert restored.incarnations.ready(1, system_now()) == 2
    assert restored.in_doubt() == {"f1", "f3"}
    assert {row["order"] for row in restored.state()} == {order.raised(2, order.Order(at(5)))}


class Cut(list[str]):
    """What is said, until the command dies of it."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    def append(self, words: str) -> None:
        super().append(words)
        if len(self) > self._after:
            raise DiedError


def die_after(work: Callable[..., Any]) -> Callable[..., Any]:
    def dying(*args: Any) -> Any:
        work(*args)
        raise DiedError

    return dying


def test_it_refuses_while_somebody_works(restored: Restored) -> None:
    Leases(restored.database, "host/1").take("watcher:flights", 30)
    until = system_now() + timedelta(seconds=30)
    restored.database.conversations.update_one(
        {"subject": "flight:f3"}, {"$set": {"claim": "t", "lease_until": until}}
    )
    with pytest.raises(SetupError) as refused:
        restored.run()
    assert "watcher:flights is held by host/1" in str(refused.value)
    assert "1 conversations are claimed" in str(refused.value)
    assert restored.incarnations.current() == Incarnation(1)
    assert not restored.in_doubt()


@pytest.mark.parametrize(
    ("lease", "whose"),
    [
        ("watcher:flights", "the watchers"),
        ("digests", "delivery"),
        ("telegram", "telegram"),
        ("schema", "`gatecall schema`"),
    ],
)
def test_it_names_the_process_that_holds_a_lease(restored: Restored, lease: str, whose: str) -> None:
    Leases(restored.database, "host/1").take(lease, 30)
    assert restore.busy(restored.around) == [f"{lease} is held by host/1: stop {whose}"]


def test_it_refuses_while_a_notifier_is_in_the_group_and_while_kafka_does_not_tell(
    apache_kafka: str, database: Docs, database_uri: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_module.load(
        mongodb_uri=database_uri,
        kafka_bootstrap_servers=apache_kafka,
        kafka_topic_prefix=topic_prefix,
        kafka_partitions=1,
    )
    on_apache = Restored(database, settings)  # Tansu's answer is none that the client can read
    try:
        assert restore.busy(on_apache.around) == [], "nobody ever was in the group"
        notifier = clients.consumer(settings, "notifier")
        notifier.subscribe([topics.name(settings, FLIGHTS.topic)])
        notifier.poll(timeout_ms=10_000)
        (sentence,) = restore.busy(on_apache.around)
        assert "has 1 members" in sentence
        notifier.close()
        assert restore.busy(on_apache.around) == []
        for answer in (unreachable, loading):
            with monkeypatch.context() as patch:
                patch.setattr(restore, "_ATTEMPTS", 2)
                patch.setattr(restore, "_PAUSE_S", 0)
                patch.setattr(on_apache.admin, "describe_groups", answer)
                with pytest.raises(TransientError, match="who is in consumer group"):
                    on_apache.run()
        assert on_apache.incarnations.current() == Incarnation(1)
    finally:
        on_apache.close()


def unreachable(_: list[str]) -> Any:
    raise NodeNotReadyError


def loading(groups: list[str]) -> Any:
    return {group: {"error": str(CoordinatorLoadInProgressError()), "members": []} for group in groups}


def test_a_second_restore_is_another_incarnation(restored: Restored) -> None:
    restored.run()
    restored.run()
    assert restored.incarnations.current() == Incarnation(3)
    assert {order.incarnation_of(row["order"]) for row in restored.state()} == {3}
    assert restored.in_doubt() == {"f1", "f3"}


def test_a_lost_topic_of_operations_is_written_again_from_what_the_database_knows(restored: Restored) -> None:
    assert restored.incarnations.ready(4, system_now()) == 4
    assert restored.incarnations.current() == Incarnation(4)


def test_an_alarm_says_that_cluster_time_runs_behind(restored: Restored) -> None:
    past = Past(restored.database)
    assert past.look() == 0
    assert past.check() is None
    ahead = int(system_now().timestamp()) + 3600
    restored.database.known.update_one({"_id": "f1"}, {"$set": {"order": at(ahead)}})
    assert 3500 < past.look() <= 3600
    assert "gatecall restore" in (past.check() or "")
    restored.database.known.delete_one({"_id": "f1"})
    assert past.look() == 0
    assert past.check() is None


def test_a_snapshot_can_be_asked_for_and_the_watcher_learns_of_it_when_it_stores(restored: Restored) -> None:
    tokens = ResumeTokens(restored.database)
    asked = restore.asked_for(restored.database, ["flights", "prices"], system_now())
    assert asked == {"flights": True, "prices": False}
    assert tokens.save("flights", Position(start_at=(6, 1)), "t", system_now()) is True
    stored = tokens.load("flights")
    assert stored is not None
    assert stored.asked
    tokens.clear("flights", system_now())
    assert tokens.save("flights", Position(start_at=(7, 1)), "t", system_now()) is False
