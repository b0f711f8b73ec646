"""The one command of operators: `gatecall`, also `python -m app`.

Each command reads top to bottom: settings, logging, run. Exit status 0: ended as asked; 1: a part failed;
2: settings or surroundings do not allow a start, and the text says what to change.
"""

from __future__ import annotations

import click

from app.commands import api_keys, dead_letters, operations, processes, setup, suppressions, why

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Commands(click.Group):
    """Lists commands in the order a newcomer needs them: that of their registration below."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands, first things first."""
        del ctx
        return list(self.commands)


@click.group(cls=_Commands, context_settings=_CONTEXT)
def main() -> None:
    """Gatecall tells people when their flight changes in MongoDB.

    First time: copy .env.example to .env, then `gatecall check`, `gatecall schema`, `gatecall topics`. A
    running system is four processes: `gatecall watch`, `gatecall consume notifier`, `gatecall consume
    delivery`, `gatecall web`. Any number of each may run.
    """


for _command in (
    setup.check,
    setup.schema,
    setup.topics,
    processes.watch,
    processes.consume,
    processes.web,
    operations.reconcile,
    operations.restore,
    dead_letters.dead_letters,
    suppressions.suppressions,
    suppressions.bounces,
    why.why,
    setup.staff_key,
    api_keys.api_key,
    api_keys.role,
    setup.list_settings,
):
    main.add_command(_command)


if __name__ == "__main__":
    main(prog_name="gatecall")
