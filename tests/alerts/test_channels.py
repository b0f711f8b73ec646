"""The channels of an alert are changed while its news waits, and after it was told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.alerts.world import Fares
from tests.at_noon import NOON
from tests.providers import Mailbox, Twilio
from tests.why.world import World

QUIET: dict[str, Any] = {"quiet": {"from": "11:00", "until": "14:00"}}


@pytest.fixture
def ada(fares: Fares) -> dict[str, Any]:
    """She is reached by both channels."""
    user = {"_id": "ada", "name": "Ada", "email": "ada@example.org", "phone": "+15550104217"}
    fares.db.users.insert_one(user)
    return user


def _chooses(fares: Fares, preferences: dict[str, Any]) -> None:
    fares.db.users.update_one({"_id": "ada"}, {"$set": {"preferences": preferences}})


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("first", [["sms"], None])
def test_news_that_waits_goes_by_the_channel_that_is_chosen_meanwhile(
    fares: Fares, world: World, mailbox: Mailbox, twilio: Twilio, first: list[str] | None
) -> None:
    # Without channels of its own the conversation by mail is there already; it stopped waiting.
    alert = fares.alert(repeat="once", **({"channels": first} if first else {}))
    _chooses(fares, QUIET)
    fares.handle(fares.fare("a", "190.00"))
    world.deliver()
    fares.change(alert, channels=["email"])
    fares.read()
    _chooses(fares, {})
    world.deliver()
    assert len(mailbox.mails) == 1
    assert twilio.messages == []
    fares.change(alert, channels=None)
    fares.read()
    world.deliver()
    assert len(mailbox.mails) == 1
    assert twilio.messages == [], "it was told by mail"


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("first", [["sms"], None])
def test_what_was_told_is_not_told_again_by_a_new_channel_and_the_next_news_is(
    fares: Fares, world: World, mailbox: Mailbox, twilio: Twilio, first: list[str] | None
) -> None:
    alert = fares.alert(channels=["sms"]) if first else fares.alert(repeat="each_low")
    if first is None:
        fares.handle(fares.fare("a", "195.00"))
        world.deliver()
        fares.change(alert, channels=["sms"])
    fares.handle(fares.fare("a", "190.00"))
    world.deliver()
    before = (len(mailbox.mails), len(twilio.messages))
    fares.change(alert, channels=["email", "sms"])
    fares.read()
    world.deliver()
    # It was not so for a while, and is again.
    fares.handle(fares.fare("a", "201.00"))
    fares.handle(fares.fare("a", "190.00"))
    world.deliver()
    assert (len(mailbox.mails), len(twilio.messages)) == before
    fares.handle(fares.fare("a", "250.00"))
    fares.handle(fares.fare("a", "150.00"))
    world.deliver()
    assert (len(mailbox.mails), len(twilio.messages)) == (before[0] + 1, before[1] + 1)


@pytest.mark.usefixtures("ada")
def test_what_waits_on_a_channel_that_stays_is_told_there(
    fares: Fares, world: World, mailbox: Mailbox, twilio: Twilio
) -> None:
    alert = fares.alert(channels=["sms"])
    _chooses(fares, {"paused_until": NOON.replace(year=2014)})
    fares.handle(fares.fare("a", "190.00"))
    world.deliver()
    fares.change(alert, channels=["sms", "email"])
    fares.read()
    _chooses(fares, {})
    fares.db.conversations.update_many({"due_at": {"$exists": True}}, {"$set": {"due_at": fares.now()}})
    world.deliver()
    assert (len(mailbox.mails), len(twilio.messages)) == (1, 1)
