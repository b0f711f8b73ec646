"""Whoever was asked agrees, says no, or stops: one click each, by the link of their own mail alone."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.my.conftest import Person, text_of
from tests.pickup.conftest import ANN, PickupWeb, asked


@pytest.fixture
def link(web: PickupWeb, maya: Person) -> str:
    """Of Ann's mail: Maya asked her."""
    assert asked(maya, web.booked()).status_code == 303
    return web.link()


def state_on_page(web: PickupWeb, person: str = "p1") -> str:
    page = web.signed_in(person, "Firefox on Linux").get("/my/shares")
    (found,) = re.findall(r'class="pill st st-[a-z]+">([^<]+)<', page)
    return str(found)


def test_opening_the_link_changes_nothing(web: PickupWeb, link: str) -> None:
    before = web.stored("pickups"), web.stored("users")
    answer = web.app.test_client().get(link)
    assert answer.status_code == 200
    assert "Do you want to hear when UA 407 arrives?" in text_of(answer.text)
    assert "Ortiz" not in answer.text
    assert "K7M2QX" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert (web.stored("pickups"), web.stored("users")) == before
    assert web.stored("followings") == []


def test_one_click_agrees_and_makes_a_person_with_that_address(web: PickupWeb, link: str) -> None:
    answer = web.answered(link, "agree")
    assert answer.status_code == 200
    assert "You hear when UA 407 arrives" in text_of(answer.text)
    (ann,) = web.stored("users", email=ANN)
    assert (ann["name"], ann["verified"]) == ("", {"email": ANN}), "what Maya calls her is Maya's"
    (row,) = web.stored("followings")
    assert (row["user_id"], row["flight_id"], row["pickup"]) == (ann["_id"], "f407", True)
    (proof,) = web.stored("consents")
    assert (proof["person"], proof["what"], proof["given"], proof["way"]) == (
        *(str(ann["_id"]), "pickups", True, "page"),
    )
    assert "I can stop it with one click." in proof["words"]
    assert proof["at"] == web.now()
    assert "sealed" not in web.stored("pickups")[0]
    assert state_on_page(web) == "Agreed"
    web.answered(link, "agree")
    assert len(web.stored("consents")) == len(web.stored("followings")) == 1, "a second click does nothing"


def test_a_person_who_is_here_is_told_as_that_person(web: PickupWeb, link: str) -> None:
    web.person("ann")
    web.answered(link, "agree")
    assert [row["user_id"] for row in web.stored("followings")] == ["ann"]
    assert len(web.stored("users", email=ANN)) == 1


def test_who_follows_the_flight_goes_on_hearing_all_of_it(web: PickupWeb, link: str) -> None:
    web.person("ann")
    web.database["followings"].insert_one({"_id": "w1", "user_id": "ann", "flight_id": "f407"})
    web.answered(link, "agree")
    (row,) = web.stored("followings")
    assert "pickup" not in row
    web.answered(link, "no")
    assert [row["_id"] for row in web.stored("followings")] == ["w1"], "what they followed themselves stays"


def test_who_picks_up_may_follow_the_flight_besides(web: PickupWeb, link: str) -> None:
    ann = web.person("ann")
    web.answered(link, "agree")
    ann.post("/my/follow", flight_number="UA407", departure_date="2013-02-08")
    (row,) = web.stored("followings")
    assert "pickup" not in row
    web.answered(link, "no")
    assert len(web.stored("followings")) == 1


def test_a_no_is_one_click_and_can_be_taken_back(web: PickupWeb, link: str) -> None:
    assert "Nothing comes" in web.answered(link, "no").text
    assert state_on_page(web) == "Said no"
    assert web.stored("users", email=ANN) == []
    assert web.stored("followings") == []
    web.answered(link, "agree")
    assert state_on_page(web) == "Agreed"
    assert len(web.stored("followings")) == 1


def test_never_again_cannot_be_taken_back_and_keeps_no_address(web: PickupWeb, link: str) -> None:
    answer = web.answered(link, "never")
    assert "Agree after all" not in answer.text
    assert "sealed" not in web.stored("pickups")[0]
    assert web.answered(link, "agree").status_code == 410
    (proof,) = web.stored("consents")
    assert (proof["what"], proof["given"]) == ("pickup_questions", False)
    assert "person" not in proof
    assert ANN not in str(proof)


def test_never_again_is_for_good(web: PickupWeb, link: str) -> None:
    web.answered(link, "never")
    (proof,) = web.stored("consents")
    assert "expires_at" not in proof


