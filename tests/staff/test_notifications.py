"""Staff find notifications, see what became of them without seeing addresses, and send them again."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest

from app.domain.flight import Flight
from app.store import resending
from tests.staff.conftest import NOW, Desk

LIST = "/staff/notifications"
A = Flight("UA407", "UA", "EWR", "DEN", "2026-11-01", "14:45", gate="C70")
B = Flight("UA407", "UA", "EWR", "DEN", "2026-11-01", "14:45", gate="C71")


def plain(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def notification(desk: Desk, person: str = "p1", **fields: Any) -> str:
    """A failed notification about UA 407, with everything behind it; its id."""
    channel, subject = fields.get("channel", "email"), fields.get("subject", "flight:f1")
    conversation = f"{subject}|{person}|{channel}"
    row = {
        "_id": f"{conversation}@1", "conversation": conversation, "person": person, "subject": subject,
        "channel": channel, "order": "1", "event_id": "e1", "kinds": ["gate"], "from": A.to_document(),
        "to": B.to_document(), "status": "failed", "title": "UA 407: gate C71 (was C70)",
        "reason": "550 5.1.1 <ada.lovelace@example.org> unknown", "changed_at": NOW, "due_at": NOW,
        "attempts": [{"id": "t/1", "started_at": NOW, "ended_at": NOW, "outcome": "never",
                      "words": "550 5.1.1 <ada.lovelace@example.org> unknown, call +1 555 010 4217"}],
        "created_at": desk.now(), "expires_at": desk.now() + timedelta(days=396),
    }  # fmt: skip
    desk.database.notifications.insert_one(row | fields)
    talk = {
        "_id": conversation, "subject": subject, "person": person, "channel": channel, "heard": A.to_document(),
        "want": B.to_document(), "order": "1", "event_id": "e1", "status": "failed", "attempts": 0,
        "ends_at": desk.now() + timedelta(days=30), "priority": 2,
    }  # fmt: skip
    desk.database.conversations.insert_one(talk)
    return str(row["_id"])


def person(desk: Desk, name: str = "p1", **fields: Any) -> None:
    user = {"_id": name, "name": "Ada Lovelace", "email": "ada.lovelace@example.org", "phone": "+15550104217"}
    desk.database.users.insert_one(user | fields)
    desk.database.bookings.insert_one(
        {"_id": f"b-{name}", "user_id": name, "flight_id": "f1", "status": "confirmed"}
    )


def shown(page: str) -> set[str]:
    return {html.unescape(found) for found in re.findall(r'<span class="mono breaks">(p\d)</span>', page)}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"p1", "p2", "p5"}),
        ("status=failed", {"p1", "p5"}),
        ("status=skipped", {"p2"}),
        ("status=sent", {"p3"}),
        ("status=all", {"p1", "p2", "p3", "p4", "p5"}),
        ("status=all&person=p3", {"p3"}),
        ("status=all&channel=sms", {"p4"}),
        ("status=all&about=flight:f2", {"p5"}),
        ("status=all&about=ua+407", {"p1", "p2", "p3", "p4"}),
        ("status=all&about=UA40", set()),
        ("status=all&since=2026-11-01T12:00", {"p5"}),
        ("until=2026-11-01T12:00", {"p1", "p2"}),
    ],
)
def test_filters_leave_what_is_asked_for(staff: Desk, query: str, found: set[str]) -> None:
    staff.database.known.insert_one({"_id": "f1", "identity": B.identity, "subject": "flight:f1"})
    staff.moment = NOW - timedelta(hours=1)
    notification(staff, "p1")
    notification(staff, "p2", status="skipped", reason="departed")
    notification(staff, "p3", status="sent")
    notification(staff, "p4", channel="sms", status="retrying")
    staff.moment = NOW
    notification(staff, "p5", subject="flight:f2")
    assert shown(staff.get(f"{LIST}?{query}")) == found


CAME_BACK = {
    "status": "sent",
    "delivery": {"state": "undelivered", "code": "5.2.2", "words": "mailbox full", "at": NOW, "rank": 4},
}


@pytest.mark.parametrize(
    ("query", "found"), [("", {"p1"}), ("status=undelivered", {"p1"}), ("status=sent", {"p2", "p3"})]
)
def test_what_came_back_counts_as_not_sent(staff: Desk, query: str, found: set[str]) -> None:
    notification(staff, "p1", **CAME_BACK)
    notification(staff, "p2", status="sent")
    notification(staff, "p3", status="sent", delivery={"state": "delivered", "at": NOW, "rank": 3})
    page = staff.get(f"{LIST}?{query}")
    assert shown(page) == found
    assert ("mailbox full" in page) == ("p1" in found)
    assert ('<span class="st st-failed">Not delivered</span>' in page) == ("p1" in found)
    assert ('<span class="st st-ok">Delivered</span>' in page) == ("p3" in found)


@pytest.mark.parametrize("alternative", resending.query(status=resending.TROUBLED)["$or"])
def test_those_who_were_not_told_are_found_in_an_index(staff: Desk, alternative: dict[str, Any]) -> None:
    kinds: dict[int, dict[str, Any]] = {0: CAME_BACK}
    kinds |= {n: {"status": status} for n, status in enumerate(("failed", "skipped", "unknown"), 1)}
    for number in range(60):
        notification(staff, f"p{number}", **kinds.get(number % 10, {"status": "sent"}))
    plan = staff.database.notifications.find(alternative).sort("expires_at", -1).limit(26).explain()
    assert plan["executionStats"]["totalDocsExamined"] <= 6, "only those"


def test_what_came_back_is_sent_again_without_insisting(staff: Desk) -> None:
    row_id = notification(staff, **CAME_BACK)
    person(staff)
    staff.database.conversations.update_one({}, {"$set": {"heard": B.to_document(), "status": "open"}})
    page = plain(staff.get(f"{LIST}/one?id={row_id}"))
    assert "Send it all the same" not in page
    assert "The message came back, so the person may not know how the flight stands." in page
    assert staff.post(f"{LIST}/again", id=row_id, why="The box has room.").status_code == 303
    talk = staff.database.conversations.find_one({})
    assert talk is not None
    assert talk["doubt"].startswith("again/"), (
        "the person counts as told, so only a doubt makes delivery speak"
    )
    assert "delivery" not in (staff.database.notifications.find_one({}) or {}), (
        "what comes next is of the new one"
    )


def test_what_came_back_is_not_repeated_after_a_later_message_arrived(staff: Desk) -> None:
    row_id = notification(staff, **CAME_BACK)
    person(staff)
    row = staff.database.notifications.find_one({}) or {}
    staff.database.notifications.insert_one(
        row | {"_id": "later", "order": "2", "delivery": {"state": "delivered"}}
    )
    staff.database.conversations.update_one({}, {"$set": {"heard": B.to_document(), "status": "open"}})
    answer = staff.post(f"{LIST}/again", id=row_id, why="The box has room.")
    assert "the person knows already how the flight stands" in plain(answer.text)


@pytest.mark.parametrize("query", ["status=odd", "channel=pigeon", "since=soon", "page=-1"])
def test_a_filter_that_cannot_be_understood_is_refused(staff: Desk, query: str) -> None:
    staff.get(f"{LIST}?{query}", 400)


def test_the_latest_come_first_in_pages(staff: Desk) -> None:
    for number in range(27):
        staff.moment = NOW + timedelta(seconds=number)
        notification(staff, f"p{number}")
    first = re.findall(r'<span class="mono breaks">(p\d+)</span>', staff.get(LIST))
    assert first == [f"p{number}" for number in range(26, 1, -1)]
    assert re.findall(r'<span class="mono breaks">(p\d+)</span>', staff.get(f"{LIST}?page=2")) == ["p1", "p0"]


def test_the_detail_has_attempts_and_words_and_no_address_and_no_name(staff: Desk) -> None:
    said = {"state": "undelivered", "at": NOW, "words": "ada.lovelace@example.org: over quota", "rank": 4}
    row_id = notification(staff, delivery=said)
    person(staff)
    page = staff.get(f"{LIST}/one?id={row_id}")
    text = plain(page)
    assert "undelivered: a***@example.org: over quota" in text
    assert "a***@example.org" in text
    assert "550 5.1.1 < a***@example.org > unknown" in text.replace("<a", "< a").replace("g>", "g >")
    for secret in ("ada.lovelace", "Lovelace", "555", "0104217"):
        assert secret not in page, secret
    assert "ends in 42 17" in text
    assert "gate C70 C71" in text
    assert "Nobody has sent it again." in text
    assert "The last message failed for good" in text
    for secret in ("ada.lovelace", "Lovelace"):
        assert secret not in staff.get(LIST)
    assert "There is no such notification" in staff.get(f"{LIST}/one?id=x", 404)


def test_sending_again_makes_it_due_and_says_who_when_and_why(staff: Desk) -> None:
    row_id = notification(staff)
    person(staff)
    answer = staff.post(f"{LIST}/again", id=row_id, why="They called the desk.")
    assert answer.status_code == 303
    page = plain(staff.get(answer.location))
    assert "It is on its way again." in page
    assert "They called the desk." in page
    assert "2026-11-01 12:00:00 UTC, staff:" in page
    assert "That would be pointless: it is waiting to be sent" in page
    talk = staff.database.conversations.find_one({})
    assert talk is not None
    assert (talk["status"], talk["due_at"]) == ("open", NOW)
    assert staff.database.doorbells.find_one({"_id": "email"}) is not None


def test_without_a_reason_nothing_is_sent_and_what_was_typed_stays(staff: Desk) -> None:
    row_id = notification(staff)
    person(staff)
    answer = staff.post(f"{LIST}/again", id=row_id, why="<x>")
    assert answer.status_code == 400
    assert 'value="&lt;x&gt;"' in answer.text
    assert "due_at" not in (staff.database.conversations.find_one({}) or {})


def test_a_sent_one_is_only_repeated_when_staff_insist(staff: Desk) -> None:
    row_id = notification(staff, status="sent")
    person(staff)
    staff.database.conversations.update_one({}, {"$set": {"heard": B.to_document(), "status": "open"}})
    assert "Send it all the same: it was sent already" in plain(staff.get(f"{LIST}/one?id={row_id}"))
    refused = staff.post(f"{LIST}/again", id=row_id, why="They lost it.")
    assert refused.status_code == 409
    assert "Not sent again: it was sent already." in plain(refused.text)
    assert staff.post(f"{LIST}/again", id=row_id, why="They lost it.", force="yes").status_code == 303
    talk = staff.database.conversations.find_one({})
    assert talk is not None
    assert talk["doubt"].startswith("again/")


def test_what_is_pointless_has_no_form(staff: Desk) -> None:
    row_id = notification(staff)
    page = staff.get(f"{LIST}/one?id={row_id}")
    assert "the person is not known any more" in plain(page)
    assert 'name="why"' not in page


def test_nobody_else_sends_anything(desk: Desk) -> None:
    row_id = notification(desk)
    person(desk)
    form = {"id": row_id, "why": "just because", "csrf_token": desk.token()}
    assert desk.client.post(f"{LIST}/again", data=form).status_code == 403
    assert (
        desk.client.post(
            f"{LIST}/again", data=form, headers={"Authorization": "Bearer gck_of_nobody"}
        ).status_code
        == 403
    )
    assert "due_at" not in (desk.database.conversations.find_one({}) or {})
