"""The oracle reads what the product says as people do, and has nothing of the product."""

from __future__ import annotations

import ast
import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.channels.rendering import as_text
from app.domain.flight import Flight, parse
from app.domain.news import Action, Role, Rules, Steps, decide
from app.domain.wording import FlightNews, compose
from tests.torture import oracle
from tests.torture.made_up import PUBLISHED


def test_the_oracle_imports_nothing_of_the_product_and_stays_short() -> None:
    source = Path(oracle.__file__).read_text()
    for node in ast.walk(ast.parse(source)):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        assert not [name for name in names if name.split(".")[0] in ("app", "consumers", "watchers")]
    assert source.count("\n") < 100


def flight(status: str, leaves: str, gate: str) -> Flight:
    late = {"estimated_departure_time": leaves, "estimated_departure_date": "2026-11-22"}
    found = parse(
        {k: v for k, v in PUBLISHED.items() if k != "_id"}
        | {"gate": gate, "status": "scheduled" if status == "removed" else status}
        | (late if leaves != "10:00" else {})
    )
    return found.removed() if status == "removed" else found


STATES = list(itertools.product(("scheduled", "cancelled", "removed"), ("10:00", "11:30"), ("A1", "B2")))


@pytest.mark.parametrize("doubtful", [False, True])
def test_the_oracle_reads_every_message_as_people_do(doubtful: bool) -> None:
    rules = Rules(Steps(timedelta(minutes=15), timedelta(minutes=10)), timedelta(hours=24))
    now = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    for before, after in itertools.product(STATES, STATES):
        heard, want = flight(*before), flight(*after)
        decision = decide(heard, want, Role.TRAVELLER, rules, now)
        if decision.action is not Action.TELL:
            continue
        news = FlightNews(
            heard, want, decision.kinds, Role.TRAVELLER, doubtful, False, now, now, "http://localhost:8080"
        )
        message = compose(news)
        for text in (message.sms, f"{message.subject}\n{as_text(message)}"):
            said = oracle.read(text)
            flies = after[0] == "scheduled"
            assert said.flight == "ZQ101"
            assert said.status == ("flying" if flies else after[0]), text
            assert (said.leaves, said.gate) == ((after[1], after[2]) if flies else (None, None)), text
            old = {before[1]} if before[1] != after[1] else set()
            old |= {before[2]} if before[2] != after[2] else set()
            assert set(said.was) <= (old if flies and not doubtful else set()), text
            # a short text has no room to say of such news that it may be a repeat
            short = text == message.sms and (not flies or before[0] == "removed")
            assert said.doubtful is doubtful or short, text
