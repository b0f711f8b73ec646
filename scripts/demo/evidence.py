"""What the demo finds when the replay is over, gathered once from MongoDB, the feed, the inbox and the processes.

Nothing is judged here (see checks). Each source is asked directly: the flights as MongoDB has them, the ledger,
what the inbox received, what a polling frontend saw.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo.database import Database

from scripts.demo.local_http import get_json, request
from scripts.demo.stage import PROCESSES, Stage

Document = dict[str, Any]
Metrics = Mapping[tuple[str, str], float]

_SAMPLE = re.compile(r"^(?P<name>gatecall_\w+)(?P<labels>\{[^}]*\})? (?P<value>[0-9.eE+-]+)$", re.MULTILINE)


@dataclass(slots=True)
class Evidence:
    """flights, known, conversations, notifications, bookings, followings, users: whole collections.

    receipts: every message that the inbox received, in order. updates: the feed as a frontend saw it. metrics: sums
    over labels, since the replay began, by process and metric. not_ready: processes that are not, and why.
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
        not_ready=not_ready,
    )


def read_metrics(stage: Stage) -> Metrics:
    """Every metric of every process that answers, summed over its labels."""
    sums: dict[tuple[str, str], float] = {}
    for name in PROCESSES:
        try:
            _, body = request(stage.health_port(name), "/metrics")
        except OSError:
            continue
        for match in _SAMPLE.finditer(body.decode()):
            sums[name, match["name"]] = sums.get((name, match["name"]), 0.0) + float(match["value"])
    return sums
