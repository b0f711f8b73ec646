"""The servers of development: they start, survive what tests do to them, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from pymongo import MongoClient
from pymongo.database import Database

from scripts.children import Child, ServerDiedError, wait_until
from scripts.kafka import apache as apache_module
from scripts.kafka import fetch_kafka, missing_for_apache, start_apache_kafka, start_tansu
from scripts.mongo_replset import ReplicaSet, ReplicaSetError, check, find_mongod, initiate, start_replica_set
from scripts.ports import (
    PortsTakenError,
    free_or_others,
    free_ports,
    holder_of,
    is_free,
    require_free,
)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def replica_set(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplicaSet]:
    """A replica set of this file's own: its members are killed here."""
    base_dir = tmp_path_factory.mktemp("replica-set")
    with start_replica_set(base_dir, free_ports(3), oplog_mb=16, election_timeout_ms=1_000) as replica_set:
        yield replica_set


class TestPorts:
    def test_a_taken_port_names_the_process_that_holds_it(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            holder = holder_of(port)
            assert holder is not None
            assert holder.pid == os.getpid()
            assert f"port {port} is held by" in str(holder)
            with pytest.raises(PortsTakenError, match=f"port {port} is held by .* choose other ports"):
                require_free([port])
        assert holder_of(port) is None

    def test_a_port_taken_on_all_addresses_is_not_free(self) -> None:
        with socket.create_server(("0.0.0.0", 0)) as server:
            assert not is_free(server.getsockname()[1])

    def test_only_taken_ports_are_replaced(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            taken, free = server.getsockname()[1], free_ports(1)[0]
            others = free_or_others([taken, free])
        assert others[1] == free
        assert others[0] not in {taken, free}

    def test_free_ports_are_different(self) -> None:
        assert len(set(free_ports(50))) == 50


class TestChildren:
    def test_a_server_that_dies_shows_the_end_of_its_log(self, tmp_path: Path) -> None:
        child = Child(
            "it", [sys.executable, "-c", "print('no such thing'); exit(3)"], log=tmp_path / "it.log"
        )
        assert wait_until(lambda: not child.alive, timeout_s=10)
        error = child.died("Give it one.")
        assert isinstance(error, ServerDiedError)
        assert "it ended with status 3. Give it one." in str(error)
        assert "no such thing" in str(error)

    def test_a_stubborn_server_is_killed(self, tmp_path: Path) -> None:
        code = (
            "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
        )
        child = Child("it", [sys.executable, "-c", code], log=tmp_path / "it.log")
        assert wait_until(lambda: "up" in child.log_tail(), timeout_s=10)
        child.stop(grace_s=0.2)
        assert child.returncode == -signal.SIGKILL

    @pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "an exception", "the end"])
    def test_servers_end_with_the_program_that_started_them(self, tmp_path: Path, how: str) -> None:
        end = {"an exception": "raise RuntimeError", "the end": ""}.get(how, "time.sleep(60)")
        # From a thread that ends at once: the servers follow the program, not the thread.
        program = f"""
import sys, threading, time
from pathlib import Path
from scripts.children import Child
children = []
def start():
    argv = [sys.executable, "-c", "import time; time.sleep(60)"]
    children.append(Child("it", argv, log=Path({str(tmp_path)!r}) / "it.log"))
threads = [threading.Thread(target=start) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(*[child.pid for child in children], flush=True)
{end}
"""
        with subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as parent:
            assert parent.stdout is not None
            pids = [int(word) for word in parent.stdout.readline().split()]
            if how.startswith("SIG"):
                parent.send_signal(signal.Signals[how])
        assert len(pids) == 2
        assert wait_until(lambda: not any(_runs(pid) for pid in pids), timeout_s=10)

    def test_what_a_server_started_ends_with_a_program_that_is_killed(self, tmp_path: Path) -> None:
        worker = "import time; time.sleep(60)"
        server = f"""
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", {worker!r}]).pid, flush=True)
time.sleep(60)
"""
        program = f"""
import sys, time
from pathlib import Path
from scripts.children import Child
Child("it", [sys.executable, "-c", {server!r}], log=Path({str(tmp_path)!r}) / "it.log")
time.sleep(60)
"""
        with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) as parent:
            log = tmp_path / "it.log"
            assert wait_until(lambda: log.exists() and log.read_text().endswith("\n"), timeout_s=10)
            pid = int(log.read_text())
            assert _runs(pid)
            parent.kill()
        assert wait_until(lambda: not _runs(pid), timeout_s=10)


