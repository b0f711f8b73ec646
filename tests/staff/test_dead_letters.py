"""Staff find dead letters, replay and discard them; nothing happens that they did not ask for."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from app.store.dead_letters import DISCARDED, WAITING, DeadLetter, DeadLetters
from app.store.read_requests import ReadRequests
from tests.staff.conftest import NOW, Desk

LIST = "/staff/dead-letters"


def letters(desk: Desk) -> DeadLetters:
    return DeadLetters(desk.database, desk.now)


def letter(desk: Desk, name: str = "e1", **fields: object) -> str:
    """A dead letter of a flight; its id."""
    values: dict[str, object] = {
        "source": "notifier", "collection": "flights", "key": "f1", "reason": "bad_field",
        "words": 'departure_time: "3:1O PM" cannot be understood; write a time like "09:30"',
        "event_id": name, "field": "departure_time", "topic": "flights.changes", "partition": 1, "offset": 47903,
        "document": {"flight_number": "UA250", "departure_time": "3:1O PM"},
    }  # fmt: skip
    made = DeadLetter(**(values | fields))  # type: ignore[arg-type]
    letters(desk).add(made)
    return made.id


def plain(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_list_says_what_is_wrong_where_and_what_to_do(staff: Desk) -> None:
    letter(staff)
    page = plain(staff.get(LIST))
    assert "Bad field: departure_time" in page
    assert '"3:1O PM" cannot be understood' in page
    assert "flights.changes, partition 1, offset 47,903" in page
    assert "Correct the field in the document. Then replay." in page
    assert "1 dead letter " in page


def test_an_empty_list_says_so(staff: Desk) -> None:
    assert "Every change so far could be read." in plain(staff.get(LIST))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("reason=unencodable", {"e2"}),
        ("collection=prices", {"e3"}),
        ("key=f2", {"e2"}),
        ("key=b9", {"e4"}),
        ("status=discarded", {"e5"}),
        ("status=all", {"e1", "e2", "e3", "e4", "e5"}),
        ("since=2026-11-01T12:00", {"e4"}),
        ("until=2026-11-01T12:00", {"e1", "e2", "e3"}),
        ("reason=bad_field&collection=flights&key=f1", {"e1"}),
    ],
)
def test_filters_leave_what_is_asked_for(staff: Desk, query: str, found: set[str]) -> None:
    staff.moment = NOW - timedelta(hours=1)
    letter(staff, "e1")
    letter(staff, "e2", reason="unencodable", key="f2")
    letter(staff, "e3", collection="prices", key="x")
    discarded = letter(staff, "e5")
    letters(staff).discard(discarded, "staff:test")
    staff.moment = NOW
    letter(staff, "e4", key="f4", document_id="b9", reason="no_key")
    assert set(re.findall(r'name="id" value="notifier:\w+:(\w+)"', staff.get(f"{LIST}?{query}"))) == found


@pytest.mark.parametrize("query", ["status=odd", "since=yesterday", "page=0", "page=x", f"key={'x' * 301}"])
def test_a_filter_that_cannot_be_understood_is_refused_in_words(staff: Desk, query: str) -> None:
    assert "That address cannot be understood" in staff.get(f"{LIST}?{query}", 400)


def test_many_are_shown_in_pages(staff: Desk) -> None:
    for number in range(30):
        letter(staff, f"e{number}")
    first, second = staff.get(LIST), staff.get(f"{LIST}?page=2")
    assert len(re.findall('name="id"', first)) == 25
    assert len(re.findall('name="id"', second)) == 5
    assert f'href="{LIST}?page=2"' in first


def test_replaying_one_asks_for_a_read_and_says_who_did(staff: Desk) -> None:
    letter_id = letter(staff)
    answer = staff.post(f"{LIST}/act", action="replay", id=letter_id)
    assert answer.status_code == 303
    assert ReadRequests(staff.database).waiting("flights", 10)
    page = plain(staff.get(answer.location))
    assert "1 replay is asked for." in page
    assert "1 document is still to be read." in page
    assert "Replay asked" in page
    history = letters(staff).find(letter_id)["history"]  # type: ignore[index]
    assert history[0]["what"] == "replay asked"
    assert history[0]["by"].startswith("staff:")


def test_acting_on_several_asks_first_and_does_it_then(staff: Desk) -> None:
    ids = [letter(staff, f"e{n}", key=f"f{n}") for n in range(3)]
    asked = staff.post(f"{LIST}/act", action="discard", id=ids)
    assert asked.status_code == 200
    assert "Discard 3 dead letters?" in plain(asked.text)
    assert letters(staff).count() == 3
    sure = dict(re.findall(r'name="(action|sure)" value="(\w+)"', asked.text))
    kept = re.findall(r'name="id" value="([^"]+)"', asked.text)
    assert kept == ids
    assert staff.post(f"{LIST}/act", id=kept, **sure).status_code == 303
    assert letters(staff).count(status=DISCARDED) == 3


def test_all_that_the_filters_leave_are_meant_and_no_others(staff: Desk) -> None:
    for number in range(30):
        letter(staff, f"e{number}", key=f"f{number}", reason="unencodable" if number < 28 else "bad_field")
    form = {"action": "replay", "all": "yes", "reason": "unencodable", "status": WAITING}
    assert "Replay 28 dead letters?" in plain(staff.post(f"{LIST}/act", **form).text)
    assert ReadRequests(staff.database).count() == 0
    assert staff.post(f"{LIST}/act", sure="yes", **form).status_code == 303
    assert ReadRequests(staff.database).count() == 28


def test_of_all_only_those_are_meant_that_were_there_when_staff_was_asked(staff: Desk) -> None:
    for number in range(2):
        letter(staff, f"e{number}", key=f"f{number}")
    page = staff.post(f"{LIST}/act", action="discard", all="yes", status=WAITING).text
    assert "Discard 2 dead letters?" in plain(page)
    staff.pass_time(seconds=1)
    for number in range(2, 9):
        letter(staff, f"e{number}", key=f"f{number}")
    sent = dict(re.findall(r'name="(action|sure|all|status|asked_at)" value="([^"]+)"', page))
    answer = staff.post(f"{LIST}/act", **sent)
    assert "n=2" in answer.location
    assert letters(staff).count(status=WAITING) == 7


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("since=0001-01-01T00:00:00%2B14:00", 400),
        ("until=9999-12-31T23:59:59-14:00", 400),
        ("key=%00", 400),
        ("page=1&endpoint=x&_method=y", 200),
        ("did=replay&n=²", 200),
    ],
)
def test_an_odd_address_is_no_fault_of_ours(staff: Desk, query: str, status: int) -> None:
    for number in range(30):
        letter(staff, f"e{number}", key=f"f{number}")
    staff.get(f"{LIST}?{query}", status)


def test_nothing_chosen_changes_nothing_and_says_so(staff: Desk) -> None:
    letter(staff)
    answer = staff.post(f"{LIST}/act", action="discard")
    assert answer.status_code == 400
    assert "No dead letter is chosen" in answer.text
    assert staff.post(f"{LIST}/act", action="drop", id="x").status_code == 400
    assert letters(staff).count() == 1


def test_a_letter_that_names_no_document_can_only_be_discarded(staff: Desk) -> None:
    letter_id = letter(staff, "e1", collection="bookings", key="", reason="not_json")
    answer = staff.post(f"{LIST}/act", action="replay", id=letter_id)
    assert "1 refused" in plain(staff.get(answer.location))
    page = staff.get(f"{LIST}/one?id={letter_id}")
    assert 'value="replay"' not in page
    assert 'value="discard"' in page


def test_one_letter_shows_its_document_and_its_history_escaped(staff: Desk) -> None:
    letter_id = letter(
        staff, words="<script>alert(1)</script>", document={"gate": "<b>", "departure_time": "x"}
    )
    staff.post(f"{LIST}/act", action="discard", id=letter_id)
    page = staff.get(f"{LIST}/one?id={letter_id}")
    assert "<script>alert" not in page
    assert "&lt;b&gt;" in page
    assert "Discarded" in plain(page)
    assert "not understood" in page
    assert "There is no such dead letter" in staff.get(f"{LIST}/one?id=nothing", 404)


def test_a_form_of_nobody_changes_nothing(desk: Desk) -> None:
    letter_id = letter(desk)
    token = desk.token()
    form = {"action": "discard", "id": letter_id, "csrf_token": token}
    assert desk.client.post(f"{LIST}/act", data=form).status_code == 403
    assert letters(desk).count() == 1
