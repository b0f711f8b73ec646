"""Who is told of a fare, and when: the consumer on a real MongoDB, given events by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from app import metrics
from app.domain.events import Op
from tests.alerts.world import Fares

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAILY: dict[str, Any] = {"kind": "report", "every_h": 24, "at": "08:00"}


def test_a_fare_below_the_limit_is_told_once(fares: Fares) -> None:
    fares.alert()
    fares.handle(fares.fare("a", "250.00"))
    assert fares.due() == []
    fares.handle(fares.fare("a", "190.00"))
    assert fares.due() == [("ada", "190.00")]
    assert fares.due("sms") == [("ada", "190.00")]
    fares.settle()
    fares.handle(fares.fare("a", "189.00"), fares.fare("b", "191.00"))
    assert fares.due() == []
    assert fares.db.announcements.count_documents({}) == 1


def test_what_is_true_already_is_told_when_the_alert_is_made_unless_it_is_not_to_be(fares: Fares) -> None:
    fares.fare("a", "190.00")
    fares.alert()
    fares.alert("bob", tell_now=False)
    fares.read()
    assert fares.told() == [("ada", "190.00")]
    fares.handle(fares.fare("a", "180.00"))
    assert fares.due() == []


def test_190_then_250_then_190_is_told_twice(fares: Fares) -> None:
    fares.alert()
    fares.handle(fares.fare("a", "190.00"))
    assert fares.told() == [("ada", "190.00")]
    fares.handle(fares.fare("a", "250.00"))
    assert fares.told() in ([], [("ada", "gone")])
    fares.handle(fares.fare("a", "190.00"))
    assert fares.due() == [("ada", "190.00")]


def test_190_then_201_then_190_is_told_once(fares: Fares) -> None:
    fares.alert()
    for amount in ("190.00", "201.00", "190.00"):
        fares.handle(fares.fare("a", amount))
        fares.settle()
    assert fares.db.announcements.count_documents({}) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"amount": "230.00"},
        {"amount": "150.00", "destination": "LAX"},
        {"amount": "150.00", "departure_date": "2013-04-01"},
        {"amount": "150.00", "departure_date": "2013-03-09"},
        {"amount": "150.00", "currency": "EUR"},
        {"amount": "150.00", "stops": 1},
        {"amount": "150.00", "stops": None},
        {"amount": "150.00", "airline": "DL"},
        {"amount": "150.00", "cabin": "business"},
        {"amount": "1,204"},
    ],
)
def test_a_fare_that_moves_no_alert_asks_for_none(fares: Fares, other: dict[str, Any]) -> None:
    terms = {"stops": 0, "airline": "UA", "cabin": "economy"}
    dates = {"from": "2013-03-10", "until": "2013-03-20"}
    alert = fares.alert(max_stops=0, airlines=["UA"], cabin="economy", dates=dates)
    fares.handle(fares.fare("a", "220.00", **terms))
    before = fares.row(alert)
    assert before["cheapest"] == {"amount_minor": 22000, "offer": "a"}
    fares.handle(fares.fare("b", **(terms | other)))
    assert fares.row(alert) == before
    assert fares.read() == 0


def test_the_cheapest_that_is_deleted_leaves_the_next_one(fares: Fares) -> None:
    alert = fares.alert()
    fares.handle(fares.fare("a", "190.00"), fares.fare("b", "195.00"))
    assert fares.told() == [("ada", "190.00")]
    fares.handle(fares.gone("a"))
    assert fares.row(alert)["cheapest"] == {"amount_minor": 19500, "offer": "b"}
    fares.handle(fares.gone("b"))
    assert "cheapest" not in fares.row(alert)
    # Nothing is known now: whatever comes is looked at.
    fares.handle(fares.fare("c", "199.00"))
    assert fares.row(alert)["cheapest"]["offer"] == "c"


def test_a_fare_that_moves_to_another_route_is_not_counted_any_more(fares: Fares) -> None:
    alert = fares.alert()
    fares.handle(fares.fare("a", "190.00"))
    fares.handle(fares.fare("a", "190.00", origin="EWR"))
    assert "cheapest" not in fares.row(alert)


def test_codes_in_small_letters_and_other_kinds_of_numbers_count(fares: Fares) -> None:
    fares.alert()
    fares.handle(fares.fare("a", 190, origin="jfk", destination="sfo", currency="usd"))
    assert fares.due() == [("ada", "190.00")]


def test_a_fare_that_cannot_be_understood_is_counted_and_passed_over(fares: Fares) -> None:
    alert = fares.alert()
    before = metrics.ALERT_UNREADABLE._value.get()
    fares.handle(fares.fare("a", "190.00"), fares.fare("b", "1,204"))
    assert fares.due() == [("ada", "190.00")]
    assert metrics.ALERT_UNREADABLE._value.get() == before + 1
    # The cheapest becomes nonsense: then it is no fare.
    fares.handle(fares.fare("a", "cheap"))
    assert "cheapest" not in fares.row(alert)


def test_many_fares_of_one_day_are_read_in_small_portions_too(
    fares: Fares, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.prices._AT_ONCE", 3)
    alert = fares.alert()
    rows = [fares.fare(f"f{number}", f"{300 - number}.00") for number in range(20)]
    fares.handle(*rows)
    assert fares.row(alert)["cheapest"] == {"amount_minor": 28100, "offer": "f19"}


def test_alerts_of_many_people_are_told_of_one_fare(fares: Fares) -> None:
    for number in range(120):
        fares.alert(f"p{number}")
    fares.handle(fares.fare("a", "190.00"))
    assert len(fares.due()) == 120
    assert fares.db.alerts.count_documents({"due_at": {"$exists": True}}) == 0


def test_a_report_tells_the_cheapest_at_its_time(fares: Fares) -> None:
    alert = fares.alert(condition=DAILY, tell_now=False)
    fares.handle(fares.fare("a", "190.00"))
    assert fares.due() == []
    fares.later = 19 * HOUR
    assert fares.read() == 0
    fares.later = 20 * HOUR
    fares.read()
    assert fares.told() == [("ada", "fare_report")]
    assert fares.row(alert)["next_at"] - fares.now() == pytest.approx(DAY, abs=timedelta(minutes=5))
    fares.later += DAY
    fares.read()
    assert fares.told() == [], "the same fare is no news"
    fares.handle(fares.fare("a", "150.00"))
    fares.later += DAY
    fares.read()
    assert fares.told() == [("ada", "fare_report")]


def test_an_outage_of_48_hours_is_one_report(fares: Fares) -> None:
    alert = fares.alert(condition=DAILY | {"unchanged": True}, tell_now=False)
    fares.handle(fares.fare("a", "190.00"))
    fares.later = 20 * HOUR + 2 * DAY + HOUR
    fares.read()
    assert fares.told() == [("ada", "fare_report")]
    fares.read()
    assert fares.due() == []
    assert fares.db.announcements.count_documents({}) == 1
    # The next one is that of tomorrow, at its hour.
    wait = fares.row(alert)["next_at"] - fares.now()
    assert wait == pytest.approx(23 * HOUR, abs=timedelta(minutes=5))


def test_an_alert_says_once_that_it_has_ended_and_is_deleted_some_time_later(fares: Fares) -> None:
    alert = fares.alert()
    fares.handle(fares.fare("a", "250.00"))
    fares.later = timedelta(days=53)
    fares.read()
    assert fares.told() == [("ada", "fare_ended")]
    row = fares.row(alert)
    assert row["status"] == "ended"
    assert row["ends_at"] > fares.now() + timedelta(days=20)
    assert "next_at" not in row
    fares.handle(fares.fare("a", "150.00"))
    fares.later += 30 * DAY
    fares.read()
    assert fares.due() == []
    assert fares.db.announcements.count_documents({}) == 1


def test_a_paused_alert_tells_nothing_and_does_not_make_up_for_it(fares: Fares) -> None:
    alert = fares.alert()
    fares.handle(fares.fare("a", "250.00"))
    fares.alerts.pause("ada", alert, True, 1, fares.now())
    fares.handle(fares.fare("a", "190.00"))
    assert fares.due() == []
    fares.alerts.pause("ada", alert, False, 2, fares.now())
    fares.read()
    assert fares.due() == []
    fares.handle(fares.fare("a", "250.00"))
    fares.handle(fares.fare("a", "180.00"))
    assert fares.due() == [("ada", "180.00")]


@pytest.mark.parametrize("op", [Op.DELETE, Op.UPDATE])
def test_an_event_without_what_was_before_still_finds_whose_cheapest_it_was(fares: Fares, op: Op) -> None:
    alert = fares.alert()
    fares.handle(fares.fare("a", "190.00"), fares.fare("b", "210.00"))
    fares.gone("a")
    fares.handle(fares.event("a", op, None, None))
    assert fares.row(alert)["cheapest"]["offer"] == "b"


def test_what_was_deleted_unseen_is_found_at_the_end_of_a_snapshot(fares: Fares) -> None:
    alert = fares.alert()
    fares.handle(fares.fare("a", "190.00"), fares.fare("b", "210.00"))
    fares.gone("a")
    fares.read()
    assert fares.row(alert)["cheapest"]["offer"] == "a"
    fares.handle(fares.event("", Op.MARKER, None, None))
    assert fares.row(alert)["cheapest"]["offer"] == "b"


def test_fares_are_exact_and_currencies_are_never_compared(fares: Fares) -> None:
    fares.alert(condition={"kind": "below", "amount": "200.01"})
    fares.alert("bob", condition={"kind": "below", "amount": "200.00"})
    fares.handle(fares.fare("a", 200.00), fares.fare("b", "100.00", currency="EUR"))
    assert fares.due() == [("ada", "200.00")]


def _changed_at(fares: Fares) -> datetime:
    """When what waits to be told by mail changed."""
    row = fares.db.conversations.find_one({"due_at": {"$exists": True}, "channel": "email"})
    assert row is not None
    found = row["changed_at"]
    assert isinstance(found, datetime)
    return found


def test_what_time_alone_brings_changed_when_the_day_was_over(fares: Fares) -> None:
    fares.alert(
        condition={"kind": "any"}, tell_now=False, dates={"from": "2013-02-08", "until": "2013-03-31"}
    )
    fares.handle(fares.fare("a", "190.00", departure_date="2013-02-08"), fares.fare("b", "250.00"))
    fares.later = 12 * HOUR
    midnight = fares.now()
    fares.later = 14 * HOUR
    fares.read()
    assert fares.due() == [("ada", "250.00")]
    assert _changed_at(fares) == pytest.approx(midnight, abs=timedelta(minutes=5))


def test_what_was_deleted_unseen_changed_when_that_was_found(fares: Fares) -> None:
    fares.alert(condition={"kind": "any"}, tell_now=False)
    fares.handle(fares.fare("a", "190.00"), fares.fare("b", "250.00"))
    fares.gone("a")
    fares.later = 2 * HOUR
    fares.handle(fares.event("", Op.MARKER, None, None))
    assert fares.due() == [("ada", "250.00")]
    assert _changed_at(fares) == pytest.approx(fares.now(), abs=timedelta(minutes=5))


def test_what_comes_back_changed_when_it_did(fares: Fares) -> None:
    fares.alert()
    fares.handle(fares.fare("a", "190.00"))
    fares.handle(fares.fare("a", "201.00"))
    assert fares.told() == [("ada", "gone")]
    before = fares.now()
    fares.handle(fares.fare("a", "190.00"))
    assert _changed_at(fares) >= before
