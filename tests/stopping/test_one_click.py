"""Stopping a list of mail: by a program's POST, by a person's button, and back again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.stopping.conftest import Web

PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


def link(web: Web, mail_list: str = "followings", number: int = 1) -> str:
    assert web.links is not None
    return web.links.unsubscribe(f"p{number}", mail_list, f"p{number}@example.org")


def is_private(answer: TestResponse) -> bool:
    return all(answer.headers[name] == value for name, value in PRIVATE.items())


def stopped(web: Web) -> list[str]:
    return web.stored().get("preferences", {}).get("stopped", [])


def one_click(web: Web, url: str) -> TestResponse:
    """As mail services do it (RFC 8058, section 3.2): no cookie, no token, a body of one field."""
    return web.post(url, List__Unsubscribe="One-Click")


def test_one_click_without_cookie_stops_the_list_at_once(web: Web) -> None:
    web.person()
    answer = one_click(web, link(web))
    assert (answer.status_code, answer.headers.get("Location")) == (200, None)
    assert "Set-Cookie" not in answer.headers
    assert is_private(answer)
    assert stopped(web) == ["followings"]


def test_one_click_may_come_as_multipart_or_with_an_empty_body(web: Web) -> None:
    web.person(1)
    web.person(2)
    path = link(web).removeprefix("https://gatecall.example.org")
    body = {"List-Unsubscribe": (None, "One-Click")}
    assert web.client.post(path, data=body, content_type="multipart/form-data").status_code == 200
    assert stopped(web) == ["followings"]
    other = link(web, "bookings", 2).removeprefix("https://gatecall.example.org")
    assert web.client.post(other).status_code == 200
    assert web.stored(2)["preferences"]["stopped"] == ["bookings"]


def test_opening_the_link_shows_what_would_stop_and_changes_nothing(web: Web) -> None:
    web.person()
    before = web.stored()
    for _ in range(3):
        answer = web.get(link(web))
        assert answer.status_code == 200
    assert is_private(answer)
    assert "flights and airports you follow" in answer.text
    assert "p***@example.org" in answer.text
    assert "p1@example.org" not in answer.text
    assert (web.stored(), web.consents()) == (before, [])
    assert web.client.head(link(web).removeprefix("https://gatecall.example.org")).status_code == 200
    assert web.stored() == before


def test_the_proof_has_when_what_which_way_and_the_words_and_no_address(web: Web) -> None:
    web.person()
    one_click(web, link(web))
    (row,) = web.consents()
    assert (row["person"], row["what"], row["given"], row["way"]) == ("p1", "followings", False, "one_click")
    assert row["words"] == "List-Unsubscribe=One-Click"
    assert row["at"] == web.moment
    assert row["address"] == web.suppressions.id_of("email", "p1@example.org")
    assert row["client"].startswith("client:")
    assert "example.org" not in str(row)
    assert "127.0.0.1" not in str(row)


def test_a_repeat_changes_nothing_more_and_proves_nothing_twice(web: Web) -> None:
    web.person()
    assert [one_click(web, link(web)).status_code for _ in range(3)] == [200, 200, 200]
    assert stopped(web) == ["followings"]
    assert len(web.consents()) == 1


def test_the_pages_button_stops_and_its_undo_brings_back(web: Web) -> None:
    web.person()
    page = web.get(link(web)).text
    action = re.search(r'<form class="stack" method="post" action="([^"]+)"', page)
    assert action
    done = web.post(action[1], what="list")
    assert stopped(web) == ["followings"]
    undo = re.search(r'action="([^"]+/undo)"', done.text)
    assert undo
    back = web.post(undo[1])
    assert "come again" in back.text
    assert stopped(web) == []
    assert [(row["given"], row["way"]) for row in web.consents()] == [(False, "page"), (True, "page")]


def test_the_list_of_fare_alerts_is_stopped_and_brought_back_like_the_others(web: Web) -> None:
    web.person()
    assert "Stop e-mails about your fare alerts" in web.get(link(web, "alerts")).text
    done = web.post(link(web, "alerts"), what="list")
    assert "No more e-mails about <b>your fare alerts</b>" in done.text
    assert stopped(web) == ["alerts"]
    assert "come as before" in web.press(done, "/undo").text
    assert stopped(web) == []
    assert {row["what"] for row in web.consents()} == {"alerts"}


def test_all_mail_can_be_stopped_from_one_link_and_brought_back(web: Web) -> None:
    web.person()
    done = web.post(link(web), what="all")
    assert (
        "your bookings, flights and airports you follow, your fare alerts and people you pick up" in done.text
    )
    assert stopped(web) == ["alerts", "bookings", "followings", "pickups"]
    undone = web.press(done, "/undo")
    assert stopped(web) == []
    web.press(undone, "")
    assert stopped(web) == ["alerts", "bookings", "followings", "pickups"]


def test_undo_of_all_brings_back_only_what_was_stopped_with_it(web: Web) -> None:
    web.person(preferences={"stopped": ["alerts"]})
    web.press(web.post(link(web, "bookings"), what="all"), "/undo")
    assert stopped(web) == ["alerts"]
    assert {row["what"] for row in web.consents()} == {"bookings", "followings", "pickups"}


def test_all_that_comes_twice_says_what_its_undo_brings_back(web: Web) -> None:
    web.person()
    web.post(link(web), what="all")
    undone = web.press(web.post(link(web), what="all"), "/undo")
    assert "E-mails about <b>flights and airports you follow</b>" in undone.text
    assert stopped(web) == ["alerts", "bookings", "pickups"]


def test_a_list_that_there_is_not_is_none(web: Web) -> None:
    web.person()
    web.post(link(web, "bookings"), list="everything")
    assert stopped(web) == ["bookings"]


def test_other_choices_stay_as_they_were(web: Web) -> None:
    web.person(preferences={"daily_max": 3, "stopped": ["bookings"]}, version=7)
    one_click(web, link(web))
    user = web.stored()
    assert user["preferences"] == {"daily_max": 3, "stopped": ["bookings", "followings"]}
    assert user["version"] == 8


def test_only_the_person_of_the_link_is_touched(web: Web) -> None:
    web.person(1)
    web.person(2)
    one_click(web, link(web))
    assert "preferences" not in web.stored(2)


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:-4], lambda _: "x", lambda text: text + "A", lambda _: "é"]
)
def test_a_link_that_is_none_of_ours_says_so_and_changes_nothing(web: Web, spoil: Any) -> None:
    web.person()
    url = link(web)
    head, _, token = url.rpartition("/")
    for answer in (web.get(f"{head}/{spoil(token)}"), one_click(web, f"{head}/{spoil(token)}")):
        assert answer.status_code == 404
        assert "We cannot read this link" in answer.text
        assert is_private(answer)
    assert "preferences" not in web.stored()


def test_a_link_dies_with_the_address_it_was_sent_to(web: Web) -> None:
    web.person()
    url = link(web)
    web.database["users"].update_one({"_id": "p1"}, {"$set": {"email": "new@example.org"}})
    answer = one_click(web, url)
    assert answer.status_code == 410
    assert is_private(answer)
    assert "preferences" not in web.stored()
    web.database["users"].delete_many({})
    assert web.get(url).status_code == 410


def test_a_link_has_no_end_but_its_key(web: Web) -> None:
    web.person()
    url = link(web)
    web.pass_time(days=3000)
    assert one_click(web, url).status_code == 200


def test_what_waits_is_looked_at_again_at_once(web: Web) -> None:
    web.person()
    later = web.now().replace(year=2027)
    web.database["conversations"].insert_one(
        {"_id": "flight:f1|p1|email", "person": "p1", "channel": "email", "status": "open", "due_at": later}
    )
    one_click(web, link(web))
    row = web.database["conversations"].find_one({})
    assert row is not None
    assert row["due_at"] == web.now()
    assert web.database["doorbells"].find_one({"_id": "email"})
