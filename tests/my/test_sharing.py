"""A trip that is shared by a link."""

from __future__ import annotations

import re
from datetime import timedelta

from tests.inserted_again import delete, insert_again
from tests.my.conftest import NOW, Person, Web


def booked(web: Web, person: str = "p1", key: str = "f407", **fields: str) -> str:
    web.flight(_id=key, **fields)
    booking = f"b-{person}-{key}"
    row = {"_id": booking, "user_id": person, "flight_id": key, "status": "confirmed", "reference": "K7M2QX"}
    web.database["bookings"].insert_one(row)
    return booking


def shared(person: Person, *bookings: str, days: int = 7) -> str:
    answer = person.post("/my/shares", bookings=list(bookings), days=str(days))
    assert answer.status_code == 200, answer.text
    found = re.search(r'id="made">[^<]*(/trip/[^<]+)<', answer.text)
    assert found
    return found[1]


def test_whoever_has_the_link_sees_the_flights_as_they_stand_and_nothing_about_the_person(web: Web) -> None:
    maya, stranger = web.person(), web.stranger()
    first = booked(web)
    second = booked(
        web, key="f2", flight_number="UA2", departure_date="2013-02-09", arrival_date="2013-02-09"
    )
    booked(web, key="f3", flight_number="UA3", departure_date="2013-02-10", arrival_date="2013-02-10")
    link = shared(maya, second, first)
    page = stranger.get(link)
    assert page.index("UA 407") < page.index("UA 2")
    assert "UA 3" not in page
    for secret in ("Maya", "Ortiz", "K7M2QX", "p1"):
        assert secret not in page
    web.database["flights"].update_one({"_id": "f407"}, {"$set": {"status": "cancelled"}})
    assert "Cancelled" in stranger.get(link)
    assert stranger.answer(link).headers["X-Robots-Tag"] == "noindex"
    assert link.rpartition("/")[2] not in str(web.stored("shares")), "its secret is kept as a hash"


def test_link_ends_by_itself_and_when_its_maker_says_so(web: Web) -> None:
    maya, stranger = web.person(), web.stranger()
    booking = booked(web)
    link, other = shared(maya, booking, days=1), shared(maya, booking, days=30)
    web.moment = NOW + timedelta(days=1, seconds=1)
    assert "not shared any more" in stranger.get(link, 404)
    assert "UA 407" in stranger.get(other)
    (share,) = re.findall(r'action="(/my/shares/[0-9a-f]+/end)"', maya.get("/my/shares"))
    assert web.person("p2").post(share).status_code == 404
    assert "UA 407" in stranger.get(other)
    maya.post(share)
    assert "not shared any more" in stranger.get(other, 404)
    assert stranger.get("/trip/" + "x" * 500, 404)


def test_only_bookings_of_ones_own_that_lie_ahead_are_shared(web: Web) -> None:
    maya = web.person()
    web.person("p2")
    foreign = booked(web, "p2")
    ended = booked(web, key="f2", flight_number="UA2")
    over = booked(web, key="f3", flight_number="UA3", departure_date="2013-01-08", arrival_date="2013-01-08")
    web.database["bookings"].update_one({"_id": ended}, {"$set": {"status": "cancelled"}})
    page = maya.get("/my/shares")
    assert "no booking that lies ahead" in page
    for booking in (foreign, ended):
        assert maya.post("/my/shares", bookings=[booking], days="7").status_code == 422
    assert maya.post("/my/shares", bookings=[], days="7").status_code == 422
    refused = maya.post("/my/shares", bookings=[over], days="365")
    assert refused.status_code == 422
    assert "Choose 1 day, 7 days, 30 days." in refused.text
    assert not web.stored("shares")


def test_flights_that_are_gone_are_counted(web: Web) -> None:
    maya = web.person()
    link = shared(maya, booked(web), booked(web, key="f2", flight_number="UA2"))
    web.database["flights"].delete_one({"_id": "f2"})
    assert "1 of its flights is not in the schedule" in web.stranger().get(link)
    web.database["flights"].delete_many({})
    assert "None of its flights" in web.stranger().get(link)
    assert "a flight that is gone" in maya.get("/my/shares")


def test_a_flight_that_was_deleted_and_inserted_again_is_shared_on(web: Web) -> None:
    maya, stranger = web.person(), web.stranger()
    link = shared(maya, booked(web))
    insert_again(web.database, "f407", "f408", "f409")
    page = stranger.get(link)
    assert 'href="/f/UA407/2013-02-08?from=EWR"' in page
    assert "not in the schedule" not in page
    assert "UA 407" in maya.get("/my/shares")
    row = {"_id": "b2", "user_id": "p1", "flight_id": "f409", "status": "confirmed"}
    web.database["bookings"].insert_one(row)
    both = stranger.get(shared(maya, "b-p1-f407", "b2"))
    assert both.count("<b>UA 407</b>") == 1
    assert "not in the schedule" not in both
    delete(web.database, "f409")
    assert "None of its flights" in stranger.get(link)
