"""A reader of the feed, as a frontend is one: it asks with the cursor it got last, over restarts of web."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode


@dataclass
class Polled:
    """What one poller saw after its first answer: updates as the feed gave them, and when it said `gap`.

    gaps: time.time() of each.
    """

    name: str
    updates: list[dict[str, Any]] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Poller:
    """Polls GET /update in a thread until stopped. wait_s: of each request, as a frontend's long poll."""

    def __init__(self, name: str, base_url: str, *, wait_s: int, limit: int) -> None:
        self.polled = Polled(name)
        self._url = f"{base_url}/update"
        self._wait_s = wait_s
        self._limit = limit
        self._cursor: str | None = None
        self._over = threading.Event()
        self._first = threading.Event()
        self._emptied = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"poller {name}", daemon=True)
        self._thread.start()

    def wait_for_first(self, timeout_s: float) -> bool:
        """Whether the first answer came in time; what happens after it is seen."""
        return self._first.wait(timeout_s)

    def finish(self, timeout_s: float) -> Polled:
        """Poll until an answer has nothing more, asked from now on, then end; what was seen."""
        self._emptied.clear()
        if not self._emptied.wait(timeout_s):
            self.polled.problems.append(
                f"{self.polled.name}: the feed gave no last answer in {timeout_s:.0f} s"
            )
        self._over.set()
        self._thread.join(self._wait_s + 10)
        return self.polled

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._turn()
            except urllib.error.HTTPError as error:
                body = error.read()[:300]
                if error.code != 503:
                    self.polled.problems.append(f"{self.polled.name}: {error.code} {body!r}")
                self._over.wait(0.3)
            except (OSError, ValueError):  # web is being restarted; or died in the middle of an answer
                self._over.wait(0.3)

    def _turn(self) -> None:
        asked: dict[str, Any] = {"limit": self._limit}
        if self._cursor is not None:
            asked |= {"cursor": self._cursor, "wait": self._wait_s}
        with urllib.request.urlopen(f"{self._url}?{urlencode(asked)}", timeout=self._wait_s + 10) as response:
            answer = json.loads(response.read())
        if self._cursor is not None:
            # After a gap the answer is the page anew, and a page shows nothing twice.
            seen = {update["id"] for update in self.polled.updates} if answer["gap"] else set()
            self.polled.updates += [update for update in answer["updates"] if update["id"] not in seen]
            self.polled.gaps += [time.time()] if answer["gap"] else []
        self._cursor = answer["cursor"]
        self._first.set()
        if not answer["updates"] and not answer["more"]:
            self._emptied.set()
