"""Whether every watched collection has a watcher: looked at from outside, by whoever holds no lease itself.

A process that is gone cannot say so. Watchers and notifiers look at the leases: the former because one of them
should take what nobody holds, the latter because nothing will reach them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from pymongo.database import Database
from pymongo.errors import PyMongoError

from app.metrics import LEASE_UNHELD
from app.runtime import StopFlag
from app.store import leases

_EVERY_S = 1.0
# A watcher that ends gives its lease back, and who stands by takes it within two seconds.
_GRACE_S = 3.0


class LeaseWatch:
    """Looks at the leases again and again. `run` is for one thread, `check` for any."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        collections: Iterable[str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._names = {leases.of_watcher(collection): collection for collection in collections}
        self._monotonic = monotonic
        self._unheld_since: dict[str, float] = {}

    def run(self, stop: StopFlag) -> None:
        """Until the stop flag is set. While MongoDB does not answer, nobody knows, and others say so."""
        while not stop.is_set():
            self.look()
            stop.wait(_EVERY_S)

    def look(self) -> None:
        """Look once."""
        try:
            held = leases.held(self._database, self._names)
        except PyMongoError:
            self._unheld_since = {}
            return
        now = self._monotonic()
        free = {collection for name, collection in self._names.items() if name not in held}
        self._unheld_since = {c: self._unheld_since.get(c, now) for c in free}
        for collection in self._names.values():
            LEASE_UNHELD.labels(collection).set(collection in free)

    def check(self) -> str | None:
        """For readiness: which collections nobody watches, None when each is watched or nobody knows."""
        now = self._monotonic()
        since = self._unheld_since
        long = sorted(collection for collection, moment in since.items() if now - moment >= _GRACE_S)
        return f"nobody watches {', '.join(long)}: run `gatecall watch`" if long else None
