"""How the machine starts a process of the product: `python -m tests.torture.launch [MUTANT] -- ARGUMENTS`.

The arguments are those of `gatecall`. Three things differ from production: waits that are long for people's
sake are short, the net under the steps (N8) is taken away, because the steps must do without it, and where a
mutant is named, one mend of the protocol is taken out. Where the process is to die is read from a file while it
runs, so that it dies in the middle of its work and not at a start.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

CRASH_FILE = "TORTURE_CRASH_FILE"
_FREEZE = "freeze "


def hurry() -> None:
    """Shorten the waits between tries, so that a run ends while somebody looks."""
    from app import restore
    from consumers.delivery import pauses, providers
    from consumers.notifier import resync
    from watchers import pump

    pauses._FIRST_S, pauses._LONGEST_S = 0.5, 4.0
    setattr(providers, "DOWN_LONGEST_S", 3.0)  # noqa: B010 - imported there by name
    pump.STORE_IDLE_S = 1.0
    restore.TOLD_WITHIN = timedelta(seconds=5)
    resync._FIRST_AFTER_S = 1e6


def crash_by_file(path: Path) -> None:
    """Die at the step that the file names ("N3.told:2": the second time from now), or stop there ("freeze
    N3.told:2", until SIGCONT): a zombie in the middle of a step. The file is gone then."""
    from app import crash_points

    class Plan(crash_points._Plan):
        def reached(self, step: str) -> None:
            with self._lock:
                try:
                    told = path.read_text(encoding="utf-8")
                except FileNotFoundError:
                    return
                if told != self._told:
                    self._told = told
                    self._step, _, times = told.removeprefix(_FREEZE).partition(":")
                    self._left = int(times)
                if step != self._step:
                    return
                self._left -= 1
                if self._left == 0:
                    self._told = ""
                    path.unlink(missing_ok=True)
                    os.kill(os.getpid(), signal.SIGSTOP if told.startswith(_FREEZE) else signal.SIGKILL)

        _told = ""

    plan = Plan("", 0)
    crash_points.arm = lambda spec: setattr(crash_points, "_plan", plan)


def main(argv: list[str]) -> None:
    """Run the command after `--`, with the mutant before it, if any."""
    place = argv.index("--")
    hurry()
    if path := os.environ.get(CRASH_FILE):
        crash_by_file(Path(path))
    for name in argv[:place]:
        from tests.torture import mutants

        mutants.apply(name)
    from app.__main__ import main as gatecall

    gatecall(argv[place + 1 :], prog_name="gatecall")


if __name__ == "__main__":
    main(sys.argv[1:])
