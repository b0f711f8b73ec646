"""What of a fare alert begins anew when it is edited, paused or over, and what does not; the news while it waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.domain import alert_rules
from app.domain.alert import Offer
from app.domain.alert_conditions import Against, AnyChange, Below, Drop, Repeat, Report
from app.domain.alert_rules import next_at
from app.domain.alert_value import AlertValue, decide
from app.domain.news import Action, Kind, Role
from tests.domain.test_alert_rules import BELOW, HOUR, NEW_YORK, NOW, Watch, alert, dollars, offer
from tests.domain.test_alert_value import RULES


def edit(watch: Watch, **changed: Any) -> None:
    """The person changes the alert."""
    watch.alert = replace(watch.alert, version=watch.alert.version + 1, **changed)


def value_of(watch: Watch) -> AlertValue:
    assert watch.state.value
    return watch.state.value


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"name": "Mum"}, None),
        ({"channels": ("sms",)}, None),
        ({"min_step": dollars(5)}, None),
        ({"tell_now": False}, None),
        ({"condition": Below(dollars(200))}, "190.00"),
        ({"condition": Below(dollars(200)), "tell_now": False}, None),
        ({"condition": Below(dollars(180))}, None),
        ({"repeat": Repeat.EACH_LOW}, "190.00"),
        ({"max_stops": 1}, "190.00"),
        ({"last": "2013-04-15"}, "190.00"),
        ({"origins": ("JFK", "EWR")}, "190.00"),
        ({"max_stops": 0}, None),
    ],
)
def test_an_edit_begins_anew_what_it_touches(changed: dict[str, Any], told: str | None) -> None:
    watch = Watch(alert(BELOW))
    assert watch.sees(offer(190, stops=1)) == "190.00"
    edit(watch, **changed)
    assert watch.sees(offer(190, stops=1)) == told
    assert watch.state.n == (2 if told else 1)


def test_another_trip_forgets_what_the_first_one_cost() -> None:
    watch = Watch(alert(Drop(dollars(20), None, Against.CREATED)))
    watch.series(250, 230)
    edit(watch, destinations=("LAX",))
    los_angeles = replace(offer(150), fare=replace(offer(150).fare, destination="LAX"))
    assert watch.sees(los_angeles) is None
    assert (watch.state.created, watch.state.lowest, watch.state.n) == (15000, 15000, 1)


@pytest.mark.parametrize(
    "changed",
    [
        {"destinations": ("LAX",)},
        {"airlines": ("UA",)},
        {"cabin": "economy"},
        {"repeat": Repeat.EACH_LOW},
        {"condition": Below(dollars(200))},
    ],
)
def test_what_fires_after_an_edit_is_told_though_it_costs_what_was_heard(changed: dict[str, Any]) -> None:
    watch = Watch(alert(AnyChange()))
    fare = replace(offer(190).fare, airline="UA", cabin="economy")
    assert watch.sees(Offer("x", fare)) == "190.00"
    heard = value_of(watch)
    edit(watch, **changed)
    there = replace(fare, destination=watch.alert.destinations[0], price=dollars(190.40))
    assert watch.sees(Offer("x", there)) == "190.40"
    assert decide(heard, value_of(watch), Role.ALERT, RULES, NOW).action is Action.TELL
    edit(watch, **{name: getattr(alert(AnyChange()), name) for name in changed})
    assert watch.sees(Offer("x", fare)) == "190.00"
    back = value_of(watch)
    assert decide(heard, back, Role.ALERT, RULES, NOW).action is Action.TELL, (
        "it was changed, and changed back"
    )
    assert watch.series(200, 190.40) == [True, True]
    assert decide(back, value_of(watch), Role.ALERT, RULES, NOW).reason == "below_threshold"


def test_what_lapses_by_an_edit_names_no_fare() -> None:
    watch = Watch(alert(BELOW))
    watch.sees(offer(190))
    edit(watch, destinations=("LAX",))
    watch.sees(offer(190))
    assert (value_of(watch).lapsed, value_of(watch).offer) == (True, None)


def test_another_limit_keeps_what_the_trip_cost() -> None:
    watch = Watch(alert(Drop(dollars(20), None, Against.CREATED)))
    watch.series(250, 240)
    edit(watch, condition=Drop(dollars(10), None, Against.CREATED))
    assert watch.sees(offer(240)) == "240.00"
    assert watch.state.created == 25000


def test_one_that_was_to_tell_once_tells_again_when_it_is_to_tell_again() -> None:
    watch = Watch(alert(BELOW, repeat=Repeat.ONCE))
    assert watch.series(190, 250, 190) == [True, False, False]
    edit(watch, repeat=Repeat.AGAIN, tell_now=False)
    assert watch.series(190, 250, 190) == [False, False, True]


def test_other_reports_have_other_times() -> None:
    watch = Watch(alert(Report(24, time(8)), tell_now=False))
    watch.sees(offer(190))
    assert watch.state.report_at == datetime.fromisoformat("2013-02-09T13:00Z")
    edit(watch, condition=Report(6, None))
    watch.sees(offer(190))
    assert watch.state.report_at == NOW + 6 * HOUR


def test_a_paused_alert_makes_up_for_nothing() -> None:
    watch = Watch(alert(BELOW))
    watch.sees(offer(250))
    edit(watch, paused=True)
    assert watch.sees(offer(190)) is None
    edit(watch, paused=False)
    assert watch.sees(offer(189)) is None
    assert watch.series(250, 190) == [False, True]


def test_a_paused_report_comes_at_its_next_time() -> None:
    watch = Watch(alert(Report(6, None, unchanged=True)))
    watch.sees(offer(200))
    edit(watch, paused=True)
    assert watch.sees(offer(200), later=9 * HOUR) is None
    edit(watch, paused=False)
    assert watch.sees(offer(150), later=2 * HOUR) is None, "the one of 6 hours ago was in the pause"
    assert watch.sees(offer(150)) == "150.00"


def test_what_waits_when_it_is_paused_is_not_told_later() -> None:
    watch = Watch(alert(BELOW))
    watch.sees(offer(190))
    edit(watch, paused=True)
    watch.sees(offer(190))
    assert watch.last.lapsed
    edit(watch, paused=False)
    watch.sees(offer(190))
    assert value_of(watch).lapsed


def test_what_is_no_longer_so_lapses_and_what_is_so_again_returns() -> None:
    watch = Watch(alert(BELOW))
    watch.sees(offer(190))
    watch.sees(offer(185, airline="UA"))
    assert not watch.last.is_news
    assert value_of(watch).fare == offer(185, airline="UA").fare, "the fare of the news is that of now"
    watch.sees(offer(221))
    assert (watch.last.lapsed, value_of(watch).lapsed, value_of(watch).fare) == (True, True, None)
    assert watch.sees(offer(219)) is None
    assert (watch.last.returned, value_of(watch).n) == (True, 1)
    watch.sees(offer(250))
    assert watch.sees(offer(190)) == "190.00"
    assert value_of(watch).n == 2


def test_a_change_that_is_taken_back_lapses() -> None:
    watch = Watch(alert(AnyChange(), tell_now=False))
    watch.series(200, 230)
    assert watch.sees(offer(200)) == "200.00", "whoever heard of 230 must hear of it"
    watch = Watch(alert(Drop(dollars(20), None, Against.TOLD)))
    watch.series(250, 230)
    watch.sees(offer(240))
    assert watch.last.lapsed


def test_an_edit_ends_news_that_nobody_was_told_yet() -> None:
    watch = Watch(alert(BELOW))
    watch.sees(offer(210))
    edit(watch, condition=Below(dollars(180)))
    watch.sees(offer(210))
    assert watch.last.lapsed
    watch.sees(offer(215))
    assert not watch.last.returned


def test_it_ends_after_its_last_day_and_says_so_once() -> None:
    watch = Watch(alert(BELOW, last="2013-03-01"))
    watch.sees(offer(190, day="2013-03-01"))
    end = datetime.fromisoformat("2013-03-02T05:00Z")
    assert watch.alert.ends_at == end
    watch.now = end - timedelta(seconds=1)
    assert watch.sees(offer(190, day="2013-03-01"), later=timedelta(seconds=1)) is None
    assert watch.sees(offer(190, day="2013-03-01")) == "nothing"
    assert watch.last.ended
    assert value_of(watch).kind is Kind.FARE_ENDED
    assert watch.sees(offer(190, day="2013-03-01")) is None
    assert next_at(watch.alert, watch.state) is None
    edit(watch, last="2013-03-31")
    assert watch.sees(offer(190)) == "190.00"


@pytest.mark.parametrize("changed", [{"paused": True}, {"repeat": Repeat.ONCE}])
def test_one_that_is_paused_or_has_told_what_it_was_to_tell_ends_in_silence(changed: dict[str, Any]) -> None:
    watch = Watch(alert(BELOW, **changed))
    watch.sees(offer(190))
    watch.now = watch.alert.ends_at
    assert watch.sees() is None
    assert watch.last.ended


def test_it_ends_where_its_last_day_ends_last() -> None:
    both = alert(BELOW, origins=("JFK", "LAX"), last="2013-03-01")
    assert both.ends_at == datetime.fromisoformat("2013-03-02T08:00Z")


def test_a_fare_whose_day_is_over_is_none() -> None:
    watch = Watch(alert(BELOW))
    watch.now = datetime.fromisoformat("2013-03-05T04:59Z")
    today, later = offer(190, "a", "2013-03-04"), offer(210, "b", "2013-03-20")
    assert watch.sees(today, later, later=timedelta(minutes=1)) == "190.00"
    assert next_at(watch.alert, watch.state) == datetime.fromisoformat("2013-03-05T05:00Z")
    watch.sees(today, later)
    assert watch.state.cheapest == later


def test_the_next_moment_is_the_report_or_the_end() -> None:
    watch = Watch(alert(Report(24, time(8))))
    watch.sees()
    assert next_at(watch.alert, watch.state) == datetime.fromisoformat("2013-02-09T13:00Z")
    watch = Watch(alert(BELOW))
    watch.sees()
    assert next_at(watch.alert, watch.state) == watch.alert.ends_at


def test_reports_follow_the_clocks_of_the_person() -> None:
    watch = Watch(alert(Report(24, time(8))), zone=ZoneInfo("Europe/Berlin"))
    watch.sees(offer(190))
    assert watch.state.report_at == datetime.fromisoformat("2013-02-09T07:00Z")


def test_of_equal_fares_the_earlier_day_counts_then_the_id() -> None:
    some = [offer(190, "b", "2013-03-09"), offer(190, "c", "2013-03-08"), offer(190, "a", "2013-03-09")]
    for order in (some, some[::-1]):
        watch = Watch(alert(BELOW))
        watch.sees(*order)
        assert value_of(watch).offer == some[1]
    watch = Watch(alert(BELOW))
    watch.sees(some[0], some[2])
    assert value_of(watch).offer == some[2]


def test_currencies_are_never_compared() -> None:
    watch = Watch(alert(BELOW))
    assert watch.sees(offer(100, "a", currency="EUR"), offer(190, "b")) == "190.00"
    assert watch.sees(offer(100, "a", currency="EUR")) is None
    assert watch.state.cheapest is None


def test_the_zone_of_the_first_airport_counts_where_the_persons_is_not_known() -> None:
    asked = alert(Report(24, time(8)))
    found = alert_rules.step(asked, alert_rules.AlertState(), [], NOW)
    assert found == alert_rules.step(asked, alert_rules.AlertState(), [], NOW, zone=NEW_YORK)


@pytest.mark.parametrize(("unchanged", "action"), [(False, Action.SETTLE), (True, Action.TELL)])
def test_a_report_of_the_fare_that_the_last_one_said_when_its_time_came_is_none(
    unchanged: bool, action: Action
) -> None:
    watch = Watch(alert(Report(24, time(8), unchanged), tell_now=False))
    watch.sees(offer(200), later=18 * HOUR)
    assert watch.sees(offer(190), later=6 * HOUR) == "190.00"
    watch.sees(offer(150), later=18 * HOUR)
    heard = value_of(watch)
    assert heard.fare is not None
    assert heard.fare.price == dollars(150), "a digest said it in the evening"
    assert watch.sees(offer(150)) == "150.00"
    assert decide(heard, value_of(watch), Role.ALERT, RULES, NOW).action is action
