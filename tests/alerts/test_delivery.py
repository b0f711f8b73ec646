"""From an alert to the phone: delivery, choices, the record and the end of an alert's news."""

from __future__ import annotations

from typing import Any

import pytest

from app.store.person_data import PersonData
from tests.alerts.world import Fares
from tests.at_noon import NOON
from tests.providers import Mailbox, Twilio
from tests.why.world import World

PHONE = "+15550104217"


def test_a_fare_below_the_limit_is_a_mail_and_a_text(
    fares: Fares, world: World, mailbox: Mailbox, twilio: Twilio
) -> None:
    fares.alert()
    fares.db.users.update_one({"_id": "ada"}, {"$set": {"phone": PHONE}})
    fares.handle(fares.fare("a", "250.00"))
    fares.handle(fares.fare("a", "190.00", link="https://fares.example/a"))
    world.deliver()
    (mail,) = mailbox.mails
    assert "$190" in mail.message["Subject"]
    assert "alerts." in mail.message["List-Id"]
    body = mail.message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "https://fares.example/a" in body
    assert "$190" in twilio.messages[0]["body"]
    fares.handle(fares.fare("a", "189.50"))
    world.deliver()
    assert len(mailbox.mails) == 1


def test_the_mail_has_the_fare_of_its_moment(fares: Fares, world: World, mailbox: Mailbox) -> None:
    fares.alert()
    fares.handle(fares.fare("a", "190.00"))
    fares.handle(fares.fare("b", "150.00"))
    world.deliver()
    assert "$150" in mailbox.mails[0].message["Subject"]


def test_what_is_not_so_any_more_is_not_told(fares: Fares, world: World, mailbox: Mailbox) -> None:
    fares.alert()
    fares.handle(fares.fare("a", "190.00"))
    fares.handle(fares.gone("a"))
    world.deliver()
    assert mailbox.mails == []
    row = world.db.delivery_decisions.find_one({"channel": "email"})
    assert row is not None
    assert row["reason"] == "fare_gone"
    # It comes back before anybody was told: that is the same news, and it is so again.
    fares.handle(fares.fare("b", "195.00"))
    world.deliver()
    assert "$195" in mailbox.mails[0].message["Subject"]


@pytest.mark.parametrize(
    ("choices", "fields", "reason"),
    [
        ({"stopped": ["alerts"]}, {}, "stopped"),
        ({"channels": {"email": {"fare": False}}}, {}, "not_wanted"),
        ({"quiet": {"from": "11:00", "until": "14:00"}}, {}, "quiet_hours"),
        ({"paused_until": NOON.replace(year=2014)}, {}, "paused"),
    ],
)
def test_the_persons_choices_hold_for_alerts_too(
    fares: Fares,
    world: World,
    mailbox: Mailbox,
    choices: dict[str, Any],
    fields: dict[str, Any],
    reason: str,
) -> None:
    fares.alert(**fields)
    fares.db.users.update_one({"_id": "ada"}, {"$set": {"preferences": choices}})
    fares.handle(fares.fare("a", "190.00"))
    world.deliver()
    assert mailbox.mails == []
    row = world.db.delivery_decisions.find_one({"channel": "email"})
    assert row is not None
    assert row["reason"] == reason


def test_a_channel_chosen_for_the_alert_is_the_only_one_and_beats_the_choice_for_fares(
    fares: Fares, world: World, mailbox: Mailbox
) -> None:
    fares.alert(channels=["email"])
    choices = {"channels": {"email": {"fare": False}}}
    fares.db.users.update_one({"_id": "ada"}, {"$set": {"preferences": choices, "phone": PHONE}})
    fares.handle(fares.fare("a", "190.00"))
    assert fares.due("sms") == []
    world.deliver()
    assert len(mailbox.mails) == 1


def test_a_channel_that_is_taken_back_before_it_is_told_says_nothing(
    fares: Fares, world: World, mailbox: Mailbox
) -> None:
    alert = fares.alert(channels=["email"])
    fares.handle(fares.fare("a", "190.00"))
    fares.change(alert, channels=["sms"])
    fares.read()
    world.deliver()
    assert mailbox.mails == []


def test_a_paused_or_deleted_alert_is_settled_in_silence(
    fares: Fares, world: World, mailbox: Mailbox
) -> None:
    paused, deleted = fares.alert(), fares.alert("bob")
    fares.handle(fares.fare("a", "190.00"))
    fares.alerts.pause("ada", paused, True, 1, fares.now())
    assert fares.alerts.delete("bob", deleted)
    world.deliver()
    assert mailbox.mails == []
    assert fares.due() == []


def test_a_fare_of_which_nobody_wrote_when_it_was_seen_is_told(
    fares: Fares, world: World, mailbox: Mailbox
) -> None:
    fares.alert()
    fares.handle(fares.fare("a", "190.00", seen_at="0001-01-01T00:00:00Z"))  # as programs write "never"
    world.deliver()
    assert "$190" in mailbox.mails[0].message["Subject"]
    assert fares.db.conversations.count_documents({"status": "failed"}) == 0


def test_export_has_the_alert_and_erasure_takes_the_person_out(
    fares: Fares, world: World, mailbox: Mailbox
) -> None:
    alert = fares.alert()
    fares.handle(fares.fare("a", "190.00"))
    world.deliver()
    assert len(mailbox.mails) == 1
    data = PersonData(world.db)
    (held,) = data.everything("ada")["alerts"]
    assert held["condition"] == {"kind": "below", "amount": "200.00"}
    data.erase("ada", world.moment)
    assert fares.db.alerts.count_documents({}) == 0
    assert fares.db.conversations.count_documents({"person": "ada"}) == 0
    kept = fares.db.notifications.find_one({"subject": f"alert:{alert}"})
    assert kept is not None
    assert "ada" not in kept["_id"]


def test_erasure_takes_what_was_announced_of_alerts_also_of_deleted_ones(
    fares: Fares, world: World, mailbox: Mailbox
) -> None:
    alert, deleted = fares.alert(name="Wedding of Ada Quist"), fares.alert(name="Bali")
    bobs = fares.alert("bob")
    fares.handle(fares.fare("a", "190.00"))
    world.deliver()
    assert fares.alerts.delete("ada", deleted)
    data = PersonData(world.db)
    announced = str(data.everything("ada")["announcements"])
    assert ("Wedding of Ada Quist" in announced, "Bali" in announced, bobs in announced) == (
        True,
        True,
        False,
    )
    data.erase("ada", world.moment)
    assert fares.db.announcements.distinct("subject", {"subject": {"$regex": "^alert:"}}) == [f"alert:{bobs}"]
    assert alert not in str(list(fares.db.announcements.find()))


def test_a_person_erased_while_an_alert_is_read_is_not_told(fares: Fares) -> None:
    fares.alert()
    event = fares.fare("a", "190.00")
    fares.asking.handle([event])
    fares.db.users.delete_one({"_id": "ada"})
    fares.read()
    assert fares.db.conversations.count_documents({}) == 0
