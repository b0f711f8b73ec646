"""What happens at the same moment as an alert is read: changes of fares, of the alert, other readers, a restore."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from pymongo.errors import AutoReconnect

from app import crash_points
from app.domain.errors import BadEventError, TransientError
from app.domain.order import incarnation_of
from app.store.dead_letters import DeadLetters
from app.store.restored import RestoredConversations
from consumers.alerts.evaluating import Evaluating
from tests.alerts.world import CHANNELS, Fares

Meanwhile = Callable[[str, Callable[[], object]], None]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Have something happen when a step is reached for the first time."""
    planned: dict[str, Callable[[], object]] = {}

    def reached(step: str) -> None:
        happens = planned.pop(step, None)
        if happens is not None:
            happens()

    monkeypatch.setattr(crash_points, "reached", reached)
    return planned.__setitem__


def test_a_change_between_the_read_and_the_store_is_not_lost(fares: Fares, meanwhile: Meanwhile) -> None:
    alert = fares.alert()
    fares.handle(fares.fare("a", "250.00"), fares.fare("b", "300.00"))
    # It is read that b is the cheapest now. Before that is stored, b is dear again: what is stored says a.
    low = fares.fare("b", "190.00")
    meanwhile("F3.read", lambda: fares.asking.handle([fares.fare("b", "300.00")]))
    fares.handle(low)
    assert fares.row(alert)["cheapest"] == {"amount_minor": 25000, "offer": "a"}
    assert fares.due() in ([], [("ada", "gone")]), "delivery settles in silence what is gone"


def test_a_change_after_the_store_asks_once_more(fares: Fares, meanwhile: Meanwhile) -> None:
    alert = fares.alert()
    first = fares.fare("a", "190.00")
    meanwhile("F5.told", lambda: fares.asking.handle([fares.fare("b", "180.00")]))
    fares.handle(first)
    assert fares.row(alert)["cheapest"]["offer"] == "b"
    assert "due_at" not in fares.row(alert)


def test_an_alert_that_is_changed_while_it_is_read_is_read_as_it_is_wanted_now(
    fares: Fares, meanwhile: Meanwhile
) -> None:
    alert = fares.alert()
    meanwhile("F3.read", lambda: fares.change(alert, condition={"kind": "below", "amount": "150.00"}))
    fares.handle(fares.fare("a", "190.00"))
    assert fares.due() == []
    assert fares.row(alert)["version"] == 2
    assert "due_at" not in fares.row(alert)
    fares.handle(fares.fare("a", "140.00"))
    assert fares.due() == [("ada", "140.00")]


def test_an_alert_that_is_deleted_while_it_is_read_is_told_to_nobody(
    fares: Fares, meanwhile: Meanwhile
) -> None:
    alert = fares.alert()
    meanwhile("F3.read", lambda: fares.alerts.delete("ada", alert))
    fares.handle(fares.fare("a", "190.00"))
    assert fares.db.conversations.count_documents({}) == 0
    assert fares.db.alerts.count_documents({}) == 0


def test_an_alert_that_is_deleted_while_it_is_due_is_told_to_nobody(fares: Fares) -> None:
    alert = fares.alert()
    fares.asking.handle([fares.fare("a", "190.00")])
    assert fares.alerts.delete("ada", alert)
    assert fares.read() == 0


def test_a_reader_that_comes_second_decides_from_what_the_first_kept(
    fares: Fares, meanwhile: Meanwhile
) -> None:
    alert = fares.alert()
    low = fares.fare("a", "190.00")

    def other_reader() -> None:
        fares.asking.handle([low])  # asked for again, so another may take it
        other = Evaluating(fares.stores, fares.rules, CHANNELS, lambda: fares.incarnation)
        assert other.evaluate_due() == 1

    meanwhile("F2.taken", other_reader)
    fares.handle(low)
    assert fares.db.announcements.count_documents({}) == 1
    assert fares.row(alert)["state"]["n"] == 1
    assert fares.due() == [("ada", "190.00")]


