"""One breaker per provider for all processes: open, half-open for one sender, closed again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from app.store.provider_state import OPEN, all_standings
from consumers.delivery.pauses import ramp_rate
from consumers.delivery.providers import Provider
from tests.delivery.clocks import Clock, a_process, worker_by
from tests.delivery.world import World
from tests.providers import Mailbox

Documents = Database[dict[str, Any]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fail_until(provider: Provider, clock: Clock, seconds: float) -> None:
    """Probes fail for so long."""
    until = clock() + timedelta(seconds=seconds)
    provider.failed("connect: refused")
    while clock() < until:
        clock.move(provider.left_s())
        assert provider.probe("t")
        provider.failed("connect: refused")


def test_down_for_one_process_is_down_for_all_within_a_second(database: Documents, clock: Clock) -> None:
    one, other = a_process(database, clock), a_process(database, clock)
    assert one.choose("a")
    assert other.choose("b")
    one.primary.failed("421 4.3.2 shutting down")
    assert one.choose("a") is None
    clock.move(1)
    route = other.choose("b")
    assert route is None or route.probing
    assert other.words() == "421 4.3.2 shutting down"
    assert all_standings(database)["email"].state == OPEN


def test_one_sender_of_all_processes_probes(database: Documents, clock: Clock) -> None:
    processes = [a_process(database, clock) for _ in range(4)]
    processes[0].primary.failed("down")
    clock.move(1.5)
    with ThreadPoolExecutor(8) as pool:
        routes = list(pool.map(lambda n: processes[n % 4].choose(f"t{n}"), range(16)))
    probing = [route for route in routes if route is not None]
    assert len(probing) == 1
    assert probing[0].probing


def test_a_failed_probe_pauses_longer_up_to_half_a_minute(database: Documents, clock: Clock) -> None:
    provider = a_process(database, clock).primary
    pauses = []
    for _ in range(9):
        provider.failed("down")
        pauses.append(provider.left_s())
        clock.move(provider.left_s())
        assert provider.probe("t")
    assert 0.5 <= pauses[0] <= 1
    assert pauses[3] > pauses[0] * 3
    assert pauses[-1] == 30


def test_what_another_sender_has_noted_is_not_counted_again(database: Documents, clock: Clock) -> None:
    one, other = a_process(database, clock).primary, a_process(database, clock).primary
    for provider in (one, other, one, other):
        provider.failed("down")
    assert all_standings(database)["email"].failures == 1


def test_what_the_provider_asks_for_is_obeyed_by_all(database: Documents, clock: Clock) -> None:
    one, other = a_process(database, clock), a_process(database, clock)
    one.primary.failed("down")
    other.primary.failed("429", asked_s=45)
    for processes in (one, other):
        clock.move(1)
        assert 43 <= processes.left_s() <= 45
        assert processes.choose("t") is None


def test_a_probe_whose_sender_died_is_made_by_another(database: Documents, clock: Clock) -> None:
    dying, other = a_process(database, clock), a_process(database, clock)
    dying.primary.failed("down")
    clock.move(1)
    assert dying.choose("dead")
    clock.move(10)
    assert other.choose("alive") is None
    clock.move(10)
    assert other.choose("alive")


def test_a_probe_given_back_is_free_at_once(database: Documents, clock: Clock) -> None:
    provider = a_process(database, clock).primary
    provider.failed("down")
    clock.move(1)
    assert provider.probe("t")
    assert not provider.probe("u")
    provider.unprobe("t")
    assert provider.probe("u")


def test_up_again_is_up_for_all_and_begins_slowly_after_an_hour(database: Documents, clock: Clock) -> None:
    one, other = a_process(database, clock).primary, a_process(database, clock).primary
    fail_until(one, clock, 3600)
    clock.move(one.left_s())
    assert one.probe("t")
    one.answered()
    clock.move(1)
    assert other.is_closed()
    assert other.words() is None
    limit = other.limit()
    assert limit is not None
    assert 4 <= limit <= 5
    clock.move(120)
    assert other.limit() is None


def test_a_relapse_during_the_ramp_does_not_end_it(database: Documents, clock: Clock) -> None:
    provider = a_process(database, clock).primary
    fail_until(provider, clock, 3600)
    clock.move(provider.left_s())
    assert provider.probe("t")
    provider.answered()
    clock.move(20)
    provider.failed("421 too busy")
    clock.move(provider.left_s())
    assert provider.probe("u")
    provider.answered()
    clock.move(1)
    limit = provider.limit()
    assert limit is not None
    assert limit <= 5


def test_a_blip_needs_no_ramp(database: Documents, clock: Clock) -> None:
    provider = a_process(database, clock).primary
    provider.failed("421 too many connections")
    clock.move(1)
    assert provider.probe("t")
    provider.answered()
    assert provider.limit() is None


def test_the_ramp_only_rises_and_ends() -> None:
    for outage_s in (5.0, 60.0, 3600.0, 86_400.0):
        rates = [ramp_rate(second / 4, outage_s) for second in range(4 * 120)]
        rising = [rate for rate in rates if rate is not None]
        assert rising[0] == 4
        assert rising == sorted(rising)
        assert rates[len(rising) :] == [None] * (len(rates) - len(rising))
        assert rates[-1] is None


def test_hand_overs_without_an_answer_open_it_after_some_in_a_row(world: World, mailbox: Mailbox) -> None:
    clock = Clock()
    mailbox.drop_after_data = 100
    world.travellers(12)
    worker = worker_by(world, clock, a_process(world.database, clock))
    worker.deliver_due()
    assert len(mailbox.mails) == 5
    assert worker.deliver_due() == 0
    assert all_standings(world.database)["email"].words == "hand-overs are not answered"
    claimed = world.database["conversations"].count_documents({"claim": {"$exists": True}})
    assert claimed == 0


def test_an_idle_probe_is_given_back(world: World) -> None:
    clock = Clock()
    providers = a_process(world.database, clock)
    providers.primary.failed("down")
    clock.move(2)
    assert worker_by(world, clock, providers).deliver_due() == 0
    assert providers.primary.probe("another")


def test_a_provider_that_nobody_waits_for_is_no_trouble_until_it_fails_again(world: World) -> None:
    clock = Clock()
    providers = a_process(world.database, clock)
    worker = worker_by(world, clock, providers)
    providers.primary.failed("down")
    clock.move(2)
    assert providers.words() == "down"
    assert worker.deliver_due() == 0
    assert providers.words() is None
    assert all_standings(world.database)["email"].state == OPEN, "the next message is a probe all the same"
    providers.primary.failed("still down")
    assert providers.words() == "still down"


def test_a_provider_that_a_resting_message_waits_for_is_still_trouble(world: World) -> None:
    clock = Clock()
    providers = a_process(world.database, clock)
    world.travellers(1, not_before=clock() + timedelta(seconds=30))
    worker = worker_by(world, clock, providers)
    providers.primary.failed("down")
    clock.move(2)
    assert worker.deliver_due() == 0
    assert providers.words() == "down"
