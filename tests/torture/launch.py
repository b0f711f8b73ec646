"""How the machine starts a process of the product: `python -m tests.torture.launch [MUTANT] -- ARGUMENTS`.

The arguments are those of `gatecall`. Three things differ from production: waits that are long for people's
sake are short, the net under the steps (N8) is taken away, because the steps must do without it, and where a
mutant is named, one mend of the protocol is taken out. CRASH_AT="freeze N3.told:2" stops the process there, in
place of killing it: a zombie that was in the middle of a step.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta

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


def freeze_at(spec: str) -> None:
    """Stop the process (SIGSTOP) when it comes to a step for the n-th time ("N3.told:2"); it goes on at SIGCONT."""
    from app import crash_points

    class Sleep(crash_points._Plan):
        def reached(self, step: str) -> None:
            if step != self._step:
                return
            with self._lock:
                self._left -= 1
                if self._left == 0:
                    os.kill(os.getpid(), signal.SIGSTOP)

    step, _, times = spec.partition(":")
    plan = Sleep(step, int(times))
    crash_points.arm = lambda spec: setattr(crash_points, "_plan", plan)


def main(argv: list[str]) -> None:
    """Run the command after `--`, with the mutant before it, if any."""
    place = argv.index("--")
    hurry()
    if (spec := os.environ.get("CRASH_AT", "")).startswith(_FREEZE):
        del os.environ["CRASH_AT"]
        freeze_at(spec.removeprefix(_FREEZE))
    for name in argv[:place]:
        from tests.torture import mutants

        mutants.apply(name)
    from app.__main__ import main as gatecall

    gatecall(argv[place + 1 :], prog_name="gatecall")


if __name__ == "__main__":
    main(sys.argv[1:])
