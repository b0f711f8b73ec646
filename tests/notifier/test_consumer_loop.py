"""The consumer loop on a real broker: what is read again, what is committed, what is set aside."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import RebalanceInProgressError
from kafka.structs import OffsetAndMetadata
from pymongo.write_concern import WriteConcern

from app.bus import clients
from app.bus import topics as bus_topics
from app.bus.consumer import Received
from app.bus.topics import TopicIds
from app.domain.errors import BadEventError, TransientError
from app.store.suspects import Suspects
from tests.notifier.reading import Killed, Line, until
from tests.notifier.world import World


def test_offsets_are_committed_after_the_work(line: Line) -> None:
    line.publish("a", "b", "c")
    seen: list[int] = []
    with line.reading(lambda batch: seen.extend(r.offset for r in batch)) as loop:
        until(lambda: len(seen) == 3, "all are read")
        line.raw(b"{", "d")
        until(lambda: len(seen) == 4, "the fourth is read")
        assert loop.problem() is None
    assert seen == [0, 1, 2, 3]
    assert line.committed().offset == 4
    line.publish("e")
    with line.reading(lambda batch: seen.extend(r.offset for r in batch)):
        until(lambda: len(seen) == 5, "the fifth is read")
    assert seen == [0, 1, 2, 3, 4]


def test_what_did_not_work_now_comes_again_and_is_not_committed(line: Line) -> None:
    line.publish("a", "b")
    tries: list[list[int]] = []

    def handle(batch: Sequence[Received]) -> None:
        tries.append([r.offset for r in batch])
        if len(tries) < 3:
            raise TransientError("not now")

    with line.reading(handle):
        until(lambda: len(tries) == 3, "it is tried a third time")
    assert tries == [[0, 1]] * 3
    assert line.set_aside == []


def test_offsets_are_committed_with_the_topics_id_and_those_of_another_mean_nothing(
    apache_line: Line,
) -> None:
    line = apache_line  # Tansu keeps no metadata of offsets
    line.publish("a", "b", "c")
    consumer = clients.consumer(line.settings, "test")
    consumer.commit({TopicPartition(line.topic, 0): OffsetAndMetadata(2, "another-id/1", -1)})
    consumer.close()
    seen: list[int] = []
    with line.reading(lambda batch: seen.extend(r.offset for r in batch)):
        until(lambda: len(seen) >= 3, "all are read")
    assert seen == [0, 1, 2]
    assert line.committed().metadata == TopicIds(line.admin).current(line.topic).id


def test_a_group_that_is_divided_for_long_is_waited_for_without_pauses_that_delay_it(
    apache_line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beginning anew in a grown topic commits; in a rebalance that fails, and only polling ends a rebalance."""
    line = apache_line
    line.publish("a", "b", "c")
    consumer = clients.consumer(line.settings, "test")
    consumer.commit({TopicPartition(line.topic, 0): OffsetAndMetadata(2, "another-id/1", -1)})
    consumer.close()
    refusals = iter(range(10))
    commit = KafkaConsumer.commit

    def refused(self: KafkaConsumer, *args: object) -> None:
        if next(refusals, None) is not None:
            raise RebalanceInProgressError
        commit(self, *args)

    monkeypatch.setattr(KafkaConsumer, "commit", refused)
    seen: list[int] = []
    with line.reading(lambda batch: seen.extend(r.offset for r in batch)) as loop:
        until(lambda: loop.problem() is not None, "the first commit is refused")
        until(lambda: len(seen) >= 3, "all are read", seconds=20)
    assert seen == [0, 1, 2]


def test_a_topic_that_is_made_again_is_read_from_its_start(line: Line) -> None:
    line.publish("a", "b", "c")
    keys: list[str] = []
    with line.reading(lambda batch: keys.extend(r.key for r in batch)):
        until(lambda: len(keys) == 3, "the old one is read")
        line.admin.delete_topics([line.topic])
        until(lambda: line.topic in bus_topics.missing(line.admin, line.settings), "it is gone")
        bus_topics.ensure(line.admin, line.settings)
        line.publish("d", "e", "f", "g", "h")
        until(lambda: set(keys) >= set("defgh"), "the new one is read from its start")
    assert line.committed().offset == 5


