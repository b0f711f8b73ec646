"""The process: killed in the middle, standing by, waiting for its servers, refusing to start."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient, UpdateOne

from app.bus.topics import TopicIds
from app.domain.clock import system_now
from app.domain.errors import SetupError, TransientError
from app.domain.events import ChangeEvent, Op
from app.store.leases import Leases
from app.store.resume_tokens import Position, ResumeTokens
from scripts.children import Child
from scripts.kafka import start_tansu
from scripts.mongo_replset import find_mongod
from scripts.ports import free_ports
from tests.servers import ROOT
from tests.watchers.conftest import IMAGES, Line, eventually, markers, of_document, without_snapshots
from watchers import preflight

FLIGHTS, ROUNDS = 20, 150


@contextmanager
def watchers(line: Line, directory: Path, name: str = "watchers", **more: str) -> Iterator[Child]:
    log = directory / f"{name}.log"
    child = Child(name, [sys.executable, "-m", "watchers"], log=log, cwd=ROOT, env=line.environment(**more))
    try:
        yield child
    finally:
        child.stop()


def logged(child: Child, words: str) -> Callable[[], bool]:
    return lambda: words in child.log.read_text(errors="replace")


def numbers_in_order(events: list[ChangeEvent]) -> dict[str, list[int]]:
    """Of every document the numbers in its events, repeats removed by their order."""
    latest: dict[str, str] = {}
    found: dict[str, list[int]] = {}
    for event in events:
        if event.op is not Op.MARKER and event.order > latest.get(event.key, ""):
            latest[event.key] = event.order
            found.setdefault(event.key, []).append(int((event.after or {})["gate"]))
    return found


def test_killed_in_the_middle_of_a_stream_nothing_is_missing_and_a_standby_takes_over(
    line: Line, tmp_path: Path
) -> None:
    flights = line.database.flights
    flights.insert_many([{"_id": f"f{n}", "gate": "0"} for n in range(FLIGHTS)])

    def write() -> None:
        for number in range(1, ROUNDS + 1):
            edit = {"$set": {"gate": str(number)}}
            flights.bulk_write([UpdateOne({"_id": f"f{n}"}, edit) for n in range(FLIGHTS)])

    reader = line.reader()
    with watchers(line, tmp_path, "first") as first:
        eventually(logged(first, "lease taken"))
        with watchers(line, tmp_path, "second") as second:
            eventually(logged(second, "standing by"))
            reader.until(markers(3))
            writer = threading.Thread(target=write)
            writer.start()
            reader.until(lambda e: len(e) > ROUNDS * FLIGHTS // 4)
            first.kill()
            writer.join()
            last = {"gate": str(ROUNDS)}
            reader.until(lambda e: sum(event.after == last for event in e) >= FLIGHTS, timeout_s=60)
            eventually(logged(second, "lease taken"))
    found = numbers_in_order(reader.events)
    assert found == {f"f{n}": list(range(ROUNDS + 1)) for n in range(FLIGHTS)}
    repeated = len(without_snapshots(reader.events)) - ROUNDS * FLIGHTS
    assert 0 <= repeated < ROUNDS * FLIGHTS, f"{repeated} events came twice"


def test_sigterm_ends_it_within_five_seconds_and_gives_the_leases_back(line: Line, tmp_path: Path) -> None:
    with watchers(line, tmp_path) as child:
        eventually(logged(child, "snapshot done"))
        child.terminate()
        child.wait_gone(grace_s=20 if "CI" in os.environ else 5)
    assert child.returncode == 0
    assert line.database.leases.count_documents({}) == 0


def test_two_watchers_take_turns_by_the_lease(line: Line) -> None:
    reader, flights, leases = line.reader(), line.database.flights, Leases(line.database, "nobody")
    with line.watching(holder="first", lease_s=5):
        reader.until(markers(3))
        with line.watching(holder="second", lease_s=5):
            flights.insert_one({"_id": "f1", "gate": "A"})
            reader.until(lambda e: of_document(e, "f1"))
            assert leases.held_by("watcher:flights") == "first"
            # As after a pause of the first one that outlasted its lease.
            line.database.leases.update_one({"_id": "watcher:flights"}, {"$set": {"holder": "second"}})
            flights.insert_one({"_id": "f2", "gate": "A"})
            reader.until(lambda e: of_document(e, "f2"))
            eventually(lambda: leases.held_by("watcher:flights") == "second")
    assert line.database.leases.count_documents({}) == 0


def test_kafka_down_at_the_start_is_waited_for_and_said(
    make_line: Callable[..., Line], database_uri: str, kafka: str, tmp_path: Path
) -> None:
    line = make_line(database_uri, kafka)
    (port,) = free_ports(1)
    with watchers(line, tmp_path, KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{port}") as child:
        eventually(logged(child, "Kafka is not reachable, waiting"))
        with start_tansu(tmp_path / "tansu", port):
            eventually(logged(child, "snapshot done"), timeout_s=100)


def test_mongodb_down_at_the_start_is_waited_for_and_said(line: Line, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    uri = f"mongodb://127.0.0.1:{port}/gatecall?replicaSet=rs0"
    with watchers(line, tmp_path, MONGODB_URI=uri) as child:
        eventually(logged(child, "MongoDB is not reachable, waiting"), timeout_s=30)
        assert child.alive


@contextmanager
def lone_mongod(directory: Path, *options: str) -> Iterator[str]:
    (port,) = free_ports(1)
    (directory / "data").mkdir()
    arguments = [
        find_mongod(),
        "--dbpath",
        directory / "data",
        "--port",
        str(port),
        "--bind_ip",
        "127.0.0.1",
        *options,
    ]
    child = Child("mongod", arguments, log=directory / "mongod.log")
    try:
        yield f"127.0.0.1:{port}"
    finally:
        child.kill()


def start(uri: str, kafka: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"MONGODB_URI": uri, "KAFKA_BOOTSTRAP_SERVERS": kafka, "HEALTH_PORT": "0"}
    command = [sys.executable, "-m", "watchers"]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_a_server_without_replica_set_ends_with_status_2_and_the_command_that_mends_it(
    tmp_path: Path, kafka: str
) -> None:
    with lone_mongod(tmp_path) as address:
        ended = start(f"mongodb://{address}/gatecall", kafka)
    assert ended.returncode == 2, ended.stderr
    assert "python -m scripts.mongo_replset start" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_replica_set_that_was_never_initiated_ends_with_status_2(tmp_path: Path, kafka: str) -> None:
    with lone_mongod(tmp_path, "--replSet", "rs0") as address:
        ended = start(f"mongodb://{address}/gatecall?replicaSet=rs0", kafka)
    assert ended.returncode == 2, ended.stderr
    assert f"python -m scripts.mongo_replset initiate {address}" in ended.stderr


def test_missing_privileges_are_all_named_with_the_command_that_grants_them(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("c2VjcmV0" * 8)
    key.chmod(0o600)
    with lone_mongod(tmp_path, "--replSet", "rs0", "--keyFile", str(key)) as address:
        admin: MongoClient[dict[str, Any]] = MongoClient(address, directConnection=True)
        config = {"_id": "rs0", "members": [{"_id": 0, "host": address}]}
        admin.admin.command("replSetInitiate", config)
        eventually(lambda: admin.admin.command("hello")["isWritablePrimary"])
        admin.admin.command("createUser", "root", pwd="secret", roles=["root"])
        root: MongoClient[dict[str, Any]] = MongoClient(address, username="root", password="secret")
        reads_only = [{"role": "read", "db": "gatecall"}]
        root.admin.command("createUser", "reader", pwd="secret", roles=reads_only)
        root.admin.command(
            "createUser", "both", pwd="secret", roles=[{"role": "readWrite", "db": "gatecall"}]
        )
        reader: MongoClient[dict[str, Any]] = MongoClient(address, username="reader", password="secret")
        both: MongoClient[dict[str, Any]] = MongoClient(address, username="both", password="secret")
        with pytest.raises(SetupError) as refused:
            preflight.check(reader.gatecall)
        preflight.check(both.gatecall)
        with pytest.raises(SetupError) as nothing:
            preflight.check(reader.elsewhere)
        for client in (admin, root, reader, both):
            client.close()
    assert "gatecall.resume_tokens" in str(refused.value)
    assert "gatecall.flights" not in str(refused.value)
    assert "elsewhere.flights" in str(nothing.value)
    assert 'db.grantRolesToUser("USER", [{role: "readWrite", db: "gatecall"}])' in str(refused.value)


def test_a_watcher_that_lost_its_lease_while_it_paused_keeps_nothing_of_what_it_was_at(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was about to read a collection that was dropped; the other one did that."""
    reader, database, begun = line.reader(), line.database, threading.Event()

    def fails(*_: object) -> Position:
        begun.set()
        raise TransientError("not now")

    with line.watching() as watcher:
        reader.until(markers(3))
        with monkeypatch.context() as patch:
            patch.setattr("watchers.watcher.Watcher._snapshot", fails)
            database.flights.drop()
            assert begun.wait(20)
            assert watcher.behind_s() >= 0
            other = {"holder": "another", "until": system_now() + timedelta(seconds=60)}
            database.leases.update_one({"_id": "watcher:flights"}, {"$set": other})
            eventually(lambda: math.isnan(watcher.behind_s()))
            assert watcher.check() is None
            assert math.isnan(watcher._token_age_s())
        topic_id = TopicIds(line.admin).current(line.topic("flights")).id
        now = database.command("ping")["operationTime"]
        ResumeTokens(database).save("flights", Position(start_at=(now.time, now.inc)), topic_id, system_now())
        database.create_collection("flights", **IMAGES)
        database.leases.delete_many({})
        database.flights.insert_one({"_id": "f1", "gate": "A"})
        events = reader.until(lambda e: of_document(e, "f1"))
        assert not math.isnan(watcher.behind_s())
    assert sum(event.op is Op.MARKER for event in events) == 3, "there is no gap any more"
    assert database.gaps.count_documents({}) == 1
