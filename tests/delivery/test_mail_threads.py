"""Mails about one flight belong together, and travellers' bring the flight as a calendar file."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

from icalendar import Calendar

from app.domain.flight import Status
from tests.delivery.world import B, C, World, flight
from tests.providers import Mailbox


def _calendar(mail: EmailMessage) -> Any:
    (part,) = mail.iter_attachments()
    assert part.get_content_type() == "text/calendar"
    assert part.get_content_disposition() == "attachment"
    calendar = Calendar.from_ical(part.get_content())
    assert part.get_param("method") == calendar["METHOD"]
    return calendar


def _told(world: World, number: int, wanted: Any) -> None:
    world.wants(wanted, number)
    world.hurry()
    world.worker().deliver_due()


def test_all_mails_about_a_flight_refer_to_one_thread_of_the_persons_own(
    world: World, mailbox: Mailbox
) -> None:
    world.travellers(2)
    world.worker().deliver_due()
    _told(world, 2, C)
    mine = [mail.message for mail in mailbox.mails if mail.message["To"] == "p1@example.org"]
    others = next(mail.message for mail in mailbox.mails if mail.message["To"] == "p2@example.org")
    assert len(mine) == 2
    assert mine[0]["References"] == mine[1]["References"] == mine[1]["In-Reply-To"]
    assert mine[0]["References"] not in {mine[0]["Message-ID"], others["References"]}
    assert mine[0]["References"].endswith("@gatecall.example>")


def test_each_mail_to_a_traveller_replaces_the_entry_in_the_calendar(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation()
    world.worker().deliver_due()
    _told(world, 1_800_000_000 << 32, flight(status=Status.CANCELLED))
    first, last = (mail.message for mail in mailbox.mails)
    before, after = _calendar(first), _calendar(last)
    assert (before["METHOD"], after["METHOD"]) == ("PUBLISH", "CANCEL")
    (was,), (now,) = before.walk("VEVENT"), after.walk("VEVENT")
    assert was["UID"] == now["UID"]
    assert was["SEQUENCE"] < now["SEQUENCE"]
    assert was["LOCATION"].endswith("gate C71")
    body = first.get_body(("plain",))
    assert body is not None
    assert "C71" in body.get_content(), "the words are where they were"
    assert next(first.iter_attachments()).get_filename() == f"UA407-{B.departure_date}.ics"


def test_follower_and_who_travels_already_get_no_entry(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.database.bookings.delete_many({})
    world.database.followings.insert_one({"user_id": "p1", "flight_id": "f1"})
    world.conversation()
    world.worker().deliver_due()
    assert not list(mailbox.mails[0].message.iter_attachments())
    world.person(2)
    world.conversation(2, want=flight(status=Status.LANDED, belt="7"))
    world.worker().deliver_due()
    assert mailbox.mails[1].message["To"] == "p2@example.org"
    assert not list(mailbox.mails[1].message.iter_attachments())
