"""Somebody with hundreds of bookings and followings: what is to come is never left out for what is over."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.store import own_bookings
from app.store.own_bookings import OwnBookings
from tests.my.conftest import NOW, UA407, Person, Web, text_of


def row(number: int, **fields: object) -> dict[str, object]:
    """A booking, or a following, whose id is before all others."""
    return {"_id": f"a{number:03}", "user_id": "p1", "flight_id": f"a{number:03}"} | fields


def day(number: int) -> str:
    """Days before the present one, from 1."""
    return (NOW - timedelta(days=number)).date().isoformat()


def old_flights(web: Web, count: int) -> None:
    days = ((number, day(number)) for number in range(1, count + 1))
    web.database["flights"].insert_many(
        [UA407 | {"_id": f"a{number:03}", "departure_date": on, "arrival_date": on} for number, on in days]
    )


@pytest.fixture
def coming(web: Web) -> str:
    """The booking of a flight today, of somebody with very many old ones, and ended ones of flights to come."""
    old_flights(web, 205)
    web.flight()
    web.flight(_id="f2", flight_number="UA2")
    bookings = [row(number, status="confirmed") for number in range(1, 206)]
    bookings += [row(300 + number, flight_id="f2", status="cancelled") for number in range(205)]
    web.database["bookings"].insert_many(bookings)
    web.database["bookings"].insert_one(row(0, _id="z1", flight_id="f407", status="confirmed"))
    return "z1"


def test_the_page_shows_it_first(web: Web, maya: Person, coming: str) -> None:
    page = text_of(maya.get("/my/flights"))
    assert "These are the first 200 of each list." in page
    assert page.count("UA 407 ,") == 1
    assert page.count("UA 2 ,") == 199
    assert page.index("UA 407 ,") < page.index("UA 2 ,")


def test_what_is_over_is_shown_from_the_latest(web: Web, maya: Person) -> None:
    old_flights(web, 3)
    web.database["bookings"].insert_many([row(number) for number in range(1, 4)])
    page = text_of(maya.get("/my/flights"))
    places = [page.index(words) for words in ("Thu 7 Feb 2013", "Wed 6 Feb 2013", "Tue 5 Feb 2013")]
    assert places == sorted(places)


def test_it_can_be_shared_and_somebody_asked_to_pick_up(web: Web, maya: Person, coming: str) -> None:
    page = maya.get("/my/shares")
    assert f'name="bookings" value="{coming}"' in page
    assert "UA 2" not in text_of(page)
    assert maya.post("/my/shares", bookings=[coming], days="7").status_code == 200
    form = {"booking": coming, "name": "Ann", "email": "ann@example.org"}
    assert maya.post("/my/pickups", **form).status_code == 303


@pytest.mark.parametrize("booking", ["", "\x00", "a" * 5_000, "a\ud800".encode("utf-8", "replace").decode()])
def test_a_booking_that_cannot_be_is_refused(web: Web, maya: Person, booking: str) -> None:
    assert maya.post("/my/shares", bookings=[booking], days="7").status_code == 422
    form = {"booking": booking, "name": "Ann", "email": "ann@example.org"}
    assert maya.post("/my/pickups", **form).status_code == 422


def test_followings_of_old_flights_leave_out_none_to_come(web: Web, maya: Person) -> None:
    old_flights(web, 205)
    web.flight()
    web.database["followings"].insert_many([row(number) for number in range(1, 206)])
    web.database["followings"].insert_one(row(0, _id="z1", flight_id="f407"))
    page = text_of(maya.get("/my/flights"))
    assert "These are the first 200 of each list." in page
    assert page.index("Fri 8 Feb 2013") < page.index("Thu 7 Feb 2013")


def test_of_more_than_are_read_those_booked_last_are(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_bookings, "MOST_READ", 2)
    times: list[datetime] = [NOW + timedelta(hours=hours) for hours in (3, 1, 4, 2)]
    rows = [row(number, booked_at=at, seen={"flight": {}}) for number, at in enumerate(times)]
    web.database["bookings"].insert_many([*rows, row(9, status="expired", booked_at=NOW)])
    store = OwnBookings(web.database)
    assert [one["_id"] for one in store.held("p1")] == ["a002", "a000"]
    assert [one["_id"] for one in store.ended("p1", 5)] == ["a009"]
    assert "seen" not in store.held("p1")[0]
