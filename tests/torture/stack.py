"""The servers that the machine breaks: three mongods and three Apache Kafka nodes behind a proxy.

They stay warm between seeds; `heal` makes all of it well again, whatever was done to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from scripts.children import wait_until
from scripts.kafka import start_apache_kafka
from scripts.mongo_replset import Member, ReplicaSet, find_mongod, initiate
from scripts.mongo_replset.local import NAME
from scripts.ports import free_ports
from tests.torture.proxy import Proxy

Client = MongoClient[dict[str, Any]]

MEMBERS = 3
OPLOG_MB = 48
_ELECTION_MS = 2_000
_WELL_S = 90.0
_MONGOD = [
    *("--wiredTigerCacheSizeGB", "0.25", "--oplogSize", str(OPLOG_MB)),
    "--wiredTigerEngineConfigString",
    "log=(enabled=true,prealloc=false,file_max=16MB,remove=true,path=journal,compressor=snappy)",
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
]
_KAFKA = {
    "broker.session.timeout.ms": "6000",
    "broker.heartbeat.interval.ms": "1000",
    "controlled.shutdown.enable": "false",
    "log.segment.delete.delay.ms": "1000",
}


class Stack:
    """Running servers. A context manager: leaving it stops them. Not for several threads, but for `client`."""

    def __init__(self, directory: Path) -> None:
        """Start everything under the directory; takes about 20 s on an idle machine."""
        ports = free_ports(4 * MEMBERS)
        mongods, brokers = ports[:MEMBERS], ports[MEMBERS : 2 * MEMBERS]
        self._mongo_ports, self._kafka_ports = ports[2 * MEMBERS : 3 * MEMBERS], ports[3 * MEMBERS :]
        self.proxy = Proxy([*self._mongo_ports, *self._kafka_ports], [*mongods, *brokers])
        try:
            self.mongo = self._start_mongo(directory / "mongo", mongods)
            try:
                self.kafka = start_apache_kafka(
                    directory / "kafka", brokers, heap_mb=256, overrides=_KAFKA, advertised=self._kafka_ports
                )
            except BaseException:
                self.mongo.stop()
                raise
        except BaseException:
            self.proxy.close()
            raise
        self.client = Client(
            self.mongodb_uri(), w="majority", readConcernLevel="majority", tz_aware=True, appname="torture"
        )

    def _start_mongo(self, directory: Path, ports: list[int]) -> ReplicaSet:
        directory.mkdir(parents=True, exist_ok=True)
        mongod = find_mongod()
        members = [Member(mongod, directory.resolve(), port, _MONGOD, outlives=False) for port in ports]
        for member in members:
            member.wait_until_answering()
        initiate(self._mongo_hosts, name=NAME, election_timeout_ms=_ELECTION_MS)
        return ReplicaSet(directory, members)

    @property
    def _mongo_hosts(self) -> list[str]:
        return [f"127.0.0.1:{port}" for port in self._mongo_ports]

    def mongodb_uri(self, database: str = "") -> str:
        """The address of the replica set, through the proxy."""
        return f"mongodb://{','.join(self._mongo_hosts)}/{database}?replicaSet={NAME}"

    @property
    def bootstrap_servers(self) -> str:
        """The addresses of the brokers, through the proxy."""
        return ",".join(f"127.0.0.1:{port}" for port in self._kafka_ports)

    @contextmanager
    def kafka_admin(self) -> Iterator[Any]:
        """A client that manages topics and groups. Raises KafkaError when no broker answers."""
        servers = self.bootstrap_servers.split(",")
        admin = KafkaAdminClient(
            bootstrap_servers=servers, request_timeout_ms=20_000, bootstrap_timeout_ms=20_000
        )
        with closing(admin):
            yield admin

    def mongo_primary(self) -> int:
        """The place of the member that is primary; waits for an election. Raises ReplicaSetError."""
        return self.mongo.members.index(self.mongo.primary(timeout_s=30))

    @property
    def mongo_links(self) -> range:
        """The proxy's names for the members, in their order."""
        return range(MEMBERS)

    @property
    def kafka_links(self) -> range:
        """The proxy's names for the brokers, in their order."""
        return range(MEMBERS, 2 * MEMBERS)

    def kafka_controller(self) -> int:
        """The place of the broker that is the active controller."""
        with self.kafka_admin() as admin:
            quorum = admin.describe_metadata_quorum()
        return int(quorum["topics"][0]["partitions"][0]["leader_id"]) - 1

    def step_down(self) -> None:
        """Make the primary hand over, for it will not stand again for ten seconds."""
        member = self.mongo.members[self.mongo_primary()]
        with member.client() as client, suppress(PyMongoError):
            client.admin.command("replSetStepDown", 10, force=True, secondaryCatchUpPeriodSecs=2)

    def roll_oplog(self) -> None:
        """Write until the oplog has forgotten what was in it before: at least twice its size.

        Members forget when they come to it. Raises AssertionError when they do not within a minute.
        """
        junk = self.client["torture_junk"]["junk"]
        payload = {"junk": "x" * 1_000_000}
        last = insist(lambda: self._end_of_oplog(-1))
        for _ in range(2 * OPLOG_MB + 30):
            insist(lambda: junk.insert_one(dict(payload)))

        def is_forgotten() -> bool:
            insist(lambda: junk.insert_one(dict(payload)))
            return bool(insist(lambda: self._end_of_oplog(1)) > last)

        assert wait_until(is_forgotten, timeout_s=60, interval_s=0.5), "the oplog did not roll over"
        insist(lambda: self.client.drop_database("torture_junk"))

    def _end_of_oplog(self, direction: int) -> Any:
        """The time of its first (1) or last (-1) entry."""
        entry = self.client.local["oplog.rs"].find_one(sort=[("$natural", direction)])
        assert entry is not None
        return entry["ts"]

    def heal(self) -> None:
        """Make all of it well; returns when every member and broker takes part again.

        Raises AssertionError when that does not happen in time: then the machine is at fault.
        """
        self.proxy.heal([*self.mongo_links, *self.kafka_links])
        for member in self.mongo.members:
            if member.child.alive:
                member.resume()
        for node in self.kafka.nodes:
            if node.alive:
                node.resume()
        for member in self.mongo.members:
            if not member.child.alive:
                member.start()
        self.kafka.restart()
        assert wait_until(self._mongo_is_well, timeout_s=_WELL_S), "MongoDB did not get well"
        assert wait_until(self._kafka_is_well, timeout_s=_WELL_S, interval_s=0.3), "Kafka did not get well"

    def _mongo_is_well(self) -> bool:
        try:
            status = self.client.admin.command("replSetGetStatus")
        except PyMongoError:
            return False
        states = sorted(member["stateStr"] for member in status["members"])
        if states != ["PRIMARY", *["SECONDARY"] * (MEMBERS - 1)]:
            return False
        applied = [member["optime"]["ts"].time for member in status["members"]]
        return max(applied) - min(applied) <= 2

    def _kafka_is_well(self) -> bool:
        try:
            with self.kafka_admin() as admin:
                topics = admin.describe_topics()
        except KafkaError:
            return False
        partitions = [partition for topic in topics for partition in topic["partitions"]]
        return all(len(p["isr_nodes"]) == len(p["replica_nodes"]) for p in partitions)

    def close(self) -> None:
        """Stop everything."""
        self.client.close()
        self.kafka.kill()  # nobody needs its data
        self.mongo.stop()
        self.proxy.close()

    def __enter__(self) -> Stack:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def insist(work: Callable[[], Any]) -> Any:
    """Do it again until MongoDB does it; for what may be repeated."""
    give_up_at = time.monotonic() + 60
    while True:
        try:
            return work()
        except PyMongoError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.2)
