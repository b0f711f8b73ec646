"""The steps that make mongods a replica set, and the look at one; the members run already, wherever they run.

Every step may be repeated: a container that initiates the set starts again with every `docker-compose up`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

# https://github.com/mongodb/mongo/blob/r6.0.5/src/mongo/base/error_codes.yml
ALREADY_INITIALIZED = 23
NOT_YET_INITIALIZED = 94

_POLL_S = 0.05

Document = dict[str, Any]
Client = MongoClient[Document]


class ReplicaSetError(Exception):
    """The members cannot become, or are not, a working replica set; the text says why and what to do."""


@dataclass(frozen=True)
class MemberState:
    """One member as the set sees it: state is MongoDB's word (PRIMARY, SECONDARY, STARTUP2, DOWN, ...)."""

    host: str
    state: str
    lag_s: float | None
    """How far it is behind the primary, in seconds; None without a primary or while it is down."""


@dataclass(frozen=True)
class Report:
    """What check() found."""

    name: str
    version: str
    members: tuple[MemberState, ...]
    oplog_window_s: float
    """How far back a change stream can be resumed, in seconds of this set's past."""
    oplog_mb: float

    @property
    def primary(self) -> str | None:
        """The primary's host:port, or None while there is none."""
        return next((member.host for member in self.members if member.state == "PRIMARY"), None)

    @property
    def well(self) -> bool:
        """Whether there is a primary and every other member follows it."""
        return self.primary is not None and all(m.state in {"PRIMARY", "SECONDARY"} for m in self.members)


def replica_set_uri(members: Sequence[str], *, name: str = "rs0", database: str = "") -> str:
    """Return the connection string of the set, e.g. mongodb://a:27017,b:27017,c:27017/gatecall?replicaSet=rs0."""
    return f"mongodb://{','.join(members)}/{database}?replicaSet={name}"


def initiate(
    members: Sequence[str],
    *,
    name: str = "rs0",
    timeout_s: float = 60,
    election_timeout_ms: int = 10_000,
) -> bool:
    """Make the members (each host:port, as the others and all clients reach it) a replica set with a primary.

    1. wait until every member answers
    2. replSetInitiate on the first, unless the set exists already
    3. ask the first to stand for election, instead of waiting for election_timeout_ms to pass
    4. wait until every member is primary or secondary

    election_timeout_ms is stored in the set: how long its members miss a primary before they elect another.
    Returns False when the set existed already, with these members. Raises ReplicaSetError when a member does
    not answer, belongs to another set, or the set has other members.
    """
    deadline = time.monotonic() + timeout_s
    with ExitStack() as stack:
        clients = {host: stack.enter_context(_client(host)) for host in members}
        for host, client in clients.items():
            _wait_for_answer(host, client, deadline)
        first = clients[members[0]]
        config = next((found for client in clients.values() if (found := _config(client)) is not None), None)
        if config is None:
            created = _initiate(first, members, name, election_timeout_ms)
        else:
            _require_same(config, members, name)
            created = False
        if created:
            elect(first, deadline)
        _wait_until_well(list(clients.values()), members, deadline)
    return created


def check(members: Sequence[str], *, timeout_s: float = 5) -> Report:
    """Look at the replica set through the first member that answers within timeout_s; changes nothing.

    Raises ReplicaSetError when none answers, or when the members are no replica set.
    """
    problems = []
    for host in members:
        try:
            with _client(host, timeout_s=timeout_s) as client:
                return _report(client)
        except OperationFailure as error:
            problems.append(f"{host}: {_explain(error)}")
        except PyMongoError as error:
            problems.append(f"{host} does not answer ({_short(error)})")
    raise ReplicaSetError("; ".join(problems))


def elect(client: Client, deadline: float, *, instead_of: str | None = None) -> None:
    """Ask this member to stand for election until the set has a primary; deadline is on time.monotonic().

    instead_of: the host:port of a primary that is to hand over, or None when there is none yet.
    """
    while time.monotonic() < deadline:
        if client.admin.command("hello").get("primary", instead_of) != instead_of:
            return
        try:
            client.admin.command("replSetStepUp")
        except OperationFailure:  # the others have not heard of the set yet: they cannot vote
            time.sleep(_POLL_S)


