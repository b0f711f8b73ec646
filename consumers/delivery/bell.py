"""Waking the senders of a channel: by the doorbell that the notifier rings, or when the next is due."""

from __future__ import annotations

import threading


class Bell:
    """One per channel. A ring between looking and waiting is not lost."""

    def __init__(self) -> None:
        self._rung = threading.Condition()
        self._rings = 0

    @property
    def rings(self) -> int:
        """How often it was rung; to be read before looking for work."""
        with self._rung:
            return self._rings

    def ring(self) -> None:
        """Something may be due: wake one sender, which wakes the next when there is more."""
        with self._rung:
            self._rings += 1
            self._rung.notify()

    def ring_all(self) -> None:
        """Wake every sender, to end."""
        with self._rung:
            self._rings += 1
            self._rung.notify_all()

    def wait(self, seen: int, timeout_s: float) -> None:
        """Sleep until a ring after the seen ones, or for this long."""
        with self._rung:
            if self._rings == seen:
                self._rung.wait(timeout_s)
