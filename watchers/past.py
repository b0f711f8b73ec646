"""Whether MongoDB's past is the one that the stored positions were made in.

Cluster time only grows, and the brokers and the database keep positions made of it. Where it runs behind one of
them, the database was restored from a backup, or replaced by another one, without `gatecall restore`.
"""

from __future__ import annotations

from typing import Any

import structlog
from bson.timestamp import Timestamp
from pymongo.database import Database

from app.domain.order import ClusterTime
from app.metrics import CLUSTER_TIME_BEHIND
from app.store.known import KnownFlights
from app.store.resume_tokens import ResumeTokens

log = structlog.get_logger()

# Members of a cluster learn each other's time with the next message.
_MARGIN_S = 5


class Past:
    """Compares cluster time with what is stored. One thread calls `look`; `check` may be called from any."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database
        self._tokens = ResumeTokens(database)
        self._known = KnownFlights(database)
        self._trouble: str | None = None

    def look(self) -> float:
        """By how many seconds cluster time runs behind what is stored; 0 when all is well. Raises PyMongoError."""
        now = self._cluster_time()
        stored = max(self._tokens.highest()[1], self._known.highest_time())
        behind_s = max(0, stored[0] - now[0]) if now is not None else 0
        CLUSTER_TIME_BEHIND.set(behind_s)
        was, self._trouble = self._trouble, None
        if behind_s > _MARGIN_S:
            self._trouble = (
                f"cluster time runs {behind_s} s behind a stored position: was MongoDB restored from a backup? "
                "Stop all processes and run `gatecall restore`"
            )
            if was is None:
                log.error("cluster time runs behind a stored position", behind_s=behind_s)
        return float(behind_s)

    def check(self) -> str | None:
        """For readiness: None when all is well, else what is wrong and what to do."""
        return self._trouble

    def _cluster_time(self) -> ClusterTime | None:
        time = self._database.command("ping").get("operationTime")
        return (time.time, time.inc) if isinstance(time, Timestamp) else None
