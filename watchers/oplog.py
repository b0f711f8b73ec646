"""How far the oplog reaches back, against how far the watchers are behind.

A watcher whose place has left the oplog has to read its collection anew: late, and without what happened between.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from pymongo.errors import PyMongoError

from app.metrics import OPLOG_WINDOW
from app.runtime import StopFlag
from app.store.client import OplogReach

_EVERY_S = 5.0


class OplogWatch:
    """Measures the oplog again and again. `run` is for one thread, `check` for any.

    measure: as client.oplog_reach; may raise PyMongoError. behind_s: seconds that the slowest watcher of this
    process is behind; not a number when none works here.
    """

    def __init__(self, measure: Callable[[], OplogReach | None], behind_s: Callable[[], float]) -> None:
        self._measure = measure
        self._behind_s = behind_s
        self._reach: OplogReach | None = None

    def run(self, stop: StopFlag) -> None:
        """Until the stop flag is set."""
        while not stop.is_set():
            self.look()
            stop.wait(_EVERY_S)

    def look(self) -> None:
        """Measure once. What cannot be measured is not a number."""
        try:
            self._reach = self._measure()
        except PyMongoError:
            self._reach = None
        OPLOG_WINDOW.set(float("nan") if self._reach is None else self._reach.window_s)

    def check(self) -> str | None:
        """For readiness: None while the oplog still holds what the watchers have not read, or nobody knows."""
        reach, behind_s = self._reach, self._behind_s()
        if reach is None or reach.is_whole or math.isnan(behind_s) or behind_s <= reach.window_s:
            return None
        return (
            f"the oplog reaches back {reach.window_s:.0f} s and a watcher is {behind_s:.0f} s behind:"
            " its collection will be read anew"
        )
