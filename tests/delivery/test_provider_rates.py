"""Rates that all processes obey together, at the cost of one round trip a group."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from pymongo.database import Database

from app.channels.email import EmailChannel
from app.channels.sms import SmsChannel
from app.store.provider_state import ProviderState
from consumers.delivery.process import shared_terms
from consumers.delivery.providers import Provider, Providers
from tests.delivery.clocks import Clock, a_process
from tests.delivery.conftest import settings_for
from tests.delivery.world import World
from tests.providers import Mailbox

Documents = Database[dict[str, Any]]


@pytest.mark.parametrize("rate", [0.5, 5.0, 40.0])
def test_processes_together_obey_the_rate(database: Documents, rate: float) -> None:
    clock = Clock()
    processes = [a_process(database, clock, rate=rate).primary for _ in range(3)]
    granted = 0
    for step in range(200):
        granted += processes[step % 3].take(7).granted
        clock.move(0.1)
    burst = max(rate, 1)
    assert rate * 20 - 1 <= granted <= rate * 20 + burst


def test_many_threads_take_no_more_than_there_is(database: Documents) -> None:
    clock = Clock()
    processes = [a_process(database, clock, rate=50).primary for _ in range(8)]
    found: list[int] = []

    def take(provider: Provider) -> None:
        found.extend(provider.take(4).granted for _ in range(10))

    threads = [threading.Thread(target=take, args=(provider,)) for provider in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(found) == 50


def test_an_empty_bucket_says_how_long_to_wait(database: Documents) -> None:
    clock = Clock()
    provider = a_process(database, clock, rate=2).primary
    assert provider.take(10).granted == 2
    grant = provider.take(1)
    assert (grant.granted, grant.wait_s) == (0, 0.5)
    clock.move(grant.wait_s)
    assert provider.take(1).granted == 1


def test_clocks_that_run_apart_give_nothing_for_free(database: Documents) -> None:
    fast, slow = Clock(), Clock()
    fast.move(30)
    one, other = a_process(database, fast, rate=10).primary, a_process(database, slow, rate=10).primary
    assert one.take(10).granted == 10
    assert other.take(10).granted == 0
    assert one.take(10).granted == 0


def test_nothing_is_granted_while_the_breaker_is_open(database: Documents) -> None:
    clock = Clock()
    one, other = a_process(database, clock, rate=10).primary, a_process(database, clock, rate=10).primary
    other.standing()
    one.failed("down")
    assert other.take(5).granted == 0
    assert not other.is_closed(), "the answer of the bucket tells at once"


class _Counting(ProviderState):
    def __init__(self, database: Documents, name: str) -> None:
        super().__init__(database, name)
        self.trips = 0

    def take(self, *args: Any) -> Any:
        self.trips += 1
        return super().take(*args)


def test_mails_go_at_the_rate_with_one_round_trip_a_group(world: World, mailbox: Mailbox) -> None:
    state = _Counting(world.database, "email")
    providers = Providers(Provider("email", state, 40.0, 3.0, world.terms.now))
    world.travellers(70)
    worker = world.worker(providers=providers)
    started = time.monotonic()
    while worker.deliver_due():
        pass
    took = time.monotonic() - started
    assert sorted(mailbox.recipients()) == sorted(f"p{n}@example.org" for n in range(1, 71))
    assert took >= (70 - 40) / 40
    assert state.trips < 70


def test_without_a_rate_a_message_asks_nobody(world: World, mailbox: Mailbox) -> None:
    state = _Counting(world.database, "email")
    world.travellers(20)
    providers = Providers(Provider("email", state, None, 3.0, world.terms.now))
    assert world.worker(providers=providers).deliver_due() == 20
    assert state.trips == 0
    assert world.database["provider_state"].count_documents({}) == 0


@pytest.mark.parametrize(
    ("rates", "first", "second"),
    [
        ({"mail_rate": 20.0, "mail_fallback_rate": 3.0}, 20.0, 3.0),
        ({"mail_rate": 20.0}, 20.0, 20.0),
        ({"mail_fallback_rate": 3.0}, None, 3.0),
        ({}, None, None),
        ({"twilio_rate": 1.0, "twilio_fallback_rate": 0.5}, 1.0, 0.5),
        ({"twilio_rate": 1.0}, 1.0, 1.0),
    ],
)
def test_each_provider_has_the_rate_that_it_can_bear(
    database: Documents,
    database_uri: str,
    rates: dict[str, float],
    first: float | None,
    second: float | None,
) -> None:
    settings = settings_for(
        database_uri,
        mail_server="127.0.0.1",
        mail_fallback_server="127.0.0.1",
        twilio_account_sid="AC1",
        twilio_auth_token="t",
        twilio_from="+15550100000",
        twilio_from_fallback="+15550100001",
        **rates,
    )
    channel = SmsChannel(settings) if any("twilio" in name for name in rates) else EmailChannel(settings)
    providers = shared_terms(settings, database, channel).providers
    assert providers.fallback is not None
    assert (providers.primary.limit(), providers.fallback.limit()) == (first, second)