def test_a_message_that_makes_the_handler_fail_is_set_aside_and_its_neighbours_go_on(line: Line) -> None:
    line.publish("a", "poison", "c")
    done: list[str] = []

    def handle(batch: Sequence[Received]) -> None:
        if any(r.key == "poison" for r in batch):
            raise ZeroDivisionError
        done.extend(r.key for r in batch)

    with line.reading(handle):
        until(lambda: "c" in done, "the neighbour is handled")
        until(lambda: line.set_aside == [1], "it is set aside")
    assert line.committed().offset == 3
    assert set(done) == {"a", "c"}


def test_a_message_that_kills_the_process_is_set_aside_by_the_next_ones(line: Line) -> None:
    line.publish("a", "poison", "c")
    done: list[str] = []
    deaths = 0

    def handle(batch: Sequence[Received]) -> None:
        if any(r.key == "poison" for r in batch):
            raise Killed
        done.extend(r.key for r in batch)

    while "c" not in done:
        assert deaths < 8, "the line stands still"
        deaths += 1
        died = threading.Event()

        def watched(batch: Sequence[Received], died: threading.Event = died) -> None:
            try:
                handle(batch)
            except Killed:
                died.set()
                raise

        with line.reading(watched):
            until(lambda died=died: died.is_set() or "c" in done, "it dies or goes on")  # type: ignore[misc]
    assert line.set_aside == [1]
    assert done == ["a", "c"]


def test_what_cannot_be_decoded_is_handed_over_as_such(line: Line) -> None:
    line.raw(b'{"v":99}', "k")
    received: list[Received] = []
    with line.reading(received.extend):
        until(lambda: received, "it comes")
    event = received[0].event
    assert isinstance(event, BadEventError)
    assert (received[0].key, event.reason) == ("k", "unknown_version")


def _fails_then(handle: Callable[[Sequence[Received]], None]) -> Callable[[Sequence[Received]], None]:
    """Once a defect, so that the messages are taken one by one; then handle."""
    failed: list[bool] = []

    def handler(batch: Sequence[Received]) -> None:
        if not failed:
            failed.append(True)
            raise ZeroDivisionError
        handle(batch)

    return handler


def test_a_message_whose_attempts_were_counted_without_confirmation_is_not_set_aside(line: Line) -> None:
    class Unconfirmed(Suspects):
        failures = 5

        def count(self, name: str, offset: int) -> int:
            attempts = super().count(name, offset)
            if name.endswith("/single") and self.failures:
                self.failures -= 1
                raise TransientError("written, but not confirmed")
            return attempts

    line.attempts = Unconfirmed(line.world.db)
    line.attempts.count(f"test/{line.topic}/{TopicIds(line.admin).current(line.topic).id}/0", 0)
    line.publish("a")
    done: list[str] = []
    with line.reading(lambda batch: done.extend(r.key for r in batch)):
        until(lambda: done, "it is handled")
    assert line.attempts.failures == 0
    assert (done, line.set_aside) == (["a"], [])


def test_a_message_that_did_not_work_for_now_many_times_is_not_set_aside(line: Line) -> None:
    line.publish("a")
    tries: list[int] = []

    def handle(batch: Sequence[Received]) -> None:
        tries.append(len(batch))
        if len(tries) < 7:
            raise TransientError("no majority")

    line.attempts.count(f"test/{line.topic}/{TopicIds(line.admin).current(line.topic).id}/0", 0)
    with line.reading(_fails_then(handle)):
        until(lambda: len(tries) == 7, "it is tried until it works")
    assert line.set_aside == []
    assert line.world.db["suspects"].find_one({"_id": {"$regex": "/single$"}})["attempts"] < 3


def test_one_member_that_takes_a_count_is_enough(world: World) -> None:
    suspects = Suspects(world.db.with_options(write_concern=WriteConcern(50, wtimeout=50)))
    assert [suspects.count("n", 7) for _ in range(3)] == [1, 2, 3]
    suspects.forget("n", 7)
    suspects.forget("n", 8)
    assert suspects.count("n", 7) == 3
    assert suspects.count("n", 8) == 1
    for _ in range(3):
        suspects.forget("n", 8)
    assert suspects.count("n", 8) == 1