class TestReplicaSet:
    def test_change_streams_and_majority_writes_work(self, replica_set: ReplicaSet) -> None:
        with replica_set.client() as client:
            flights = client["one"]["flights"]
            with flights.watch() as stream:
                flights.insert_one({"gate": "C70"})
                assert stream.next()["fullDocument"]["gate"] == "C70"

    def test_a_killed_primary_is_replaced_and_comes_back(self, replica_set: ReplicaSet) -> None:
        old = replica_set.primary()
        with replica_set.client() as client:
            client["two"]["flights"].insert_one({"_id": 1})
            replica_set.kill(old.port)
            assert not is_free(replica_set.primary().port)
            assert replica_set.primary().port != old.port
            assert client["two"]["flights"].count_documents({}) == 1
        replica_set.restart(old.port)
        hosts = [member.host for member in replica_set.members]
        assert wait_until(lambda: check(hosts).well, timeout_s=20)

    def test_the_primary_hands_over_when_told(self, replica_set: ReplicaSet) -> None:
        old = replica_set.primary()
        assert replica_set.step_down().port != old.port

    def test_initiating_again_changes_nothing(self, replica_set: ReplicaSet) -> None:
        assert initiate([member.host for member in replica_set.members]) is False

    def test_initiating_with_other_members_is_refused(self, replica_set: ReplicaSet) -> None:
        with pytest.raises(ReplicaSetError, match="exists with the members"):
            initiate([replica_set.members[0].host])

    def test_a_member_that_does_not_answer_is_named(self) -> None:
        host = f"127.0.0.1:{free_ports(1)[0]}"
        with pytest.raises(ReplicaSetError, match=f"{host} does not answer.*--replSet"):
            initiate([host], timeout_s=0.1)
        with pytest.raises(ReplicaSetError, match=f"{host} does not answer"):
            check([host], timeout_s=0.1)

    def test_ports_that_are_taken_are_refused(self, replica_set: ReplicaSet, tmp_path: Path) -> None:
        port = replica_set.members[0].port
        with pytest.raises(PortsTakenError, match=f"port {port} is held by mongod"):
            start_replica_set(tmp_path, [port, *free_ports(2)])

    def test_mongod_can_be_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MONGOD", "/nowhere/mongod")
        with pytest.raises(ReplicaSetError, match="MONGOD=/nowhere/mongod is not a program"):
            find_mongod()
        monkeypatch.setenv("MONGOD", sys.executable)
        assert find_mongod() == Path(sys.executable)

    def test_a_member_that_cannot_start_shows_why_and_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MONGOD", sys.executable)  # knows no --replSet
        with pytest.raises(ServerDiedError, match="unknown option --replSet"):
            start_replica_set(tmp_path, free_ports(3))
        assert not [
            child for child in psutil.Process().children() if str(tmp_path) in " ".join(child.cmdline())
        ]

    def test_started_and_stopped_from_the_command_line_it_keeps_its_data(self, tmp_path: Path) -> None:
        ports = ",".join(str(port) for port in free_ports(3))
        options = ["--dbpath", str(tmp_path)]
        uri = _run("mongo_replset", "start", *options, "--ports", ports).splitlines()[-1]
        try:
            assert uri.endswith("/gatecall?replicaSet=rs0")
            assert f"runs already: {uri}" in _run("mongo_replset", "start", *options, "--ports", ports)
            assert uri in _run("mongo_replset", "status", *options)
            with MongoClient[dict[str, Any]](uri) as client:
                client["gatecall"]["flights"].insert_one({"_id": 1})
            _run("mongo_replset", "stop", *options)
            _run("mongo_replset", "start", *options, "--ports", ports)
            with MongoClient[dict[str, Any]](uri) as client:
                assert client["gatecall"]["flights"].count_documents({}) == 1
            assert "PRIMARY" in _run("mongo_replset", "check", "--ports", ports)
        finally:
            stopped = _run("mongo_replset", "stop", *options)
        assert stopped.count("stopped mongod") == 3
        assert "nothing of" in _run("mongo_replset", "status", *options, status=1)
        assert all(is_free(int(port)) for port in ports.split(","))


