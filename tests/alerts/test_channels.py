"""The channels of an alert: changed while its news waits, changed after it was told, and not linked yet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from consumers.alerts.evaluating import Evaluating
from tests.alerts.world import CHANNELS, Fares
from tests.at_noon import NOON
from tests.providers import Mailbox, Twilio
from tests.why.world import World

QUIET: dict[str, Any] = {"quiet": {"from": "11:00", "until": "14:00"}}
MINUTES = timedelta(minutes=6)
LINKABLE = (*CHANNELS, "telegram")


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


@pytest.fixture
def linkable(fares: Fares) -> Fares:
    """With a channel that people link themselves."""
    fares.evaluating = Evaluating(fares.stores, fares.rules, LINKABLE, lambda: fares.incarnation)
    return fares


def _links(fares: Fares) -> None:
    linked = {"telegram": {"address": "77", "since": NOON}}
    fares.db.users.update_one({"_id": "ada"}, {"$set": {"linked": linked}})


@pytest.mark.parametrize(
    "condition",
    [
        {"kind": "below", "amount": "200.00"},
        {"kind": "new_low", "days": 30},
        {"kind": "drop", "amount": "20.00", "against": "lowest"},
        {"kind": "drop", "amount": "20.00", "against": "told"},
        {"kind": "any"},
    ],
)
def test_an_alert_whose_channel_is_not_linked_tells_when_it_is(
    linkable: Fares, condition: dict[str, Any]
) -> None:
    alert = linkable.alert(channels=["telegram"], repeat="once", condition=condition, tell_now=False)
    linkable.handle(linkable.fare("a", "250.00"))
    linkable.handle(linkable.fare("a", "190.00"))
    for _ in range(2):
        state = linkable.row(alert)["state"]
        assert (state["n"], state["done"], state["value"]) == (0, False, None)
        linkable.later += MINUTES
        assert linkable.read() == 1, "whether it is linked is looked at again and again"
    assert linkable.db.conversations.count_documents({}) == 0
    _links(linkable)
    linkable.later += MINUTES
    linkable.read()
    assert linkable.due("telegram") == [("ada", "190.00")]
    assert linkable.row(alert)["state"]["done"] is True
    assert linkable.row(alert)["next_at"] > linkable.now() + 10 * MINUTES


def test_what_is_not_so_any_more_when_the_channel_is_linked_is_not_told(linkable: Fares) -> None:
    alert = linkable.alert(channels=["telegram"])
    linkable.handle(linkable.fare("a", "190.00"))
    linkable.handle(linkable.fare("a", "250.00"), linkable.fare("b", "300.00"))
    linkable.handle(linkable.gone("a"))
    _links(linkable)
    linkable.later += MINUTES
    linkable.read()
    assert linkable.row(alert)["cheapest"]["offer"] == "b"
    assert linkable.db.conversations.count_documents({}) == 0
    linkable.handle(linkable.fare("b", "180.00"))
    assert linkable.due("telegram") == [("ada", "180.00")]


def test_an_alert_that_also_goes_by_mail_does_not_wait_for_a_link(linkable: Fares) -> None:
    alert = linkable.alert(channels=["telegram", "email"])
    linkable.handle(linkable.fare("a", "190.00"))
    assert linkable.due() == [("ada", "190.00")]
    assert linkable.row(alert)["state"]["n"] == 1
