"""My fare alerts: the list, what is done with one, whose it is, and how many one may have."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from tests.my.alerting import FORM, as_shown, fare, looked_at, made, now_part
from tests.my.conftest import Person, Web, text_of


def test_without_alerts_the_list_says_how_to_begin(maya: Person) -> None:
    page = maya.get("/my/alerts")
    assert "No fare alert yet" in text_of(page)
    assert 'href="/my/alerts/new"' in page
    assert re.search(r'href="/my/alerts" aria-current="page">Fare alerts<', page)


def test_an_alert_is_made_by_hand_and_stands_in_the_list(web: Web, maya: Person) -> None:
    page = maya.done("/my/alerts/new", page="/my/alerts/new", **FORM)
    assert "The alert is saved" in text_of(page)
    (row,) = web.stored("alerts")
    assert (row["user_id"], row["origins"], row["destinations"]) == ("p1", ["JFK"], ["SFO"])
    assert row["condition"] == {"kind": "below", "amount": "220.00"}
    assert row["due_at"] == web.now()
    said = text_of(maya.get("/my/alerts"))
    assert "JFK to SFO, below $220" in said
    assert "1 to 14 March 2013" in said
    assert "Looking" in said


def test_the_list_says_how_each_stands(web: Web, maya: Person) -> None:
    made(maya)
    looked_at(web, "204")
    said = text_of(maya.get("/my/alerts"))
    assert "Below" in said
    assert "Lowest now $204 on Fri 8 Mar" in said
    assert "told 1 time, told last $204" in said
    looked_at(web, "250")
    said = text_of(maya.get("/my/alerts"))
    assert "Waiting" in said
    assert "Lowest now $250" in said
    assert "lowest so far $204" in said
    web.database["alerts"].update_many({}, {"$set": {"status": "ended"}})
    said = text_of(maya.get("/my/alerts"))
    assert "Ended" in said
    assert "Pause" not in said
    assert "Lowest now" not in said


def test_a_report_says_when_the_next_one_comes(web: Web, maya: Person) -> None:
    path = made(maya, condition="report", every_h="24", at="20:00")
    looked_at(web, "204")
    assert "Next report Fri 8 Feb 2013, 20:00 EST" in text_of(maya.get(path))
    assert "Reporting" in text_of(maya.get("/my/alerts"))


def test_an_alert_is_paused_and_resumed_from_the_list_and_from_its_page(web: Web, maya: Person) -> None:
    path = made(maya)
    said = text_of(maya.done(f"{path}/pause", page="/my/alerts", paused="yes"))
    assert "You hear nothing of it" in said
    assert "Paused" in said
    assert web.stored("alerts")[0]["paused"] is True
    page = maya.done(f"{path}/pause", page=path, paused="no", back="alert")
    assert "at work again" in text_of(page)
    assert f'action="{path}"' in page
    assert web.stored("alerts")[0].get("paused") is not True


def test_saving_a_paused_alert_leaves_it_paused(web: Web, maya: Person) -> None:
    path = made(maya)
    maya.post(f"{path}/pause", page="/my/alerts", paused="yes")
    page = maya.get(path)
    maya.post(path, page=path, **(FORM | {"version": as_shown(page)["version"]}))
    assert web.stored("alerts")[0]["paused"] is True


def test_an_alert_is_deleted_after_one_is_asked(web: Web, maya: Person) -> None:
    path = made(maya)
    assert "JFK to SFO, below $220" in text_of(maya.get(f"{path}/delete"))
    assert len(web.stored("alerts")) == 1
    said = text_of(maya.done(f"{path}/delete", page=f"{path}/delete"))
    assert "The alert is deleted" in said
    assert web.stored("alerts") == []
    assert maya.answer(path).status_code == 404


def test_another_persons_alert_is_not_there(web: Web, maya: Person) -> None:
    path = made(maya)
    other = web.person("p2", name="Omar")
    assert other.answer(path).status_code == 404
    assert other.answer(f"{path}/delete").status_code == 404
    for address in (path, f"{path}/pause", f"{path}/delete"):
        assert other.post(address, page="/my/alerts/new", **FORM, paused="yes").status_code == 404
    assert "JFK" not in text_of(other.get("/my/alerts"))
    assert web.stored("alerts")[0]["version"] == 1


def test_a_form_without_its_token_changes_nothing(web: Web, maya: Person) -> None:
    path = made(maya)
    for address in ("/my/alerts/new", path, f"{path}/pause", f"{path}/delete"):
        answer = maya.client.post(address, data=FORM, headers={"Accept": "text/html"})
        assert answer.status_code == 403, address
    assert [row["version"] for row in web.stored("alerts")] == [1]


def test_what_you_hear_has_the_row_and_the_list(maya: Person) -> None:
    said = text_of(maya.get("/my/preferences"))
    assert "Fare alerts" in said
    assert "E-mails about your fare alerts" in said


def test_a_person_has_only_so_many(web: Web, maya: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = web.app.extensions["gatecall"]
    limited = parts.settings.model_copy(update={"alerts_per_person": 1})
    monkeypatch.setitem(web.app.extensions, "gatecall", _with(parts, limited))
    made(maya)
    answer = maya.post("/my/alerts/new", page="/my/alerts/new", **FORM)
    assert answer.status_code == 422
    assert "at most 1 alert" in text_of(answer.text)


def test_one_that_has_ended_begins_again_only_where_there_is_room(
    web: Web, maya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(maya)
    looked_at(web, "204")
    web.database["alerts"].update_many({}, {"$set": {"status": "ended"}})
    made(maya)
    parts = web.app.extensions["gatecall"]
    limited = parts.settings.model_copy(update={"alerts_per_person": 1})
    monkeypatch.setitem(web.app.extensions, "gatecall", _with(parts, limited))
    answer = maya.post(path, page=path, **(FORM | {"below": "210", "version": "1"}))
    assert answer.status_code == 422
    assert "at most 1 alert" in text_of(answer.text)
    assert as_shown(answer.text)["below"] == "210"


def _with(parts: Any, settings: Any) -> Any:
    return replace(parts, settings=settings)


def test_an_alert_whose_channel_is_not_linked_says_so(web: Web, maya: Person) -> None:
    fare(web, 204)
    form = FORM | {"where": "these", "channel": ["telegram"]}
    answer = maya.post("/my/alerts/new", page="/my/alerts/new", **(form | {"do": "look"}))
    assert "Nothing is told at once." in now_part(answer.text)
    path = made(maya, where="these", channel=["telegram"])
    assert "Not linked" in text_of(maya.get("/my/alerts"))
    maya.post(path, page=path, **(form | {"channel": ["telegram", "email"], "version": "1"}))
    assert "Not linked" not in text_of(maya.get("/my/alerts"))


def test_another_zone_has_the_alerts_read_again(web: Web, maya: Person) -> None:
    made(maya)
    profile = {"name": "Maya", "language": "en", "time_zone": "Europe/Zurich", "clock": "24", "currency": ""}
    asks = [web.stored("alerts")[0]["asks"]]
    for fields in (profile, profile | {"name": "Maya Ortiz"}, profile | {"time_zone": "Asia/Kolkata"}):
        version = web.stored("users")[0].get("version", 0)
        answer = maya.post("/my/profile", page="/my/profile", version=version, **fields)
        assert answer.status_code == 303
        asks.append(web.stored("alerts")[0]["asks"])
    assert [after - before for before, after in pairwise(asks)] == [1, 0, 1]
