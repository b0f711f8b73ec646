"""Who is told of a fare, and when: the consumer on a real MongoDB, given events by hand."""

from __future__ import annotations

from tests.alerts.world import Fares


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
