"""F1's condition: which alerts a change of a fare can move, as a filter whose cost follows the matches.

Each part of it has an index. What an alert's cheapest fare is decides: a fare that is dearer, and was not the
cheapest, moves nothing that an alert says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.alert import route_month
from app.domain.fares import Fare
from app.domain.order import Order

Document = dict[str, Any]

_OFFERS_AT_ONCE = 50
ACTIVE: Mapping[str, Any] = {"status": "active", "paused": False}


@dataclass(frozen=True, slots=True)
class FareChange:
    """One event of a fare, as far as alerts go.

    offer: the document's id as text. keys: routes and months that it had and has ("JFK-SFO 2013-03"). fare: what it is
    now; None where it is gone or cannot be understood. is_unseen: nobody knows what it was before. changed_at: when it
    was saved, aware UTC.
    """

    offer: str
    order: Order
    changed_at: datetime
    keys: frozenset[str]
    fare: Fare | None
    is_unseen: bool = False


def asked_by(changes: Sequence[FareChange]) -> Iterator[Document]:
    """Filters of the alerts that these changes ask for, together; one for a single change.

    An alert is asked for where the new amount is below its cheapest, or nothing is known of that; where the document is
    its cheapest; and where it is due already: what is being read at this moment may be older than the change.
    """
    offers = sorted({change.offer for change in changes})
    keys = sorted({key for change in changes for key in change.keys})
    is_due: Document = {"due_at": {"$exists": True}}
    if any(change.is_unseen for change in changes):
        first = [is_due]  # whatever route it was on
    else:
        first = [{"keys": {"$in": keys}} | is_due] if keys else []
    first.append({**ACTIVE, "cheapest.offer": {"$in": offers}})
    offered = _offered(change.fare for change in changes if change.fare is not None)
    for at in range(0, max(len(offered), 1), _OFFERS_AT_ONCE):
        some = [part for one in offered[at : at + _OFFERS_AT_ONCE] for part in _below(*one)]
        yield {"$or": [*(first if at == 0 else []), *some]}


_Signature = tuple[str, str, str, int | None, str | None, str | None]
"""Route, date, currency, stops, airline and cabin: what an alert looks at besides the amount."""


def _offered(fares: Iterable[Fare]) -> list[tuple[_Signature, int]]:
    """The lowest amount of those that are alike."""
    lowest: dict[_Signature, int] = {}
    for fare in fares:
        place = (fare.route, fare.departure_date, fare.price.currency)
        signature = (*place, fare.stops, fare.airline, fare.cabin)
        amount = fare.price.amount_minor
        lowest[signature] = min(amount, lowest.get(signature, amount))
    return list(lowest.items())


def _below(signature: _Signature, amount: int) -> Iterator[Document]:
    route, date, currency, stops, airline, cabin = signature
    wanted = {
        **ACTIVE,
        "keys": route_month(route, date),
        "currency": currency,
        "dates.from": {"$lte": date},
        "dates.until": {"$gte": date},
        "airlines": {"$in": [None, *([airline] if airline else [])]},
        "cabin": {"$in": [None, *([cabin] if cabin else [])]},
        "max_stops": None if stops is None else {"$not": {"$lt": stops}},
    }
    yield wanted | {"cheapest.amount_minor": {"$gt": amount}}
    yield wanted | {"cheapest.amount_minor": None}
