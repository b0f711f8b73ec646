"""Dead letters, notifications, notices and the why of staff in a made-up language: they say nothing in English."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.domain.flight import Flight
from app.store import resending
from app.store.dead_letters import DeadLetter, DeadLetters
from app.store.notice_audience import MOST_COUNTED
from app.web import refusals
from app.web.staff import notices
from tests.domain import pseudo
from tests.languages.pseudo_pages import forgotten
from tests.staff.conftest import KEY, NOW, Desk, hash_of, settings_for
from tests.web_process import Docs

LETTERS, NOTES, NOTICES, WHY = (
    f"/staff/{name}" for name in ("dead-letters", "notifications", "notices", "why")
)
VALUES = (
    "UA UA407 UA1545 EWR DEN Newark Denver EST",
    hash_of(KEY)[:12],
    "flights prices bookings users airports alerts followings fares notices schedules",
    "watcher notifier flights.changes e1 f1 p1 p2 departure_time gate staff Telegram Apprise SMS",
)
"""Names, codes, fields, commands and reasons as they are stored: they are the same in every language."""
REASON = "Bad bad field"
COMMANDS = "POST update"
WORDS = "departure_time cannot be understood"
CAME_BACK = {"state": "undelivered", "code": "5.2.2", "words": "mailbox full", "at": NOW, "rank": 3}
A = Flight("UA407", "UA", "EWR", "DEN", "2026-11-01", "14:45", gate="C70")
B = Flight("UA407", "UA", "EWR", "DEN", "2026-11-01", "14:45", gate="C71")


class Reader(Desk):
    """A desk whose browser asks for the made-up language."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = pseudo.TAG


@pytest.fixture
def staff(prepared: Docs, mongo_uri: str) -> Iterator[Reader]:
    """Somebody of staff who reads the made-up language."""
    with pseudo.spoken():
        desk = Reader(prepared, settings_for(mongo_uri))
        assert desk.sign_in().status_code == 303
        yield desk


def left(page: str, *values: str) -> list[str]:
    return forgotten(page, (*VALUES, *values))


def letter(staff: Reader, name: str = "e1", **fields: Any) -> str:
    """A dead letter; its id."""
    values: dict[str, Any] = {
        "source": "notifier", "collection": "flights", "key": "f1", "reason": "bad_field", "words": WORDS,
        "event_id": name, "field": "departure_time", "topic": "flights.changes", "partition": 1, "offset": 47903,
        "document": {"gate": "C70", "departure_time": "3:1O"},
    }  # fmt: skip
    made = DeadLetter(**(values | fields))
    DeadLetters(staff.database, staff.now).add(made)
    return made.id


def notification(staff: Reader, person: str = "p1", **fields: Any) -> str:
    """A failed notification about UA 407 and its conversation; its id."""
    conversation = f"flight:f1|{person}|email"
    attempt = {
        "id": "t/1", "started_at": NOW, "ended_at": NOW, "outcome": "never", "words": WORDS, "doubtful": True,
        "provider": "p1", "provider_id": "p2", "reports": [CAME_BACK],
    }  # fmt: skip
    row = {
        "_id": f"{conversation}@1", "conversation": conversation, "person": person, "subject": "flight:f1",
        "channel": "email", "order": "1", "event_id": "e1", "kinds": ["gate_closed"], "from": A.to_document(),
        "to": B.to_document(), "status": "failed", "title": None, "reason": "no_address", "changed_at": NOW,
        "due_at": None, "attempts": [attempt, *({"id": o, "outcome": o} for o in ("accepted", "later", "unknown"))],
        "created_at": NOW, "expires_at": NOW + timedelta(days=396),
        "again": [{"at": NOW, "by": "p1", "why": WORDS, "forced": forced} for forced in (True, False)],
    }  # fmt: skip
    staff.database.notifications.insert_one(row | fields)
    return str(row["_id"])


def conversation(staff: Reader, row_id: str, **fields: Any) -> None:
    talk = {
        "_id": row_id.partition("@")[0], "subject": "flight:f1", "person": "p1", "channel": "email",
        "heard": A.to_document(), "want": B.to_document(), "order": "1", "event_id": "e1", "status": "open",
        "attempts": 0, "ends_at": NOW + timedelta(days=30), "priority": 2,
    }  # fmt: skip
    staff.database.conversations.replace_one({"_id": talk["_id"]}, talk | fields, upsert=True)


