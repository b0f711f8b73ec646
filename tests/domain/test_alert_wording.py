"""What a message of a fare alert says of before: only what is true of this trip, and was told."""

from __future__ import annotations

from dataclasses import replace

from app.domain.alert_conditions import AnyChange
from app.domain.wording_alert import compose
from tests.domain.test_alert_editing import edit, value_of
from tests.domain.test_alert_rules import BELOW, Watch, alert, offer
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
