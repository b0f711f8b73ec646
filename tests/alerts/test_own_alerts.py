"""Alerts as their people write them: their own alone, never over another change, at most so many."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain import alert as alerts_of
from app.domain.alert import Alert
from app.store.alerts import Alerts, TooManyAlertsError
from app.store.users import ChangedMeanwhileError
from tests.alerts.world import BELOW_200, Fares

MARCH = {"from": "2013-03-01", "until": "2013-03-31"}


def _wanted(fares: Fares) -> Alert:
    return alerts_of.read(BELOW_200, fares.rules.domain_now())


def test_an_alert_is_found_by_its_person_alone(fares: Fares) -> None:
    alert = fares.alert()
    own = fares.own(alert)
    assert (own.alert.person, own.version, own.is_ended, own.is_due, own.is_read) == (
        *("ada", 1, False),
        *(True, False),
    )
    assert [one.alert.id for one in fares.alerts.page("ada")] == [alert]
    assert fares.alerts.get("bob", alert) is None
    assert fares.alerts.page("bob") == []
    assert not fares.alerts.delete("bob", alert)
    with pytest.raises(ChangedMeanwhileError):
        fares.alerts.pause("bob", alert, True, 1, fares.now())
    fares.read()
    assert fares.own(alert).is_read


def test_pages_go_on_after_an_id(fares: Fares) -> None:
    ids = sorted(fares.alert() for _ in range(5))
    assert [one.alert.id for one in fares.alerts.page("ada", ids[1], 2)] == ids[2:4]


def test_a_change_names_the_version_it_saw(fares: Fares) -> None:
    alert = fares.alert(max_stops=1, name="Spring")
    own = fares.own(alert)
    wanted = replace(_wanted(fares), id=alert)
    changed = fares.alerts.change("ada", wanted, own.version, fares.now(), most=50)
    assert (changed.version, changed.alert.max_stops, changed.alert.name) == (2, None, "")
    assert changed.alert.created_at == own.alert.created_at
    for act in (
        lambda: fares.alerts.change("ada", wanted, 1, fares.now(), most=50),
        lambda: fares.alerts.pause("ada", alert, True, 1, fares.now()),
        lambda: fares.alerts.delete("ada", alert, 1),
    ):
        with pytest.raises(ChangedMeanwhileError):
            act()
    assert fares.alerts.pause("ada", alert, True, 2, fares.now()).alert.paused
    assert fares.alerts.delete("ada", alert, 3)
    assert not fares.alerts.delete("ada", alert, 3)


def test_a_change_moves_the_alert_to_its_new_routes(fares: Fares) -> None:
    alert = fares.alert()
    fares.handle(fares.fare("a", "190.00"))
    fares.settle()
    fares.change(alert, origins=["EWR"])
    fares.handle(fares.fare("b", "150.00"))
    assert fares.row(alert)["keys"] == ["EWR-SFO 2013-03"]
    assert "cheapest" not in fares.row(alert)
    fares.handle(fares.fare("c", "180.00", origin="EWR"))
    assert fares.told() == [("ada", "180.00")]


def test_an_ended_alert_begins_again_with_other_dates(fares: Fares) -> None:
    alert = fares.alert(dates={"from": "2013-02-09", "until": "2013-02-10"})
    fares.later = timedelta(days=4)
    fares.read()
    assert fares.own(alert).is_ended
    changed = fares.change(alert, dates={"from": "2013-03-01", "until": "2013-03-31"})
    assert (changed.is_ended, changed.ends_at) == (False, None)
    fares.settle()
    fares.handle(fares.fare("a", "190.00"))
    assert fares.due() == [("ada", "190.00")]


def test_a_person_has_at_most_so_many(fares: Fares) -> None:
    for _ in range(3):
        fares.alerts.create("ada", _wanted(fares), fares.now(), most=3)
    with pytest.raises(TooManyAlertsError):
        fares.alerts.create("ada", _wanted(fares), fares.now(), most=3)
    fares.alerts.create("bob", _wanted(fares), fares.now(), most=3)
    # One that was to tell once, and did, leaves its place.
    first = fares.alerts.page("ada")[0]
    fares.db.alerts.update_one({"_id": first.alert.id}, {"$set": {"state.done": True}})
    fares.alerts.create("ada", _wanted(fares), fares.now(), most=3)


def test_of_many_that_are_made_at_one_moment_only_so_many_stay(fares: Fares) -> None:
    wanted = _wanted(fares)

    def make(_: int) -> bool:
        try:
            fares.alerts.create("ada", wanted, fares.now(), most=4)
        except TooManyAlertsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(make, range(12)))
    assert sum(made) == 4
    assert fares.db.alerts.count_documents({}) == 4


@pytest.fixture
def over(fares: Fares) -> list[str]:
    """Five alerts that tell nothing more: one has ended, the others told once."""
    alerts = [fares.alert(repeat="once", dates=MARCH) for _ in range(4)]
    alerts.append(fares.alert(dates={"from": "2013-02-09", "until": "2013-02-10"}))
    fares.handle(fares.fare("a", "190.00"))
    fares.later = timedelta(days=4)
    fares.read()
    assert [fares.own(one).state.done or fares.own(one).is_ended for one in alerts] == [True] * 5
    return alerts


def test_one_that_is_over_counts_again_when_it_is_to_tell_something_else(
    fares: Fares, over: list[str]
) -> None:
    fares.alert()
    fares.change(over[0], name="Spring", most=1)
    assert fares.own(over[0]).state.done, "another name begins nothing"
    for one, fields in ((over[1], {"repeat": "again"}), (over[4], {"dates": MARCH})):
        with pytest.raises(TooManyAlertsError):
            fares.change(one, most=1, **fields)
    assert [fares.own(one).version for one in over] == [2, 1, 1, 1, 1]
    assert not fares.change(over[1], most=2, repeat="again").state.done
    # It counts from now on, not only when it was read.
    with pytest.raises(TooManyAlertsError):
        fares.change(over[4], most=2, dates=MARCH)
    fares.change(over[1], most=2, repeat="each_low")


def test_of_many_that_begin_again_at_one_moment_only_so_many_do(fares: Fares, over: list[str]) -> None:
    def change(alert: str) -> bool:
        try:
            fares.change(alert, most=2, dates={"from": "2013-03-02", "until": "2013-03-30"})
        except TooManyAlertsError:
            return False
        return True

    with ThreadPoolExecutor(5) as pool:
        changed = list(pool.map(change, over))
    assert sum(changed) == 2


def test_one_that_nobody_can_understand_is_left_out_and_keeps_nobody_up(fares: Fares) -> None:
    bad, good = fares.alert(), fares.alert()
    fares.db.alerts.update_one({"_id": bad}, {"$set": {"condition": {"kind": "magic"}}})
    fares.handle(fares.fare("a", "190.00"))
    assert [one.alert.id for one in fares.alerts.page("ada")] == [good]
    assert "due_at" not in fares.row(bad)
    assert len(fares.due()) == 1


def test_one_that_ends_at_that_moment_is_not_begun_again_by_a_pause(
    fares: Fares, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = fares.alert()
    as_read = fares.own(alert)
    fares.db["alerts"].update_one({"_id": alert}, {"$set": {"status": "ended"}, "$unset": {"due_at": ""}})
    monkeypatch.setattr(Alerts, "get", lambda *_: as_read)
    with pytest.raises(ChangedMeanwhileError):
        fares.alerts.pause("ada", alert, True, as_read.version, fares.now())
    monkeypatch.undo()
    ended = fares.own(alert)
    assert (ended.is_ended, ended.is_due, ended.alert.paused) == (True, False, False)
