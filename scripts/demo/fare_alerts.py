"""Fare alerts for the demo: one whose price comes, and one whose fare goes back and forth around its price.

Which routes these are follows from the made-up fares, so that they are the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from bson import Decimal128

from scripts.demo.fares import Fares

FIRES, WAVERS = "Worth leaving for", "To and fro"
"""Their names."""
_STEP = Decimal(30)
"""The one that wavers is told again only after the fare was so much above its price."""

Route = tuple[str, str]
Amounts = Sequence[Decimal]


def make(fares: Fares) -> tuple[Mapping[str, Any], ...]:
    """Both, as somebody sends them; with few fares one or none."""
    found = [
        _alert(FIRES, fares, lambda falls, told: falls == told == 1, step=None),
        _alert(WAVERS, fares, lambda falls, told: falls > told == 1, step=_STEP),
    ]
    return tuple(one for one in found if one is not None)


def falls_and_told(amounts: Amounts, limit: Decimal, step: Decimal) -> tuple[int, int]:
    """How often the cheapest falls below the limit, and how often that is told: not again before it was above by step.

    amounts: the cheapest, from first to last, the first of them above the limit.
    """
    falls = told = 0
    armed = True
    for before, now in pairwise(amounts):
        armed = armed or now >= limit + step
        if now < limit <= before:
            falls += 1
            told += armed
            armed = False
    return falls, told


def _alert(
    name: str, fares: Fares, is_it: Callable[[int, int], bool], *, step: Decimal | None
) -> Mapping[str, Any] | None:
    for (origin, destination), amounts in sorted(_cheapest(fares).items()):
        for limit in sorted({amount + Decimal("4.01") for amount in amounts if amount < amounts[0]}):
            if amounts[0] > limit and is_it(*falls_and_told(amounts, limit, step or Decimal(1))):
                days = sorted(offer["departure_date"] for offer in fares.offers)
                body = {
                    "name": name,
                    "origins": [origin],
                    "destinations": [destination],
                    "dates": {"from": days[0], "until": days[-1]},
                    "currency": "USD",
                    "condition": {"kind": "below", "amount": str(limit)},
                }
                return body if step is None else body | {"min_step": str(step)}
    return None


def _cheapest(fares: Fares) -> Mapping[Route, Amounts]:
    """What the cheapest offer of each route costs, from first to last."""
    routes = {offer["_id"]: (offer["origin"], offer["destination"]) for offer in fares.offers}
    now = {offer["_id"]: _amount(offer["amount"]) for offer in fares.offers}

    def costs(route: Route) -> Decimal:
        return min(amount for name, amount in now.items() if routes[name] == route)

    found: dict[Route, list[Decimal]] = {route: [costs(route)] for route in _distinct(routes.values())}
    for edit in fares.edits:
        now[edit.id] = _amount(edit.amount)
        route = routes[edit.id]
        if (cheapest := costs(route)) != found[route][-1]:
            found[route].append(cheapest)
    return found


def _distinct(routes: Any) -> Iterator[Route]:
    yield from dict.fromkeys(routes)


def _amount(written: Decimal128 | str | int) -> Decimal:
    return Decimal(str(written))
