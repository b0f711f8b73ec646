"""F1: whom a change of a fare asks for is what the domain says of it, and costs no more than the matches."""

from __future__ import annotations

import random
from typing import Any

from app.domain import fares as fares_of
from app.domain.events import Op
from app.store.alert_filters import asked_by
from consumers.alerts.asking import change_of
from tests.alerts.world import Fares


def _asked(fares: Fares) -> set[str]:
    """Who was asked for since `_rest`."""
    return {row["_id"] for row in fares.db.alerts.find({"due_at": {"$exists": True}}, {"_id": 1})}


def _rest(fares: Fares, amounts: dict[str, int | None]) -> None:
    """Nobody is due, and the cheapest of each alert is this."""
    for alert, amount in amounts.items():
        cheapest = None if amount is None else {"amount_minor": amount, "offer": f"of-{alert}"}
        change: dict[str, Any] = {"$unset": {"due_at": ""}}
        change |= {"$set": {"cheapest": cheapest}} if cheapest else {}
        fares.db.alerts.update_one({"_id": alert}, change)
        if cheapest is None:
            fares.db.alerts.update_one({"_id": alert}, {"$unset": {"cheapest": ""}})


def test_those_are_asked_for_whom_the_domain_matches(fares: Fares) -> None:
    rng = random.Random(7)
    alerts, amounts = {}, {}
    for person in range(60):
        first = rng.randint(1, 20)
        fields: dict[str, Any] = {
            "origins": rng.sample(["JFK", "EWR", "LGA"], rng.randint(1, 2)),
            "destinations": rng.sample(["SFO", "LAX"], rng.randint(1, 2)),
            "dates": {"from": f"2013-03-{first:02}", "until": f"2013-04-{rng.randint(1, 9):02}"},
            "currency": rng.choice(["USD", "EUR"]),
            "max_stops": rng.choice([None, 0, 1]),
            "airlines": rng.choice([None, ["UA"], ["UA", "DL"]]),
            "cabin": rng.choice([None, "economy"]),
            "paused": rng.random() < 0.1,
        }
        chosen = {name: value for name, value in fields.items() if value is not None}
        alert = fares.alert(f"p{person}", **chosen)
        alerts[alert] = fares.own(alert, f"p{person}").alert
        amounts[alert] = rng.choice([None, 10_000, 15_000, 20_000])
    found = 0
    for number in range(60):
        row = {
            "origin": rng.choice(["JFK", "EWR", "jfk"]),
            "destination": rng.choice(["SFO", "LAX"]),
            "departure_date": f"2013-0{rng.choice([3, 4])}-{rng.randint(1, 20):02}",
            "currency": rng.choice(["USD", "usd", "EUR"]),
            "stops": rng.choice([None, 0, 1, 2]),
            "airline": rng.choice([None, "UA", "dl"]),
            "cabin": rng.choice([None, "economy", "business"]),
            "amount": rng.choice(["99.99", "100.00", "170.00", "250.00"]),
        }
        _rest(fares, amounts)
        received = fares.event(f"f{number}", Op.INSERT, None, row)
        fares.asking.handle([received])
        fare = fares_of.parse(row)
        expected = {
            alert
            for alert, one in alerts.items()
            if one.matches(fare)
            and not one.paused
            and ((amount := amounts[alert]) is None or fare.price.amount_minor < amount)
        }
        assert _asked(fares) == expected, row
        found += len(expected)
    assert found > 20


def test_one_change_is_one_command_and_many_alike_are_few(fares: Fares) -> None:
    rows = [fares.fare(f"f{number}", f"{number + 1}.00") for number in range(500)]
    changes = [change_of(one.event) for one in rows if not isinstance(one.event, Exception)]
    assert len(list(asked_by(changes[:1]))) == 1
    assert len(list(asked_by(changes))) == 1


def _explained(fares: Fares, wanted: dict[str, Any]) -> tuple[set[str], int, int, int]:
    """Stages, keys and documents that were looked at, and alerts found."""
    command = {"update": "alerts", "updates": [{"q": wanted, "u": {"$inc": {"asks": 1}}, "multi": True}]}
    told = fares.db.command("explain", command, verbosity="executionStats")
    stats = told["executionStats"]
    return (
        set(_stages(told["queryPlanner"]["winningPlan"])),
        stats["totalKeysExamined"],
        stats["totalDocsExamined"],
        _updated(stats["executionStages"]),
    )


def _stages(plan: dict[str, Any]) -> list[str]:
    inner = [plan[name] for name in ("inputStage", "queryPlan", "thenStage") if name in plan]
    inner += plan.get("inputStages", [])
    return [str(plan.get("stage")), *(stage for one in inner for stage in _stages(one))]


def _updated(stage: dict[str, Any]) -> int:
    return int(stage.get("nMatched", 0))


def test_the_cost_follows_the_matches_and_not_the_alerts(fares: Fares) -> None:
    alert = fares.alert(dates={"from": "2013-03-01", "until": "2013-03-31"})
    row = fares.row(alert)
    others = []
    for number in range(5_000):
        # A third is of the route and month and has a cheaper fare, a third of another month, a third of another route.
        key = ("JFK-SFO 2013-03", "JFK-SFO 2013-04", "EWR-SFO 2013-03")[number % 3]
        one = row | {"_id": f"x{number}", "keys": [key], "user_id": f"u{number}"}
        one["cheapest"] = {"amount_minor": 5_000, "offer": f"o{number}"}
        one.pop("due_at")
        others.append(one)
    for number in range(20):
        one = dict(others[0]) | {"_id": f"match{number}", "user_id": f"m{number}"}
        others.append(one | {"cheapest": {"amount_minor": 30_000, "offer": f"m{number}"}})
    fares.db.alerts.insert_many(others)
    fares.db.alerts.update_one({"_id": alert}, {"$unset": {"due_at": ""}})
    event = fares.fare("new", "190.00").event
    assert not isinstance(event, Exception)
    (wanted,) = asked_by([change_of(event)])
    stages, keys, documents, found = _explained(fares, wanted)
    assert found == 21
    assert "COLLSCAN" not in stages
    assert keys <= 2 * found + 20
    assert documents <= found + 5
