"""The form of a fare alert: what it shows and refuses, and the fares of now beside it."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

import pytest
from bson import Decimal128

from tests.my.alerting import FORM, Form, as_shown, fare, looked_at, made, now_part
from tests.my.conftest import NOW, Person, Web, text_of


def test_a_form_shows_the_alert_as_it_stands_and_saves_what_it_shows(web: Web, maya: Person) -> None:
    path = made(
        maya, origin="New York", stops="1", airlines="ua, DL", cabin="economy", condition="drop", drop="12.5%",
        against="lowest", repeat="each_low", tell_now="", min_step="5", where="these", channel=["email"], name="Spring",
    )  # fmt: skip
    (before,) = web.stored("alerts")
    assert sorted(before["origins"]) == ["EWR", "JFK", "LGA"]
    assert before["condition"] == {"kind": "drop", "percent": "12.5", "against": "lowest"}
    assert (before["channels"], before["airlines"], before["name"]) == (["email"], ["UA", "DL"], "Spring")
    assert before["tell_now"] is False
    page = maya.get(path)
    assert 'value="New York"' in page
    answer = maya.client.post(path, data=as_shown(page), headers={"Accept": "text/html"})
    assert answer.status_code == 303, text_of(answer.text)
    (after,) = web.stored("alerts")
    moved = {"version", "due_at", "asks", "asked_at"}
    assert {k: v for k, v in after.items() if k not in moved} == {
        k: v for k, v in before.items() if k not in moved
    }


@pytest.mark.parametrize(
    ("fields", "name", "words"),
    [
        ({"origin": ""}, "origin", "Fill in this field."),
        ({"destination": "Nwark"}, "destination", "is it Newark (EWR)?"),
        ({"destination": "JFK"}, "destination", "not where the trip begins"),
        ({"from_day": "2013-03-14", "until_day": "2013-03-01"}, "until_day", "Choose 14 March or later."),
        ({"from_day": "", "until_day": ""}, "from_day", "Fill in a day"),
        ({"month": "2013-03"}, "month", "either the month or the days"),
        ({"from_day": "2012-03-01", "until_day": "2012-03-02"}, "until_day", "The last day is over."),
        ({"below": ""}, "below", "Fill in this field."),
        ({"below": "cheap"}, "below", "220"),
        ({"below": "$220"}, "below", "220"),
        ({"condition": "drop", "drop": "200"}, "drop", ""),
        ({"condition": "new_low", "days": "400"}, "days", "365"),
        ({"condition": "report", "at": "25:00"}, "at", ""),
        ({"condition": "magic"}, "condition", ""),
        ({"airlines": "United"}, "airlines", ""),
        ({"min_step": "-1"}, "min_step", "Write an amount in USD"),
        (
            {"condition": "drop", "drop": "20", "drop_unit": "amount", "min_step": "25"},
            "min_step",
            "It is more than the drop: write at most 20.00.",
        ),
        ({"currency": "XXX"}, "currency", "USD"),
        ({"repeat": ""}, "repeat", ""),
        ({"where": "these"}, "channels", "Tick at least one"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(
    web: Web, maya: Person, fields: Form, name: str, words: str
) -> None:
    sent = FORM | {"name": "Our <trip>", "min_step": "3"} | fields
    answer = maya.post("/my/alerts/new", page="/my/alerts/new", **sent)
    assert answer.status_code == 422, answer.text[:300]
    assert f'href="#{name}"' in answer.text
    assert f'id="{name}"' in answer.text
    assert f'id="{name}-err"' in answer.text or name in ("channels", "condition", "repeat")
    assert words in unescape(answer.text)
    shown = as_shown(answer.text)
    for key, value in sent.items():
        if key not in ("destination", "condition", "repeat", "currency") or shown.get(key):
            assert shown.get(key) == value, key
    assert "<trip>" not in answer.text
    assert web.stored("alerts") == []


def test_several_faults_are_all_named(maya: Person) -> None:
    sent = FORM | {"origin": "", "until_day": "2013-02-20", "below": "x", "where": "these"}
    answer = maya.post("/my/alerts/new", page="/my/alerts/new", **sent)
    assert "4 things to correct" in text_of(answer.text)


def test_a_name_of_several_cities_is_answered_with_them_to_choose_from(web: Web, maya: Person) -> None:
    answer = maya.post("/my/alerts/new", page="/my/alerts/new", **(FORM | {"origin": "San Jose"}))
    assert answer.status_code == 422
    assert 'name="origin_code" value="SJO"' in answer.text
    made(maya, origin="San Jose", origin_code="SJO")
    assert web.stored("alerts")[0]["origins"] == ["SJO"]


def test_several_airports_are_written_with_commas(web: Web, maya: Person) -> None:
    made(maya, origin="Newark, JFK", month="2013-04", from_day="", until_day="")
    (row,) = web.stored("alerts")
    assert row["origins"] == ["EWR", "JFK"]
    assert row["dates"] == {"from": "2013-04-01", "until": "2013-04-30"}


def test_a_form_that_is_older_is_refused_and_shows_what_stands(web: Web, maya: Person) -> None:
    path = made(maya)
    maya.post(path, page=path, **(FORM | {"below": "210", "version": "1"}))
    answer = maya.post(path, page=path, **(FORM | {"below": "100", "version": "1"}))
    assert answer.status_code == 409
    assert "Nothing was saved" in text_of(answer.text)
    assert as_shown(answer.text)["below"] == "210.00"
    assert as_shown(answer.text)["version"] == "2"
    assert web.stored("alerts")[0]["condition"]["amount"] == "210.00"


def test_the_sentence_and_the_fares_of_now_are_shown_without_saving(web: Web, maya: Person) -> None:
    fare(web, Decimal128("204.00"), link="https://seller.example/1", seen_at=NOW)
    fare(web, "198.50", stops=1)
    fare(web, 230)
    fare(web, 150, currency="EUR")
    fare(web, 99, departure_date="2013-03-20")
    fare(web, "1,204")
    answer = maya.post("/my/alerts/new", page="/my/alerts/new", **(FORM | {"stops": "0", "do": "look"}))
    assert answer.status_code == 200
    assert "a direct fare JFK to SFO for 1 to 14 March 2013 falls below $220" in text_of(answer.text)
    said = now_part(answer.text)
    assert "$204 is the lowest fare" in said
    assert "Fri 8 Mar 2013, JFK to SFO, United" in said
    assert "It is so already: you are told at once." in said
    assert "$230" in said
    assert "$198" not in said
    assert "$99" not in said
    assert "1 fare in EUR was not compared" in said
    assert "1 fare of this trip cannot be read" in said
    assert 'href="https://seller.example/1" rel="noopener noreferrer nofollow"' in answer.text
    assert web.stored("alerts") == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"below": "190"}, "Nothing is told at once."),
        ({"tell_now": ""}, "You chose not to be told of that at once."),
        ({"condition": "report"}, "The first report comes at once."),
        ({"destination": "LAX"}, "No fare matches now"),
    ],
)
def test_the_panel_says_whether_it_would_tell_at_once(
    web: Web, maya: Person, fields: Form, words: str
) -> None:
    fare(web, 204)
    answer = maya.post("/my/alerts/new", page="/my/alerts/new", **(FORM | fields | {"do": "look"}))
    assert words in now_part(answer.text)


def test_at_most_five_more_are_shown_the_cheapest_first(web: Web, maya: Person) -> None:
    for number in range(9):
        fare(web, 300 - number)
    said = now_part(maya.get(made(maya)))
    assert "$292 is the lowest fare" in said
    assert re.findall(r"\$(\d+)", said.partition("The next")[2]) == ["293", "294", "295", "296", "297"]


def test_what_a_change_would_tell_is_judged_from_what_was_told(web: Web, maya: Person) -> None:
    fare(web, 204)
    path = made(maya)
    looked_at(web, "204")
    assert "told at once" not in now_part(maya.get(path))
    answer = maya.post(path, page=path, **(FORM | {"name": "Spring", "do": "look", "version": "1"}))
    assert "Nothing is told at once." in now_part(answer.text)
    answer = maya.post(path, page=path, **(FORM | {"below": "210", "do": "look", "version": "1"}))
    assert "you are told at once" in now_part(answer.text)
    assert web.stored("alerts")[0]["version"] == 1


def test_the_fares_page_begins_an_alert_and_brings_strangers_back(web: Web, maya: Person) -> None:
    fare(web, 204, currency="EUR")
    wanted = "/my/alerts/new?origin=JFK&destination=SFO&date=2013-03-08"
    page = maya.get("/fares?origin=jfk&destination=SFO&date=2013-03-08")
    assert f'href="{wanted.replace("&", "&amp;")}">Set an alert<' in page
    form = maya.get(wanted)
    shown = as_shown(form)
    assert (shown["origin"], shown["from_day"], shown["until_day"]) == (
        "New York Kennedy (JFK)", "2013-03-08", "2013-03-08",
    )  # fmt: skip
    assert shown["currency"] == "EUR"
    assert "€204 is the lowest fare" in now_part(form)
    stranger = web.stranger().get("/fares?origin=JFK&destination=SFO&date=2013-03-08")
    link = re.search(r'href="(/sign-in\?next=[^"]+)">Set an alert<', stranger)
    assert link
    assert unescape(link[1]) == f"/sign-in?next={quote(wanted, safe='/?')}"
    assert f'name="next" value="{wanted.replace("&", "&amp;")}"' in web.stranger().get(unescape(link[1]))


def test_an_address_with_nonsense_is_a_form_with_nonsense(maya: Person) -> None:
    page = maya.get("/my/alerts/new?origin=%3Cscript%3E&destination=" + "x" * 300 + "&date=tomorrow")
    assert "<script>" not in page.partition("<main")[2]
    assert "The lowest fare appears here" in text_of(page)
