"""What a person books and follows, on their pages and by the button on a flight's page."""

from __future__ import annotations

import pytest

from app.domain.order import of_event
from app.store.known import KnownFlights
from tests.inserted_again import delete, insert_again
from tests.my.conftest import Person, Web, text_of

FLIGHT = "/f/UA407/2013-02-08?from=EWR"


def test_somebody_with_nothing_is_told_how_to_begin(maya: Person) -> None:
    page = text_of(maya.get("/my/flights"))
    assert "No booking yet" in page
    assert "You follow no flight" in page


def test_a_booking_is_added_by_flight_and_date(web: Web, maya: Person) -> None:
    web.flight(estimated_departure_time="16:13", status="delayed")
    page = maya.done("/my/bookings", flight_number="ua 407", departure_date="2013-02-08", reference="k7m2qx")
    shown = text_of(page)
    assert "The booking is added" in shown
    assert "UA 407 , Newark to Denver" in shown
    assert "Fri 8 Feb 2013, 16:13 EST, booking K7M2QX" in shown
    assert "Delayed 28 min" in shown
    (row,) = web.stored("bookings")
    assert (row["user_id"], row["flight_id"], row["seen"]["flight"]["status"]) == ("p1", "f407", "delayed")


def test_a_wrong_booking_loses_nothing_that_was_typed_and_names_each_field(web: Web, maya: Person) -> None:
    answer = maya.post(
        "/my/bookings", flight_number="UA<407>", departure_date="tomorrow", reference="??", origin=""
    )
    assert answer.status_code == 422
    for name in ("flight_number", "departure_date", "reference"):
        assert f'href="#{name}"' in answer.text
        assert f'id="{name}-err"' in answer.text
    assert 'value="UA&lt;407&gt;"' in answer.text
    assert 'value="tomorrow"' in answer.text
    assert web.stored("bookings") == []


def test_a_flight_that_does_not_fly_is_said_with_the_days_on_which_it_does(web: Web, maya: Person) -> None:
    web.flight()
    answer = maya.post("/my/bookings", flight_number="UA407", departure_date="2013-02-09")
    assert answer.status_code == 422
    assert "near it: 2013-02-08" in text_of(answer.text)


def test_ones_own_booking_is_removed_and_an_airlines_stays(web: Web, maya: Person) -> None:
    web.flight()
    maya.done("/my/bookings", flight_number="UA407", departure_date="2013-02-08")
    (own,) = web.stored("bookings")
    page = maya.done(f"/my/bookings/{own['_id']}/end")
    assert "The booking is removed" in text_of(page)
    assert [row["status"] for row in web.stored("bookings")] == ["cancelled"]
    web.database["bookings"].insert_one(
        {"_id": "b9", "user_id": "p1", "flight_id": "f407", "status": "confirmed"}
    )
    assert "From the airline" in text_of(maya.get("/my/flights"))
    assert maya.post("/my/bookings/b9/end").status_code == 403
    assert web.stored("bookings", _id="b9")[0]["status"] == "confirmed"


def test_a_flight_is_followed_from_its_page_and_given_up_there(web: Web, maya: Person) -> None:
    web.flight()
    page = maya.get(FLIGHT)
    assert ">Follow this flight</button>" in page
    answer = maya.post("/my/follow", flight_number="UA407", departure_date="2013-02-08", origin="EWR")
    assert (answer.status_code, answer.location) == (303, FLIGHT)
    maya.post("/my/follow", flight_number="UA407", departure_date="2013-02-08", origin="EWR")
    (row,) = web.stored("followings")
    assert (row["user_id"], row["flight_id"]) == ("p1", "f407")
    page = maya.get(FLIGHT)
    assert "You follow it" in text_of(page)
    assert "Follow this flight</button>" not in page
    answer = maya.post(f"/my/followings/{row['_id']}/end", back="flight")
    assert answer.location == FLIGHT
    assert web.stored("followings") == []


def test_who_follows_a_flight_that_was_inserted_again_is_not_asked_to_follow_it(
    web: Web, maya: Person
) -> None:
    web.flight()
    maya.post("/my/follow", flight_number="UA407", departure_date="2013-02-08", origin="EWR")
    insert_again(web.database, "f407", "f408")
    page = maya.get(FLIGHT)
    assert "You follow it" in text_of(page)
    assert "Follow this flight</button>" not in page


def test_a_following_is_muted_and_heard_again(web: Web, maya: Person) -> None:
    web.flight()
    maya.post("/my/follow", flight_number="UA407", departure_date="2013-02-08")
    (row,) = web.stored("followings")
    page = maya.done(f"/my/followings/{row['_id']}/mute", muted="yes")
    assert "Unmute UA 407" in text_of(page)
    assert web.stored("followings")[0]["muted"] is True
    assert "muted: you hear nothing" in text_of(maya.get(FLIGHT))
    page = maya.done(f"/my/followings/{row['_id']}/mute", muted="no")
    assert "You hear its news again" in text_of(page)
    assert web.stored("followings")[0]["muted"] is False


