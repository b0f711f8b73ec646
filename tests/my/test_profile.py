"""Who a person is, on their page: what they may change, and that nothing typed is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.my.conftest import Person, Web, text_of

PAGE = "/my/profile"
GOOD = {
    "name": "Maya  Ortiz-Gray",
    "language": "es",
    "time_zone": "Europe/Madrid",
    "clock": "12",
    "currency": "eur",
}


def test_a_profile_is_kept(web: Web, maya: Person) -> None:
    page = maya.done(PAGE, page=PAGE, version="0", **GOOD)
    assert "Guardado." in text_of(page)  # in the language that was just chosen
    (user,) = web.stored("users")
    wanted = {"name": "Maya Ortiz-Gray", "language": "es", "time_zone": "Europe/Madrid", "clock": 12}
    assert {name: user[name] for name in wanted} == wanted
    assert user["currency"] == "EUR"
    assert '<option value="Europe/Madrid" selected>' in page
    assert ">MO<" in page


@pytest.mark.parametrize("waits", ["due_at", "fold"])
def test_by_another_zone_nights_and_digests_end_at_another_time(web: Web, maya: Person, waits: str) -> None:
    until = web.now() + timedelta(hours=9)
    held = {
        "person": maya.id,
        "channel": "email",
        "status": "open",
        "heard": {"gate": "C70"},
        "want": {"gate": "C71"},
    }
    web.database["conversations"].insert_one(held | {"_id": f"flight:f1|{maya.id}|email", waits: until})
    maya.done(PAGE, page=PAGE, version="0", **GOOD)
    (stored,) = web.stored("conversations")
    assert stored["due_at"] < until - timedelta(hours=1)
    assert "fold" not in stored


def test_what_is_empty_is_not_chosen(web: Web, maya: Person) -> None:
    maya.done(PAGE, page=PAGE, version="0", **GOOD)
    maya.done(PAGE, page=PAGE, version="1", name="Maya")
    (user,) = web.stored("users")
    assert {"language", "time_zone", "clock", "currency"}.isdisjoint(user)


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("time_zone", "Moon/Base"), ("clock", "13"), ("currency", "BEER"), ("language", "<b>")],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    web: Web, maya: Person, field: str, value: str
) -> None:
    before = web.stored("users")
    answer = maya.post(PAGE, page=PAGE, version="0", **(GOOD | {field: value}))
    assert answer.status_code == 422
    assert f'id="{field}-err"' in answer.text
    assert f'href="#{field}"' in answer.text
    assert ('value="Maya  Ortiz-Gray"' in answer.text) == (field != "name")
    assert web.stored("users") == before


def test_fields_that_are_not_in_the_form_are_not_changed(web: Web, maya: Person) -> None:
    maya.done(PAGE, page=PAGE, version="0", **GOOD, roles="admin", email="other@example.org", verified="x")
    (user,) = web.stored("users")
    assert user["email"] == "p1@example.org"
    assert user["verified"] == {"email": "p1@example.org"}
    assert "roles" not in user


def test_a_form_that_is_older_than_the_profile_changes_nothing(web: Web, maya: Person) -> None:
    maya.done(PAGE, page=PAGE, version="0", **GOOD)
    answer = maya.post(PAGE, page=PAGE, version="0", **(GOOD | {"name": "Somebody else"}))
    assert answer.status_code == 409
    assert "No se guardó nada." in text_of(answer.text)
    assert web.stored("users")[0]["name"] == "Maya Ortiz-Gray"


def test_addresses_say_whether_they_are_verified(web: Web) -> None:
    maya = web.person(phone="+15550104217")
    page = maya.get(PAGE)
    shown = text_of(page)
    assert "E-mail p***@example.org Verified" in shown
    assert "ends in 42 17 Not verified: nothing is sent there" in shown
    assert "p1@example.org" not in page
    imported = web.person("p2", verified=None, phone="+15550104217")
    web.database["users"].update_one({"_id": "p2"}, {"$unset": {"verified": ""}})
    assert "ends in 42 17 From your airline" in text_of(imported.get(PAGE))


def test_what_a_person_hears_is_kept_and_shown(web: Web, maya: Person) -> None:
    page = maya.get("/my/preferences")
    assert 'name="channel.email.cancelled" checked' in page
    form = {"channel.email.cancelled": "on", "quiet_from": "22:00", "quiet_until": "07:00", "version": "0"}
    form |= {"urgent_passes": "on", "digest_every": "daily", "digest_at": "20:00", "digest_weekday": "1"}
    form |= {"urgent_h": "3", "list.bookings": "on"}
    page = maya.done("/my/preferences", page="/my/preferences", **form)
    assert "It counts from the next message on" in text_of(page)
    chosen = web.stored("users")[0]["preferences"]
    assert chosen["quiet"] == {"from": "22:00", "until": "07:00"}
    assert chosen["stopped"] == ["alerts", "followings", "pickups"], "these were unticked"
    assert 'value="22:00"' in page
    assert "Times of America/New York" in text_of(page)
    assert {row["what"] for row in web.stored("consents")} == {"alerts", "followings", "pickups"}


def test_wrong_choices_are_said_and_nothing_is_kept(web: Web, maya: Person) -> None:
    form = {"quiet_from": "22:00", "quiet_until": "", "daily_max": "many", "version": "0"}
    answer = maya.post("/my/preferences", page="/my/preferences", **form)
    assert answer.status_code == 422
    assert 'href="#daily_max"' in answer.text
    assert 'value="many"' in answer.text
    assert "preferences" not in web.stored("users")[0]


def test_choices_that_somebody_changed_meanwhile_are_not_overwritten(web: Web, maya: Person) -> None:
    web.database["users"].update_one({"_id": "p1"}, {"$set": {"version": 5}})
    form = {"daily_max": "4", "version": "0", "urgent_h": "3"}
    answer = maya.post("/my/preferences", page="/my/preferences", **form)
    assert answer.status_code == 409
    assert "Nothing was saved" in text_of(answer.text)
    assert "preferences" not in web.stored("users")[0]


@pytest.mark.parametrize("channel", ["telegram", "webhook", "apprise"])
def test_what_is_linked_leads_to_its_page_also_while_it_is_off(web: Web, channel: str) -> None:
    link = {"address": "x", "since": web.now()}
    assert f'href="/my/{channel}"' not in web.person("bob").get("/my/profile")
    page = web.person("ada", linked={channel: link}).get("/my/profile")
    assert f'href="/my/{channel}"' in page
    assert "switched off" in web.signed_in("ada", "Firefox").get(f"/my/{channel}")
