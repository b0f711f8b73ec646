"""Webhooks through delivery: one person's dead server is nobody else's, and ends by itself."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.errors import AutoReconnect
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from app.channels.webhook import WebhookChannel
from app.runtime import StopFlag
from app.store.linked import LinkedChannels
from app.store.service_messages import Kind, ServiceMessages
from consumers.delivery.process import shared_terms
from consumers.delivery.worker import Worker
from tests.channels.receiver import KEY, Receiver, receiver_server, webhook_settings
from tests.delivery.test_again import again
from tests.delivery.world import A, B, Crash, World, eventually


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiver_server() as found:
        yield found


@pytest.fixture
def dead() -> Iterator[Receiver]:
    """A server that answers 500 to everything."""
    with receiver_server() as found:
        found.dead = True
        yield found


@pytest.fixture
def world(database: Database[dict[str, Any]], database_uri: str) -> Iterator[World]:
    settings = webhook_settings(mongodb_uri=database_uri, send_timeout_s=3, claim_lease_s=8)
    sure = database.with_options(write_concern=WriteConcern("majority"), read_concern=ReadConcern("majority"))
    made = World(sure, settings, WebhookChannel(settings))
    yield made
    made.close()


def link_of(world: World, person: str = "p1") -> dict[str, Any]:
    user = world.database["users"].find_one({"_id": person})
    assert user is not None
    found: dict[str, Any] = user.get("linked", {}).get("webhook", {})
    return found


def rest_is_over(world: World, person: str = "p1") -> None:
    past = {"linked.webhook.rests_until": datetime.now(UTC) - timedelta(seconds=1)}
    world.database["users"].update_one({"_id": person}, {"$set": past})
    world.database["conversations"].update_many(
        {"person": person, "due_at": {"$exists": True}},
        {"$set": {"due_at": datetime.now(UTC)}, "$unset": {"not_before": ""}},
    )


def mails(world: World) -> list[Any]:
    """Service messages by mail that wait."""
    store, found = ServiceMessages(world.database, (KEY,)), []
    while message := store.claim("email", "t", datetime.now(UTC), timedelta(minutes=1)):
        found.append(message)
    return found


def test_a_dead_server_costs_one_hand_over_and_the_others_go_on(
    world: World, receiver: Receiver, dead: Receiver
) -> None:
    for number in range(1, 9):
        world.person(number, linked=(dead if number == 1 else receiver).link())
        world.conversation(number)
    first = world.stored()
    for key in ("f2", "f3", "f4"):
        more = {"_id": f"flight:{key}|p1|webhook", "subject": f"flight:{key}"}
        world.database["conversations"].insert_one(first | more)
        world.database["bookings"].insert_one(
            {"_id": f"b-{key}", "user_id": "p1", "flight_id": key, "status": "confirmed"}
        )
    worker = world.worker()
    for _ in range(4):
        worker.deliver_due()
    assert len(receiver.posts) == 7
    assert dead.requests == 1
    assert world.terms.providers.words() is None, "the channel has no breaker"
    assert link_of(world)["failures"] == 1
    assert link_of(world)["words"].startswith("500")
    waiting = list(world.database["conversations"].find({"person": "p1"}))
    assert len(waiting) == 4
    assert all("due_at" in row and row["attempts"] == 0 for row in waiting), "no message is to blame"


def test_when_its_rest_is_over_one_message_tries_and_the_others_follow(
    world: World, receiver: Receiver
) -> None:
    world.person(1, linked=receiver.link())
    world.conversation(1)
    world.database["conversations"].insert_one(
        world.stored() | {"_id": "flight:f2|p1|webhook", "subject": "flight:f2"}
    )
    world.database["bookings"].insert_one(
        {"_id": "b-f2", "user_id": "p1", "flight_id": "f2", "status": "confirmed"}
    )
    receiver.dead = True
    world.worker().deliver_due()
    assert receiver.requests == 1
    rest_is_over(world)
    world.worker().deliver_due()
    assert receiver.requests == 2
    assert link_of(world)["rests_until"] - datetime.now(UTC) > timedelta(seconds=35), "longer each time"
    receiver.dead = False
    rest_is_over(world)
    eventually(lambda: [world.worker().deliver_due()] and len(receiver.posts) == 2)
    assert "rests_until" not in link_of(world)


def told(world: World, wanted: Any, at: int) -> None:
    world.wants(wanted, at)
    world.hurry()
    world.lapse()
    world.worker().deliver_due()


def test_a_gate_that_changes_there_and_back_and_there_is_three_messages_with_an_id_each(
    world: World, receiver: Receiver
) -> None:
    world.person(1, linked=receiver.link())
    world.conversation(1)
    world.worker().deliver_due()
    told(world, A, 2)
    told(world, B, 3)
    first, _, third = receiver.posts
    assert first.data["title"] == third.data["title"]
    assert len({post.id for post in receiver.posts}) == 3


def test_what_is_handed_over_again_has_the_id_that_it_had(world: World, receiver: Receiver) -> None:
    world.person(1, linked=receiver.link())
    world.conversation(1)
    for _ in range(2):
        receiver.drop = 1
        world.worker().deliver_due()
        rest_is_over(world)
    receiver.once.append((503, {}))
    world.worker().deliver_due()
    rest_is_over(world)
    world.worker().deliver_due()
    ids = [post.id for post in receiver.posts]
    assert receiver.requests == 4
    assert [post.data["repeats"] for post in receiver.posts] == [False, True, True]
    assert ids[0] != ids[1] == ids[2]


def test_what_was_asked_for_again_has_an_id_of_its_own_each_time(world: World, receiver: Receiver) -> None:
    world.person(1, linked=receiver.link())
    world.conversation(1)
    world.worker().deliver_due()
    for _ in range(2):
        assert again(world, force=True) is None
        world.worker().deliver_due()
    assert [post.data["repeats"] for post in receiver.posts] == [False, True, True]
    assert len({post.id for post in receiver.posts}) == 3


def test_retry_after_is_obeyed(world: World, receiver: Receiver) -> None:
    world.person(1, linked=receiver.link())
    world.conversation(1)
    receiver.once.append((429, {"Retry-After": "600"}))
    world.worker().deliver_due()
    assert link_of(world)["rests_until"] - datetime.now(UTC) > timedelta(seconds=590)


def test_gone_stops_it_for_good_and_the_owner_is_told_once(world: World, receiver: Receiver) -> None:
    world.person(1, linked=receiver.link())
    world.conversation(1)
    receiver.once.append((410, {}))
    world.worker().deliver_due()
    assert link_of(world)["stopped"]["reason"] == "gone"
    row = world.row()
    assert row is not None
    assert row["status"] == "failed"
    (mail,) = mails(world)
    assert mail.kind is Kind.LINK_STOPPED
    assert mail.address == "p1@example.org"
    assert (mail.details["reason"], mail.details["host"]) == ("gone", "127.0.0.1")
    world.wants(with_gate("C99"), 2)
    world.worker().deliver_due()
    assert receiver.requests == 1
    assert world.stored()["heard"] == world.stored()["want"], "what is open settles in silence"
    assert world.row(at=2) is None


def test_gone_is_said_to_one_person_and_says_nothing_of_another_with_the_same_address(
    world: World, receiver: Receiver
) -> None:
    world.person(1, linked=receiver.link())
    world.conversation(1)
    receiver.once.append((410, {}))
    world.worker().deliver_due()
    assert link_of(world)["stopped"]["reason"] == "gone"
    world.person(2, linked=receiver.link())
    world.conversation(2)
    world.worker().deliver_due()
    assert len(receiver.posts) == 1
    assert (world.row(2) or {})["status"] == "sent"
    assert list(world.database["suppressions"].find({"channel": {"$exists": True}})) == []


@pytest.mark.parametrize("method", ["post", "stop"])
@pytest.mark.parametrize("error", [Crash("died"), AutoReconnect("no answer")])
def test_a_stop_that_came_to_no_end_is_done_again_with_a_later_message(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, error: BaseException, method: str
) -> None:
    world.person(1, linked=receiver.link())
    world.conversation(1)
    receiver.once += [(410, {}), (410, {}), (410, {})]

    def failing(*_: Any, **__: Any) -> None:
        raise error

    with monkeypatch.context() as broken, contextlib.suppress(Crash):
        broken.setattr(ServiceMessages if method == "post" else LinkedChannels, method, failing)
        world.worker().deliver_due()
    before = mails(world)
    assert "stopped" not in link_of(world)
    assert len(before) == (method == "stop")
    told(world, with_gate("C98"), 2)
    assert "stopped" not in link_of(world), "whoever began may be at it still"
    begun = {"linked.webhook.stopping": datetime.now(UTC) - timedelta(minutes=2)}
    world.database["users"].update_one({"_id": "p1"}, {"$set": begun})
    told(world, with_gate("C99"), 3)
    assert link_of(world)["stopped"]["reason"] == "gone"
    assert "stopping" not in link_of(world)
    assert len(mails(world)) == 1, "its owner hears of it"


def with_gate(gate: str) -> Any:
    return replace(A, gate=gate)


def test_days_without_one_success_stop_it_and_one_success_between_does_not(
    world: World, dead: Receiver
) -> None:
    world.person(1, linked=dead.link())
    world.conversation(1)
    for _ in range(3):
        world.worker().deliver_due()
        rest_is_over(world)
    assert "stopped" not in link_of(world)
    long_ago = {"linked.webhook.failing_since": datetime.now(UTC) - timedelta(days=3, minutes=1)}
    aside = {"linked.webhook.failed_at": datetime.now(UTC) - timedelta(minutes=1)}
    world.database["users"].update_one(
        {"_id": "p1"}, {"$set": long_ago | aside | {"linked.webhook.failures": 9}}
    )
    world.worker().deliver_due()
    assert link_of(world)["stopped"]["reason"] == "failing"
    (mail,) = mails(world)
    assert mail.details["reason"] == "failing"


def test_a_secret_that_we_cannot_open_counts_against_neither_message_nor_link(
    world: World, receiver: Receiver
) -> None:
    world.person(1, linked=receiver.link())
    world.conversation(1)
    users = world.database["users"]
    users.update_one({"_id": "p1"}, {"$set": {"linked.webhook.sealed": b"of another key"}})
    as_linked = link_of(world)
    for _ in range(world.terms.tries + 1):
        world.worker().deliver_due()
        world.hurry()
    row = world.row()
    assert row is not None
    assert len(row["attempts"]) == world.terms.tries + 1
    assert (row["status"], world.stored()["attempts"]) == ("retrying", 0)
    assert link_of(world) == as_linked
    assert receiver.requests == 0
    users.update_one({"_id": "p1"}, {"$set": {"linked.webhook.sealed": receiver.sealed()}})
    world.worker().deliver_due()
    assert len(receiver.posts) == 1


def test_a_slow_server_holds_one_sender_for_the_webhooks_time_out_alone(
    world: World, receiver: Receiver
) -> None:
    settings = world.settings.model_copy(update={"webhook_timeout_s": 0.5})
    terms = shared_terms(settings, world.database, WebhookChannel(settings))
    world.person(1, linked=receiver.link())
    world.conversation(1)
    receiver.drip = True
    worker = Worker(terms, StopFlag())
    started = time.monotonic()
    worker.deliver_due()
    assert time.monotonic() - started < 3
    worker.close()
    row = world.row()
    assert row is not None
    assert row["attempts"][0]["outcome"] == "unknown"
    assert link_of(world)["failures"] == 1
    assert world.terms.providers.words() is None


def test_who_unlinked_hears_nothing_more_and_nothing_is_on_the_record(
    world: World, receiver: Receiver
) -> None:
    world.person(1)
    world.conversation(1)
    world.worker().deliver_due()
    assert receiver.requests == 0
    assert world.row() is None
    assert world.stored()["heard"] == world.stored()["want"]
    assert "due_at" not in world.stored()
