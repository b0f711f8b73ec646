"""Consumer lag, in messages and seconds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition
from prometheus_client import REGISTRY

from app.bus.lag import Lag

ONE, TWO, OTHER = TopicPartition("t", 0), TopicPartition("t", 1), TopicPartition("u", 0)
NOW = 1_000_000.0


def record(offset: int, ago_s: float) -> Any:
    return SimpleNamespace(offset=offset, timestamp=int((NOW - ago_s) * 1000))


@pytest.fixture
def lag() -> Lag:
    return Lag("g", ["t", "u"], wall=lambda: NOW)


def metric(name: str, topic: str = "t") -> float | None:
    return REGISTRY.get_sample_value(f"gatecall_consumer_lag_{name}", {"group": "g", "topic": topic})


def test_what_was_polled_waits_until_it_is_handled(lag: Lag) -> None:
    lag.polled({ONE: [record(10, 40), record(11, 30)], TWO: [record(5, 20)]})
    lag.ends({ONE: 14, TWO: 6, OTHER: None})
    assert (metric("messages"), metric("seconds")) == (5, 40)
    lag.handled(ONE, record(11, 30))
    assert (lag.messages("t"), lag.seconds("t")) == (3, 30)  # what follows is younger than what was handled
    lag.handled(TWO, record(5, 20))
    lag.handled(ONE, record(13, 2))
    assert (metric("messages"), metric("seconds")) == (0, 0)
    assert (metric("messages", "u"), metric("seconds", "u")) == (0, 0)


def test_what_waits_is_known_before_the_first_message_comes(lag: Lag) -> None:
    lag.placed(ONE, 100)
    lag.ends({ONE: 150})
    assert lag.messages("t") == 50


def test_a_partition_that_went_to_another_member_counts_there(lag: Lag) -> None:
    lag.polled({ONE: [record(0, 40)], TWO: [record(0, 60)]})
    lag.ends({ONE: 10, TWO: 10})
    lag.ends({ONE: 10})
    assert (lag.messages("t"), lag.seconds("t")) == (10, 40)
    lag.ends({ONE: 10, TWO: 10})  # and comes back, at a place nobody knows yet
    assert lag.messages("t") == 10