@pytest.mark.parametrize("said", ["no", "never"])
def test_a_no_can_be_said_to_a_question_that_waited_too_long(web: PickupWeb, link: str, said: str) -> None:
    web.moment = web.stored("pickups")[0]["until"] + timedelta(seconds=1)
    answer = web.app.test_client().get(link)
    assert answer.status_code == 410
    assert f'value="{said}"' in answer.text
    assert 'value="agree"' not in answer.text
    assert web.answered(link, "agree").status_code == 410
    assert web.answered(link, said).status_code == 200
    assert web.stored("pickups")[0]["status"] == "declined"
    assert len(web.stored("consents")) == (said == "never")


def test_never_again_can_be_said_of_a_flight_that_is_gone(web: PickupWeb, link: str) -> None:
    web.database["flights"].delete_one({"_id": "f407"})
    opened = web.app.test_client().get(link)
    assert "This flight is gone" in opened.text
    assert 'value="never"' in opened.text
    assert 'value="agree"' not in opened.text
    said = text_of(web.answered(link, "never").text)
    assert "Nobody can ask you at this address again." in said
    assert web.stored("pickups")[0]["status"] == "declined"
    assert len(web.stored("consents")) == 1


def test_it_stops_with_one_click_and_comes_back_with_another(web: PickupWeb, link: str) -> None:
    web.answered(link, "agree")
    assert "Nothing comes" in web.answered(link, "no").text
    assert web.stored("followings") == []
    assert state_on_page(web) == "Stopped"
    assert [row["given"] for row in web.stored("consents")] == [True, False]
    web.answered(link, "agree")
    assert len(web.stored("followings")) == 1
    assert state_on_page(web) == "Agreed"


