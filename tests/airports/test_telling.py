"""Who learns of an airport's day, and when: the consumer on a real MongoDB, given events by hand."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from app.bus.consumer import Received
from app.domain.errors import BadEventError
from app.domain.order import incarnation_of
from app.store.restored import RestoredConversations
from tests.airports.world import DAY, NEXT, TODAY, TOMORROW, Newark


def test_a_level_is_told_once_and_figures_move_in_silence(newark: Newark) -> None:
    keys = newark.flights(20)
    newark.handle(newark.follows("ada"))
    newark.handle(*newark.cancel(keys[:4]))
    assert newark.due() == [], "four flights are fewer than the least"
    newark.handle(*newark.cancel(keys[4:6]))
    assert newark.due() == [("ada", TODAY, "normal", "disrupted")]
    newark.settle()
    newark.handle(*newark.cancel(keys[6:7]))
    assert newark.due() == []
    newark.handle(*newark.cancel(keys[7:9]))
    assert newark.due() == [("ada", TODAY, "disrupted", "severe")]
    newark.settle()
    newark.handle(*[newark.edit(key, status="scheduled") for key in keys[1:9]])
    assert newark.due() == [("ada", TODAY, "severe", "normal")]


def test_nobody_follows_so_nothing_is_counted(newark: Newark) -> None:
    newark.handle(*newark.cancel(newark.flights(10)))
    assert newark.db.airport_days.count_documents({}) == 0


def test_who_follows_a_disrupted_airport_is_told_once(newark: Newark) -> None:
    newark.handle(newark.follows("ada"), *newark.cancel(newark.flights(10)))
    newark.settle()
    newark.handle(newark.follows("bob"))
    assert newark.due() == [("bob", TODAY, "normal", "severe")]
    newark.settle()
    newark.handle(newark.follows("bob"))
    assert newark.due() == []


def test_the_first_follower_hears_of_what_was_there_before(newark: Newark) -> None:
    newark.cancel(newark.flights(10))
    newark.handle(newark.follows("ada"))
    assert newark.due() == [("ada", TODAY, "normal", "severe")]


def test_a_flight_that_moves_to_another_day_counts_there(newark: Newark) -> None:
    keys = newark.flights(6)
    newark.handle(newark.follows("ada"), *newark.cancel(keys))
    newark.settle()
    newark.handle(*[newark.edit(key, departure_date=NEXT, arrival_date=NEXT) for key in keys])
    assert newark.due() == [
        ("ada", TODAY, "severe", "normal"),
        ("ada", TOMORROW, "normal", "severe"),
    ]
    assert newark.conversation("ada")["want"]["flights"] == 0


def test_arrivals_count_too_and_unreadable_flights_do_not(newark: Newark) -> None:
    keys = newark.flights(6, origin="den", destination="ewr")
    newark.db.flights.insert_one(
        {"_id": "x", "origin": "EWR", "departure_date": DAY, "status": "??"},
        bypass_document_validation=True,
    )
    newark.handle(newark.follows("ada"), *newark.cancel(keys))
    assert newark.conversation("ada")["want"] | {"late_min": 60} == {
        "airport": "EWR",
        "date": DAY,
        "flights": 6,
        "cancelled": 6,
        "diverted": 0,
        "late": 0,
        "late_min": 60,
        "level": "severe",
    }


def test_a_flight_over_the_date_line_counts_two_days_later(newark: Newark) -> None:
    places = {"origin": "LAX", "destination": "SYD"}
    times = {"departure_time": "22:30", "arrival_date": "2013-02-09", "arrival_time": "08:25"}
    keys = newark.flights(6, "2013-02-07", **places, **times)
    newark.handle(newark.follows("ada", "SYD"), *newark.cancel(keys))
    assert newark.due() == [("ada", "airport:SYD:2013-02-09", "normal", "severe")]


@pytest.mark.parametrize(
    "written", [{"origin": " EWR"}, {"origin": "Ewr"}, {"origin": "ewr "}, {"departure_date": " 2013-02-08"}]
)
def test_a_flight_counts_however_its_airport_and_day_are_written(
    newark: Newark, written: dict[str, str]
) -> None:
    keys = newark.flights(6, date=TODAY.rpartition(":")[2], **written)
    newark.handle(newark.follows("ada"), *newark.cancel(keys))
    assert newark.due() == [("ada", TODAY, "normal", "severe")]


def test_days_that_are_over_are_left_alone(newark: Newark) -> None:
    newark.follows("ada")
    newark.handle(*newark.cancel(newark.flights(10, "2013-02-07")))
    assert newark.db.airport_days.count_documents({}) == 0


def test_who_follows_again_is_told_what_was_not_said(newark: Newark) -> None:
    newark.handle(newark.follows("ada"), *newark.cancel(newark.flights(10)))
    stopped = newark.stops("ada")
    # Delivery settled it in silence: nobody to tell any more.
    newark.db.conversations.update_many({}, {"$unset": {"due_at": ""}})
    newark.handle(stopped)
    assert newark.due() == []
    newark.handle(newark.follows("ada"))
    assert newark.due() == [("ada", TODAY, "normal", "severe")]


def test_poison_and_another_past_are_passed_over(newark: Newark) -> None:
    keys = newark.flights(10)
    newark.follows("ada")
    newark.incarnation = 2
    lost = [newark.edit(key, incarnation=1, status="cancelled") for key in keys]
    poison = Received("flights.changes", 0, 99, "k", BadEventError("not_json", "no JSON"))
    newark.handle(poison, *lost)
    assert newark.db.airport_days.count_documents({}) == 0
    newark.handle(newark.edit(keys[0], gate="A1"))
    assert newark.due() == [("ada", TODAY, "normal", "severe")]
    assert incarnation_of(newark.conversation("ada")["order"]) == 2


def test_after_a_restore_what_was_kept_sorts_before_what_comes(newark: Newark) -> None:
    keys = newark.flights(10)
    newark.handle(newark.follows("ada"), *newark.cancel(keys))
    newark.settle()
    # The backup holds a level that bob was not told of yet.
    newark.follows("bob")
    assert set(newark.stores.days.raise_all(2)) == {TODAY, TOMORROW}
    list(RestoredConversations(newark.db).raise_all(2, frozenset(), newark.rules.now()))
    newark.incarnation = 2
    newark.handle(newark.edit(keys[0], gate="A1"))
    assert newark.due() == [("bob", TODAY, "normal", "severe")]
    newark.settle()
    newark.handle(*[newark.edit(key, status="scheduled") for key in keys])
    assert {row[0] for row in newark.due()} == {"ada", "bob"}
    assert incarnation_of(newark.conversation("ada")["order"]) == 2


def test_the_net_finds_what_no_event_told(newark: Newark) -> None:
    newark.follows("ada")
    newark.cancel(newark.flights(10))
    assert newark.asking.ask_for_all() == 2
    newark.count()
    assert newark.due() == [("ada", TODAY, "normal", "severe")]


def test_an_event_that_comes_while_a_day_is_counted_has_it_counted_again(newark: Newark) -> None:
    keys = newark.flights(20)
    newark.follows("ada")
    newark.asking.handle(newark.cancel(keys[:10]))
    taken = newark.stores.days.take(newark.rules.now(), newark.rules.now() + timedelta(hours=1))
    assert taken is not None
    # An event of another partition, older than the one that asked first.
    newark.asking.handle([newark.follows("bob")])
    newark.stores.days.done(taken)
    newark.count()
    assert {row[0] for row in newark.due()} == {"ada", "bob"}


def test_two_that_count_the_same_day_at_once_agree(newark: Newark) -> None:
    keys = newark.flights(20)
    newark.handle(newark.follows("ada"))
    for some in range(0, 20, 5):
        newark.asking.handle(newark.cancel(keys[some : some + 5]))
        threads = [threading.Thread(target=_count_all_days, args=(newark,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
    row = newark.db.airport_days.find_one({"_id": TODAY})
    assert row is not None
    assert (row["day"]["cancelled"], row["day"]["level"]) == (20, "severe")
    assert newark.conversation("ada")["order"] == row["since"] == row["told"]
    assert newark.db.announcements.count_documents({"subject": TODAY}) == 2
    assert newark.due() == [("ada", TODAY, "normal", "severe")]


def _count_all_days(newark: Newark) -> None:
    """As somebody who took them at the same moment as others."""
    newark.db.airport_days.update_many({}, {"$set": {"due_at": newark.rules.now()}})
    newark.count()
