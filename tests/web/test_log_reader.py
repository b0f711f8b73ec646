"""The feed behind a real broker: restarts, several processes, topics made again, a broker that goes and comes."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.bus import clients, topics
from app.domain import namespaces
from app.domain.events import Op
from app.settings import Settings
from app.web import cursor as cursors
from app.web.feed import Feed
from app.web.query import Query, parse
from scripts.kafka import Broker, start_tansu
from scripts.ports import free_ports
from tests.web.changes import FARE, NOTICE, UA1545, Publisher, change
from tests.web.conftest import Reading, until, with_broker

Start = Callable[..., Reading]


@pytest.fixture
def shared(settings: Settings, kafka: str) -> Settings:
    """Settings with the broker of all tests; topics of this test's own."""
    return with_broker(settings, kafka)


@pytest.fixture
def publisher(shared: Settings) -> Iterator[Publisher]:
    found = Publisher(shared)
    yield found
    found.close()


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker that the test may stop."""
    with start_tansu(tmp_path, free_ports(1)[0]) as broker:
        yield broker


def edit(number: int, *, key: str | None = None) -> Any:
    before, after = UA1545 | {"gate": f"C{number}"}, UA1545 | {"gate": f"C{number + 1}"}
    return change(before, after, key=key or f"k{number}")


def read(feed: Feed, cursor: str | None = None, limit: int = 500) -> dict[str, Any]:
    query = Query(limit=limit) if cursor is None else parse(f"cursor={cursor}&limit={limit}")
    return dict(json.loads(feed.answer(query).body))


def keys(answer: dict[str, Any]) -> list[str]:
    return [update["subject"]["id"] for update in answer["updates"]]


def test_a_change_published_is_shown_soon(shared: Settings, publisher: Publisher, reading: Start) -> None:
    feed = reading(shared).ready()
    cursor = feed.cursor()
    publisher.publish(edit(1))
    took = time.monotonic()
    until(lambda: read(feed, cursor)["updates"], within_s=20)
    assert time.monotonic() - took < 10


def test_all_three_topics_are_read_and_bookings_never(
    shared: Settings, publisher: Publisher, reading: Start
) -> None:
    booking = {"user_id": "u1", "flight_id": "k1", "status": "confirmed"}
    publisher.publish(change(None, booking, key="b", collection="bookings"))
    publisher.publish(edit(1, key="flight"))
    publisher.publish(change(FARE, FARE | {"amount": 1}, key="fare", collection="prices"))
    publisher.publish(change(None, NOTICE, key="notice", collection="notices"))
    feed = reading(shared).ready()
    answer = until(lambda: (found := read(feed)) and len(found["updates"]) == 3 and found)
    assert set(keys(answer)) == {"flight", "fare", "notice"}
    assert "u1" not in json.dumps(answer)
    assert len(cursors.decode(feed.cursor()).offsets) == 3 * shared.kafka_partitions


def test_a_poller_sees_each_change_once_over_restarts_and_three_processes(
    shared: Settings, publisher: Publisher, reading: Start
) -> None:
    chosen = random.Random(7)
    processes = [reading(shared) for _ in range(3)]
    cursor = processes[0].ready().cursor()
    for process in processes:
        process.ready()
    wanted = [f"k{n}" for n in range(150)]
    writing = threading.Thread(
        target=lambda: [publisher.publish(*(edit(n) for n in range(i, i + 5))) for i in range(0, 150, 5)]
    )
    writing.start()
    seen: list[str] = []
    deadline = time.monotonic() + 40
    turn = 0
    while len(seen) < len(wanted) and time.monotonic() < deadline:
        turn += 1
        if turn % 40 == 0:  # one of them dies and comes back with an empty memory
            place = chosen.randrange(3)
            processes[place].close()
            processes[place] = reading(shared)
            processes[place].ready()
        answer = read(processes[chosen.randrange(3)].feed, cursor, limit=chosen.randint(1, 9))
        assert not answer["gap"]
        seen += keys(answer)
        cursor = answer["cursor"]
        time.sleep(0.005)
    writing.join()
    assert sorted(seen) == sorted(wanted)
    for process in processes:
        until(lambda feed=process.feed: read(feed, cursor)["updates"] == [])


def test_a_cursor_from_before_a_restart_goes_on_after_it(
    shared: Settings, publisher: Publisher, reading: Start
) -> None:
    first = reading(shared)
    publisher.publish(edit(1))
    until(lambda: len(read(first.ready())["updates"]) == 1)
    cursor = first.feed.cursor()
    first.close()
    publisher.publish(edit(2))
    answer = read(reading(shared).ready(), cursor)
    assert (keys(answer), answer["gap"]) == (["k2"], False)


def test_a_topic_made_again_is_a_gap_and_a_fresh_start(
    shared: Settings, publisher: Publisher, reading: Start
) -> None:
    feed = reading(shared).ready()
    publisher.publish(edit(1), edit(2))
    until(lambda: len(read(feed)["updates"]) == 2)
    cursor = feed.cursor()
    admin = clients.admin(shared)
    admin.delete_topics([topics.name(shared, namespaces.FLIGHTS.topic)])
    topics.ensure(admin, shared)
    admin.close()
    publisher.publish(edit(7))
    answer = until(lambda: (found := read(feed, cursor))["gap"] and found["updates"] and found, within_s=20)
    assert keys(answer) == ["k7"]
    assert read(feed, answer["cursor"]) == {
        "updates": [],
        "cursor": answer["cursor"],
        "more": False,
        "gap": False,
    }


def test_what_no_watcher_would_write_is_skipped(
    shared: Settings, publisher: Publisher, reading: Start
) -> None:
    process = reading(shared)
    feed = process.ready()
    for message in (b"", None, b"not json", b"[]", b'{"v":2}', b'{"v":1}', b"\xff" * 100):
        publisher.raw("flights", message)
    publisher.publish(edit(3))
    until(lambda: keys(read(feed)) == ["k3"])
    assert process.thread.is_alive()


def test_repeats_after_a_watchers_restart_are_shown_once(
    shared: Settings, publisher: Publisher, reading: Start
) -> None:
    batch = [edit(n) for n in range(5)]
    publisher.publish(*batch)
    publisher.publish(*batch)
    publisher.publish(change(None, batch[2].after, op=Op.SNAPSHOT, key="k2"), edit(9))
    feed = reading(shared).ready()
    answer = until(lambda: (found := read(feed)) and "k9" in keys(found) and found)
    assert sorted(keys(answer)) == ["k0", "k1", "k2", "k3", "k4", "k9"]


def test_what_is_older_than_the_feed_reaches_is_not_read(
    shared: Settings, publisher: Publisher, reading: Start
) -> None:
    old = datetime.now(UTC) - timedelta(hours=shared.feed_hours + 1)
    publisher.publish(change(UA1545, UA1545 | {"gate": "C1"}, at=old), edit(2))
    feed = reading(shared).ready()
    assert until(lambda: keys(read(feed))) == ["k2"]


def test_a_broker_that_is_silent_makes_data_stale_and_nothing_is_lost_when_it_answers(
    settings: Settings, own_broker: Broker, reading: Start
) -> None:
    ours = with_broker(settings, own_broker.bootstrap_servers, stale_s=2.0)
    publisher = Publisher(ours)
    process = reading(ours)
    feed = process.ready()
    publisher.publish(edit(1))
    until(lambda: keys(read(feed)) == ["k1"])
    cursor = feed.cursor()
    own_broker.pause()
    until(feed.is_stale, within_s=10)
    assert keys(read(feed)) == ["k1"], "it serves what it has"
    own_broker.resume()
    until(lambda: not feed.is_stale(), within_s=30)
    publisher.publish(edit(2))
    answer = until(lambda: (found := read(feed, cursor))["updates"] and found, within_s=20)
    assert (keys(answer), answer["gap"]) == (["k2"], False)
    assert process.thread.is_alive()
    publisher.close()


def test_a_broker_that_lost_everything_is_a_gap_once_it_is_back(
    settings: Settings, own_broker: Broker, reading: Start
) -> None:
    # As many partitions as this broker gives a topic that it makes because somebody reads it, whatever they say.
    ours = with_broker(settings, own_broker.bootstrap_servers, stale_s=2.0, kafka_partitions=4)
    publisher = Publisher(ours)
    publisher.publish(edit(1))
    publisher.close()
    process = reading(ours)
    feed = process.ready()
    until(lambda: keys(read(feed)) == ["k1"])
    cursor = feed.cursor()
    own_broker.kill()
    until(feed.is_stale, within_s=10)
    assert keys(read(feed)) == ["k1"]
    own_broker.restart()
    with_broker(settings, own_broker.bootstrap_servers, kafka_partitions=4)
    publisher = Publisher(ours)
    publisher.publish(edit(5))
    answer = until(lambda: (found := read(feed, cursor))["gap"] and found["updates"] and found, within_s=30)
    assert keys(answer) == ["k5"]
    assert process.thread.is_alive()
    publisher.close()


def test_kafka_down_at_start_is_waited_for(settings: Settings, tmp_path: Path, reading: Start) -> None:
    (port,) = free_ports(1)
    process = reading(settings.model_copy(update={"kafka_bootstrap_servers": (f"127.0.0.1:{port}",)}))
    assert not process.feed.is_ready()
    with start_tansu(tmp_path, port) as broker:
        with_broker(settings, broker.bootstrap_servers)
        process.ready()
        process.close()


def test_a_bug_in_the_sink_does_not_end_the_reader(
    shared: Settings, publisher: Publisher, reading: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = reading(shared)
    feed = process.ready()
    healthy, failures = feed.take, [RuntimeError("a bug"), RuntimeError("again")]

    def take(*args: Any) -> None:
        if failures:
            raise failures.pop()
        healthy(*args)

    monkeypatch.setattr(feed, "take", take)
    publisher.publish(edit(1))
    until(lambda: keys(read(feed)) == ["k1"], within_s=20)
    assert process.thread.is_alive()
