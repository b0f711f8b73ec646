"""What holds for every channel, asked of each with a provider on the wire (contract.py)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from app.channels import registry
from app.channels.base import Channel, Parcel, Sender
from app.domain import channels
from app.domain.errors import PermanentError, TransientError, UnknownOutcomeError
from app.domain.people import Person
from tests.channels.contract import STANDS, Stand, channel_of
from tests.channels.test_email import MESSAGE
from tests.delivery.world import World, eventually


@pytest.fixture(params=sorted(STANDS))
def stand(request: pytest.FixtureRequest, mongo_uri: str) -> Iterator[Stand]:
    with STANDS[request.param](mongo_uri) as found:
        yield found


@pytest.fixture
def channel(stand: Stand) -> Channel:
    return channel_of(stand)


@pytest.fixture
def sender(channel: Channel) -> Iterator[Sender]:
    made = channel.open()
    yield made
    made.close()


def packed(channel: Channel, stand: Stand, conversation: str = "c1") -> Parcel:
    return channel.pack(conversation, stand.person, MESSAGE)


def test_every_registered_channel_has_words_an_opener_and_a_stand() -> None:
    assert list(registry.ENTRIES) == list(channels.NAMES)
    assert set(STANDS) == set(channels.NAMES)


def test_it_is_called_as_it_is_registered_and_is_on_with_its_settings(stand: Stand, channel: Channel) -> None:
    assert channel.name == stand.name
    assert stand.name in registry.on(stand.settings())
    assert registry.ENTRIES[stand.name].senders(stand.settings()) == 1


def test_a_person_is_reached_at_their_address_or_not_at_all(stand: Stand, channel: Channel) -> None:
    nobody = Person("p9", "Zed")
    assert channel.reaches(stand.person)
    assert channel.address(stand.person)
    assert not channel.reaches(nobody)
    for refused in (lambda: channel.address(nobody), lambda: channel.pack("c1", nobody, MESSAGE)):
        with pytest.raises(PermanentError):
            refused()


def test_a_message_is_accepted_with_the_providers_words(
    stand: Stand, channel: Channel, sender: Sender
) -> None:
    receipt = sender.send(packed(channel, stand), 5)
    assert receipt.words
    assert "example.org" not in receipt.words
    assert stand.taken() == 1


def test_refused_for_now_is_transient_and_the_next_goes_through(
    stand: Stand, channel: Channel, sender: Sender
) -> None:
    stand.refuse_now()
    with pytest.raises(TransientError):
        sender.send(packed(channel, stand), 5)
    assert stand.taken() == 0
    sender.send(packed(channel, stand), 5)
    assert stand.taken() == 1


def test_refused_for_good_is_permanent_and_the_next_goes_through(
    stand: Stand, channel: Channel, sender: Sender
) -> None:
    stand.refuse_for_good()
    with pytest.raises(PermanentError):
        sender.send(packed(channel, stand), 5)
    assert stand.taken() == 0
    sender.send(packed(channel, stand), 5)
    assert stand.taken() == 1


def test_an_answer_that_is_lost_is_unknown(stand: Stand, channel: Channel, sender: Sender) -> None:
    stand.lose_answer()
    with pytest.raises(UnknownOutcomeError):
        sender.send(packed(channel, stand), 5)
    eventually(lambda: stand.taken() == 1)
    sender.send(packed(channel, stand), 5)


def test_the_deadline_is_of_the_whole_hand_over(stand: Stand, channel: Channel, sender: Sender) -> None:
    stand.dawdle()
    started = time.monotonic()
    with pytest.raises((TransientError, UnknownOutcomeError)):
        sender.send(packed(channel, stand), 0.8)
    assert time.monotonic() - started < 2.3


def test_a_hand_over_that_is_aborted_ends_at_once(stand: Stand, channel: Channel, sender: Sender) -> None:
    stand.dawdle()
    threading.Timer(0.4, sender.abort).start()
    started = time.monotonic()
    with pytest.raises((TransientError, UnknownOutcomeError)):
        sender.send(packed(channel, stand), 20)
    assert time.monotonic() - started < 2.3


def test_a_sender_may_be_closed_twice_and_unused(stand: Stand, channel: Channel) -> None:
    made = channel.open()
    made.close()
    made.send(packed(channel, stand), 5)
    made.close()
    made.close()
    assert stand.taken() == 1


def test_the_same_text_of_the_same_conversation_has_the_same_id(stand: Stand, channel: Channel) -> None:
    first = packed(channel, stand)
    another = replace(MESSAGE, subject="Gate C72", opening="New gate: C72.", sms="Gatecall: gate C72.")
    assert first.message_id == packed(channel_of(stand), stand).message_id
    assert first.message_id != packed(channel, stand, "c2").message_id
    assert first.message_id != channel.pack("c1", stand.person, another).message_id


def test_nobody_is_called_twice_for_one_claim(
    stand: Stand, database: Database[dict[str, Any]], database_uri: str
) -> None:
    settings = stand.settings(mongodb_uri=database_uri, send_timeout_s=3, claim_lease_s=8)
    sure = database.with_options(write_concern=WriteConcern("majority"), read_concern=ReadConcern("majority"))
    world = World(sure, settings, registry.open_channel(stand.name, settings))
    try:
        world.person(**stand.user)
        world.conversation()
        stand.refuse_now()
        threads = [threading.Thread(target=world.worker().deliver_due) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        row = world.row()
        assert row is not None, world.stored()
        assert len(row["attempts"]) == stand.asked() or stand.name == "email", "SMTP counts no refused DATA"
        assert stand.taken() == 0
        _let_go(world)
        eventually(lambda: world.worker().deliver_due() and stand.taken() == 1)
        found = world.row()
        assert found is not None
        assert found["status"] == "sent"
        tokens = [attempt["id"].partition("/")[0] for attempt in found["attempts"]]
        assert len(tokens) == len(set(tokens)) == 2
        assert world.worker().deliver_due() == 0
        assert stand.taken() == 1
    finally:
        world.close()


def _let_go(world: World) -> None:
    """Back-off, breakers and the rest of a link are over."""
    world.hurry()
    world.database["provider_state"].delete_many({})
    rests = {f"linked.{name}.rests_until": "" for name in channels.LINKED}
    world.database["users"].update_many({}, {"$unset": rests})
