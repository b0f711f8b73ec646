"""What the demo finds when the replay is over, gathered once from MongoDB, the feed, the inbox and the processes.

Nothing is judged here (see checks). Each source is asked directly: the flights as MongoDB has them, the ledger,
what the inbox received, what a polling frontend saw.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pymongo.database import Database

from app.domain.clock import system_now
from app.domain.timing import Reason
from scripts.demo.local_http import get_json, request
from scripts.demo.stage import PROCESSES, Stage

Document = dict[str, Any]
Metrics = Mapping[tuple[str, str], float]

_SAMPLE = re.compile(r"^(?P<name>gatecall_\w+)(?P<labels>\{[^}]*\})? (?P<value>[0-9.eE+-]+)$", re.MULTILINE)
_CHANNEL = re.compile(r'channel="(?P<channel>\w+)"')


@dataclass(slots=True)
class Evidence:
    """flights, known, conversations, notifications, bookings, followings, users: whole collections.

    held: what delivery decided to tell later, as people chose. receipts: every message that the inbox received, in
    order. updates: the feed as a frontend saw it. metrics: sums over labels, since the replay began, by process and
    metric. service_messages: sign-in links, codes and tests that a provider took, by channel. not_ready: processes that
    are not, and why. at: when all this was asked for, system clock.
    """

    flights: Sequence[Document]
    known: Mapping[str, Document]
    conversations: Sequence[Document]
    notifications: Sequence[Document]
    bookings: Sequence[Document]
    followings: Sequence[Document]
    users: Mapping[str, Document]
    dead_letters: Sequence[Document]
    announcements: int
    receipts: Sequence[Document]
    updates: Sequence[Document] = field(default_factory=list)
    gaps: int = 0
    metrics: Metrics = field(default_factory=dict)
    held: Sequence[Document] = ()
    service_messages: Mapping[str, int] = field(default_factory=dict)
    at: datetime = field(default_factory=system_now)
    not_ready: Mapping[str, str] = field(default_factory=dict)


def gather(
    stage: Stage,
    database: Database[Document],
    *,
    updates: Sequence[Document],
    gaps: int,
    before: Metrics,
) -> Evidence:
    """Ask everybody. before: the metrics as the replay began.

    Raises OSError when the inbox does not answer, PyMongoError when MongoDB does not."""
    at = system_now()
    not_ready: dict[str, str] = {}
    for name in PROCESSES:
        try:
            status, body = request(stage.health_port(name), "/health/ready")
            if status != 200:
                not_ready[name] = body.decode(errors="replace")[:300]
        except OSError as error:
            not_ready[name] = str(error)
    metrics = read_metrics(stage)
    return Evidence(
        flights=list(database["flights"].find()),
        known={row["_id"]: row for row in database["known"].find()},
        conversations=list(database["conversations"].find()),
        notifications=list(database["notifications"].find()),
        bookings=list(database["bookings"].find()),
        followings=list(database["followings"].find()),
        users={str(user["_id"]): user for user in database["users"].find()},
        dead_letters=list(database["dead_letters"].find()),
        announcements=database["announcements"].count_documents({}),
        receipts=get_json(stage.ports.inbox, "/api/receipts", timeout_s=60)["receipts"],
        updates=updates,
        gaps=gaps,
        metrics={name: value - before.get(name, 0.0) for name, value in metrics.items()},
        held=list(
            database["delivery_decisions"].find({"reason": {"$in": [str(reason) for reason in Reason]}})
        ),
        service_messages=_service_messages(stage),
        at=at,
        not_ready=not_ready,
    )


def read_metrics(stage: Stage) -> Metrics:
    """Every metric of every process that answers, summed over its labels."""
    sums: dict[tuple[str, str], float] = {}
    for name in PROCESSES:
        for match in _samples(stage, name):
            sums[name, match["name"]] = sums.get((name, match["name"]), 0.0) + float(match["value"])
    return sums


def _service_messages(stage: Stage) -> Mapping[str, int]:
    """Sign-in links, codes and tests that a provider took, by channel; nobody asks for one before the replay."""
    taken: dict[str, int] = {}
    for match in _samples(stage, "delivery"):
        labels = match["labels"] or ""
        channel = _CHANNEL.search(labels)
        if match["name"] == "gatecall_service_messages_total" and channel and 'outcome="accepted"' in labels:
            taken[channel["channel"]] = taken.get(channel["channel"], 0) + int(float(match["value"]))
    return taken


def _samples(stage: Stage, process: str) -> Iterator[re.Match[str]]:
    """The lines of a process's metrics; none when it does not answer."""
    try:
        _, body = request(stage.health_port(process), "/metrics")
    except OSError:
        return
    yield from _SAMPLE.finditer(body.decode())
