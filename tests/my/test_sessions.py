"""Where a person is signed in, and the keys of their programs."""

from __future__ import annotations

import re

from tests.my.conftest import Person, Web, text_of

PAGE = "/my/sessions"


def test_each_browser_is_listed_and_this_one_is_named(web: Web, maya: Person) -> None:
    web.signed_in("p1", "Firefox on Android")
    web.person("p2").get(PAGE)
    page = text_of(maya.get(PAGE))
    assert "Chromium on Linux" in page
    assert "Firefox on Android" in page
    assert page.count("Sign out") - page.count("Sign out everywhere") == 2
    assert page.count("This browser") == 1
    assert "Since Fri 8 Feb 2013, 14:42 EST" in page


def test_another_browser_is_signed_out(web: Web, maya: Person) -> None:
    phone = web.signed_in("p1", "Firefox on Android")
    (row,) = web.stored("sessions", browser="Firefox on Android")
    page = maya.done(f"/my/sessions/{row['_id']}/end", page=PAGE)
    assert "That browser is signed out" in text_of(page)
    assert phone.answer(PAGE).status_code == 303
    maya.get(PAGE)


def test_this_browser_and_every_browser_are_signed_out(web: Web, maya: Person) -> None:
    phone = web.signed_in("p1", "Firefox on Android")
    (row,) = web.stored("sessions", browser="Chromium on Linux")
    answer = maya.post(f"/my/sessions/{row['_id']}/end", page=PAGE)
    assert "gatecall-person=;" in answer.headers["Set-Cookie"]
    assert maya.answer(PAGE).status_code == 303
    page = phone.get(PAGE)
    assert 'action="/sign-out/everywhere"' in page
    phone.post("/sign-out/everywhere", page=PAGE)
    assert web.stored("sessions") == []
    assert phone.answer(PAGE).status_code == 303


def test_another_persons_browser_is_not_there(web: Web, maya: Person) -> None:
    other = web.person("p2")
    (row,) = web.stored("sessions", person="p2")
    assert maya.post(f"/my/sessions/{row['_id']}/end", page=PAGE).status_code == 404
    other.get(PAGE)


def test_a_key_is_shown_once_works_and_is_revoked(web: Web, maya: Person) -> None:
    answer = maya.post("/my/keys", page=PAGE, name="My calendar", scopes="feed:read")
    assert answer.status_code == 200
    found = re.search(r'id="made">([^<]+)<', answer.text)
    assert found
    (row,) = web.stored("api_keys")
    assert (row["owner"], row["scopes"]) == ("p1", ["feed:read"])
    page = maya.get(PAGE)
    assert found[1] not in page
    assert "My calendar" in page
    page = maya.done(f"/my/keys/{row['_id']}/revoke", page=PAGE)
    assert "does not work any more" in text_of(page)
    assert "Revoked" in text_of(page)
    assert "revoked_at" in web.stored("api_keys")[0]


def test_a_key_never_has_more_than_its_owner(web: Web, maya: Person) -> None:
    for scopes in ("staff", "flights:write", "everything"):
        answer = maya.post("/my/keys", page=PAGE, name="A key", scopes=scopes)
        assert answer.status_code == 422, scopes
        assert 'id="scopes-err"' in answer.text
        assert 'value="A key"' in answer.text
    answer = maya.post("/my/keys", page=PAGE, name="")
    assert answer.status_code == 422
    assert 'id="name-err"' in answer.text
    assert web.stored("api_keys") == []


def test_another_persons_key_is_not_there(web: Web, maya: Person) -> None:
    maya.post("/my/keys", page=PAGE, name="My calendar", scopes="feed:read")
    (row,) = web.stored("api_keys")
    other = web.person("p2")
    assert other.post(f"/my/keys/{row['_id']}/revoke", page=PAGE).status_code == 404
    assert row["_id"] not in other.get(PAGE)
    assert "revoked_at" not in web.stored("api_keys")[0]
