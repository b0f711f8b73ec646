"""The loop of whoever does what is due: it goes on after every failure, and readiness knows of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from app.runtime import StopFlag

log = structlog.get_logger()

_PAUSE_S = 2.0
"""After a failure."""


@dataclass(slots=True)
class DueWork:
    """do: what is due now; returns whether anything was. It may raise anything: what is not done stays due. trouble:
    the words for readiness when it does. idle_s: between looks while nothing is due."""

    do: Callable[[], object]
    trouble: str
    idle_s: float
    _problem: str | None = None

    def run(self, stop: StopFlag) -> None:
        """Until the stop."""
        while not stop.is_set():
            try:
                was_due = self.do()
                self._problem = None
                stop.wait(0 if was_due else self.idle_s)
            except Exception as error:  # one thing that fails must not keep the others from being done
                self._problem = f"{self.trouble}: {type(error).__name__}"
                log.exception("due work failed", what=self.trouble)
                stop.wait(_PAUSE_S)

    def problem(self) -> str | None:
        """For the health check: None while it works, else what is wrong."""
        return self._problem
