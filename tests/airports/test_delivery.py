"""From a following to the phone: delivery, choices, digests, the record and the pages of an airport's news."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from pymongo.database import Database

from app.channels.email import EmailChannel
from app.domain.clock import system_now
from app.store.person_data import PersonData
from app.store.resending import Resending, Why
from app.store.restored import RestoredConversations
from app.store.suppressions import Suppressions
from consumers.delivery.digesting import Digester
from tests.airports.world import TODAY, TOMORROW, Newark
from tests.at_noon import NOON
from tests.notifier.world import START
from tests.providers import Mailbox, Twilio
from tests.why.test_pages import STAFF
from tests.why.world import World

PHONE = "+15550104217"


def person(newark: Newark, name: str = "ada", **user: Any) -> str:
    """A user without a booking."""
    values = {"_id": name, "name": f"Name of {name}", "email": f"{name}@example.org"} | user
    newark.db.users.insert_one(values)
    return name


def disturb(newark: Newark, *names: str, date: str = "2013-02-08") -> None:
    """These people follow Newark, and ten of its flights are cancelled."""
    for name in names:
        newark.handle(newark.follows(name))
    newark.handle(*newark.cancel(newark.flights(10, date)))


def test_a_restore_tells_nobody_by_a_channel_that_they_switched_off(
    newark: Newark, world: World, mailbox: Mailbox, twilio: Twilio
) -> None:
    disturb(newark, person(newark, phone=PHONE, preferences={"channels": {"sms": {"airport": False}}}))
    world.deliver()
    newark.stores.days.raise_all(2)
    list(RestoredConversations(newark.db).raise_all(2, None, newark.rules.now()))
    world.deliver()
    assert (len(mailbox.mails), twilio.messages) == (2, [])


def test_a_follower_gets_a_mail_and_a_text_and_no_second_one(
    newark: Newark, world: World, mailbox: Mailbox, twilio: Twilio
) -> None:
    disturb(newark, person(newark, phone=PHONE))
    world.deliver()
    (mail,) = mailbox.mails
    assert mail.message["Subject"].strip() == (
        "Newark (EWR) is severely disrupted, Fri 8 Feb: 10 of 10 flights affected"
    )
    assert "followings." in mail.message["List-Id"]
    assert "/unsubscribe/" in mail.message["List-Unsubscribe"]
    for kind in ("plain", "html"):
        body = mail.message.get_body((kind,)).get_content()  # type: ignore[union-attr]
        assert "10 of 10 flights cancelled, diverted or at least an hour late." in body
        assert "/board?airport=EWR" in body
        assert "you follow Newark (EWR)" in body
    assert twilio.messages[0]["body"].startswith("Gatecall: EWR, Fri 8 Feb: severely disrupted")
    assert "/w/" in twilio.messages[0]["body"]
    newark.handle(newark.edit("2013-02-08-1", gate="A1"))
    world.deliver()
    assert len(mailbox.mails) == 1


def test_figures_are_those_of_the_moment_of_the_mail(newark: Newark, world: World, mailbox: Mailbox) -> None:
    keys = newark.flights(20)
    newark.handle(newark.follows(person(newark)))
    newark.handle(*newark.cancel(keys[:8]))
    newark.handle(*newark.cancel(keys[8:12]))
    world.deliver()
    assert "12 of 20 flights affected" in mailbox.mails[0].message["Subject"]
    row = world.db.notifications.find_one({"subject": TODAY, "channel": "email"})
    assert row is not None
    assert row["to"]["cancelled"] == 12


def test_two_days_of_an_airport_are_two_conversations(newark: Newark, world: World, mailbox: Mailbox) -> None:
    disturb(newark, person(newark))
    disturb(newark, "ada", date="2013-02-09")
    world.deliver()
    assert sorted(
        row["subject"] for row in world.db.notifications.find({"channel": "email", "status": "sent"})
    ) == [
        TODAY,
        TOMORROW,
    ]
    assert len(mailbox.mails) == 2


@pytest.mark.parametrize(
    ("choices", "following", "reason"),
    [
        ({}, {"muted": True}, "muted"),
        ({"stopped": ["followings"]}, {}, "stopped"),
        ({"channels": {"email": {"airport": False}}}, {}, "not_wanted"),
        ({"quiet": {"from": "11:00", "until": "14:00"}}, {}, "quiet_hours"),
        ({"paused_until": NOON.replace(year=2014)}, {}, "paused"),
    ],
)
def test_the_persons_choices_hold_for_airports_too(
    newark: Newark,
    world: World,
    mailbox: Mailbox,
    choices: dict[str, Any],
    following: dict[str, Any],
    reason: str,
) -> None:
    newark.handle(newark.follows(person(newark, preferences=choices), **following))
    newark.handle(*newark.cancel(newark.flights(10)))
    world.deliver()
    assert mailbox.mails == []
    row = world.db.delivery_decisions.find_one({"subject": TODAY, "channel": "email"})
    assert row is not None
    assert row["reason"] == reason


def test_an_ended_following_is_settled_in_silence(newark: Newark, world: World, mailbox: Mailbox) -> None:
    disturb(newark, person(newark))
    newark.handle(newark.stops("ada"))
    world.deliver()
    assert mailbox.mails == []
    assert newark.due() == []


def test_a_digest_holds_a_flight_and_an_airport(
    newark: Newark, world: World, digester: Digester, mailbox: Mailbox
) -> None:
    person(newark, preferences={"digest": {"every": "daily", "at": "20:00"}})
    disturb(newark, "ada")
    world.notifying.rules = replace(world.notifying.rules, clock=newark.rules.clock, now=system_now)
    world.notifying.follows("ada")
    world.notifying.handle(
        world.notifying.snapshot(1, departure_date="2013-02-20", arrival_date="2013-02-20")
    )
    moved = {"departure_date": "2013-02-20", "arrival_date": "2013-02-20", "departure_time": "12:00"}
    world.notifying.handle(world.notifying.flight(5, **moved))
    world.db.conversations.update_many({"due_at": {"$exists": True}}, {"$set": {"due_at": NOON}})
    world.deliver()
    assert mailbox.mails == []
    world.db.conversations.update_many({"fold": {"$exists": True}}, {"$set": {"fold": NOON}})
    assert digester.send_due() == 2
    (mail,) = mailbox.mails
    assert re.fullmatch(r"News of .*Newark \(EWR\).*", mail.message["Subject"])
    assert "UA 1545" in mail.message["Subject"]
    html = mail.message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "News of 1 flight and 1 airport" in html or "News of 1 airport and 1 flight" in html


def test_the_link_in_a_mail_shows_why(newark: Newark, world: World, mailbox: Mailbox) -> None:
    disturb(newark, person(newark))
    world.deliver()
    text = mailbox.mails[0].message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    path = re.search(r"/why/\S+", text)
    assert path is not None
    world.moment = START  # when it was saved: its link works from then on
    page = world.site().get(path[0])
    assert page.status_code == 200
    for words in (
        "Newark (EWR), 8 February 2013",
        "The airport as it is now",
        "/board?airport=EWR",
        "It was decided to tell people",
        "because you follow the airport.",
        "You follow this airport.",
        "level severe (was normal)",
    ):
        assert words in page.text, words
    assert "flight is cancelled" not in page.text


def test_staff_see_it_and_can_send_it_again(newark: Newark, world: World, mailbox: Mailbox) -> None:
    disturb(newark, person(newark))
    world.deliver()
    row = world.db.notifications.find_one({"subject": TODAY, "channel": "email"})
    assert row is not None
    event = world.reader.event(row["event_id"])
    assert event is not None
    resending = Resending(
        world.db,
        {"email": EmailChannel(world.settings)},
        world.settings.rules,
        Suppressions(world.db, world.settings),
    )
    looked = resending.look(row["_id"], newark.rules.clock())
    assert looked is not None
    assert looked.why_not is Why.SENT
    sent = resending.send(row["_id"], "bob", "asked", system_now(), newark.rules.clock(), force=True)
    assert sent is None
    world.deliver()
    assert "is now severely disrupted" in mailbox.mails[1].message["Subject"]
    page = world.site().get("/staff/notifications?status=all", headers=STAFF)
    assert "EWR, 2013-02-08" in page.text
    answer = world.site().get(f"/api/v1/changes/{row['event_id']}/why?person=ada", headers=STAFF)
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["flight"] == "Newark (EWR), 8 February 2013"


def test_export_has_it_and_erasure_takes_the_person_out(
    newark: Newark, world: World, database: Database[dict[str, Any]], mailbox: Mailbox
) -> None:
    disturb(newark, person(newark))
    world.deliver()
    assert len(mailbox.mails) == 1
    data = PersonData(world.db)
    held = data.everything("ada")
    assert {row["subject"] for row in held["conversations"]} == {TODAY}
    assert held["followings"][0]["airport"] == "EWR"
    pseudonym = data.erase("ada", world.moment)
    assert database.followings.count_documents({}) == 0
    assert database.conversations.count_documents({"person": "ada"}) == 0
    kept = database.notifications.find_one({"subject": TODAY, "channel": "email"})
    assert kept is not None
    assert kept["person"] == pseudonym
    assert "ada" not in kept["_id"]
