"""My pages in a made-up language: with everything on them, they say nothing in English."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.store.api_keys import ApiKeys
from tests.domain import pseudo
from tests.languages.pseudo_pages import forgotten
from tests.my.alerting import FORM, fare, looked_at, made
from tests.my.conftest import Person, Web

VALUES = (
    "MO Maya Ortiz m***@example.org +1 *** 17 p***@example.org",
    "UA DL United Airlines Delta K7Q2MD",
    "EWR DEN JFK SFO LGA SVO DME VKO Newark Liberty Denver New York San Francisco Moscow Kennedy",
    "Sheremetyevo Domodedovo Vnukovo",
    "EST MST PST New_York America ERASE",
    "Chromium Linux feed read calendar",
    "Telegram Apprise SMS",
)
"""Names, codes and zones that are on the pages: they are the same in every language."""
_DATA = ("time_zone", "currency", "calendar", "made", "scopes")
"""Ids of elements that hold nothing but data."""


@pytest.fixture
def maya(web: Web) -> Iterator[Person]:
    """A reader of the made-up language, with something on each page."""
    person = web.person(time_zone="America/New_York", language=pseudo.TAG, phone="+15550104217")
    with pseudo.spoken():
        yield person


def left(page: str, *values: str) -> list[str]:
    return forgotten(page, (*VALUES, *values), _DATA)


@pytest.mark.parametrize(
    "path",
    [
        *("/my/preferences", "/my/flights", "/my/alerts", "/my/alerts/new", "/my/profile", "/my/sessions"),
        *("/my/data", "/my/data/erase"),
    ],
)
def test_a_page_with_nothing_on_it_is_said_whole(maya: Person, path: str) -> None:
    assert left(maya.get(path)) == []


def test_bookings_and_follows_are_said_whole(web: Web, maya: Person) -> None:
    web.flight()
    web.flight(_id="f408", flight_number="UA408", status="cancelled")
    web.flight(_id="f409", flight_number="UA409", departure_date="2013-02-07", arrival_date="2013-02-07")
    chosen = {"flight_number": "UA407", "departure_date": "2013-02-08", "reference": "K7Q2MD"}
    for path, form in (
        ("/my/bookings", chosen),
        ("/my/bookings", chosen),
        ("/my/follow", chosen | {"flight_number": "UA408"}),
        ("/my/airports", {"airport": "DEN"}),
    ):
        answer = maya.post(path, **form)
        assert answer.status_code == 303, answer.text
        assert left(maya.get(answer.location)) == []
    of_airline = {"user_id": "p1", "status": "confirmed", "booked_at": web.now()}
    web.database["bookings"].insert_many(
        [
            of_airline | {"_id": "b2", "flight_id": "f409"},
            of_airline | {"_id": "b3", "flight_id": "gone", "reference": "K7Q2MD"},
            of_airline | {"_id": "b4", "flight_id": "f408", "status": "cancelled"},
        ]
    )
    (following,) = web.stored("followings", flight_id="f408")
    maya.post(f"/my/followings/{following['_id']}/mute", muted="yes")
    assert left(maya.get("/my/flights")) == []


def test_alerts_of_every_kind_are_said_whole(web: Web, maya: Person) -> None:
    fare(web, "190.00")
    fare(web, "210.50", departure_date="2013-03-09", stops=2)
    fare(web, "99.00", currency="EUR")
    kinds: tuple[dict[str, Any], ...] = (
        {"stops": "0", "airlines": "UA, DL", "cabin": "premium_economy"},
        {"condition": "drop", "drop": "15", "where": "these", "channel": "email"},
        {"condition": "new_low", "days": "1", "stops": "2"},
        {"condition": "any", "name": "K7Q2MD", "repeat": "once"},
        {"condition": "report", "month": "2013-04", "from_day": "", "until_day": ""},
    )
    places = [made(maya, **kind) for kind in kinds]
    looked_at(web, "190.00")
    maya.post(f"{places[1]}/pause", paused="yes")
    for path in (*places, f"{places[0]}/delete", "/my/alerts", f"{places[0]}?done=alert-made"):
        assert left(maya.get(path), "USD EUR") == [], path


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/my/bookings", {"flight_number": "", "departure_date": "x", "reference": "!"}),
        ("/my/bookings", {"flight_number": "UA407", "departure_date": "2013-02-08", "origin": "Moscow"}),
        ("/my/bookings", {"flight_number": "UA407", "departure_date": "2013-02-30", "origin": "qqqqqq"}),
        ("/my/bookings", {"flight_number": "UA999", "departure_date": "2013-02-08"}),
        ("/my/bookings", {"flight_number": "UA407", "departure_date": "2013-02-09"}),
        ("/my/airports", {"airport": ""}),
        ("/my/airports", {"airport": "n" * 200}),
        ("/my/profile", {"name": "", "currency": "XXXX", "clock": "13", "version": "0"}),
        ("/my/profile", {"name": "n" * 300, "language": "!", "time_zone": "Mars/A", "version": "0"}),
        ("/my/keys", {"name": ""}),
        ("/my/keys", {"name": "n" * 200, "scopes": "staff:write"}),
        ("/my/data/erase", {"confirm": ""}),
        ("/my/preferences", {"delay_min": "1", "gate_h": "999", "urgent_h": "999", "daily_max": "0"}),
        ("/my/preferences", {"fare_change": "0", "quiet_from": "25:00", "paused_until": "1"}),
        ("/my/preferences", {"quiet_from": "22:00", "quiet_until": "22:00", "digest_every": "daily"}),
        ("/my/preferences", {"digest_every": "daily", "digest_at": "99", "paused_until": "1900-01-01T08:00"}),
        (
            "/my/alerts/new",
            FORM | {"origin": "", "destination": "", "from_day": "", "until_day": "", "below": ""},
        ),
        ("/my/alerts/new", FORM | {"until_day": "2013-02-01", "below": "0", "stops": "x", "airlines": "!"}),
        ("/my/alerts/new", FORM | {"until_day": "2014-12-01", "condition": "drop", "drop": "x"}),
        ("/my/alerts/new", FORM | {"from_day": "2013-01-01", "until_day": "2013-01-02"}),
        ("/my/alerts/new", FORM | {"destination": "JFK", "cabin": "!"}),
        ("/my/alerts/new", FORM | {"month": "x", "condition": "new_low", "days": "9999"}),
        ("/my/alerts/new", FORM | {"from_day": "", "until_day": "", "month": "x", "where": "these"}),
        ("/my/alerts/new", FORM | {"origin": "qqqqqq", "condition": "report", "every_h": "5", "at": "x"}),
        ("/my/alerts/new", FORM | {"currency": "", "min_step": "x", "airlines": "UA, DELTA"}),
    ],
)
def test_what_is_wrong_with_a_form_is_said_in_the_language(
    web: Web, maya: Person, path: str, form: dict[str, str]
) -> None:
    web.flight()
    answer = maya.post(path, **form)
    assert answer.status_code == 422, answer.text[:400]
    assert 'class="err"' in answer.text
    assert left(answer.text, "staff write USD", *form.values()) == []


def test_what_is_refused_as_a_whole_is_said_in_the_language(web: Web, maya: Person) -> None:
    web.flight()
    web.database["bookings"].insert_one(
        {"_id": "b2", "user_id": "p1", "flight_id": "f407", "status": "confirmed"}
    )
    for path, status in (
        ("/my/bookings/b2/end", 403),
        ("/my/bookings/nobody/end", 404),
        ("/my/followings/nobody/end", 404),
        ("/my/sessions/nobody/end", 404),
        ("/my/keys/nobody/revoke", 404),
        ("/my/alerts/nobody/delete", 404),
    ):
        answer = maya.post(path)
        assert answer.status_code == status, answer.text[:400]
        assert left(answer.text) == []


def test_keys_and_sign_ins_are_said_whole(web: Web, maya: Person) -> None:
    web.signed_in("p1", "Chromium on Linux")
    page = maya.post("/my/keys", name="calendar", scopes="feed:read").text
    assert 'id="made"' in page
    keys = ApiKeys(web.database)
    (made,) = keys.all("p1")
    assert left(page, made.prefix) == []
    keys.revoke(made.prefix, web.now() + timedelta(minutes=1), "p1")
    keys.create("calendar", ["feed:read"], "p1", "p1", web.now())
    assert left(maya.get("/my/sessions"), *(key.prefix for key in keys.all("p1"))) == []
