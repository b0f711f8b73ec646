"""Taking back and asking again: one question for a flight goes to an address, however it ended."""

from __future__ import annotations

import pytest

from tests.my.conftest import Person
from tests.pickup.conftest import ANN, PickupWeb, asked


def take_back(web: PickupWeb) -> None:
    """Maya removes the one she sees."""
    (row,) = web.stored("pickups", hidden=None)
    maya = web.signed_in("p1", "Firefox on Linux")
    assert maya.post(f"/my/pickups/{row['_id']}/end", page="/my/shares").status_code == 303
    assert "a***@" not in maya.get("/my/shares")


def test_who_was_asked_is_not_asked_again_after_it_was_taken_back(web: PickupWeb, maya: Person) -> None:
    booking = web.booked()
    asked(maya, booking)
    link = web.link()
    take_back(web)
    (row,) = web.stored("pickups")
    assert "sealed" not in row
    assert "asked this address" in asked(maya, booking).text
    assert len(web.mails()) == 1
    assert web.answered(link, "agree").status_code == 404


@pytest.mark.parametrize("way", ["link", "unfollowed", "muted", "agreed"])
def test_who_agreed_is_not_asked_again_however_it_ended(web: PickupWeb, maya: Person, way: str) -> None:
    web.person("ann")
    booking = web.booked()
    asked(maya, booking)
    link = web.link()
    web.answered(link, "agree")
    if way == "link":
        web.answered(link, "no")
    elif way == "unfollowed":
        web.database["followings"].delete_many({})
    elif way == "muted":
        web.database["followings"].update_one({}, {"$set": {"muted": True}})
    take_back(web)
    assert web.stored("followings") == []
    assert "asked this address" in asked(maya, booking).text
    assert len(web.mails()) == 1


def test_a_no_to_one_question_counts_also_after_a_later_one(web: PickupWeb, maya: Person) -> None:
    booking = web.booked(departure_date="2013-03-20", arrival_date="2013-03-20")
    asked(maya, booking)
    link = web.link()
    web.pass_time(days=8)
    maya = web.signed_in("p1", "Firefox on Linux")
    assert asked(maya, booking).status_code == 303, "nobody answered in time"
    assert "asked this address" in asked(maya, booking).text
    second = web.link()
    assert second != link
    web.answered(second, "no")
    assert "asked this address" in asked(maya, booking).text
    web.pass_time(days=8)
    assert "asked this address" in asked(web.signed_in("p1", "Firefox on Linux"), booking).text
    assert len(web.mails()) == 2


def test_whoever_asks_learns_nothing_by_taking_back_what_was_not_sent(web: PickupWeb) -> None:
    for number in range(4):
        person = web.person(f"m{number}")
        asked(person, web.booked(f"m{number}"))
    assert len(web.mails()) == 3
    last = web.signed_in("m3", "Firefox on Linux")
    (row,) = web.stored("pickups", person="m3")
    last.post(f"/my/pickups/{row['_id']}/end", page="/my/shares")
    assert "asked this address" in asked(last, "b-m3-f407", ANN).text
