"""Each benchmark still measures something: all of them, very small. Their figures mean nothing here."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import NAMES
from benchmarks.stack import Stack
from tests.providers import smtp_server

SMALL: dict[str, dict[str, Any]] = {
    "drain": {"UPDATES": 200, "FLIGHTS_COUNT": 20, "ROUNDS": 1},
    "fan_out": {"PEOPLE": 20, "ROUNDS": 1},
    "storm": {"FLIGHTS": 3, "PEOPLE": 4},
    "delivery": {"MAILS": 20, "ROUNDS": 1},
    "digests": {"PEOPLE": 3, "FLIGHTS": 2, "ROUNDS": 1},
    "alerts": {"FEW": 110, "MANY": 150, "ROUNDS": 1, "STORM": 20, "STORM_ALERTS": 3},
    "feed": {"SECONDS": 0.2, "ROUNDS": 1},
    "latency": {"RATE": 5, "QUIET_RATE": 5, "SECONDS": 1, "ROUNDS": 1},
}


@contextmanager
def _sink() -> Iterator[int]:
    """In place of Postfix's, which comes with a package of the distribution."""
    with smtp_server() as mailbox:
        yield mailbox.port


def test_none_is_left_out() -> None:
    assert set(SMALL) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_has_rows_with_values(
    name: str, mongo_uri: str, kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    benchmark = importlib.import_module(f"benchmarks.{name}")
    for constant, value in SMALL[name].items():
        monkeypatch.setattr(benchmark, constant, value)
    monkeypatch.setattr(benchmark, "smtp_sink", _sink, raising=False)
    rows = benchmark.run(Stack(mongo_uri, kafka, tmp_path))
    assert rows
    assert all(row.values for row in rows)
    # what is measured above a bare limit may be below it when there is next to nothing to do
    assert all(value > 0 for row in rows for value in row.values if row.unit == "ratio")