def person(staff: Reader, **fields: Any) -> None:
    user = {"_id": "p1", "name": "Ada", "email": "ada.lovelace@example.org"} | fields
    staff.database.users.replace_one({"_id": "p1"}, user, upsert=True)
    booking = {"_id": "b1", "user_id": "p1", "flight_id": "f1", "status": "confirmed"}
    staff.database.bookings.replace_one({"_id": "b1"}, booking, upsert=True)


REASONS = ("bad_field", "unencodable", "too_large", "no_key", "handler_failed", "not_json", "bad_envelope")


@pytest.mark.parametrize("reason", [*REASONS, "unknown_version", "no_values", "odd"])
def test_a_dead_letter_of_every_reason_is_said_whole(staff: Reader, reason: str) -> None:
    for _ in range(2):
        letter(staff, reason=reason)
    letter(staff, "nothing", collection="bookings", key="", reason=reason)
    stored = f"{reason} {reason.capitalize()} JSON"
    assert left(staff.get(LETTERS), WORDS, stored.replace("_", " ")) == []


def test_an_empty_list_of_dead_letters_is_said_whole(staff: Reader) -> None:
    assert left(staff.get(LETTERS)) == []
    letter(staff)
    assert left(staff.get(f"{LETTERS}?reason=other"), "other bad field") == []


def test_what_was_done_about_a_dead_letter_is_said_whole(staff: Reader) -> None:
    ids = [letter(staff, f"e{number}", key=f"f{number}") for number in range(3)]
    for action in ("replay", "discard"):
        assert left(staff.post(f"{LETTERS}/act", action=action, id=ids).text) == []
    for action, done in (("replay", ids), ("discard", ids[:2]), ("discard", ids[:2])):
        answer = staff.post(f"{LETTERS}/act", action=action, id=done, sure="yes")
        assert answer.status_code == 303
        assert left(staff.get(answer.location), WORDS, REASON) == []
    for status in ("all", "discarded", "replayed"):
        assert left(staff.get(f"{LETTERS}?status={status}"), WORDS, REASON) == []
    for letter_id in (*ids, letter(staff, "new", document_id="b9")):
        page = staff.get(f"{LETTERS}/one?id={letter_id}")
        assert left(page, WORDS, REASON, "new") == []
        assert 'class="tag tag-bad"' in page, "the field at fault is marked"


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        ("failed", {}),
        ("skipped", {"reason": "departed"}),
        ("skipped", {"reason": "suppressed_bounced"}),
        ("unknown", {"title": "UA 407"}),
        ("retrying", {"channel": "sms"}),
        ("sent", {"sent_at": NOW, "due_at": NOW}),
        ("sent", {"delivery": {"state": "delivered", "at": NOW, "rank": 4}}),
        ("sent", {"delivery": CAME_BACK}),
    ],
)
def test_a_notification_is_said_whole_however_it_stands(
    staff: Reader, status: str, fields: dict[str, Any]
) -> None:
    row_id = notification(staff, status=status, **fields)
    values = (
        "mailbox full",
        "gatecall suppressions remove" if "suppressed_bounced" in fields.values() else "",
    )
    assert left(staff.get(f"{NOTES}?status=all"), *values) == []
    assert left(staff.get(f"{NOTES}/one?id={row_id}&did=again"), WORDS, *values) == []


def test_filters_and_an_empty_list_are_said_whole(staff: Reader) -> None:
    for query in ("", "?status=all", "?status=undelivered&channel=sms"):
        assert left(staff.get(f"{NOTES}{query}")) == []


@pytest.mark.parametrize(
    "talk",
    [
        {},
        {"claim": {"until": NOW}},
        {"due_at": NOW},
        {"fold": NOW},
        {"status": "failed"},
        {"doubt": "again/1"},
        {"heard": B.to_document()},
        {"want": None},
    ],
)
def test_how_a_conversation_stands_and_the_form_are_said_whole(staff: Reader, talk: dict[str, Any]) -> None:
    row_id = notification(staff, status="sent")
    person(staff)
    conversation(staff, row_id, **talk)
    assert left(staff.get(f"{NOTES}/one?id={row_id}"), WORDS, "a example org") == []
    for why, status in (("x", 400), (WORDS, 409)):
        answer = staff.post(f"{NOTES}/again", id=row_id, why=why)
        assert answer.status_code == status
        assert left(answer.text, WORDS, "a example org", why) == []