def test_readers_at_the_same_time_tell_each_news_once(fares: Fares) -> None:
    alerts = [fares.alert(f"p{number}", repeat="each_low") for number in range(30)]
    amounts = ["190.00", "180.00", "170.00", "160.00"]

    def read_all() -> None:
        reader = Evaluating(fares.stores, fares.rules, CHANNELS, lambda: 1, at_once=7)
        for _ in range(20):
            reader.evaluate_due()

    with ThreadPoolExecutor(3) as pool:
        for amount in amounts:
            fares.asking.handle([fares.fare("a", amount)])
            for done in [pool.submit(read_all) for _ in range(3)]:
                done.result(120)
            fares.read()
            assert fares.told() == sorted((f"p{number}", amount) for number in range(30))
    assert fares.db.announcements.count_documents({}) == len(alerts) * len(amounts)


def test_what_another_past_says_and_what_cannot_be_read_changes_nothing(fares: Fares) -> None:
    alert = fares.alert()
    fares.read()
    fares.incarnation = 2
    old = fares.fare("a", "190.00")
    event = old.event
    assert not isinstance(event, BadEventError)
    lost = fares.event("a", event.op, event.before, event.after, incarnation=1)
    poison = type(old)(old.topic, 0, 99, "a", BadEventError("bad_json", "it is no message"))
    fares.handle(lost, poison)
    assert "cheapest" not in fares.row(alert)
    letter = fares.db.dead_letters.find_one({})
    assert letter is not None
    assert (letter["source"], letter["collection"], letter["key"]) == ("alerts", "prices", "a")
    fares.handle(old)
    assert fares.due() == [("ada", "190.00")]
    assert incarnation_of(fares.row(alert)["order"]) == 2


def test_a_message_that_can_never_be_handled_is_a_dead_letter(fares: Fares) -> None:
    fares.asking.set_aside(fares.fare("a", "190.00"), "handling it failed 3 times")
    letter = fares.db.dead_letters.find_one({})
    assert letter is not None
    assert (letter["reason"], letter["document_id"]) == ("handler_failed", "a")


def test_an_outage_of_mongodb_is_waited_for_before_a_message_is_set_aside(
    fares: Fares, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unanswered(*_: object) -> None:
        raise AutoReconnect("no primary")

    monkeypatch.setattr(DeadLetters, "add", unanswered)
    with pytest.raises(TransientError):
        fares.asking.set_aside(fares.fare("a", "190.00"), "handling it failed 3 times")


def test_after_a_restore_what_was_kept_sorts_before_what_comes(fares: Fares) -> None:
    alert = fares.alert()
    fares.handle(fares.fare("a", "190.00"))
    fares.settle()
    assert fares.stores.alerts.raise_all(2) == [f"alert:{alert}"]
    assert fares.stores.alerts.raise_all(2) == [f"alert:{alert}"], "it may be repeated"
    row = fares.row(alert)
    assert all(incarnation_of(row[name]) == 2 for name in ("order", "since", "told", "news"))
    list(RestoredConversations(fares.db).raise_all(2, frozenset(), fares.now()))
    fares.incarnation = 2
    fares.handle(fares.fare("a", "250.00"))
    fares.settle()
    fares.handle(fares.fare("a", "180.00"))
    assert fares.due() == [("ada", "180.00")]


def test_a_slow_reader_keeps_nothing_once_another_was_done(fares: Fares, meanwhile: Meanwhile) -> None:
    alert = fares.alert(condition={"kind": "below", "amount": "50.00"})
    fares.handle(fares.fare("c", "100.00"), fares.fare("d", "200.00"))
    again, unhandled = fares.fare("c", "100.00"), []

    def other_reader() -> None:
        fares.asking.handle([again])
        other = Evaluating(fares.stores, fares.rules, CHANNELS, lambda: fares.incarnation)
        assert other.evaluate_due() == 1
        # The cheapest is dear now; its event is still on its way, by another partition than the next one.
        unhandled.append(fares.fare("c", "300.00"))
        # Not due, and dearer than what is stored: nobody is asked for.
        meanwhile("F3.read", lambda: fares.asking.handle([fares.fare("f", "150.00")]))

    meanwhile("F2.taken", other_reader)
    fares.handle(again)
    fares.handle(*unhandled)
    assert fares.row(alert)["cheapest"] == {"amount_minor": 15000, "offer": "f"}
