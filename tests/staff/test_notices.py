"""Staff see whom a notice reaches before it is sent, publish it once, and take it back after being asked."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.staff.conftest import NOW, Desk

PAGE = "/staff/notices"
TYPED = {"type": "disruption", "message": "Snow at Newark: check your flight.", "airport": "EWR"}


def plain(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return html.unescape(found[1])


def look(staff: Desk, **typed: str) -> str:
    answer = staff.post(PAGE, do="look", **(TYPED | typed))
    assert answer.status_code == 200, answer.text
    return answer.text


def publish(staff: Desk, page: str, **typed: str) -> TestResponse:
    kept = {name: hidden(page, name) for name in ("key", "looked")}
    return staff.post(PAGE, do="publish", **kept, **(TYPED | typed))


def stored(staff: Desk) -> list[dict[str, Any]]:
    return list(staff.database.notices.find())


@pytest.fixture
def people(staff: Desk) -> None:
    """Three are booked on a flight from Newark, one of them follows the airport too, and so do two more."""
    day = NOW.date().isoformat()
    flight = {"flight_number": "UA407", "airline": "UA", "origin": "EWR", "destination": "DEN"}
    times = {"departure_date": day, "departure_time": "18:00", "arrival_date": day, "arrival_time": "20:30"}
    staff.database.flights.insert_one({"_id": "f1", "status": "scheduled"} | flight | times)
    for person in ("p1", "p2", "p3"):
        staff.database.bookings.insert_one({"user_id": person, "flight_id": "f1", "status": "confirmed"})
    for person in ("p3", "p4", "p5"):
        following = {"user_id": person, "flight_id": "airport:EWR", "airport": "EWR"}
        staff.database.followings.insert_one(following | ({"muted": True} if person == "p5" else {}))


@pytest.mark.usefixtures("people")
def test_the_number_of_people_and_their_text_are_shown_before_anything_is_sent(staff: Desk) -> None:
    page = look(staff)
    assert stored(staff) == []
    words = plain(page)
    assert "This will tell 4 people" in words
    assert "Publish and tell 4 people" in words
    assert "Newark (EWR): Snow at Newark: check your flight." in words
    assert "Gatecall: EWR notice: Snow at Newark: check your flight." in words
    assert "Text message 1 part" in words
    assert "Until 2026-11-02 12:00 UTC" in words
    assert not re.search(r"\bp[1-5]\b", words)


@pytest.mark.usefixtures("people")
def test_what_was_looked_at_is_published_once_however_often_it_is_pressed(staff: Desk) -> None:
    page = look(staff)
    for _ in range(2):
        answer = publish(staff, page)
        assert answer.status_code == 303
        assert "It reaches 4 people" in plain(staff.get(answer.location))
    (notice,) = stored(staff)
    assert (notice["airport"], notice["type"], notice["audience"]) == ("EWR", "disruption", 4)
    assert notice["created_by"].startswith("staff:")


def test_pressing_again_after_it_was_withdrawn_publishes_nothing_and_says_so(staff: Desk) -> None:
    page = look(staff)
    publish(staff, page)
    (notice,) = stored(staff)
    staff.post(f"{PAGE}/withdraw", id=notice["_id"], sure="yes")
    answer = publish(staff, page)
    assert answer.status_code == 303
    words = plain(staff.get(answer.location))
    assert "Withdrawn." in words
    assert "Published." not in words
    assert stored(staff) == []


def test_pressing_again_after_it_expired_shows_it_as_published(staff: Desk) -> None:
    typed = {"expires_at": "2026-11-01T13:00"}
    page = look(staff, **typed)
    first = publish(staff, page, **typed)
    staff.pass_time(hours=1)
    assert publish(staff, page, **typed).location == first.location
    assert len(stored(staff)) == 1


def test_another_notice_under_the_same_key_is_shown_and_published_under_its_own(staff: Desk) -> None:
    page = look(staff)
    publish(staff, page)
    other = staff.post(PAGE, do="look", key=hidden(page, "key"), **(TYPED | {"message": "Other."})).text
    again = publish(staff, other, message="Other.")
    assert again.status_code == 200
    assert hidden(again.text, "key") != hidden(page, "key")
    assert publish(staff, again.text, message="Other.").status_code == 303
    assert len(stored(staff)) == 2


def test_what_was_changed_after_the_look_is_shown_again(staff: Desk) -> None:
    answer = publish(staff, look(staff), message="Another sentence.")
    assert answer.status_code == 200
    assert "you changed the notice after you looked" in plain(answer.text)
    assert stored(staff) == []
    assert publish(staff, answer.text, message="Another sentence.").status_code == 303


def test_without_a_look_nothing_is_published(staff: Desk) -> None:
    staff.post(PAGE, do="publish", key="k", looked="", **TYPED)
    assert stored(staff) == []


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"message": ""}, "Write what people are to read."),
        ({"message": "a" * 501}, "at most 500 characters"),
        ({"message": "a\u202eb"}, "control characters"),
        ({"airport": "Nowhereville"}, 'There is no airport "Nowhereville"'),
        ({"flight": "seven"}, 'Write it like "UA407".'),
        ({"expires_at": "soon"}, "Write a time like"),
        ({"expires_at": "2026-11-01T11:00"}, "This time is over."),
        ({"type": "two words"}, "pattern"),
    ],
)
def test_every_fault_is_named_and_nothing_typed_is_lost(
    staff: Desk, typed: dict[str, str], says: str
) -> None:
    answer = staff.post(PAGE, do="look", **(TYPED | typed))
    assert answer.status_code == 422
    assert says in plain(answer.text)
    assert "Nothing was published" in plain(answer.text)
    assert TYPED["message"] in answer.text or "message" in typed
    assert stored(staff) == []


def test_an_airport_may_be_named_and_the_sentence_is_escaped(staff: Desk) -> None:
    page = look(staff, airport="Newark Liberty (EWR)", message="<script>alert(1)</script> & more")
    assert "<script>alert" not in page
    assert "Newark (EWR): <script>alert(1)</script> & more" in html.unescape(page)


def test_nobody_there_is_said_as_such(staff: Desk) -> None:
    assert "This will tell nobody by message" in plain(look(staff, airport="", flight=""))


def test_a_notice_is_withdrawn_after_asking_and_the_list_says_how_many_were_told(staff: Desk) -> None:
    row = TYPED | {"_id": "n1", "created_at": NOW, "created_by": "staff:1"}
    staff.database.notices.insert_one(row)
    staff.database.announcements.insert_one(
        {"_id": "a", "subject": "notice:n1", "order": "1", "people": 143, "changed_at": NOW}
    )
    page = plain(staff.get(PAGE))
    assert "143 people" in page
    assert "2026-11-02 12:00 UTC" in page
    asked = staff.post(f"{PAGE}/withdraw", id="n1")
    assert "It reached 143 people." in plain(asked.text)
    assert len(stored(staff)) == 1
    done = staff.post(f"{PAGE}/withdraw", id="n1", sure="yes")
    assert done.status_code == 303
    assert "Withdrawn." in plain(staff.get(done.location))
    assert stored(staff) == []
    assert staff.post(f"{PAGE}/withdraw", id="n1", sure="yes").status_code == 404


def test_expired_notices_and_those_by_hand_are_listed_too(staff: Desk) -> None:
    old = {"created_at": NOW - timedelta(days=3)}
    staff.database.notices.insert_many(
        [TYPED | old | {"_id": "n1"}, {"_id": "n2", "type": "info", "message": "By hand", "airport": "zzz"}]
    )
    page = plain(staff.get(PAGE))
    assert "Expired" in page
    assert "By hand" in page


def test_strangers_and_forms_from_elsewhere_are_refused(desk: Desk, staff: Desk) -> None:
    assert staff.post(PAGE, token_of=None, do="look", **TYPED).status_code in {400, 403}
    staff.post("/staff/sign-out")
    answer = staff.client.get(PAGE, headers={"Accept": "text/html"})
    assert answer.status_code == 303
    assert answer.location.startswith("/staff/sign-in")