def test_every_reason_why_nothing_is_sent_again_has_its_sentence() -> None:
    with pseudo.spoken():
        assert [why for why in resending.Why if re.search(r"[a-z]", refusals.as_sentence(why))] == []


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"type": "urgent", "flight": "UA407"},
        {"airport": ""},
        {"message": ""},
        {"message": "n" * 501},
        {"airport": "qqqqqq"},
        {"flight": "seven"},
        {"type": "two words"},
        {"expires_at": "soon"},
        {"expires_at": "2026-11-01T11:00"},
    ],
)
def test_the_form_of_a_notice_is_said_whole(staff: Reader, typed: dict[str, str]) -> None:
    fields = {"type": "disruption", "message": "Snow", "airport": "EWR"} | typed
    page = staff.post(NOTICES, do="look", looked="another", **fields).text
    assert left(page, COMMANDS, *fields.values(), "localhost", r"^[a-z][a-z0-9_-]{0,31}$") == []
    assert ('id="im-h"' in page) != ('class="err"' in page)


@pytest.mark.parametrize("people", [None, 0, 1, 143, MOST_COUNTED])
def test_how_many_a_notice_reaches_is_said_whole(staff: Reader, people: int | None) -> None:
    row = {"_id": "n1", "type": "info", "message": "Snow", "airport": "EWR", "created_at": NOW}
    staff.database.notices.insert_one(row | {"audience": people})
    if people is not None:
        told = {"_id": "a", "subject": "notice:n1", "order": "1", "people": people, "changed_at": NOW}
        staff.database.announcements.insert_one(told)
    for page in (
        staff.get(f"{NOTICES}?did=published&id=n1"),
        staff.post(f"{NOTICES}/withdraw", id="n1").text,
    ):
        assert left(page, "Snow info", COMMANDS) == []
    with pseudo.spoken():
        said = (notices._tells(people), notices._button(people))
    assert [words for words in said if re.search(r"[A-Za-z]", words)] == []


def test_notices_of_every_kind_are_listed_and_withdrawn_whole(staff: Reader) -> None:
    old = {"type": "info", "message": "Snow", "created_at": NOW - timedelta(days=3)}
    staff.database.notices.insert_many(
        [old | {"_id": "n1"}, {"_id": "n2", "type": "info", "message": "Snow"}]
    )
    assert left(staff.get(f"{NOTICES}?did=withdrawn"), "Snow info") == []
    assert left(staff.post(f"{NOTICES}/withdraw", id="n1").text, "Snow") == []


def test_the_why_of_staff_is_said_whole(staff: Reader) -> None:
    day = B.departure_date
    known = {
        "_id": "f1",
        "identity": B.identity,
        "subject": "flight:f1",
        "value": B.to_document(),
        "order": "1",
    }
    staff.database.known.insert_one(known)
    outcomes = ("same", "old", "repeated", "first", "unknown", "gone_unseen", "no_news", "expired", "for_all")
    staff.database.event_decisions.insert_many(
        [
            {
                "_id": f"e{number}", "subject": "flight:f1", "key": "f1", "order": str(number),
                "changed_at": NOW, "published_at": NOW, "decided_at": NOW, "outcome": outcome, "changes": [],
            }
            for number, outcome in enumerate(outcomes)
        ]
    )  # fmt: skip
    notification(staff, event_id="e1")
    for query in (
        "",
        "?flight=UA1&date=2026-11-01",
        f"?flight=UA407&date={day}",
        "?event=e1",
        "?event=e1&person=p2",
    ):
        assert left(staff.get(f"{WHY}{query}"), query) == [], query
    listed = staff.get(f"{WHY}?flight=UA407&date={day}")
    assert len(re.findall('class="pill st', listed)) == len(outcomes)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"{LETTERS}/one?id=nothing", 404),
        (f"{NOTES}/one?id=nothing", 404),
        (f"{WHY}?event=nothing", 404),
        (f"{WHY}?flight=UA407&date=soon", 400),
    ],
)
def test_what_is_not_there_is_said_in_the_language(staff: Reader, address: str, status: int) -> None:
    assert left(html.unescape(staff.get(address, status))) == []
