"""The journal of what was committed, in its order: from it the oracle knows the truth."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Write:
    """One committed write: what the document was after it, None when it was deleted. begun, at: time.time()
    before the first try and when it was known to be committed."""

    collection: str
    key: str
    document: Document | None
    begun: float
    at: float


class Journal:
    """Every committed write, in the order of commit. For several threads.

    prepared_at: time.time() when all was written that was there before anything happened.
    """

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.prepared_at = 0.0
        self._current: dict[str, dict[Any, Document]] = {}
        self._lock = threading.Lock()

    def wrote(self, collection: str, key: Any, document: Document | None, begun: float | None = None) -> None:
        """One more. begun: when it was first tried, None: at most a second ago."""
        at = time.time()
        with self._lock:
            there = self._current.setdefault(collection, {})
            there.pop(key, None)
            if document is not None:
                there[key] = copy.deepcopy(document)
            kept = copy.deepcopy(document)
            self.writes.append(Write(collection, str(key), kept, at - 1 if begun is None else begun, at))

    def current(self, collection: str) -> dict[Any, Document]:
        """What there is now, by _id."""
        with self._lock:
            return copy.deepcopy(self._current.get(collection, {}))

    @property
    def count(self) -> int:
        """How many writes were committed."""
        return len(self.writes)

    def dump(self) -> Iterator[Document]:
        """All writes, for the evidence."""
        return (asdict(write) for write in list(self.writes))
