"""One run, as its faults and its end see it."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from pymongo.database import Database

from app.domain.namespaces import WATCHED
from tests.torture.journal import Journal
from tests.torture.polling import Polled
from tests.torture.processes import Processes
from tests.torture.providers import Providers
from tests.torture.stack import Stack

Document = dict[str, Any]


@dataclass
class Run:
    """All that a fault may touch, and where it says what it did.

    alone: whoever holds it makes the only edit. edited: set when all edits of the plan are made. lossy: harm that
    excuses something, for the verdict. restored: when the database was restored from a copy, time.time().
    """

    rng: random.Random
    stack: Stack
    processes: Processes
    providers: Providers
    database: Database[Document]
    journal: Journal
    alone: threading.Lock
    topic_prefix: str
    edited: threading.Event = field(default_factory=threading.Event)
    lossy: set[str] = field(default_factory=set)
    restored: list[float] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    polls: list[Polled] = field(default_factory=list)
    began: float = field(default_factory=time.time)

    def say(self, what: str) -> None:
        """Note what happened, with its time."""
        self.log.append(f"{time.time() - self.began:6.1f} {what}")

    def lasts(self, least_s: float, most_s: float) -> None:
        """Let the harm last; not a wait for anything."""
        time.sleep(self.rng.uniform(least_s, most_s))

    def topics(self) -> list[str]:
        """Full names of this run's topics with changes."""
        return sorted(self.topic_prefix + namespace.topic for namespace in WATCHED)