class TestTansu:
    def test_it_keeps_order_and_forgets_its_log_when_restarted(self, tmp_path: Path) -> None:
        with start_tansu(tmp_path, free_ports(1)[0]) as broker:
            _create_topic(broker.bootstrap_servers, "flights")
            assert _there_and_back(broker.bootstrap_servers, "flights") == [b"0", b"1", b"2"]
            broker.kill()
            broker.restart()
            admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
            topics = admin.list_topics()
            admin.close()
            assert "flights" not in topics
        assert is_free(broker.ports[0])

    def test_started_and_stopped_from_the_command_line(self, tmp_path: Path) -> None:
        port = str(free_ports(1)[0])
        assert _run("kafka", "start", "--dir", str(tmp_path), "--port", port) == f"127.0.0.1:{port}\n"
        try:
            assert "Tansu on port" in _run("kafka", "status", "--dir", str(tmp_path))
        finally:
            assert "stopped Tansu" in _run("kafka", "stop", "--dir", str(tmp_path))
        assert is_free(int(port))

    def test_a_taken_port_is_refused(self, kafka: str, tmp_path: Path) -> None:
        with pytest.raises(PortsTakenError):
            start_tansu(tmp_path, int(kafka.rpartition(":")[2]))


class TestApacheKafka:
    def test_it_carries_messages(self, apache_kafka: str, topic_prefix: str) -> None:
        _create_topic(apache_kafka, f"{topic_prefix}flights")
        assert _there_and_back(apache_kafka, f"{topic_prefix}flights") == [b"0", b"1", b"2"]

    def test_three_nodes_lose_one_and_nothing_else(self, tmp_path: Path) -> None:
        missing = missing_for_apache()
        if missing:
            pytest.skip(missing)
        impatient = {"broker.session.timeout.ms": "3000"}  # a dead node is missed after 9 s otherwise
        with start_apache_kafka(tmp_path, free_ports(3), overrides=impatient) as broker:
            _create_topic(broker.bootstrap_servers, "flights", copies=3)
            assert _there_and_back(broker.bootstrap_servers, "flights") == [b"0", b"1", b"2"]
            broker.nodes[0].kill()
            assert len(_there_and_back(broker.bootstrap_servers, "flights")) == 6
            broker.restart()
            assert len(_there_and_back(broker.bootstrap_servers, "flights")) == 9
            broker.kill()

    def test_what_is_missing_is_said(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        with pytest.raises(Exception, match="apt-get install"):
            fetch_kafka()
        monkeypatch.setattr(apache_module.shutil, "which", lambda name: name if name == "java" else None)
        assert (
            missing_for_apache() == "Maven (mvn) is not installed, and is needed once to fetch Kafka's jars"
        )


class TestFixtures:
    def test_a_database_is_empty_and_reached_by_its_uri(
        self, database: Database[dict[str, Any]], database_uri: str
    ) -> None:
        assert database.list_collection_names() == []
        with MongoClient[dict[str, Any]](database_uri) as client:
            client.get_default_database()["flights"].insert_one({"_id": 1})
        assert database["flights"].count_documents({}) == 1

    def test_a_skip_is_a_failure_in_ci(self, tmp_path: Path) -> None:
        (tmp_path / "conftest.py").write_text("from tests.conftest import *")
        (tmp_path / "test_it.py").write_text(
            "import pytest\n"
            "def test_skips(): pytest.skip('no time')\n"
            "@pytest.mark.xfail(strict=True)\ndef test_expected(): assert False\n"
        )
        (tmp_path / "test_module.py").write_text(
            "import pytest\npytest.skip('none', allow_module_level=True)\n"
        )
        outcomes = {}
        for in_ci in ("true", ""):
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
                    *("--continue-on-collection-errors", "--rootdir", str(tmp_path), str(tmp_path)),
                ],
                cwd=tmp_path,
                env=os.environ | {"CI": in_ci, "PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            outcomes[in_ci] = done.stdout.splitlines()[-1]
        assert "1 failed" in outcomes["true"]
        assert "1 error" in outcomes["true"]
        assert "1 xfailed" in outcomes["true"]
        assert "2 skipped" in outcomes[""]


def _run(module: str, *args: str, status: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", f"scripts.{module}", *args],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _create_topic(servers: str, name: str, *, copies: int = 1) -> None:
    admin = KafkaAdminClient(bootstrap_servers=servers.split(","))
    admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=copies)])
    admin.close()


def _there_and_back(servers: str, topic: str) -> list[bytes]:
    """Produce three messages and return all that the topic holds."""
    producer = KafkaProducer(bootstrap_servers=servers.split(","), acks="all")
    for number in range(3):
        producer.send(topic, key=b"k", value=str(number).encode()).get(timeout=60)
    producer.close()
    consumer = KafkaConsumer(bootstrap_servers=servers.split(","), auto_offset_reset="earliest")
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    end = consumer.end_offsets([partition])[partition]
    values: list[bytes] = []
    deadline = time.monotonic() + 60
    while len(values) < end and time.monotonic() < deadline:
        for records in consumer.poll(timeout_ms=500).values():
            values.extend(record.value for record in records)
    consumer.close()
    return values
