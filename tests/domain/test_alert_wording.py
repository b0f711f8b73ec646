"""What a message of a fare alert says of before: only what is true of this trip, and was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from app.domain.alert_conditions import Against, AnyChange, Drop, Report
from app.domain.alert_value import nothing
from app.domain.wording_alert import compose
from tests.domain.test_alert_editing import edit, value_of
from tests.domain.test_alert_rules import BELOW, Watch, alert, dollars, offer
from tests.domain.wording_alert_examples import news


def test_what_was_told_of_another_trip_is_not_what_it_was() -> None:
    watch = Watch(alert(AnyChange()))
    watch.sees(offer(190))
    heard = value_of(watch)
    edit(watch, destinations=("LAX",))
    there = replace(offer(300), fare=replace(offer(300).fare, destination="LAX"))
    assert watch.sees(there) == "300.00"
    for known in (heard, replace(heard, lapsed=True)):
        message = compose(news(value_of(watch), known))
        assert message.opening == "New York to Los Angeles for $300, the cheapest now."
        assert message.highlight.old is None
        assert "Was" not in message.sms


def test_what_was_told_by_another_rule_is_not_what_it_was() -> None:
    watch = Watch(alert(BELOW))
    watch.sees(offer(190))
    heard = value_of(watch)
    edit(watch, condition=AnyChange())
    assert watch.sees(offer(195)) == "195.00"
    first = value_of(watch)
    assert "was" not in compose(news(first, heard)).opening
    assert watch.sees(offer(180)) == "180.00"
    assert "(was $195)" in compose(news(value_of(watch), first)).opening
    assert "was" not in compose(news(value_of(watch), heard)).opening, "195 was not told"


CREATED = "That is $50 (20 %) less than the fare when the alert was made."
BEFORE = "That is $50 (20 %) less than before."


def test_a_drop_is_measured_by_what_was_told_only_where_that_was_told() -> None:
    watch = Watch(alert(Drop(dollars(50), None, Against.TOLD)))
    assert watch.series(250, 200) == [False, True]
    first = value_of(watch)
    assert compose(news(first)).more == (CREATED,)
    assert watch.series(150) == [True]
    told = "That is $50 (25 %) less than what you were told last."
    assert compose(news(value_of(watch), first)).more == (told,)
    not_told = compose(news(value_of(watch))).more
    assert not_told == ("That is $50 (25 %) less than before.",), "200 rose before it was told"


def test_a_drop_that_was_passed_over_in_a_pause_was_not_told() -> None:
    watch = Watch(alert(Drop(dollars(50), None, Against.TOLD)))
    assert watch.series(400, 350) == [False, True]
    heard = value_of(watch)
    edit(watch, paused=True)
    assert watch.series(250) == [False]
    edit(watch, paused=False)
    assert watch.series(250, 200) == [False, True]
    for known in (heard, nothing(watch.alert)):
        assert compose(news(value_of(watch), known)).more == (BEFORE,)


def test_after_an_edit_a_drop_is_measured_by_the_fare_of_then() -> None:
    watch = Watch(alert(Drop(dollars(50), None, Against.TOLD)))
    assert watch.series(300, 250) == [False, True]
    heard = value_of(watch)
    edit(watch, max_stops=0)
    assert [watch.sees(offer(amount, stops=0)) for amount in (250, 200)] == [None, "200.00"]
    assert compose(news(value_of(watch), heard)).more == (CREATED,)


def test_a_report_that_waited_names_no_lowest_above_its_fare() -> None:
    watch = Watch(alert(Report(24, time(8))))
    watch.sees(offer(190))
    watch.sees(offer(150))  # a digest holds it meanwhile
    assert compose(news(value_of(watch))).more == ("The lowest since the alert was made: $150.",)