def test_stopping_the_list_by_its_header_stops_pick_ups_alone(web: PickupWeb, link: str) -> None:
    from app.channels.links import Links

    web.answered(link, "agree")
    (ann,) = web.stored("users", email=ANN)
    links = Links.of(web.settings)
    assert links is not None
    stop = links.unsubscribe(str(ann["_id"]), "pickups", ANN).removeprefix(web.settings.public_url)
    client = web.app.test_client()
    assert "people you pick up" in client.get(stop).text
    assert state_on_page(web) == "Agreed"
    assert client.post(stop, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert web.stored("users", email=ANN)[0]["preferences"]["stopped"] == ["pickups"]
    assert state_on_page(web) == "Stopped"
    assert "Nothing comes" in client.get(link).text
    client.post(f"{stop}/undo")
    assert state_on_page(web) == "Agreed"


def test_agreeing_after_the_list_was_stopped_brings_it_back(web: PickupWeb, link: str) -> None:
    web.answered(link, "agree")
    (ann,) = web.stored("users", email=ANN)
    web.database["users"].update_one({"_id": ann["_id"]}, {"$set": {"preferences.stopped": ["pickups"]}})
    web.answered(link, "agree")
    assert "preferences" not in web.stored("users", email=ANN)[0]
    assert state_on_page(web) == "Agreed"


def test_agreeing_to_one_flight_brings_back_no_other_that_was_stopped(
    web: PickupWeb, maya: Person, link: str
) -> None:
    web.answered(link, "agree")
    assert asked(maya, web.booked(key="f500", flight_number="UA500")).status_code == 303
    (ann,), other = web.stored("users", email=ANN), web.link()
    web.database["users"].update_one({"_id": ann["_id"]}, {"$set": {"preferences.stopped": ["pickups"]}})
    web.answered(other, "agree")
    assert (web.heard_by(key="f407"), web.heard_by(key="f500")) == ("stopped", "agreed")
    assert [row["flight_id"] for row in web.stored("followings")] == ["f500"]
    assert "preferences" not in web.stored("users", email=ANN)[0]
    web.answered(link, "agree")
    assert (web.heard_by(key="f407"), web.heard_by(key="f500")) == ("agreed", "agreed")


def test_who_unfollows_on_their_own_page_has_stopped(web: PickupWeb, link: str) -> None:
    ann = web.person("ann")
    web.answered(link, "agree")
    (row,) = web.stored("followings")
    assert "for you pick somebody up" in ann.get("/my/flights")
    ann.post(f"/my/followings/{row['_id']}/end")
    assert state_on_page(web) == "Stopped"


@pytest.mark.parametrize("path", ["/pickup/x", "/pickup/" + "A" * 32, "/pickup/" + "x" * 500])
def test_a_link_that_never_was_does_nothing(web: PickupWeb, link: str, path: str) -> None:
    client = web.app.test_client()
    assert client.get(path).status_code == 404
    assert client.post(path, data={"answer": "agree"}).status_code == 404
    assert client.post(f"{link}x", data={"answer": "agree"}).status_code == 404
    assert web.stored("followings") == []


def test_an_answer_that_there_is_not_changes_nothing(web: PickupWeb, link: str) -> None:
    before = web.stored("pickups")
    assert web.answered(link, "perhaps").status_code == 200
    assert web.app.test_client().post(link).status_code == 200
    assert web.stored("pickups") == before


def test_the_link_dies_with_the_address_it_was_sent_to(web: PickupWeb, link: str) -> None:
    web.person("ann")
    web.answered(link, "agree")
    web.database["users"].update_one({"_id": "ann"}, {"$set": {"email": "other@example.org"}})
    assert web.app.test_client().get(link).status_code == 410
    assert web.answered(link, "no").status_code == 410
    assert len(web.stored("followings")) == 1


def test_whoever_asked_takes_it_back_in_silence(web: PickupWeb, link: str) -> None:
    web.answered(link, "agree")
    (row,) = web.stored("pickups")
    assert web.person("p2").post(f"/my/pickups/{row['_id']}/end", page="/my/flights").status_code == 404
    assert len(web.stored("followings")) == 1
    maya = web.signed_in("p1", "Firefox on Linux")
    page = maya.done(f"/my/pickups/{row['_id']}/end", page="/my/shares")
    assert "They hear no more of it" in text_of(page)
    assert web.stored("followings") == []
    assert web.stored("pickups")[0]["hidden"] is True
    assert len(web.mails()) == 1, "nothing tells them so"
    assert web.answered(link, "agree").status_code == 404
    assert web.stored("followings") == []


def test_two_who_ask_the_same_person_do_not_end_each_others(web: PickupWeb, link: str) -> None:
    nils = web.person("p2", name="Nils")
    asked(nils, web.booked("p2"))
    second = web.link()
    assert second != link
    web.answered(link, "agree")
    web.answered(second, "agree")
    (row,) = web.stored("followings")
    ids = {one["person"]: one["_id"] for one in web.stored("pickups")}
    nils.post(f"/my/pickups/{ids['p2']}/end", page="/my/shares")
    assert web.stored("followings") == [row]
    web.signed_in("p1", "Firefox on Linux").post(f"/my/pickups/{ids['p1']}/end", page="/my/shares")
    assert web.stored("followings") == []


def test_when_whoever_asked_leaves_nobody_is_told_any_more(web: PickupWeb, link: str) -> None:
    web.answered(link, "agree")
    maya = web.signed_in("p1", "Firefox on Linux")
    token = maya.token("/my/shares")
    answer = maya.client.delete("/api/v1/me", json={"confirm": "erase"}, headers={"X-CSRFToken": token})
    assert answer.status_code == 204, answer.text
    assert web.stored("pickups") == []
    assert web.stored("followings") == []
    assert web.app.test_client().get(link).status_code == 404


def test_when_who_was_asked_leaves_no_question_keeps_their_address(web: PickupWeb, link: str) -> None:
    ann = web.person("ann")
    asked(web.person("p2", name="Nils"), web.booked("p2"))
    web.answered(web.link(), "no")
    asked(web.signed_in("p2", "Firefox on Linux"), "b-p2-f407", "other@example.org")
    token = ann.token("/my/flights")
    answer = ann.client.delete("/api/v1/me", json={"confirm": "erase"}, headers={"X-CSRFToken": token})
    assert answer.status_code == 204, answer.text
    rows = {(row["person"], row.get("mailbox")): row for row in web.stored("pickups")}
    assert set(rows) == {("p1", None), ("p2", None), ("p2", "o***@example.org")}
    assert ["sealed" in row for row in rows.values()].count(True) == 1
    assert "sealed" in rows["p2", "o***@example.org"]
    assert rows["p1", None]["until"] == web.now()
    assert rows["p2", None]["status"] == "declined"
    assert state_on_page(web) == "No answer"
    assert web.answered(link, "agree").status_code == 410
    assert web.stored("followings") == []


def test_when_who_was_asked_leaves_whoever_asked_sees_that_they_stopped(web: PickupWeb, link: str) -> None:
    web.answered(link, "agree")
    (user,) = web.stored("users", email=ANN)
    ann = web.signed_in(user["_id"], "Firefox on Linux")
    token = ann.token("/my/flights")
    answer = ann.client.delete("/api/v1/me", json={"confirm": "erase"}, headers={"X-CSRFToken": token})
    assert answer.status_code == 204, answer.text
    (row,) = web.stored("pickups")
    assert row["status"] == "stopped"
    assert not {"user", "name", "mailbox", "address", "sealed"} & set(row)
    assert web.stored("followings") == []
    assert state_on_page(web) == "Stopped"
    assert web.answered(link, "agree").status_code == 410
