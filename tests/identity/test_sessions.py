"""A session is a row: when the row is gone, the cookie is nothing."""

from __future__ import annotations

from datetime import timedelta

from app.store.sessions import Sessions
from tests.identity.conftest import ADA, Browser, Place

PERSON = "gatecall-person"
JSON = {"Accept": "application/json"}


def is_in(browser: Browser) -> bool:
    return browser.get("/my/phone").status_code == 200


def test_signing_out_ends_this_session_and_no_other(place: Place) -> None:
    one, two = place.signed_in(), place.signed_in()
    value = one.client.get_cookie(PERSON)
    assert value is not None
    assert one.post("/sign-out", token_of="/my/phone").status_code == 303
    assert one.client.get_cookie(PERSON) is None
    one.client.set_cookie(PERSON, value.value)
    assert not is_in(one), "the cookie kept by somebody is nothing"
    assert is_in(two)


def test_sign_out_everywhere_is_everywhere_at_once(place: Place) -> None:
    browsers = [place.signed_in() for _ in range(3)]
    other = place.signed_in("bob@example.org")
    assert browsers[0].post("/sign-out/everywhere", token_of="/my/phone").status_code == 303
    assert not any(is_in(browser) for browser in browsers)
    assert is_in(other)


def test_another_session_is_ended_by_its_owner_alone(place: Place) -> None:
    one, two = place.signed_in(), place.signed_in()
    place.signed_in("bob@example.org")
    store = Sessions(place.database, timedelta(days=30))
    rows = {row["person"]: row for row in place.database["sessions"].find()}
    ada, bob = list(rows)
    listed = store.of_person(ada, place.moment)
    assert [session.browser for session in listed] == ["Firefox on Linux"] * 2
    assert not store.end_one(bob, listed[0].id)
    assert is_in(one)
    assert is_in(two)
    assert all(store.end_one(ada, session.id) for session in listed)
    assert not is_in(one)
    assert not is_in(two)


def test_a_session_ends_with_its_days_the_person_and_the_roles(place: Place) -> None:
    browser = place.signed_in()
    place.pass_time(days=29, hours=23)
    assert is_in(browser)
    place.pass_time(hours=1)
    assert not is_in(browser)
    browser = place.signed_in()
    place.database["users"].update_one({"email": ADA}, {"$set": {"roles": ["staff"]}})
    assert not is_in(browser), "what a browser may do is never more than it was signed in with"
    browser = place.signed_in()
    place.database["users"].delete_one({"email": ADA})
    assert not is_in(browser)
    assert place.database["sessions"].count_documents({}) <= 1, (
        "ended ones are gone; the first waits for its TTL"
    )


def test_seen_is_written_at_most_once_a_minute(place: Place) -> None:
    browser = place.signed_in()

    def seen() -> object:
        row = place.database["sessions"].find_one()
        assert row is not None
        return row["seen_at"]

    began = seen()
    place.pass_time(seconds=59)
    assert is_in(browser)
    assert seen() == began
    place.pass_time(seconds=1)
    assert is_in(browser)
    assert seen() == place.moment


def test_the_row_holds_no_way_in(place: Place) -> None:
    browser = place.signed_in()
    cookie = browser.client.get_cookie(PERSON)
    assert cookie is not None
    assert len(cookie.value) >= 43
    row = place.database["sessions"].find_one()
    assert row is not None
    assert cookie.value not in repr(row)
    browser.client.set_cookie(PERSON, row["_id"])
    assert not is_in(browser)


def test_what_changes_something_by_cookie_needs_the_token_in_the_form_or_the_header(place: Place) -> None:
    browser = place.signed_in()
    assert browser.post("/sign-out", token_of=None).status_code == 403
    assert browser.client.post("/sign-out", headers=JSON).status_code == 403
    assert is_in(browser)
    token = browser.token("/my/phone")
    other = place.signed_in("bob@example.org")
    foreign = other.client.post("/sign-out", headers=JSON | {"X-CSRFToken": token})
    assert foreign.status_code == 403, "somebody else's token"
    assert browser.client.post("/sign-out", headers=JSON | {"X-CSRFToken": token}).status_code == 303
    assert not is_in(browser)


def test_a_bearer_key_makes_the_cookie_count_for_nothing(place: Place) -> None:
    browser = place.signed_in()
    answer = browser.client.post("/sign-out", headers=JSON | {"Authorization": "Bearer gca_x"})
    assert answer.status_code == 401
    assert is_in(browser)


def test_a_person_with_the_role_staff_comes_into_the_pages_for_staff(place: Place) -> None:
    traveller = place.signed_in("bob@example.org")
    assert traveller.get("/staff/").location.startswith("/staff/sign-in")
    staff = place.signed_in(roles=["staff"])
    assert staff.get("/staff/").status_code == 200
    place.database["users"].update_one({"email": ADA}, {"$set": {"roles": []}})
    assert staff.get("/staff/").status_code == 303
