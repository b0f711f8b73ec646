"""How the machine starts a process of the product: `python -m tests.torture.launch [MUTANT] -- ARGUMENTS`.

The arguments are those of `gatecall`. Three things differ from production: waits that are long for people's
sake are short, the net under the steps (N8) is taken away, because the steps must do without it, and where a
mutant is named, one mend of the protocol is taken out.
"""

from __future__ import annotations

import sys


def hurry() -> None:
    """Shorten the waits between tries, so that a run ends while somebody looks."""
    from consumers.delivery import pauses
    from consumers.notifier import resync
    from watchers import pump

    pauses._FIRST_S, pauses._LONGEST_S = 0.5, 4.0
    pauses._DOWN_LONGEST_S = 3.0
    pump.STORE_IDLE_S = 1.0
    resync._FIRST_AFTER_S = 1e6


def main(argv: list[str]) -> None:
    """Run the command after `--`, with the mutant before it, if any."""
    place = argv.index("--")
    hurry()
    for name in argv[:place]:
        from tests.torture import mutants

        mutants.apply(name)
    from app.__main__ import main as gatecall

    gatecall(argv[place + 1 :], prog_name="gatecall")


if __name__ == "__main__":
    main(sys.argv[1:])
