"""From a notice to the phone: delivery, choices, digests, the record and the pages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from app.channels.email import EmailChannel
from app.domain.clock import system_now
from app.store.person_data import PersonData
from app.store.resending import Resending, Why
from app.store.suppressions import Suppressions
from consumers.delivery.digesting import Digester
from tests.at_noon import NOON
from tests.notices.world import SNOW, Noticing, at
from tests.notifier.world import START
from tests.providers import Mailbox, Twilio
from tests.why.test_pages import STAFF
from tests.why.world import World

PHONE = "+15550104217"
LONG = (
    "The station of terminal C is closed because of flooding. Take the shuttle bus from level 2, which leaves "
    "every ten minutes, and allow for an hour more than usual."
)


def subjects(mailbox: Mailbox) -> list[str]:
    return [str(mail.message["Subject"]).strip() for mail in mailbox.mails]


def text(mailbox: Mailbox, number: int = 0, kind: str = "plain") -> str:
    body = mailbox.mails[number].message.get_body((kind,))
    assert body is not None
    return " ".join(str(body.get_content()).split())


@pytest.fixture
def traveller(notices: Noticing) -> str:
    """Somebody who is booked from Newark."""
    notices.books(notices.person("ada", phone=PHONE), notices.flight("f1"))
    return "ada"


def test_a_traveller_gets_a_mail_and_a_text_and_no_second_one(
    notices: Noticing, traveller: str, world: World, mailbox: Mailbox, twilio: Twilio
) -> None:
    event = notices.publishes(airport="EWR", message="Snow <b>& ice</b>: check your flight")
    notices.handle(event)
    world.deliver()
    (mail,) = mailbox.mails
    assert subjects(mailbox) == ["Newark (EWR): Snow <b>& ice</b>: check your flight"]
    assert "bookings." in mail.message["List-Id"]
    assert "Notice for Newark (EWR): Snow <b>& ice</b>: check your flight." in text(mailbox)
    html = text(mailbox, kind="html")
    assert "Snow &lt;b&gt;&amp; ice&lt;/b&gt;" in html
    assert "<b>& ice" not in html
    for body in (text(mailbox), html):
        assert "/board?airport=EWR" in body
        assert "you hold a booking on a flight from or to Newark (EWR)" in body
        assert "Sat 9 Feb, 12:0" in body
    (sms,) = twilio.messages
    assert sms["body"].startswith(
        "Gatecall: EWR notice: Snow <b>& ice</b>: check your flight gatecall.example/w/"
    )
    assert len(sms["body"]) <= 160
    notices.handle(event)
    world.deliver()
    assert len(mailbox.mails) == len(twilio.messages) == 1


def test_a_long_sentence_is_whole_in_the_mail_and_cut_at_a_word_in_the_text(
    notices: Noticing, traveller: str, world: World, mailbox: Mailbox, twilio: Twilio
) -> None:
    notices.handle(notices.publishes(flight="UA407", message=LONG))
    world.deliver()
    assert LONG in text(mailbox)
    assert LONG in text(mailbox, kind="html")
    sms = twilio.messages[0]["body"]
    assert len(sms) <= 160
    cut = re.fullmatch(r"Gatecall: UA 407 notice: (.*)\.\.\. gatecall\.example/w/\w+", sms)
    assert cut is not None
    assert LONG.startswith(f"{cut[1]} ")


def test_a_correction_and_a_withdrawal_are_told_to_those_who_heard(
    notices: Noticing, traveller: str, world: World, mailbox: Mailbox, twilio: Twilio
) -> None:
    notices.handle(notices.publishes(airport="EWR"))
    world.deliver()
    notices.handle(notices.edits(message="The runways are clear"))
    world.deliver()
    notices.handle(notices.withdraws())
    world.deliver()
    assert subjects(mailbox) == [
        f"Newark (EWR): {SNOW}",
        "Newark (EWR): corrected: The runways are clear",
        "Newark (EWR): no longer so: The runways are clear",
    ]
    assert SNOW in text(mailbox, 1, "html")
    assert "It said: The runways are clear." in text(mailbox, 2)
    assert [sms["body"].split(" gatecall")[0] for sms in list(reversed(twilio.messages))[1:]] == [
        "Gatecall: EWR notice, corrected: The runways are clear",
        "Gatecall: EWR notice, no longer so: The runways are clear",
    ]


def test_a_notice_that_was_withdrawn_before_it_was_told_is_silence(
    notices: Noticing, traveller: str, world: World, mailbox: Mailbox
) -> None:
    notices.handle(notices.publishes(airport="EWR"), notices.withdraws())
    world.deliver()
    assert mailbox.mails == []
    row = world.db.delivery_decisions.find_one({"channel": "email"})
    assert row is not None
    assert (row["action"], row["reason"]) == ("settle", "withdrawn")
    assert world.db.notifications.count_documents({}) == 0


def test_who_is_no_longer_booked_or_follows_in_silence_hears_nothing(
    notices: Noticing, traveller: str, world: World, mailbox: Mailbox
) -> None:
    notices.follows(notices.person("mute"), "airport:EWR", muted=True)
    notices.follows(notices.person("bob"), "airport:EWR")
    notices.books("bob", "f1")
    notices.books(notices.person("gone"), "f1")
    notices.handle(notices.publishes(airport="EWR"))
    for person in ("gone", "bob"):
        notices.books(person, "f1", status="cancelled")
    # Booked anew, but not on what the notice reached them by.
    notices.books("gone", notices.flight("f9", "UA9"))
    world.deliver()
    assert sorted(mail.message["To"].rpartition("<")[2].strip(">") for mail in mailbox.mails) == [
        "ada@example.org",
        "bob@example.org",
    ]
    quiet = world.db.delivery_decisions.find({"channel": "email"})
    assert {row["person"]: row["reason"] for row in quiet} == {"mute": "muted", "gone": "booking_gone"}
    told = world.db.notifications.find({"channel": "email", "status": "sent"})
    assert {row["person"]: row["role"] for row in told} == {"ada": "traveller", "bob": "follower"}


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        ({"stopped": ["bookings"]}, "stopped"),
        ({"channels": {"email": {"notice": False}}}, "not_wanted"),
        ({"quiet": {"from": "11:00", "until": "14:00"}}, "quiet_hours"),
        ({"paused_until": NOON.replace(year=2014)}, "paused"),
        ({"digest": {"every": "daily", "at": "20:00"}}, "digest"),
    ],
)
@pytest.mark.parametrize("type_", ["disruption", "urgent"])
def test_the_persons_choices_hold_and_only_what_is_urgent_passes(
    notices: Noticing, world: World, mailbox: Mailbox, choices: dict[str, Any], reason: str, type_: str
) -> None:
    notices.books(notices.person("ada", preferences=choices), notices.flight("f1"))
    notices.handle(notices.publishes(airport="EWR", type=type_))
    world.deliver()
    passes = type_ == "urgent" and reason in {"quiet_hours", "paused", "digest"}
    assert len(mailbox.mails) == passes
    row = world.db.delivery_decisions.find_one({"channel": "email"})
    assert (row["reason"] if row else None) == (None if passes else reason)


def test_what_expires_in_quiet_hours_is_skipped_with_its_reason(
    notices: Noticing, world: World, mailbox: Mailbox
) -> None:
    quiet = {"quiet": {"from": "11:00", "until": "14:00"}}
    notices.books(notices.person("ada", preferences=quiet), notices.flight("f1"))
    event = notices.publishes(flight="UA407", expires_at=at(seconds=5))
    notices.handle(event)
    world.deliver()
    assert mailbox.mails == []
    # The quiet hours end after it expired: it is looked at then.
    expired = {"want.expires_at": "2013-02-08T16:00:00.000Z", "due_at": system_now() - timedelta(seconds=1)}
    world.db.conversations.update_one({"channel": "email"}, {"$set": expired})
    world.deliver()
    assert mailbox.mails == []
    row = world.db.notifications.find_one({"channel": "email"})
    assert row is not None
    assert (row["status"], row["reason"], row["kinds"]) == ("skipped", "expired", ["notice"])


def test_a_digest_holds_two_notices(
    notices: Noticing, world: World, digester: Digester, mailbox: Mailbox
) -> None:
    choices = {"digest": {"every": "daily", "at": "20:00"}}
    notices.books(notices.person("ada", preferences=choices), notices.flight("f1"))
    notices.handle(notices.publishes(airport="EWR"), notices.publishes("n2", flight="UA407", message=LONG))
    world.deliver()
    assert mailbox.mails == []
    world.db.conversations.update_many({"fold": {"$exists": True}}, {"$set": {"fold": NOON}})
    assert digester.send_due() == 2
    assert subjects(mailbox)[0] in {"News of Newark (EWR) and UA 407", "News of UA 407 and Newark (EWR)"}
    assert LONG in text(mailbox)


def test_the_link_in_a_mail_shows_why(
    notices: Noticing, traveller: str, world: World, mailbox: Mailbox
) -> None:
    notices.handle(notices.publishes(airport="EWR"))
    world.deliver()
    body = mailbox.mails[0].message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    path = re.search(r"/why/\S+", body)
    assert path is not None
    world.moment = system_now()
    page = world.site().get(path[0])
    assert page.status_code == 200
    for words in (
        "Notice for Newark (EWR)",
        "/board?airport=EWR",
        "It was decided to tell people",
        "because you hold a booking.",
        "You hold a booking on this flight (confirmed).",
        SNOW,
    ):
        assert words in page.text, words


def test_why_says_that_a_notice_had_expired(notices: Noticing, traveller: str, world: World) -> None:
    event = notices.publishes(airport="EWR", expires_at=at(hours=-1))
    notices.handle(event)
    answer = world.site().get(f"/api/v1/changes/{event.event.id}/why?person=ada", headers=STAFF)  # type: ignore[union-attr]
    assert answer.status_code == 200, answer.text
    assert "It had expired when it was dealt with" in answer.text


def test_staff_see_it_and_can_send_it_again(
    notices: Noticing, traveller: str, world: World, mailbox: Mailbox
) -> None:
    notices.handle(notices.publishes(airport="EWR"))
    world.deliver()
    row = world.db.notifications.find_one({"subject": "notice:n1", "channel": "email"})
    assert row is not None
    channels = {"email": EmailChannel(world.settings)}
    suppressions = Suppressions(world.db, world.settings)
    resending = Resending(world.db, channels, world.settings.rules, suppressions)
    clock = notices.rules.clock
    looked = resending.look(row["_id"], clock())
    assert looked is not None
    assert (looked.why_not, looked.role) == (Why.SENT, "traveller")
    assert resending.send(row["_id"], "bob", "asked", system_now(), clock(), force=True) is None
    world.deliver()
    assert subjects(mailbox)[1] == f"Newark (EWR): now: {SNOW}"
    page = world.site().get("/staff/notifications?status=all", headers=STAFF)
    assert "Notice, EWR: Snow at Newark" in page.text


def test_export_has_it_and_erasure_takes_the_person_out(
    notices: Noticing, traveller: str, world: World, mailbox: Mailbox
) -> None:
    notices.handle(notices.publishes(airport="EWR"))
    world.deliver()
    data = PersonData(world.db)
    assert {row["subject"] for row in data.everything("ada")["conversations"]} == {"notice:n1"}
    pseudonym = data.erase("ada", START)
    assert world.db.conversations.count_documents({"person": "ada"}) == 0
    kept = world.db.notifications.find_one({"subject": "notice:n1", "channel": "email"})
    assert kept is not None
    assert kept["person"] == pseudonym