@pytest.mark.parametrize("what", ["bookings/{b}/end", "followings/{f}/end", "followings/{f}/mute"])
def test_another_persons_things_are_not_there(web: Web, maya: Person, what: str) -> None:
    web.flight()
    maya.done("/my/bookings", flight_number="UA407", departure_date="2013-02-08")
    maya.post("/my/follow", flight_number="UA407", departure_date="2013-02-08")
    path = "/my/" + what.format(b=web.stored("bookings")[0]["_id"], f=web.stored("followings")[0]["_id"])
    other = web.person("p2", name="Omar")
    before = web.stored("bookings"), web.stored("followings")
    assert other.post(path, muted="yes").status_code == 404
    assert other.post(path.replace(path.split("/")[3], "nothing"), muted="yes").status_code == 404
    assert (web.stored("bookings"), web.stored("followings")) == before
    assert "Newark to Denver" not in text_of(other.get("/my/flights"))


def test_a_stranger_is_sent_to_the_sign_in_and_back(web: Web) -> None:
    web.flight()
    answer = web.stranger().answer(FLIGHT)
    assert 'href="/sign-in?next=/f/UA407/2013-02-08?from%3DEWR"' in answer.text
    assert "csrf_token" not in answer.text
    assert "no-store" not in answer.headers.get("Cache-Control", "")
    assert "Cookie" in answer.headers["Vary"]


def test_the_page_of_somebody_who_is_signed_in_is_kept_by_nobody(web: Web, maya: Person) -> None:
    web.flight()
    for path in (FLIGHT, "/board?airport=EWR", "/help", "/my", "/my/flights"):
        answer = maya.answer(path)
        assert answer.status_code == 200, path
        assert answer.headers["Cache-Control"] == "private, no-store", path
        assert "Cookie" in answer.headers["Vary"], path
        assert 'href="/my"' in answer.text, path
    assert 'href="/my"' not in web.stranger().get("/board?airport=EWR")


@pytest.mark.parametrize(
    "path", ["/nowhere", "/my/nothing.css", "/static/nothing.css", "/docs/swagger/nothing.css"]
)
def test_the_page_for_what_is_not_there_is_kept_by_nobody_when_it_has_a_name(
    web: Web, maya: Person, path: str
) -> None:
    answer = maya.answer(path)
    assert answer.status_code == 404
    assert "Account of Maya Ortiz" in answer.text
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Cookie" in answer.headers["Vary"]
    unnamed = web.stranger().answer(path)
    assert "Account of" not in unnamed.text
    assert "Cookie" in unnamed.headers["Vary"]


@pytest.mark.parametrize("path", ["/static/gatecall.css", "/docs/swagger/css/swagger-ui.css"])
def test_a_file_is_the_same_for_everybody(maya: Person, path: str) -> None:
    with maya.answer(path) as answer:
        assert answer.status_code == 200
        assert "no-store" not in answer.headers["Cache-Control"]
        assert "Vary" not in answer.headers


def test_a_form_without_its_token_changes_nothing(web: Web, maya: Person) -> None:
    web.flight()
    maya.get("/my/flights")
    form = {"flight_number": "UA407", "departure_date": "2013-02-08"}
    for token in ({}, {"csrf_token": "made up"}):
        answer = maya.client.post("/my/follow", data=form | token, headers={"Accept": "text/html"})
        assert answer.status_code == 403
    assert web.stored("followings") == []


def test_what_an_admin_wrote_is_only_text_on_the_page(web: Web, maya: Person) -> None:
    web.flight()
    web.database["bookings"].insert_one(
        {"_id": "b1", "user_id": "p1", "flight_id": "f407", "reference": "<script>x</script>"}
    )
    page = maya.get("/my/flights")
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page


def test_a_flight_that_was_deleted_and_inserted_again_goes_on(web: Web, maya: Person) -> None:
    web.flight()
    maya.done("/my/bookings", flight_number="UA407", departure_date="2013-02-08")
    maya.post("/my/follow", flight_number="UA407", departure_date="2013-02-08")
    maya.done("/my/airports", airport="EWR")
    insert_again(web.database, "f407", "f408", status="delayed", estimated_departure_time="16:13")
    page = maya.get("/my/flights")
    assert text_of(page).count("UA 407 , Newark to Denver") == 2
    assert text_of(page).count("Delayed 28 min") == 2
    assert page.count(f'href="{FLIGHT}"') == 2
    assert "UA 407" in maya.get(FLIGHT)
    delete(web.database, "f408")
    assert text_of(maya.get("/my/flights")).count("It was deleted.") == 2


def test_another_flight_that_is_not_understood_either_carries_nothing_on(web: Web, maya: Person) -> None:
    web.flight()
    maya.done("/my/bookings", flight_number="UA407", departure_date="2013-02-08")
    delete(web.database, "f407")
    web.flight(_id="f2", flight_number="UA2")
    for key in ("f407", "f2"):
        KnownFlights(web.database).set_unknown(key, of_event(1, (1_360_000_000, 1), "82"), 0)
    assert "A flight that is gone" in maya.get("/my/flights")
