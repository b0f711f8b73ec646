"""Readiness against the oplog, and how far a watcher is behind."""

from __future__ import annotations

import math

import pytest
from prometheus_client import REGISTRY
from pymongo.errors import AutoReconnect

from app.store.client import OplogReach
from tests.watchers.conftest import Line, eventually, markers
from watchers.oplog import OplogWatch


@pytest.mark.parametrize(
    ("reach", "behind_s", "wrong"),
    [
        (OplogReach(3600, is_whole=False), 10, False),
        (OplogReach(3600, is_whole=False), 3601, True),
        (OplogReach(20, is_whole=False), 30, True),
        (OplogReach(20, is_whole=True), 30, False),  # a young replica set: nothing has left its oplog
        (OplogReach(20, is_whole=False), math.nan, False),  # nobody works here
        (None, 30, False),  # the oplog may not be read
    ],
)
def test_an_oplog_shorter_than_the_lag_makes_the_process_not_ready(
    reach: OplogReach | None, behind_s: float, wrong: bool
) -> None:
    watch = OplogWatch(lambda: reach, lambda: behind_s)
    assert watch.check() is None  # not measured yet
    watch.look()
    assert (watch.check() is not None) == wrong
    measured = REGISTRY.get_sample_value("gatecall_oplog_window_seconds")
    assert measured is not None
    assert (measured == reach.window_s) if reach else math.isnan(measured)


def test_an_oplog_that_cannot_be_measured_now_says_nothing() -> None:
    answers: list[OplogReach | None] = [OplogReach(20, is_whole=False)]

    def measure() -> OplogReach | None:
        if not answers:
            raise AutoReconnect("gone")
        return answers.pop()

    watch = OplogWatch(measure, lambda: 30)
    watch.look()
    assert watch.check() is not None
    watch.look()
    assert watch.check() is None


def test_a_watcher_knows_how_far_it_is_behind(line: Line) -> None:
    reader = line.reader()
    with line.watching() as watcher:
        reader.until(markers(3))
        eventually(lambda: watcher.behind_s() < 3)
        line.database.flights.insert_one({"_id": "f1", "gate": "A1"})
        reader.until(lambda events: any(e.document_key == "f1" for e in events))
        eventually(lambda: watcher.behind_s() < 3)  # idle again: near 0, whatever the last change's age
        behind = REGISTRY.get_sample_value("gatecall_watcher_behind_seconds", {"collection": "flights"})
        assert behind is not None
        assert behind < 60
