"""The daily maximum over processes and channels: never more, whoever is first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.delivery.world import World

MOST = 7
ROOT = Path(__file__).parents[2]


def test_processes_of_several_channels_together_take_no_more_than_the_maximum(world: World) -> None:
    uri, name = world.settings.mongodb_uri.get_secret_value(), world.database.name
    command = [sys.executable, "-m", "tests.delivery.daily_taker", uri, name]
    takers = [
        subprocess.Popen(
            [*command, channel, "40", str(MOST)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for channel in ("email", "sms", "telegram", "webhook")
    ]
    try:
        assert [taker.stdout.readline() for taker in takers if taker.stdout] == ["ready\n"] * 4
        for taker in takers:
            assert taker.stdin is not None
            taker.stdin.write("go\n")
            taker.stdin.flush()
        taken = [int(taker.communicate(timeout=120)[0]) for taker in takers]
    finally:
        for taker in takers:
            taker.kill()
            taker.wait()
    [row] = world.database["daily_counts"].find()
    assert len(row["keys"]) == MOST, "each message is one, on whichever channel"
    assert sum(taken) == MOST
