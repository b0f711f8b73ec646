"""A person's zone or choice for fares is another: reports come by the new clock, and alerts are read again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain import alert as alerts_of
from app.domain import alert_rules, fares, places
from app.domain.alert import Offer
from app.domain.alert_state import AlertState
from tests.alerts.world import BELOW_200, Fares

HOUR = timedelta(hours=1)
DAILY = {"kind": "report", "every_h": 24, "at": "08:00", "unchanged": True}
ZONES = ("America/New_York", "Europe/Zurich", "Pacific/Auckland", "Pacific/Honolulu", "Asia/Kolkata")


@pytest.mark.parametrize("old", ZONES)
@pytest.mark.parametrize("new", ZONES)
def test_after_a_change_of_zone_reports_come_at_its_hour_and_never_two_on_one_day(old: str, new: str) -> None:
    places.load()
    made_at = datetime(2013, 2, 8, 17, 20, tzinfo=UTC)
    wanted = alerts_of.read(BELOW_200 | {"condition": DAILY, "tell_now": False}, made_at)
    fare = {"origin": "JFK", "destination": "SFO", "departure_date": "2013-03-10", "currency": "USD"}
    offers = [Offer("a", fares.parse(fare | {"amount": "190.00"}))]
    for changes_at in range(30, 56):
        state, told = AlertState(), []
        for hour in range(24 * 6):
            now = made_at.replace(minute=0) + (hour + 1) * HOUR
            zone = ZoneInfo(new if hour >= changes_at else old)
            step = alert_rules.step(wanted, state, offers, now, zone=zone)
            state = step.state
            assert state.report_at is not None
            assert state.report_at > now
            assert state.report_at.astimezone(zone).hour == 8
            if step.fires:
                told.append(now)
        since = made_at + (changes_at + 1) * HOUR
        days = [at.astimezone(ZoneInfo(new)).date() for at in told]
        assert len(set(days)) == len(days), (changes_at, told)
        later = [at for at in told if at > since]
        assert len(later) >= 3
        assert later[0] - since <= timedelta(hours=48)


def test_whose_zone_is_another_is_read_again(fares: Fares) -> None:
    alert = fares.alert(condition=DAILY, tell_now=False)
    fares.handle(fares.fare("a", "190.00"))
    before = fares.row(alert)["state"]["report_at"]
    fares.db.users.update_one({"_id": "ada"}, {"$set": {"time_zone": "Europe/Zurich"}})
    assert fares.stores.alerts.ask_for_person("ada", fares.now()) == 1
    assert fares.read() == 1
    assert fares.row(alert)["state"]["report_at"] == before - 6 * HOUR
