"""The bot's process, killed with SIGKILL at each of its steps: nobody is forgotten, and nothing is done twice."""

from __future__ import annotations

import signal
import subprocess

import pytest

from tests.processes import started, until
from tests.telegram.fake import KEY, TOKEN
from tests.telegram.world import CHAT, BotWorld

_S = 60.0


def process(world: BotWorld, **more: str) -> subprocess.Popen[bytes]:
    environment = {
        "MONGODB_URI": world.settings.mongodb_uri.get_secret_value(),
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_BASE_URL": world.telegram.url,
        "SECRET_KEY": KEY,
        "HEALTH_PORT": "0",
        "LEASE_S": "2",
    }
    return started("app", "consume", "telegram", env=environment | more, stderr=subprocess.PIPE)


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
        until(lambda: any("Link this chat" in text for text in world.said()), "asked")
        until(lambda: world.kept() == world.telegram.last_update, "kept")
        world.telegram.press(CHAT, world.data(CHAT, "Yes, link it"), world.under(CHAT, "Yes, link it"))
        until(lambda: world.linked() == str(CHAT), "linked")
        until(lambda: any("Linked." in text for text in world.said()), "said")
    finally:
        child.terminate()
        assert child.wait(_S) == 0
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
