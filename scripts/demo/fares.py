"""Made-up fares that an admin edits while the storm goes on. Each edit is worth a line of the feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from bson import Decimal128, ObjectId

from scripts.demo.data import Departure, local
from scripts.demo.people import identifier

_OFFERS = 80
_EDITS = 260


@dataclass(frozen=True, slots=True)
class FareEdit:
    """A new amount for one offer, as an admin types it: Decimal128, a text or a whole number."""

    at: datetime
    id: ObjectId
    amount: Decimal128 | str | int


@dataclass(frozen=True, slots=True)
class Fares:
    """offers: documents of `prices`. edits: in order of time."""

    offers: list[dict[str, Any]]
    edits: list[FareEdit]


def make(departures: Sequence[Departure], starts: datetime, ends: datetime, seed: int = 2013) -> Fares:
    """Offers on these flights' routes and their edits; the same for the same seed."""
    random = Random(seed)
    offers: list[dict[str, Any]] = []
    now: dict[ObjectId, Decimal] = {}
    for departure in random.sample(list(departures), min(_OFFERS, len(departures))):
        later = departure.departs + timedelta(days=7)  # who is stranded looks for another day
        day, _ = local(later, departure.origin)
        hours = (departure.arrives - departure.departs) / timedelta(hours=1)
        whole = Decimal(round(70 + 55 * hours * random.uniform(0.8, 1.4)))
        amount = whole - random.choice((Decimal(0), Decimal("0.01")))
        name = identifier("fare", *departure.identity)
        now[name] = amount
        offers.append(
            {
                "_id": name,
                "origin": departure.origin,
                "destination": departure.destination,
                "departure_date": day,
                "airline": departure.carrier,
                "flight_number": departure.flight_number,
                "cabin": "economy",
                "stops": 0,
                "amount": Decimal128(amount),
                "currency": "USD",
                "provider": "demo",
            }
        )
    edits = []
    for at in sorted(starts + (ends - starts) * random.random() for _ in range(_EDITS)):
        name = random.choice(list(now))
        step = Decimal(random.choice((-40, -25, -15, -10, 10, 15, 20, 30, 45, 60)))
        now[name] += step if now[name] + step > 50 else abs(step)
        edits.append(FareEdit(at, name, _typed(now[name], random)))
    return Fares(offers, edits)


def _typed(amount: Decimal, random: Random) -> Decimal128 | str | int:
    way = random.random()
    if way < 0.2:
        return f"{amount:.2f}"
    if way < 0.4 and amount == amount.to_integral_value():
        return int(amount)
    return Decimal128(amount)
