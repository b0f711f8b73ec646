"""The loop of everything in delivery that works turn by turn."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from pymongo.errors import PyMongoError

from app.runtime import StopFlag

log = structlog.get_logger()

_FIRST_S, _LONGEST_S = 0.4, 5.0


def until_stopped(stop: StopFlag, turn: Callable[[], None]) -> None:
    """One turn after the other until the stop; what MongoDB cannot answer now is tried again, with longer and
    longer pauses. Raises what a turn raises besides."""
    failures = 0
    while not stop.is_set():
        try:
            turn()
            failures = 0
        except PyMongoError as error:
            log.warning("MongoDB does not answer, trying again", why=type(error).__name__)
            stop.wait(min(_FIRST_S * 2**failures, _LONGEST_S))
            failures += 1
