"""Dying on purpose at a step of the protocol, so that tests can prove that nothing is lost there.

CRASH_AT="N3.told:2" kills the process with SIGKILL when it has come to N3.told for the second time. Unset, as
it must be in production, a crash point costs a comparison.
"""

from __future__ import annotations

import os
import signal
import threading

STEPS = (
    "W2.begun",  # the token is cleared, nothing is read yet
    "W2.read",  # a chunk of the snapshot is handed to Kafka
    "W2.marked",  # every partition has its marker, the token is not stored
    "W3.published",  # a batch is handed to Kafka, acknowledgements are outstanding
    "W3.acknowledged",  # Kafka has the batch, the token is not stored
    "W3.stored",
    "W4.read",  # documents are read afresh, nothing of them is published
    "W4.acknowledged",  # Kafka has them, their dead letters still wait
    "N1.read",
    "N3.recorded",  # the announcement is kept; the fan-out goes on beside it
    "N3.made",  # missing conversations are there
    "N3.told",  # want is set, known is not
    "N4.known",
    "N4.told_again",  # all but the offset
    "N3b.made",
    "N3b.told",
    "N5.committed",
    "N6.read",  # a marker was handled, its offset is not committed
    "A1.asked",  # an airport's day is to be read, the offset is not committed
    "A2.taken",
    "A3.read",  # its flights are read, nothing is kept
    "A4.kept",  # its level is kept, nobody is told
    "A5.made",  # missing conversations are there
    "A5.told",  # everybody is told, the day is still due
    "F1.asked",  # alerts are to be read, the offset is not committed
    "F2.taken",
    "F3.read",  # their fares are read, nothing is kept
    "F4.kept",  # what is news is kept, nobody is told
    "F5.made",  # missing conversations are there
    "F5.told",  # everybody is told, the alerts are still due
    "F6.done",
    "M3.recorded",  # a notice's announcement is kept, nobody is told
    "M4.made",  # some thousands of its conversations are there
    "M5.told",  # everybody is told, the announcement does not say so
    "M6.done",  # all but the offset
    "N7.kept",  # the dead letter is there, known is not yet unknown
    "D1.claimed",
    "D2.decided",
    "D3.noted",  # the doubt is noted, nothing is handed over
    "D3.sent",  # the provider answered, nothing of it is written
    "D4.recorded",  # the ledger has it, the conversation does not
    "D4.settled",
    "S1.claimed",  # a service message is ours, nothing is handed over
    "S2.sent",  # the provider has it, its row is still there
    "T2.opened",  # a link to the bot is opened in a chat, nobody is asked
    "T3.linked",  # the account is linked, the link is not used up
    "T4.unlinked",  # the link is ended, nothing is said
    "U3.handled",  # an update is dealt with, its number is not kept
)


class _Plan:
    """The step to die at, and how often it may be passed before."""

    def __init__(self, step: str, times: int) -> None:
        self._step = step
        self._left = times
        self._lock = threading.Lock()

    def reached(self, step: str) -> None:
        if step != self._step:
            return
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


_plan: _Plan | None = None


def problem(spec: str) -> str | None:
    """What is wrong with a value of CRASH_AT; None when it names a step, and perhaps how many times."""
    step, colon, times = spec.partition(":")
    if step not in STEPS:
        return f"{step} is no step; there are {', '.join(STEPS)}"
    if colon and not (times.isascii() and times.isdigit() and int(times) > 0):
        return "after the colon stands how many times, from 1"
    return None


def arm(spec: str | None) -> None:
    """Die at this step ("N4.known" or "N4.known:3"). None: never, which is how a process begins."""
    global _plan  # noqa: PLW0603 - one process, one death
    if spec is None:
        _plan = None
        return
    step, _, times = spec.partition(":")
    _plan = _Plan(step, int(times or 1))


def reached(step: str) -> None:
    """The process has come to this step; the last thing it does when it is told to die there."""
    if _plan is not None:
        _plan.reached(step)
