"""Servers that fail under a running watcher: elections, a rolled oplog, a broker that stops or loses its log."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.domain.events import Op
from scripts.kafka import start_tansu
from scripts.mongo_replset import ReplicaSet, start_replica_set
from scripts.ports import free_ports
from tests.watchers.conftest import Line, eventually, markers, of_document, without_snapshots

OPLOG_MB = 8


@pytest.fixture(scope="module")
def replica_set(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplicaSet]:
    """Members of our own, to be killed; with a small oplog."""
    directory = tmp_path_factory.mktemp("mongo")
    with start_replica_set(directory, free_ports(3), oplog_mb=OPLOG_MB, election_timeout_ms=1_000) as members:
        yield members


@pytest.mark.parametrize("how", ["stepdown", "kill"])
def test_a_failover_loses_nothing(
    replica_set: ReplicaSet, make_line: Callable[..., Line], kafka: str, how: str
) -> None:
    line = make_line(replica_set.uri(f"failover_{how}"), kafka)
    flights, reader, count = line.database.flights, line.reader(), 400
    flights.insert_one({"_id": "f1", "gate": "0"})
    written = threading.Event()

    def write() -> None:
        for number in range(1, count + 1):
            flights.update_one(
                {"_id": "f1"}, {"$set": {"gate": str(number)}}
            )  # retryable writes outlive elections
        written.set()

    with line.watching():
        reader.until(markers(3))
        threading.Thread(target=write, daemon=True).start()
        reader.until(lambda e: len(without_snapshots(e)) > 50)
        if how == "stepdown":
            replica_set.step_down()
        else:
            killed = replica_set.primary().port
            replica_set.kill(killed)
        assert written.wait(60)
        events = reader.until(lambda e: of_document(e, "f1")[-1].after == {"gate": str(count)}, timeout_s=60)
        if how == "kill":
            replica_set.restart(killed)
    gates = [int((e.after or {})["gate"]) for e in without_snapshots(events)]
    assert list(dict.fromkeys(gates)) == list(range(1, count + 1))
    assert sum(e.op is Op.MARKER for e in events) == 3, "a failover is no reason to read everything again"


def test_a_token_that_left_the_oplog_leads_to_a_snapshot(
    replica_set: ReplicaSet, make_line: Callable[..., Line], kafka: str
) -> None:
    line = make_line(replica_set.uri("rolled"), kafka)
    reader, database = line.reader(), line.database
    database.flights.insert_one({"_id": "f1", "gate": "A"})
    with line.watching():
        reader.until(markers(3))
    database.flights.update_one({"_id": "f1"}, {"$set": {"gate": "B"}})
    stored = database.resume_tokens.find_one({"_id": "flights"})
    assert stored is not None
    oplog = database.client["local"]["oplog.rs"]
    kept_since = stored["start_at"] or database.command("ping")["operationTime"]

    def rolled() -> bool:
        database.filler.insert_many([{"pad": "x" * 100_000} for _ in range(50)])
        oldest = oplog.find_one({}, sort=[("$natural", 1)])
        return bool(oldest and oldest["ts"] > kept_since)

    eventually(rolled, timeout_s=90)
    with line.watching():
        events = reader.until(markers(6))
        assert [e.after for e in of_document(events, "f1")] == [{"gate": "A"}, {"gate": "B"}]
        database.flights.update_one({"_id": "f1"}, {"$set": {"gate": "C"}})
        reader.until(lambda e: of_document(e, "f1")[-1].after == {"gate": "C"})


def test_a_broker_that_hangs_for_a_while_loses_nothing(
    make_line: Callable[..., Line], database_uri: str, tmp_path: Path
) -> None:
    with start_tansu(tmp_path, free_ports(1)[0]) as broker:
        line = make_line(database_uri, broker.bootstrap_servers)
        flights, reader = line.database.flights, line.reader()
        with line.watching():
            reader.until(markers(3))
            broker.pause()
            flights.insert_many([{"_id": f"f{n}", "gate": "A"} for n in range(500)])
            threading.Event().wait(2)
            broker.resume()
            events = reader.until(lambda e: len({x.key for x in without_snapshots(e)}) == 500, timeout_s=60)
        assert {e.key for e in without_snapshots(events)} == {f"f{n}" for n in range(500)}
        line.close_early()


def test_a_broker_that_lost_its_log_is_filled_again(
    make_line: Callable[..., Line], database_uri: str, tmp_path: Path
) -> None:
    with start_tansu(tmp_path, free_ports(1)[0]) as broker:
        line = make_line(database_uri, broker.bootstrap_servers)
        line.database.flights.insert_one({"_id": "f1", "gate": "A"})
        with line.watching() as watcher:
            line.reader().until(markers(3))
            broker.kill()
            line.database.flights.insert_one({"_id": "f2", "gate": "A"})
            eventually(watcher.check, timeout_s=60)
            broker.restart()
            eventually(lambda: watcher.check() is None, timeout_s=60)
            events = line.reader().until(markers(3), timeout_s=60)
        assert {e.document_key for e in events if e.op is Op.SNAPSHOT} == {"f1", "f2"}
        line.close_early()
