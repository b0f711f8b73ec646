"""A fare alert: a trip, a condition and how often; a person's own.

Read leniently from the collection `alerts` (`parse`) and strictly from what somebody sends (`read`: every wrong
field is named). When it tells is in `alert_rules`, what it says in `wording_alert`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from typing import Any, Final

from app.domain import alert_fields, fares, places
from app.domain.alert_conditions import AmountError, Below, Condition, Drop, FieldError, Repeat
from app.domain.errors import BadEventError, GatecallError
from app.domain.fares import Fare, Money
from app.domain.speech import listed, plural, say

PREFIX: Final = "alert"
MOST_ROUTES: Final = 100
_NAMED: Final = 3
"""Airports that a title names."""


class AlertError(GatecallError):
    """What was sent is not understood. faults: (field, sentence with the remedy), one for each wrong field. amounts:
    those of the fields that hold no amount in the alert's currency."""

    def __init__(self, *found: FieldError) -> None:
        super().__init__("; ".join(f"{fault.at}: {fault.sentence}" for fault in found))
        self.faults = [(fault.at, fault.sentence) for fault in found]
        self.amounts = frozenset(fault.at for fault in found if isinstance(fault, AmountError))


@dataclass(frozen=True, slots=True)
class Offer:
    """A fare with the id of its document in `prices`, as text."""

    id: str
    fare: Fare

    @property
    def rank(self) -> tuple[int, str, str]:
        """The cheapest has the lowest; of equal ones the earlier day, then the smaller id."""
        return self.fare.price.amount_minor, self.fare.departure_date, self.id

    def __str__(self) -> str:
        fare = self.fare
        return f"{fare.origin} to {fare.destination}, {fare.departure_date}, {fare.price}"


