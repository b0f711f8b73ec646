"""The bot's process, killed with SIGKILL at each of its steps: nobody is forgotten, and nothing is done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.telegram.fake import KEY, TOKEN
from tests.telegram.world import CHAT, BotWorld

ROOT = Path(__file__).resolve().parents[2]
_S = 40.0


def process(world: BotWorld, **more: str) -> subprocess.Popen[bytes]:
    environment = {
        "PATH": os.environ["PATH"],
        "MONGODB_URI": world.settings.mongodb_uri.get_secret_value(),
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_BASE_URL": world.telegram.url,
        "SECRET_KEY": KEY,
        "HEALTH_PORT": "0",
        "LEASE_S": "2",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "app", "consume", "telegram"],
        cwd=ROOT,
        env=environment | more,
        stderr=subprocess.PIPE,
    )


def until(what: str, holds: object) -> None:
    give_up_at = time.monotonic() + _S
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < give_up_at, what
        time.sleep(0.05)


def dies(world: BotWorld, step: str) -> None:
    world.database["leases"].delete_many({})
    child = process(world, CRASH_AT=step)
    try:
        assert child.wait(_S) == -signal.SIGKILL
    finally:
        child.kill()
        child.wait()
        assert child.stderr is not None
        child.stderr.close()


@pytest.mark.parametrize("step", ["T2.opened", "U3.handled"])
def test_a_death_while_a_link_is_opened_asks_again(world: BotWorld, step: str) -> None:
    world.telegram.write(CHAT, f"/start {world.asked()}")
    dies(world, step)
    child = process(world)
    try:
        until("asked", lambda: any("Link this chat" in text for text in world.said()))
        until("kept", lambda: world.bots.dealt_with("4711") == world.telegram.last_update)
        world.telegram.press(CHAT, world.data(CHAT, "Yes, link it"), world.under(CHAT, "Yes, link it"))
        until("linked", lambda: world.linked() == str(CHAT))
        until("said", lambda: any("Linked." in text for text in world.said()))
    finally:
        child.terminate()
        assert child.wait(10) == 0
        assert child.stderr is not None
        log = child.stderr.read().decode()
        child.stderr.close()
    assert TOKEN not in log
    assert world.consents() == [(True, "telegram")]


def test_a_death_between_linking_and_using_up_links_once(world: BotWorld) -> None:
    world.write(f"/start {world.asked()}")
    world.telegram.press(CHAT, world.data(CHAT, "Yes, link it"), world.under(CHAT, "Yes, link it"))
    dies(world, "T3.linked")
    assert world.linked() == str(CHAT)
    world.database["leases"].delete_many({})
    world.listen()
    assert world.linked() == str(CHAT)
    assert "Linked." in world.said()[-1]
    assert world.consents() == [(True, "telegram")]


def test_a_death_after_stop_says_that_it_is_stopped(world: BotWorld) -> None:
    world.link()
    world.telegram.write(CHAT, "/stop")
    dies(world, "T4.unlinked")
    world.database["leases"].delete_many({})
    world.listen()
    assert world.linked() is None
    assert "Stopped" in world.said()[-1]
    assert world.consents() == [(True, "telegram"), (False, "telegram")]
