"""The page of a person's choices behind the signed link: shown, changed, refused."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from app.domain import preferences as choices
from app.domain.mail_lists import MailList
from app.store.users import Users
from tests.stopping.conftest import Web
from tests.stopping.test_one_click import is_private

_BOX = re.compile(r'<input type="checkbox" name="([^"]+)"( checked)?>')
_VALUE = re.compile(
    r'<input (?:class="[^"]*" id="[^"]*" |type="hidden" )name="([^"]+)"[^>]*? value="([^"]*)"'
)
_SELECT = re.compile(r'<select [^>]*name="([^"]+)">.*?value="([^"]*)" selected', re.DOTALL)


def link(web: Web) -> str:
    assert web.links is not None
    return web.links.preferences("p1", "p1@example.org", web.now())


def form_of(page: str) -> dict[str, str]:
    """What a browser would send if nothing were touched."""
    fields = {name: html.unescape(value) for name, value in _VALUE.findall(page)}
    fields |= {name: "on" for name, checked in _BOX.findall(page) if checked}
    fields |= dict(_SELECT.findall(page))
    return fields


def send(web: Web, changes: dict[str, str | None], url: str | None = None) -> Any:
    url = url or link(web)
    fields: dict[str, str | None] = {**form_of(web.get(url).text), **changes}
    path = url.removeprefix("https://gatecall.example.org")
    return web.client.post(path, data={k: v for k, v in fields.items() if v is not None})


def test_opening_the_page_changes_nothing_and_is_kept_nowhere(web: Web) -> None:
    web.person()
    before = web.stored()
    answer = web.get(link(web))
    assert answer.status_code == 200
    assert is_private(answer)
    assert web.stored() == before
    assert "p1@example.org" not in answer.text


def test_an_untouched_form_changes_no_choice(web: Web) -> None:
    chosen = {
        "channels": {"sms": {"gate": False, "progress": True}, "email": {"fare": False}},
        "quiet": {"from": "22:00", "until": "07:00"},
        "urgent_passes": False,
        "digest": {"every": "weekly", "at": "08:30", "weekday": 5},
        "daily_max": 4,
        "fare_change": "12.50",
        "stopped": ["followings"],
        "paused_until": datetime(2026, 12, 1, 8, 0, tzinfo=UTC),
    }
    web.person(preferences=chosen, time_zone="Europe/Berlin")
    assert send(web, {}).status_code == 303
    assert choices.parse(web.stored()["preferences"]) == choices.parse(chosen)


def test_somebody_who_chose_nothing_has_chosen_nothing_afterwards(web: Web) -> None:
    web.person()
    assert send(web, {}).status_code == 303
    assert web.stored().get("preferences") is None


def test_every_choice_can_be_made(web: Web) -> None:
    web.person(time_zone="America/New_York")
    answer = send(
        web,
        {
            "channel.sms.gate": None,
            "channel.email.aircraft": "on",
            "list.followings": None,
            "delay_min": "30",
            "gate_h": "3",
            "fare_change": "25.00",
            "quiet_from": "22:00",
            "quiet_until": "07:00",
            "urgent_passes": None,
            "urgent_h": "2",
            "digest_every": "daily",
            "digest_at": "19:00",
            "daily_max": "5",
            "paused_until": "2026-12-01T08:00",
        },
    )
    assert answer.status_code == 303
    assert web.stored()["preferences"] == {
        "channels": {"sms": {"gate": False}, "email": {"aircraft": True}},
        "stopped": ["followings"],
        "delay_min": 30,
        "gate_h": 3,
        "fare_change": "25.00",
        "quiet": {"from": "22:00", "until": "07:00"},
        "urgent_passes": False,
        "urgent_h": 2,
        "digest": {"every": "daily", "at": "19:00", "weekday": 1},
        "daily_max": 5,
        "paused_until": datetime(2026, 12, 1, 13, 0, tzinfo=UTC),
    }
    assert "Saved." in web.get(answer.headers["Location"]).text
    (row,) = web.consents()
    assert (row["what"], row["given"], row["way"]) == ("followings", False, "page")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("delay_min", "two"),
        ("delay_min", "1"),
        ("gate_h", "-3"),
        ("fare_change", "a lot"),
        ("quiet_from", "25:00"),
        ("digest_every", "hourly"),
        ("digest_at", "noon"),
        ("daily_max", "0"),
        ("daily_max", "<script>alert(1)</script>"),
        ("paused_until", "tomorrow"),
        ("urgent_h", "9" * 40),
    ],
)
def test_what_is_wrong_is_named_at_its_field_and_nothing_is_lost_or_saved(
    web: Web, field: str, value: str
) -> None:
    web.person()
    answer = send(web, {field: value, "quiet_until": "07:00", "channel.sms.gate": None})
    assert answer.status_code == 422
    assert is_private(answer)
    assert f'id="{field}-err"' in answer.text
    assert f'href="#{field}"' in answer.text
    assert field.startswith("digest_every") or html.escape(value, quote=True) in answer.text.replace(
        "&#34;", "&quot;"
    )
    assert "<script>alert" not in answer.text
    assert form_of(answer.text).get("channel.sms.gate") is None
    assert "preferences" not in web.stored()


def test_a_form_from_before_somebody_elses_change_changes_nothing(web: Web) -> None:
    web.person()
    url = link(web)
    fields = form_of(web.get(url).text)
    web.database["users"].update_one({"_id": "p1"}, {"$set": {"version": 9, "preferences": {"daily_max": 2}}})
    answer = web.client.post(
        url.removeprefix("https://gatecall.example.org"), data=fields | {"daily_max": "7"}
    )
    assert answer.status_code == 409
    assert "Nothing was saved" in answer.text
    assert form_of(answer.text)["daily_max"] == "2"
    assert web.stored()["preferences"] == {"daily_max": 2}
    without = web.client.post(url.removeprefix("https://gatecall.example.org"), data={"daily_max": "7"})
    assert without.status_code == 409


def test_what_was_refused_is_on_record_nowhere(web: Web) -> None:
    web.person()
    url = link(web)
    fields = form_of(web.get(url).text)
    assert fields.pop("list.followings") == "on"
    web.database["users"].update_one({"_id": "p1"}, {"$set": {"version": 9}})
    path = url.removeprefix("https://gatecall.example.org")
    assert web.client.post(path, data=fields).status_code == 409
    assert web.consents() == []


@pytest.mark.parametrize("fails", ["app.store.users.Users.set_fields", "app.store.consents.Consents.record"])
def test_a_choice_and_its_proof_are_kept_together_or_not_at_all(
    web: Web, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    web.person()
    with monkeypatch.context() as patched:
        patched.setattr(fails, _gone)
        assert send(web, {"list.followings": None}).status_code == 503
    assert web.consents() == []
    assert "preferences" not in web.stored()
    assert send(web, {"list.followings": None}).status_code == 303
    assert [row["what"] for row in web.consents()] == ["followings"]


def _gone(*_: Any, **__: Any) -> Any:
    raise AutoReconnect("gone for a moment")


@pytest.mark.parametrize("changes", [1, 9])
def test_a_list_that_is_stopped_while_others_change_the_person_is_proven_once_or_not_at_all(
    web: Web, monkeypatch: pytest.MonkeyPatch, changes: int
) -> None:
    web.person()
    left = [changes]
    write = Users.set_fields

    def late(users: Users, *args: Any, **named: Any) -> int:
        if left[0]:
            left[0] -= 1
            web.database["users"].update_one({"_id": "p1"}, {"$inc": {"version": 1}})
        return write(users, *args, **named)

    monkeypatch.setattr(Users, "set_fields", late)
    assert web.links is not None
    url = web.links.unsubscribe("p1", MailList.FOLLOWINGS, "p1@example.org")
    answer = web.post(url, List__Unsubscribe="One-Click")
    assert answer.status_code == (200 if changes == 1 else 500)
    assert len(web.consents()) == (1 if changes == 1 else 0)
    assert ("preferences" in web.stored()) == (changes == 1)


def test_the_link_ends_with_its_days_and_with_the_address(web: Web) -> None:
    web.person()
    url = link(web)
    web.pass_time(days=40)
    assert web.get(url).status_code == 410
    assert send_blind(web, url) == 410
    fresh = link(web)
    web.database["users"].update_one({"_id": "p1"}, {"$set": {"email": "new@example.org"}})
    assert web.get(fresh).status_code == 410
    assert web.get("/preferences/x").status_code == 404


def send_blind(web: Web, url: str) -> int:
    return int(web.post(url, version="0", daily_max="1").status_code)


def test_a_hand_made_document_does_not_break_the_page(web: Web) -> None:
    web.database["users"].insert_one(
        {"_id": "p1", "name": "P", "email": "p1@example.org", "preferences": "loud", "time_zone": "Mars/One"},
        bypass_document_validation=True,
    )
    assert web.get(link(web)).status_code == 200