def _client(host: str, *, timeout_s: float = 2) -> Client:
    timeout_ms = int(timeout_s * 1000)
    return MongoClient(
        host,
        directConnection=True,
        serverSelectionTimeoutMS=timeout_ms,
        connectTimeoutMS=timeout_ms,
        socketTimeoutMS=max(timeout_ms, 15_000),
        appname="gatecall replica set",
    )


def _wait_for_answer(host: str, client: Client, deadline: float) -> None:
    while True:
        try:
            client.admin.command("ping")
        except PyMongoError as error:
            if time.monotonic() >= deadline:
                text = f"{host} does not answer ({_short(error)}). Is mongod running there, with --replSet?"
                raise ReplicaSetError(text) from error
            time.sleep(_POLL_S)
        else:
            return


def _config(client: Client) -> Document | None:
    """Return the set's configuration as this member knows it, or None when it knows of none."""
    try:
        config: Document = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code == NOT_YET_INITIALIZED:
            return None
        raise ReplicaSetError(_explain(error)) from error
    return config


def _initiate(first: Client, members: Sequence[str], name: str, election_timeout_ms: int) -> bool:
    config = {
        "_id": name,
        "members": [{"_id": number, "host": host} for number, host in enumerate(members)],
        "settings": {"electionTimeoutMillis": election_timeout_ms},
    }
    try:
        first.admin.command("replSetInitiate", config)
    except OperationFailure as error:
        if error.code == ALREADY_INITIALIZED:  # somebody was faster
            return False
        raise ReplicaSetError(_explain(error)) from error
    return True


def _require_same(config: Document, members: Sequence[str], name: str) -> None:
    hosts = sorted(member["host"] for member in config["members"])
    if config["_id"] != name:
        raise ReplicaSetError(f"the members already form the replica set {config['_id']!r}, not {name!r}")
    if hosts != sorted(members):
        raise ReplicaSetError(
            f"the replica set {name} exists with the members {', '.join(hosts)}, not {', '.join(members)}. "
            "Add or remove members with rs.add() and rs.remove() in mongosh, or name the members it has."
        )


def _wait_until_well(clients: Sequence[Client], members: Sequence[str], deadline: float) -> None:
    states = "none of them answers"
    while time.monotonic() < deadline:
        for client in clients:
            try:
                report = _report(client)
            except PyMongoError:
                continue
            if report.well and len(report.members) == len(members):
                return
            states = ", ".join(f"{member.host} {member.state}" for member in report.members)
            break
        time.sleep(_POLL_S)
    raise ReplicaSetError(
        f"no working replica set in time: {states}. The members must reach each other under these names."
    )


def _report(client: Client) -> Report:
    status = client.admin.command("replSetGetStatus")
    primary = next((m["optimeDate"] for m in status["members"] if m["stateStr"] == "PRIMARY"), None)
    members = tuple(
        MemberState(
            host=member["name"],
            state=member["stateStr"],
            lag_s=max(0.0, (primary - member["optimeDate"]).total_seconds())
            if primary is not None and member.get("health") == 1 and "optimeDate" in member
            else None,
        )
        for member in status["members"]
    )
    oplog = client.local.get_collection("oplog.rs")
    first = oplog.find_one(sort=[("$natural", 1)], projection=["ts"])
    last = oplog.find_one(sort=[("$natural", -1)], projection=["ts"])
    return Report(
        name=status["set"],
        version=client.server_info()["version"],
        members=members,
        oplog_window_s=float(last["ts"].time - first["ts"].time) if first and last else 0.0,
        oplog_mb=client.local.command("collStats", "oplog.rs")["maxSize"] / 2**20,
    )


def _explain(error: OperationFailure) -> str:
    if error.code == NOT_YET_INITIALIZED:
        return "this mongod belongs to no replica set yet: python -m scripts.mongo_replset initiate"
    text = str((error.details or {}).get("errmsg", error))
    if "--replSet" in text:
        return f"{text}. Start mongod with --replSet rs0: change streams need a replica set."
    return text


def _short(error: Exception) -> str:
    return str(error).split(",")[0][:150]
