"""The delivery process itself: woken by the doorbell, killed in the middle, stopped politely."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.store.doorbells import Doorbells
from tests.delivery.world import B, World, eventually
from tests.providers import Mailbox

ROOT = Path(__file__).resolve().parents[2]
START = """
import sys
from app import crash_points
from app.settings import load
from consumers.delivery.process import run
settings = load()
crash_points.arm(settings.crash_at)
sys.exit(run(settings))
"""


@contextmanager
def process(world: World, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A delivery process on the world's database and mail server."""
    settings = world.settings
    env = dict(os.environ) | {
        "MONGODB_URI": settings.mongodb_uri.get_secret_value(),
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": str(settings.mail_port),
        "MAIL_CONNECTIONS": "2",
        "SEND_TIMEOUT_S": "1.5",
        "CLAIM_LEASE_S": "4",
        "HEALTH_PORT": "0",
        **more,
    }
    child = subprocess.Popen([sys.executable, "-c", START], cwd=ROOT, env=env, stderr=subprocess.PIPE)
    try:
        yield child
    finally:
        child.kill()
        child.communicate(timeout=10)


def _all_heard(world: World) -> bool:
    return (
        world.database["conversations"].count_documents(
            {"$or": [{"heard": {"$ne": B.to_document()}}, {"due_at": {"$exists": True}}]}
        )
        == 0
    )


def test_doorbell_wakes_an_idle_process_at_once(world: World, mailbox: Mailbox) -> None:
    world.person()
    with process(world):
        world.person(2)
        world.conversation(2)
        eventually(lambda: mailbox.mails, within_s=30)
        time.sleep(0.5)  # let it fall idle
        waited = []
        for number in range(3, 6):
            world.person(number)
            world.conversation(number)
            started = time.monotonic()
            Doorbells(world.database).ring(["email"])
            eventually(lambda n=number: len(mailbox.mails) == n - 1)
            waited.append(time.monotonic() - started)
        # far below the net of ten seconds, also on a machine that is busy with something else
        assert min(waited) < 1.0


def test_due_time_wakes_it_without_a_doorbell(world: World, mailbox: Mailbox) -> None:
    from datetime import UTC, datetime, timedelta

    world.person()
    with process(world):
        world.person(2)
        world.conversation(2)
        eventually(lambda: mailbox.mails, within_s=30)
        world.conversation(1, due_at=datetime.now(UTC) + timedelta(seconds=1))
        Doorbells(world.database).ring(["email"])
        eventually(lambda: len(mailbox.mails) == 2, within_s=8)


@pytest.mark.slow
def test_killed_in_the_middle_everybody_hears_and_only_doubtful_ones_twice(
    world: World, mailbox: Mailbox
) -> None:
    people = world.travellers(60)
    mailbox.delay_s = 0.02
    for at_least in (10, 25, 40):
        with process(world) as child:
            eventually(lambda n=at_least: len(mailbox.mails) >= n, within_s=40)
            child.kill()
            child.wait(10)
    with process(world):
        eventually(lambda: _all_heard(world), within_s=60)
    told = Counter(mailbox.recipients())
    assert set(told) == {f"{person}@example.org" for person in people}
    rows = list(world.database["notifications"].find())
    assert len(rows) == 60
    assert all(row["status"] == "sent" for row in rows)
    assert max(told.values()) <= 4  # three deaths


def test_stop_finishes_the_hand_over_and_gives_back_the_rest(world: World, mailbox: Mailbox) -> None:
    world.travellers(40)
    mailbox.delay_s = 0.2
    with process(world) as child:
        eventually(lambda: len(mailbox.mails) >= 2, within_s=40)
        started = time.monotonic()
        child.terminate()
        assert child.wait(30) == 0
        assert time.monotonic() - started < 15
    conversations = list(world.database["conversations"].find())
    assert all("claim" not in c and "doubt" not in c for c in conversations)
    assert world.database["notifications"].count_documents({"status": "sent"}) == len(mailbox.mails)


def test_stop_while_the_provider_hangs_ends_in_time_and_keeps_the_doubt(
    world: World, mailbox: Mailbox
) -> None:
    world.travellers(2)
    mailbox.delay_s = 30
    asked = []
    mailbox.on_data = lambda: asked.append(1)
    with process(world, SEND_TIMEOUT_S="40", CLAIM_LEASE_S="60") as child:
        eventually(lambda: asked, within_s=40)
        started = time.monotonic()
        child.terminate()
        assert child.wait(15) == 0
        assert time.monotonic() - started < 15
    doubtful = [c for c in world.database["conversations"].find() if "doubt" in c]
    assert doubtful
    assert all("claim" not in c for c in world.database["conversations"].find())
    assert world.database["notifications"].count_documents({"status": "unknown"}) == len(doubtful)