@dataclass(frozen=True, slots=True)
class Alert:
    """What one person asks to be told of. person: the user's id. origins, destinations: IATA codes.

    first, last: days of departure, "YYYY-MM-DD". max_stops, cabin: None where it does not matter. airlines: () for all.
    currency: of every amount. min_step: None for the usual one. channels: () as the person has it for fares.
    version: grows with every change by the person. name: "" for the usual one.
    """

    id: str
    person: str
    origins: tuple[str, ...]
    destinations: tuple[str, ...]
    first: str
    last: str
    currency: str
    condition: Condition
    created_at: datetime
    max_stops: int | None = None
    airlines: tuple[str, ...] = ()
    cabin: str | None = None
    repeat: Repeat = Repeat.AGAIN
    tell_now: bool = True
    min_step: Money | None = None
    channels: tuple[str, ...] = ()
    paused: bool = False
    version: int = 1
    name: str = ""

    @property
    def subject(self) -> str:
        """The subject of conversations about it: "alert:<id>"."""
        return f"{PREFIX}:{self.id}"

    @property
    def routes(self) -> tuple[str, ...]:
        """ "JFK-SFO" and so on, sorted."""
        pairs = {(a, b) for a in self.origins for b in self.destinations if a != b}
        return tuple(sorted(f"{a}-{b}" for a, b in pairs))

    @property
    def ends_at(self) -> datetime:
        """The first moment after its last day, at the origin where that day ends last; aware UTC."""
        return end_of(self.last, self.origins)

    @property
    def trip(self) -> str:
        """ "JFK or EWR to SFO"."""
        return trip_words(self.origins, self.destinations)

    @property
    def title(self) -> str:
        """The person's name for it, or "JFK to SFO, below $220"."""
        return self.name or f"{self.trip}, {self.condition.words}"

    @property
    def step(self) -> int:
        """Fares that moved by less are the same fare; in the currency's smallest unit, at least 1.

        Usually a whole unit of the currency, and of a limit at least 1 %; never more than a drop that was asked for.
        """
        if self.min_step is not None:
            return self.min_step.amount_minor
        unit: int = 10 ** fares.decimals(self.currency)
        if isinstance(self.condition, Below):
            return max(unit, -(-self.condition.amount.amount_minor // 100))
        if isinstance(self.condition, Drop) and self.condition.amount:
            return min(unit, self.condition.amount.amount_minor)
        return unit

    def step_from(self, floor: Decimal | None) -> int:
        """`step`, but at least the smallest change of a fare that the person is told, in units of the currency."""
        if floor is None:
            return self.step
        least = floor.scaleb(fares.decimals(self.currency)).to_integral_value(ROUND_CEILING)
        return max(self.step, int(least))

    def keys(self) -> tuple[str, ...]:
        """Routes by months of departure: "JFK-SFO 2013-03"."""
        months = _months(self.first, self.last)
        return tuple(route_month(route, month) for route in self.routes for month in months)

    def is_of_trip(self, fare: Fare) -> bool:
        """Whether a fare is for this trip, in whatever currency. What a fare does not say it does not match."""
        return (
            fare.origin in self.origins
            and fare.destination in self.destinations
            and self.first <= fare.departure_date <= self.last
            and (self.max_stops is None or (fare.stops is not None and fare.stops <= self.max_stops))
            and (not self.airlines or fare.airline in self.airlines)
            and (self.cabin is None or fare.cabin == self.cabin)
        )

    def matches(self, fare: Fare) -> bool:
        """Whether a fare counts: it is for this trip, and in the alert's currency."""
        return fare.price.currency == self.currency and self.is_of_trip(fare)

    def to_request(self) -> dict[str, Any]:
        """What the person chose, as `read` takes it; what was not chosen is missing."""
        chosen: dict[str, Any] = {
            "name": self.name or None,
            "origins": list(self.origins),
            "destinations": list(self.destinations),
            "dates": {"from": self.first, "until": self.last},
            "max_stops": self.max_stops,
            "airlines": list(self.airlines) or None,
            "cabin": self.cabin,
            "currency": self.currency,
            "condition": self.condition.to_document(),
            "repeat": str(self.repeat),
            "tell_now": self.tell_now,
            "min_step": self.min_step.plain if self.min_step else None,
            "channels": list(self.channels) or None,
            "paused": self.paused,
        }
        return {name: value for name, value in chosen.items() if value is not None}

    def to_document(self) -> dict[str, Any]:
        """As stored: what was chosen, `_id` and `user_id` as text, created_at as an aware datetime."""
        own = {"_id": self.id, "user_id": self.person, "created_at": self.created_at, "version": self.version}
        return self.to_request() | own


def subject_of(alert: str) -> str:
    """ "alert:<id>"."""
    return f"{PREFIX}:{alert}"


@lru_cache(maxsize=4096)
def end_of(day: str, origins: tuple[str, ...]) -> datetime:
    """The first moment after a day, at that of these airports where it ends last; aware UTC."""
    after = date.fromisoformat(day) + timedelta(days=1)
    return max(places.local_to_utc(after, time(), origin) for origin in origins)


def route_month(route: str, day: str) -> str:
    """What alerts are found by: "JFK-SFO 2013-03" of a route and a day, or a month."""
    return f"{route} {day[:7]}"


def trip_words(origins: tuple[str, ...], destinations: tuple[str, ...]) -> str:
    """ "JFK or EWR to SFO"; of many airports some are named."""
    return say("{origins} to {destinations}", origins=_places(origins), destinations=_places(destinations))


def parse(document: Mapping[str, Any]) -> Alert:
    """An alert from the collection. What is not needed and cannot be understood counts as not chosen.

    Raises BadEventError where the trip, the currency or the condition cannot be understood.
    """
    body = {name: document.get(name) for name in alert_fields.READERS}
    found, faults = alert_fields.found(body)
    needed = [fault for fault in faults if fault.at.partition(".")[0] in alert_fields.NEEDED]
    if needed:
        first = needed[0]
        raise BadEventError("bad_alert", f"{first.at}: {first.sentence}", field=first.at)
    created_at = document.get("created_at")
    version = document.get("version")
    return Alert(
        id=str(document["_id"]),
        person=str(document.get("user_id")),
        created_at=created_at if isinstance(created_at, datetime) else datetime(1970, 1, 1, tzinfo=UTC),
        version=version if isinstance(version, int) else 1,
        **found,
    )


def read(body: object, now: datetime) -> Alert:
    """What somebody sent, complete: what is missing or null is the default; its id and person are "", its version 1.

    now: the domain clock; it is made then. Raises AlertError.
    """
    if not isinstance(body, Mapping):
        raise AlertError(FieldError("Send an object with the fields of the alert.", "alert"))
    unknown = [
        FieldError(f"There is no such field; there are {', '.join(alert_fields.READERS)}.", str(name))
        for name in body
        if name not in alert_fields.READERS
    ]
    found, faults = alert_fields.found(body)
    if unknown or faults:
        raise AlertError(*unknown, *faults)
    alert = Alert(id="", person="", created_at=now, **found)
    if not alert.routes:
        raise AlertError(FieldError("Choose an airport that is not where the trip begins.", "destinations"))
    if len(alert.routes) > MOST_ROUTES:
        many = f"These are {len(alert.routes)} routes; choose fewer airports, for at most {MOST_ROUTES}."
        raise AlertError(FieldError(many, "destinations"))
    if alert.ends_at <= now:
        raise AlertError(FieldError("The last day is over. Choose today or later.", "dates.until"))
    return alert


def _months(first: str, last: str) -> list[str]:
    year, month = int(first[:4]), int(first[5:7])
    found = []
    while (written := f"{year:04d}-{month:02d}") <= last[:7]:
        found.append(written)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return found


def _places(codes: tuple[str, ...]) -> str:
    if len(codes) > _NAMED:
        others = len(codes) - _NAMED + 1
        named = ", ".join(codes[: _NAMED - 1])
        return plural("{airports} or {number} other", "{airports} or {number} others", others, airports=named)
    return listed(codes, last="or")
