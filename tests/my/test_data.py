"""Taking along everything that is held about a person, and having it erased."""

from __future__ import annotations

from tests.my.conftest import Person, Web, text_of

PAGE = "/my/data"


def test_everything_is_downloaded_as_a_file_and_nothing_of_others(web: Web, maya: Person) -> None:
    web.person("p2", name="Omar")
    answer = maya.post("/my/data/export", page=PAGE)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.get_json()["data"]["users"][0]["email"] == "p1@example.org"
    assert "Omar" not in answer.text
    assert maya.post("/my/data/export", page=PAGE).status_code == 429


def test_an_erasure_needs_the_word(web: Web, maya: Person) -> None:
    assert "cannot be undone" in text_of(maya.get("/my/data/erase"))
    answer = maya.post("/my/data/erase", page=PAGE, confirm="yes")
    assert answer.status_code == 422
    assert 'value="yes"' in answer.text
    assert 'id="confirm-err"' in answer.text
    assert len(web.stored("users")) == 1


def test_who_is_erased_is_signed_out_and_gone(web: Web, maya: Person) -> None:
    web.flight()
    maya.post("/my/follow", flight_number="UA407", departure_date="2013-02-08")
    other = web.person("p2")
    answer = maya.post("/my/data/erase", page=PAGE, confirm="erase")
    assert answer.status_code == 200
    assert "You are erased" in text_of(answer.text)
    assert 'href="/my"' not in answer.text
    assert [user["_id"] for user in web.stored("users")] == ["p2"]
    assert web.stored("followings") == []
    assert maya.answer("/my").status_code == 303
    other.get("/my")


def test_a_phone_is_removed_and_nothing_is_sent_there_any_more(web: Web) -> None:
    number = "+15550104217"
    maya = web.person(phone=number, verified={"email": "p1@example.org", "phone": number})
    assert "ends in 42 17 Verified" in text_of(maya.get("/my/profile"))
    page = maya.done("/my/phone/remove", page="/my/profile", version="0")
    assert "Your phone is removed" in text_of(page)
    (user,) = web.stored("users")
    assert "phone" not in user
    assert user["verified"] == {"email": "p1@example.org"}


def test_a_test_goes_to_oneself_and_the_profile_says_so(web: Web, maya: Person) -> None:
    page = maya.done("/my/test", page="/my/profile", channel="email")
    assert "A test message is on its way" in text_of(page)
    (row,) = web.stored("service_messages")
    assert row["kind"] == "test"
