"""Airports by name in a person's forms, and airports that they follow."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

from tests.my.conftest import Person, Web, text_of


def offered(page: str, name: str) -> list[str]:
    """The codes that a page offers to choose from."""
    return re.findall(rf'name="{name}_code" value="([A-Z]{{3}})"', page)


def test_a_city_with_several_airports_is_answered_with_them_to_choose_from(web: Web, maya: Person) -> None:
    answer = maya.post("/my/airports", airport="Moscow")
    assert answer.status_code == 422
    assert offered(answer.text, "airport") == ["DME", "SVO", "VKO"]
    assert "Moscow Sheremetyevo (SVO)" in text_of(answer.text)
    assert 'href="#airport"' in answer.text
    assert 'value="Moscow"' in answer.text
    assert web.stored("followings") == []


def test_the_choice_is_taken_and_nothing_else_has_to_be_typed_again(web: Web, maya: Person) -> None:
    page = maya.done("/my/airports", airport="Moscow", airport_code="SVO")
    assert "You follow this airport from now on" in text_of(page)
    assert "SVO , Moscow Sheremetyevo" in text_of(page)
    (row,) = web.stored("followings")
    assert (row["user_id"], row["flight_id"], row["airport"]) == ("p1", "airport:SVO", "SVO")


def test_a_choice_of_another_name_does_not_count(web: Web, maya: Person) -> None:
    maya.done("/my/airports", airport="Newark", airport_code="SVO")
    assert [row["airport"] for row in web.stored("followings")] == ["EWR"]


def test_what_a_suggestion_writes_into_the_field_is_understood(web: Web, maya: Person) -> None:
    maya.done("/my/airports", airport="New York John F. Kennedy (JFK)")
    assert [row["airport"] for row in web.stored("followings")] == ["JFK"]


def test_a_misspelt_name_is_answered_with_what_is_near(maya: Person) -> None:
    answer = maya.post("/my/airports", airport="Nwark")
    assert answer.status_code == 422
    assert "EWR" in offered(answer.text, "airport")


def test_an_airport_that_is_none_has_no_choices(web: Web, maya: Person) -> None:
    for text in ("zzz9", "", "<b>"):
        answer = maya.post("/my/airports", airport=text)
        assert answer.status_code == 422, text
        assert offered(answer.text, "airport") == [], text
        assert 'id="airport-err"' in answer.text, text
        assert "<b></" not in answer.text
    assert web.stored("followings") == []


def test_a_bookings_origin_is_chosen_the_same_way_and_the_rest_stays_typed(web: Web, maya: Person) -> None:
    web.flight(origin="JFK")
    booking = {"flight_number": "UA407", "departure_date": "2013-02-08", "reference": "K7M2QX"}
    answer = maya.post("/my/bookings", origin="New York", **booking)
    assert answer.status_code == 422
    assert offered(answer.text, "origin")[:2] == ["JFK", "LGA"]
    assert 'value="K7M2QX"' in answer.text
    page = maya.done("/my/bookings", origin="New York", origin_code="JFK", **booking)
    assert "The booking is added" in text_of(page)


def test_an_airport_is_followed_once_muted_and_given_up(web: Web, maya: Person) -> None:
    page = text_of(maya.get("/my/flights"))
    assert "You follow no airport" in page
    assert "when many of a day's flights are cancelled or late there" in page
    maya.done("/my/airports", airport="Newark")
    assert "You followed this airport already" in text_of(maya.done("/my/airports", airport="EWR"))
    (row,) = web.stored("followings")
    page = maya.done(f"/my/followings/{row['_id']}/mute", muted="yes")
    assert "Unmute EWR" in text_of(page)
    assert 'href="/board?airport=EWR"' in page
    page = maya.done(f"/my/followings/{row['_id']}/end")
    assert "You follow it no more" in text_of(page)
    assert web.stored("followings") == []


def test_the_board_has_the_button_and_it_leads_back_there(web: Web, maya: Person) -> None:
    web.flight()
    board = "/board?airport=EWR"
    assert ">Follow this airport</button>" in maya.get(board)
    answer = maya.post("/my/airports", page=board, airport="EWR", back="board")
    assert (answer.status_code, answer.location) == (303, board)
    assert ">Unfollow this airport</button>" in maya.get(board)
    assert ">Follow this airport</button>" in maya.get("/board?airport=DEN&dir=arr")
    (row,) = web.stored("followings")
    answer = maya.post(f"/my/followings/{row['_id']}/end", page=board, back="board")
    assert answer.location == board
    assert web.stored("followings") == []


def test_a_stranger_at_the_board_is_sent_to_the_sign_in_and_back(web: Web) -> None:
    web.flight()
    page = web.stranger().get("/board?airport=EWR&date=2013-02-08")
    assert "csrf_token" not in page
    link = re.search(r'href="(/sign-in\?next=[^"]+)">Follow this airport', page)
    assert link
    assert unescape(link[1]) == "/sign-in?next=" + quote("/board?airport=EWR", safe="/?")
    assert 'name="next" value="/board?airport=EWR"' in web.stranger().get(unescape(link[1]))


def test_another_persons_airport_is_not_there(web: Web, maya: Person) -> None:
    maya.done("/my/airports", airport="Newark")
    (row,) = web.stored("followings")
    other = web.person("p2", name="Omar")
    assert other.post(f"/my/followings/{row['_id']}/end", back="board").status_code == 404
    assert "EWR" not in text_of(other.get("/my/flights")).replace("Newark or EWR", "")
    assert len(web.stored("followings")) == 1
