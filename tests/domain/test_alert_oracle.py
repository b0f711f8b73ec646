"""Alerts tell what an oracle of their rules says, for 100,000 random series of fares."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.domain import alert_rules
from app.domain.alert import Alert, Offer
from app.domain.alert_conditions import (
    Against,
    AnyChange,
    Below,
    Condition,
    Drop,
    NewLow,
    Repeat,
    Report,
)
from app.domain.alert_rules import AlertState
from app.domain.fares import Fare, Money
from tests.domain import alert_oracle
from tests.domain.alert_oracle import Look

SERIES = 100_000
KINDS = ("below", "told", "created", "lowest", "low", "any", "report")
BEGIN = datetime(2013, 3, 1, tzinfo=UTC)  # the clocks of Iceland show UTC all year
UTC_ZONE = ZoneInfo("UTC")
DAYS = [(BEGIN.date() + timedelta(days=day)).isoformat() for day in range(60)]


def cases(series: int, seed: int = 0) -> Iterator[tuple[dict[str, Any], list[Look]]]:
    """Random alerts with what is there to be seen at each of their looks, the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(series):
        every = chance.choice((1, 6, 24, 48))
        case = {
            "kind": chance.choice(KINDS),
            "repeat": chance.choice(("once", "each_low", "again")),
            "tell_now": chance.random() < 0.7,
            "step": chance.randint(1, 4),
            "limit": chance.randint(18, 24),
            "drop": chance.choice((0, 0, 2, 3, 5)),
            "percent": chance.choice((5, 10, 25)),
            "days": chance.randint(1, 3),
            "every": every,
            "offset": 8 if every >= 24 else every,
            "unchanged": chance.random() < 0.3,
        }
        hour, looks, paused = 0, [], False
        for _ in range(chance.randint(1, 5)):
            paused = chance.random() < (0.5 if paused else 0.05)
            looks.append((hour, list(_offers(chance)), paused))
            hour += chance.choice((1, 2, 7, 25, 60))
        yield case, looks


def _offers(chance: random.Random) -> Iterator[tuple[int, int, str, str]]:
    for number in range(chance.choice((0, 1, 1, 1, 2, 3))):
        currency = "EUR" if chance.random() < 0.05 else "USD"
        yield chance.randint(15, 27), chance.choice((1, 50, 50, 51)), "abc"[number], currency


def alert_of(case: dict[str, Any]) -> Alert:
    """The alert of a case, in cents of a dollar."""
    amount = Money(case["drop"], "USD") if case["drop"] else None
    drop = Drop(amount, None if amount else Decimal(case["percent"]), Against.TOLD)
    conditions: dict[str, Condition] = {
        "below": Below(Money(case["limit"], "USD")),
        "low": NewLow(case["days"]),
        "any": AnyChange(),
        "report": Report(case["every"], time(8) if case["every"] >= 24 else None, case["unchanged"]),
        **{str(against): Drop(drop.amount, drop.percent, against) for against in Against},
    }
    return Alert(
        id="a1",
        person="p1",
        origins=("KEF",),
        destinations=("SFO",),
        first=DAYS[0],
        last=DAYS[-1],
        currency="USD",
        condition=conditions[case["kind"]],
        created_at=BEGIN,
        repeat=Repeat(case["repeat"]),
        tell_now=case["tell_now"],
        min_step=Money(case["step"], "USD"),
    )


def told(case: dict[str, Any], looks: list[Look]) -> list[str | None]:
    """What the product tells. Its state is stored and read again, now and then;."""
    asked = alert_of(case)
    muted = replace(asked, paused=True)
    state, answers = AlertState(), []
    for number, (hour, offers, paused) in enumerate(looks):
        now = BEGIN + timedelta(hours=hour)
        found = [
            Offer(id_, Fare("KEF", "SFO", DAYS[day], Money(cents, cur))) for cents, day, id_, cur in offers
        ]
        step = alert_rules.step(muted if paused else asked, state, found, now, zone=UTC_ZONE)
        state = step.state
        if hour % 9 == 0 and number == 1:
            state = AlertState.from_document(state.to_document())
        fires = step.fires
        answers.append(None if fires is None else fires.offer.id if fires.offer else "")
    return answers


def differing(series: int) -> list[tuple[dict[str, Any], list[Look]]]:
    """The first few cases in which the product and the oracle disagree."""
    found = []
    for case, looks in cases(series):
        if told(case, looks) != alert_oracle.told(case, looks):
            found.append((case, looks))
            if len(found) == 3:
                break
    return found


def test_alerts_tell_what_the_oracle_says() -> None:
    for case, looks in differing(SERIES):
        assert told(case, looks) == alert_oracle.told(case, looks), (case, looks)


def test_the_series_tell_of_every_kind_and_are_silent_too() -> None:
    told_of = {kind: [0, 0] for kind in KINDS}
    for case, looks in cases(5_000, seed=1):
        for answer in alert_oracle.told(case, looks):
            told_of[case["kind"]][answer is not None] += 1
    assert all(silent > 100 and said > 100 for silent, said in told_of.values()), told_of


def _steps_of_one(_alert: Alert, _floor: Decimal | None) -> int:
    return 1


def _always_armed(state: Any, **changed: Any) -> Any:
    return replace(state, **changed | ({"armed": True} if "armed" in changed else {}))


def _no_lows(*_: object) -> tuple[tuple[str, int], ...]:
    return ()


def _late_again(report: Report, _made_at: datetime, _zone: ZoneInfo, since: datetime) -> datetime:
    return since + timedelta(hours=report.every_h)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("Alert.step_from", _steps_of_one),
        ("replace", _always_armed),
        ("_lows", _no_lows),
        ("next_report", _late_again),
        ("_is_open", lambda *_: True),
    ],
)
def test_the_oracle_finds_a_rule_that_is_wrong(
    monkeypatch: pytest.MonkeyPatch, name: str, wrong: object
) -> None:
    monkeypatch.setattr(f"app.domain.alert_rules.{name}", wrong)
    assert differing(3_000)
