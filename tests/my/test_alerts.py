"""My fare alerts: made, changed, paused and deleted by forms; and the fares of now beside them."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest
from bson import Decimal128

from app.domain import alert as alerts_of
from app.domain import alert_rules, fares
from app.domain.alert import Offer
from app.domain.alert_state import AlertState
from tests.my.conftest import NOW, Person, Web, text_of

Form = dict[str, Any]

FORM: Form = {
    "origin": "JFK",
    "destination": "San Francisco",
    "from_day": "2013-03-01",
    "until_day": "2013-03-14",
    "currency": "USD",
    "condition": "below",
    "below": "220",
    "drop_unit": "percent",
    "against": "told",
    "every_h": "24",
    "at": "08:00",
    "repeat": "again",
    "tell_now": "yes",
    "where": "choices",
}


def made(maya: Person, **fields: Any) -> str:
    """The address of a new alert."""
    answer = maya.post("/my/alerts/new", page="/my/alerts/new", **(FORM | fields))
    assert answer.status_code == 303, text_of(answer.text)
    return str(answer.location).partition("?")[0]


def fare(web: Web, amount: Any, **fields: Any) -> None:
    document = {"origin": "JFK", "destination": "SFO", "departure_date": "2013-03-08", "currency": "USD"}
    web.database["prices"].insert_one(document | {"amount": amount, "stops": 0, "airline": "UA"} | fields)


def now_part(page: str) -> str:
    """What stands beside the form."""
    return text_of("<main>" + page[page.index("<aside") : page.index("</aside>")] + "</main>")


def looked_at(web: Web, amount: str) -> None:
    """What the consumer keeps of every alert when this is the only fare."""
    for row in web.stored("alerts"):
        wanted = alerts_of.parse(row)
        one = {"origin": "JFK", "destination": "SFO", "departure_date": "2013-03-08"}
        offer = Offer("f1", fares.parse(one | {"amount": amount, "currency": "USD"}))
        step = alert_rules.step(wanted, AlertState.from_document(row.get("state")), [offer], NOW)
        kept = {"state": step.state.to_document(), "order": "0001"}
        web.database["alerts"].update_one({"_id": row["_id"]}, {"$set": kept})


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


def as_shown(page: str) -> dict[str, Any]:
    """The fields of the form for an alert, as a browser would send them back."""
    form = page[page.index('<form class="form') :]
    form = form[: form.index("</form>")]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value, kind = (re.search(rf'{key}="([^"]*)"', tag) for key in (" name", "value", "type"))
        if name and (kind is None or kind[1] not in ("radio", "checkbox") or " checked" in tag):
            found[name[1]] = unescape(value[1]) if value else ""
    for name, inner in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', inner)
        found[name] = chosen[1] if chosen else ""
    return found


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
