"""Somebody is asked: by one mail with the question, in the same way whoever has the address, and not too often."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app.domain.reports import Refusal
from app.store.suppressions import Suppression, Suppressions
from tests.my.conftest import Person, text_of
from tests.pickup.conftest import ANN, PickupWeb, asked


def test_the_question_says_who_and_which_flight_and_nothing_of_the_booking(
    web: PickupWeb, maya: Person
) -> None:
    answer = asked(maya, web.booked())
    assert answer.status_code == 303, answer.text
    assert "Asked" in text_of(maya.get(answer.location))
    (mail,) = web.mails()
    assert mail.message["To"] == ANN
    assert mail.message["Subject"] == "Maya asks whether you want to hear when UA 407 arrives"
    body = mail.message.get_body(("plain",))
    assert body is not None
    text = " ".join(body.get_content().split())
    assert "Nothing else is sent to this address before you agree, and one click ends it." in text
    assert "Fri 8 Feb, 18:05 MST" in text, "by the clocks of the destination"
    for secret in ("Ortiz", "K7M2QX", "p1@example.org"):
        assert secret not in str(mail.message)
    assert not web.stored("service_messages")


def test_neither_the_address_nor_the_link_is_readable_in_the_database(web: PickupWeb, maya: Person) -> None:
    asked(maya, web.booked())
    link = web.link()
    kept = str(web.stored("pickups"))
    assert ANN not in kept
    assert link.rpartition("/")[2] not in kept
    assert "a***@example.org" in kept


def test_nobody_learns_whether_an_address_is_known(web: PickupWeb, maya: Person) -> None:
    web.person("ann")
    booking = web.booked()
    answers = [asked(maya, booking, email, "X") for email in (ANN, "nobody@example.org")]
    assert answers[0].status_code == answers[1].status_code == 303
    assert answers[0].location == answers[1].location
    rows = [{name for name in row if name != "_id"} for row in web.stored("pickups")]
    assert rows[0] == rows[1]
    page = maya.get("/my/shares")
    states = re.findall(r'class="pill st st-held">([^<]+)<', page)
    assert states == ["Asked", "Asked"]


@pytest.mark.parametrize("why", ["never", "bounced", "stopped"])
def test_who_is_not_to_be_asked_gets_no_mail_and_the_answer_is_the_same(
    web: PickupWeb, maya: Person, why: str
) -> None:
    booking = web.booked()
    if why == "never":
        asked(web.person("p2"), web.booked("p2"))
        assert "Nobody can ask you" in web.answered(web.link(), "never").text
    elif why == "bounced":
        hashes = Suppressions(web.database, web.settings)
        found = Suppression(hashes.id_of("email", ANN), "email", Refusal.BOUNCED, None, None, "p9", web.now())
        hashes.add([found])
    else:
        web.person("ann", preferences={"stopped": ["pickups"]})
    before = len(web.mails())
    answer = asked(maya, booking)
    assert answer.status_code == 303
    assert "Asked" in text_of(maya.get(answer.location))
    assert len(web.mails()) == before
    assert not web.stored("service_messages")


def test_what_is_taken_back_before_it_went_out_is_never_sent(web: PickupWeb, maya: Person) -> None:
    asked(maya, web.booked())
    (row,) = web.stored("pickups")
    assert maya.post(f"/my/pickups/{row['_id']}/end", page="/my/shares").status_code == 303
    assert web.mails() == []
    (row,) = web.stored("pickups")
    assert row["hidden"] is True


@pytest.mark.parametrize("email", ["p1@example.org", "P1@Example.org", "ann", "ann@", "a b@example.org", ""])
def test_addresses_that_cannot_be_asked_are_refused_by_name(web: PickupWeb, maya: Person, email: str) -> None:
    answer = asked(maya, web.booked(), email)
    assert answer.status_code == 422
    assert 'href="#email"' in answer.text
    assert not web.stored("pickups")
    assert not web.stored("service_messages")


def test_only_my_own_booking_of_a_flight_that_is_to_land_is_asked_for(web: PickupWeb, maya: Person) -> None:
    others, mine = web.booked("p2"), web.booked()
    assert asked(maya, others).status_code == 422
    assert asked(maya, "$ne").status_code == 422
    web.pass_time(hours=12)
    late = asked(web.signed_in("p1", "Firefox on Linux"), mine)
    assert late.status_code == 422
    assert "landed already" in late.text
    assert not web.stored("pickups")


def test_nobody_is_asked_twice_for_a_flight_even_after_a_no(web: PickupWeb, maya: Person) -> None:
    booking = web.booked()
    asked(maya, booking)
    assert "asked this address" in asked(maya, booking, " ANN@example.org ").text
    web.answered(web.link(), "no")
    (row,) = web.stored("pickups")
    maya.post(f"/my/pickups/{row['_id']}/end", page="/my/shares")
    assert "a***@" not in maya.get("/my/shares")
    assert asked(maya, booking).status_code == 422
    assert len(web.mails()) == 1


def test_three_people_are_enough_for_a_flight(web: PickupWeb, maya: Person) -> None:
    booking = web.booked()
    for number in range(3):
        assert asked(maya, booking, f"a{number}@example.org").status_code == 303
    assert "3 people are enough" in asked(maya, booking, "a3@example.org").text
    assert len(web.mails()) == 3


def test_many_strangers_together_do_not_bomb_a_mailbox(web: PickupWeb) -> None:
    for number in range(5):
        person = web.person(f"m{number}")
        answer = asked(person, web.booked(f"m{number}"))
        assert answer.status_code == 303, "nobody learns that others asked"
    assert len(web.mails()) == 3
    web.pass_time(days=1, seconds=1)
    web.booked("m0", "f9", departure_date="2013-02-12", arrival_date="2013-02-12")
    asked(web.signed_in("m0", "Firefox on Linux"), "b-m0-f9")
    assert len(web.mails()) == 4


def test_one_person_asks_ten_people_a_day(web: PickupWeb, maya: Person) -> None:
    for number in range(10):
        key = f"g{number // 3}"
        booking = (
            f"b-p1-{key}"
            if web.stored("flights", _id=key)
            else web.booked(key=key, flight_number=f"UA{number}")
        )
        assert asked(maya, booking, f"a{number}@example.org").status_code == 303
    answer = asked(maya, "b-p1-g3", "one-more@example.org")
    assert answer.status_code == 422
    assert "Go on tomorrow" in answer.text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Maya Ortiz", "Maya"),
        ("Zoë", "Zoë"),
        ("Jean-Luc P", "Jean-Luc"),
        ("evil.example/win you won", "Somebody"),
        ("http://x", "Somebody"),
        ("A" * 60, "Somebody"),
        ("WIN100 now", "Somebody"),
    ],
)
def test_a_name_is_no_place_for_a_message_to_strangers(web: PickupWeb, name: str, said: str) -> None:
    asked(web.person(name=name), web.booked())
    (mail,) = web.mails()
    assert mail.message["Subject"] == f"{said} asks whether you want to hear when UA 407 arrives"


def test_a_question_is_of_no_use_once_the_flight_has_landed(web: PickupWeb, maya: Person) -> None:
    asked(maya, web.booked())
    (row,) = web.stored("pickups")
    assert row["until"] - web.now() < timedelta(hours=6)
    link = web.link()
    web.moment = row["until"] + timedelta(seconds=1)
    assert web.app.test_client().get(link).status_code == 410
    assert web.answered(link, "agree").status_code == 410
    assert web.stored("followings") == []
    assert "No answer" in web.signed_in("p1", "Firefox on Linux").get("/my/shares")
