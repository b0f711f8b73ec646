"""A frontend like any other: it polls GET /update with a cursor and keeps what it gets, for the checks."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlencode

from scripts.demo.local_http import get_json

_LIMIT = 500
_WAIT_S = 2


class FeedReader:
    """Follows the feed in a thread of its own, from the moment `start` is called.

    updates: all received, in order. gaps: how often the feed said that something may be missing. errors: answers
    that were none; after each the same cursor is asked for again.
    """

    def __init__(self, port: int) -> None:
        self.updates: list[dict[str, Any]] = []
        self.gaps = 0
        self.errors: list[str] = []
        self._port = port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="feed reader", daemon=True)
        self._cursor = ""

    def start(self) -> None:
        """Take the cursor of the present and follow from there."""
        self._cursor = self._get({"limit": 1})["cursor"]
        self._thread.start()

    def stop(self) -> None:
        """Stop following; what was received stays."""
        self._stop.set()
        self._thread.join(_WAIT_S + 5)

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                answer = self._get({"cursor": self._cursor, "limit": _LIMIT, "wait": _WAIT_S})
            except (OSError, ValueError, KeyError) as error:
                self.errors.append(f"{type(error).__name__}: {error}")
                self._stop.wait(0.5)
                continue
            self.updates.extend(answer["updates"])
            self.gaps += bool(answer["gap"])
            self._cursor = answer["cursor"]

    def _get(self, query: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = get_json(self._port, f"/update?{urlencode(query)}", timeout_s=_WAIT_S + 10)
        return found
