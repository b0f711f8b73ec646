"""Fare alerts by the API: made with cities and airports by name, read, changed, paused and deleted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.domain import alert as alerts_of
from app.domain import alert_rules, fares
from app.domain.alert import Offer
from app.domain.alert_state import AlertState
from tests.api.conftest import DAY, Asking, Site, fields_at_fault

Document = dict[str, Any]

BELOW: Document = {
    "origins": ["JFK"],
    "destinations": ["San Francisco"],
    "dates": {"from": DAY, "until": "2026-12-14"},
    "currency": "USD",
    "condition": {"kind": "below", "amount": "220"},
}


def made(ada: Asking, **fields: Any) -> Document:
    answer = ada.post("/me/alerts", BELOW | fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json or {})


def test_an_alert_is_made_read_changed_and_deleted(site: Site, ada: Asking) -> None:
    answer = ada.post("/me/alerts", BELOW)
    assert answer.status_code == 201, answer.text
    one = answer.json
    assert answer.headers["Location"] == f"/api/v1/me/alerts/{one['id']}"
    assert (one["origins"], one["destinations"]) == (["JFK"], ["SFO"])
    assert one["condition"] == {"kind": "below", "amount": "220.00"} | dict.fromkeys(
        ("percent", "against", "days", "every_h", "at", "unchanged")
    )
    assert (one["status"], one["repeat"], one["tell_now"], one["paused"]) == ("active", "again", True, False)
    assert "JFK to SFO" in one["title"]
    assert "$220" in one["sentence"]
    path = f"/me/alerts/{one['id']}"
    assert ada.get(path).json == one
    assert ada.get("/me/alerts").json == {"alerts": [one], "next": None}
    changed = ada.patch(path, {"condition": {"kind": "below", "amount": "199.50"}, "max_stops": 0})
    assert changed.status_code == 200, changed.text
    assert (changed.json["condition"]["amount"], changed.json["max_stops"]) == ("199.50", 0)
    assert changed.json["dates"] == one["dates"]
    assert changed.json["created_at"] == one["created_at"]
    assert ada.patch(path, {"max_stops": None}).json["max_stops"] is None
    assert ada.delete(path).status_code == 428
    assert ada.delete(path, If_Match=answer.headers["ETag"]).status_code == 412
    assert ada.delete(path, If_Match=ada.get(path).headers["ETag"]).status_code == 204
    assert ada.get(path).status_code == 404


def test_what_is_written_asks_for_the_fares_at_once(site: Site, ada: Asking) -> None:
    one = made(ada)
    row = site.database.alerts.find_one()
    assert row is not None
    assert (row["user_id"], row["status"], row["asks"]) == (ada.person, "active", 1)
    assert row["due_at"] == site.now()
    assert row["keys"] == ["JFK-SFO 2026-12"]
    ada.patch(f"/me/alerts/{one['id']}", {"min_step": "5"})
    row = site.database.alerts.find_one()
    assert (row["version"], row["asks"], row["min_step"]) == (2, 2, "5.00")


def test_a_city_means_all_of_its_airports(ada: Asking) -> None:
    one = made(ada, origins=["New York", "jfk"], destinations=["London"])
    assert sorted(one["origins"]) == ["EWR", "JFK", "LGA"]
    assert sorted(one["destinations"]) == ["LCY", "LGW", "LHR", "LTN", "STN"]


def test_any_day_of_a_month_is_its_first_and_last(ada: Asking) -> None:
    assert made(ada, dates={"month": "2027-02"})["dates"] == {"from": "2027-02-01", "until": "2027-02-28"}
    assert made(ada, dates={"from": DAY})["dates"] == {"from": DAY, "until": DAY}


@pytest.mark.parametrize(
    ("sent", "field", "words"),
    [
        ({"origins": ["Nwark"]}, "origins", "Newark (EWR)"),
        ({"origins": ["San Jose"]}, "origins", "write one of SJC, SJO"),
        ({"origins": []}, "origins", ""),
        ({"origins": "JFK"}, "origins", ""),
        ({"origins": {"$ne": ""}}, "origins.$ne", ""),
        ({"destinations": ["JFK"]}, "destinations", ""),
        ({"dates": {"from": "2026-12-14", "until": "2026-12-01"}}, "dates.until", "14 December or later"),
        ({"dates": {"from": "2026-12-14", "month": "2026-12"}}, "dates.month", "either"),
        ({"dates": {"month": "December"}}, "dates.month", '"2013-03"'),
        ({"dates": {}}, "dates.from", ""),
        ({"dates": {"from": "2013-03-01", "until": "2013-03-14"}}, "dates.until", "over"),
        ({"currency": "dollars"}, "currency", "USD"),
        ({"condition": {"kind": "below"}}, "condition.amount", ""),
        ({"condition": {"kind": "below", "amount": 220}}, "condition.amount", "text"),
        ({"condition": {"kind": "below", "amount": "-1"}}, "condition.amount", ""),
        ({"condition": {"kind": "cheap"}}, "condition.kind", ""),
        ({"condition": {"kind": "drop", "percent": "15", "amount": "3"}}, "condition", ""),
        ({"condition": {"kind": "report", "every_h": 7}}, "condition.every_h", ""),
        ({"max_stops": -1}, "max_stops", ""),
        ({"airlines": ["United Airlines"]}, "airlines", ""),
        ({"repeat": "always"}, "repeat", ""),
        ({"tell_now": "yes"}, "tell_now", "true or false"),
        ({"channels": ["pigeon"]}, "channels", "email"),
        ({"status": "ended"}, "status", "unknown field"),
        ({"user_id": "bob"}, "user_id", "unknown field"),
        ({"version": 7}, "version", "unknown field"),
    ],
)
def test_what_is_not_understood_is_named_with_a_remedy_and_nothing_is_written(
    site: Site, ada: Asking, sent: Document, field: str, words: str
) -> None:
    answer = ada.post("/me/alerts", BELOW | sent)
    assert answer.status_code == 400, answer.text
    assert any(name.startswith(field) for name in fields_at_fault(answer)), answer.text
    assert words in answer.json["detail"]
    assert site.database.alerts.count_documents({}) == 0
    path = f"/me/alerts/{made(ada)['id']}"
    assert ada.patch(path, sent).status_code == 400
    assert site.database.alerts.find_one()["version"] == 1


def test_a_repeat_with_the_same_key_makes_one_alert(site: Site, ada: Asking) -> None:
    first = ada.post("/me/alerts", BELOW, Idempotency_Key="k1")
    again = ada.post("/me/alerts", BELOW, Idempotency_Key="k1")
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert ada.post("/me/alerts", BELOW | {"currency": "EUR"}, Idempotency_Key="k1").status_code == 422
    assert site.database.alerts.count_documents({}) == 1


def test_pausing_needs_no_valid_dates_and_a_change_does(site: Site, ada: Asking) -> None:
    path = f"/me/alerts/{made(ada)['id']}"
    site.database.alerts.update_one({}, {"$set": {"dates": {"from": "2013-03-01", "until": "2013-03-02"}}})
    assert ada.patch(path, {"paused": True}).json["status"] == "paused"
    assert ada.patch(path, {"paused": False}).json["status"] == "active"
    assert "dates.until" in fields_at_fault(ada.patch(path, {"min_step": "3"}))


def test_of_many_changes_based_on_one_state_one_is_made(site: Site, ada: Asking) -> None:
    answer = ada.post("/me/alerts", BELOW)
    path, tag = f"/api/v1/me/alerts/{answer.json['id']}", answer.headers["ETag"]
    statuses: list[int] = []

    def change(amount: int) -> None:
        client = site.app.test_client()
        client._cookies = ada.client._cookies
        sent = {"condition": {"kind": "below", "amount": str(amount)}}
        statuses.append(client.patch(path, json=sent, headers=ada.headers | {"If-Match": tag}).status_code)

    threads = [threading.Thread(target=change, args=(200 + number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [412] * 7


def test_another_persons_alert_does_not_exist(site: Site, ada: Asking, bob: Asking) -> None:
    path = f"/me/alerts/{made(ada)['id']}"
    for answer in (
        bob.get(path),
        bob.patch(path, {"paused": True}, If_Match="*"),
        bob.delete(path, If_Match="*"),
    ):
        assert answer.status_code == 404
    assert bob.get("/me/alerts").json["alerts"] == []
    assert site.program("feed:read").get(path).status_code == 403
    assert site.stranger().get(path).status_code == 401
    assert site.database.alerts.find_one()["version"] == 1


def test_the_list_comes_page_by_page(ada: Asking) -> None:
    ids = sorted(made(ada, name=f"Trip {number}")["id"] for number in range(5))
    found: list[str] = []
    cursor = ""
    for _ in range(3):
        page = ada.get(f"/me/alerts?limit=2{cursor}").json
        found += [one["id"] for one in page["alerts"]]
        cursor = f"&cursor={page['next']}"
    assert page["next"] is None
    assert found == ids
    assert ada.get("/me/alerts?cursor=nonsense").status_code == 400


def test_a_person_has_only_so_many(site_with: Callable[..., Site]) -> None:
    site = site_with(alerts_per_person=2)
    ada = site.person(email="ada@example.org", verified={"email": "ada@example.org"})
    first = made(ada)
    made(ada)
    refused = ada.post("/me/alerts", BELOW)
    assert refused.status_code == 403
    assert "at most 2 alerts" in refused.json["detail"]
    path = f"/me/alerts/{first['id']}"
    assert ada.delete(path, If_Match="*").status_code == 204
    last = made(ada)
    # One that told once counts no more, until it is to tell again.
    looked_at(site, last["id"], amount="1")
    site.database.alerts.update_one({"_id": last["id"]}, {"$set": {"state.done": True}})
    made(ada)
    path, again = f"/me/alerts/{last['id']}", {"condition": {"kind": "any"}}
    refused = ada.patch(path, again, If_Match="*")
    assert refused.status_code == 403
    assert "at most 2 alerts" in refused.json["detail"]
    assert ada.patch(path, {"name": "Spring"}, If_Match="*").status_code == 200


def test_how_an_alert_stands_is_told_without_a_new_etag(site: Site, ada: Asking) -> None:
    answer = ada.post("/me/alerts", BELOW)
    path = f"/me/alerts/{answer.json['id']}"
    looked_at(site, answer.json["id"], amount="204")
    read = ada.get(path)
    assert read.headers["ETag"] == answer.headers["ETag"]
    state = read.json["state"]
    assert (state["cheapest"]["amount"], state["cheapest"]["currency"]) == ("204.00", "USD")
    assert (state["told"], state["told_amount"], state["lowest_amount"]) == (1, "204.00", "204.00")
    assert answer.json["state"] == {
        "cheapest": None, "told": 0, "told_amount": None, "lowest_amount": None, "next_report_at": None,
    }  # fmt: skip


def test_the_next_report_is_named(site: Site, ada: Asking) -> None:
    one = made(ada, condition={"kind": "report", "every_h": 24, "at": "08:00"})
    looked_at(site, one["id"], amount="204")
    at = ada.get(f"/me/alerts/{one['id']}").json["state"]["next_report_at"]
    assert at is not None
    assert at > (site.now() - timedelta(days=1)).isoformat()


def looked_at(site: Site, alert: str, *, amount: str) -> None:
    """What the consumer keeps of an alert when there is one fare."""
    row = site.database.alerts.find_one({"_id": alert})
    assert row is not None
    wanted = alerts_of.parse(row)
    fare = fares.parse(
        {"origin": "JFK", "destination": "SFO", "departure_date": DAY, "amount": amount, "currency": "USD"}
    )
    step = alert_rules.step(wanted, AlertState(), [Offer("f1", fare)], site.now())
    site.database.alerts.update_one({"_id": alert}, {"$set": {"state": step.state.to_document()}})


def test_another_zone_or_choice_for_fares_has_the_alerts_read_again(site: Site, ada: Asking) -> None:
    made(ada)
    site.database.alerts.update_many({}, {"$unset": {"due_at": ""}})
    asks = []
    for path, sent in (
        ("/me", {"time_zone": "Europe/Zurich"}),
        ("/me", {"name": "Ada", "time_zone": "Europe/Zurich"}),
        ("/me/preferences", {"fare_change": "5.00"}),
        ("/me/preferences", {"daily_max": 5}),
    ):
        assert ada.patch(path, sent, If_Match="*").status_code == 200
        asks.append(site.database.alerts.find_one()["asks"])
    assert asks == [2, 2, 3, 3]
    assert "due_at" in site.database.alerts.find_one()
