"""News of fare alerts, one for each thing that is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from app.domain.alert import Alert, Offer
from app.domain.alert_conditions import Against, AnyChange, Below, Condition, Drop, NewLow, Report
from app.domain.alert_value import AlertValue, nothing
from app.domain.fares import Fare, Money
from app.domain.news import Kind, Role
from app.domain.wording_shapes import AlertNews

SEEN = datetime(2013, 2, 9, 4, 40, tzinfo=UTC)
NOW = datetime(2013, 2, 9, 4, 42, 30, tzinfo=UTC)
FARE = Fare(
    origin="JFK",
    destination="SFO",
    departure_date="2013-03-09",
    price=Money(20100, "USD"),
    airline="VX",
    flight_number="VX23",
    cabin="economy",
    stops=0,
    provider="Example Travel",
    link="https://fares.example/JFK-SFO/23",
    seen_at=SEEN,
)


def value(condition: Condition, n: int = 1, kind: Kind | None = Kind.FARE, **more: Any) -> AlertValue:
    """The n-th news of an alert of JFK to SFO in the first half of March, with VX 23 for $201."""
    alert = Alert("a1", "p1", ("JFK",), ("SFO",), "2013-03-01", "2013-03-14", "USD", condition, SEEN)
    usual = {"n": n, "kind": kind, "offer": Offer("f1", FARE), "lowest": FARE.price}
    return replace(nothing(alert), **usual | more)


def news(want: AlertValue, heard: AlertValue | None = None, **more: Any) -> AlertNews:
    """At 23:42 in New York."""
    found = AlertNews(
        heard=heard or value(want.condition, n=0, kind=None, offer=None, lowest=None),
        want=want,
        kinds=(want.kind,) if want.kind else (),
        role=Role.ALERT,
        doubtful=False,
        found_late=False,
        changed_at=SEEN,
        now=NOW,
        public_url="https://gatecall.example",
        short_link=True,
    )
    return replace(found, **more)


def at(price: Money, **more: Any) -> Offer:
    """The usual fare at another price."""
    return Offer("f2", replace(FARE, price=price, **more))


BELOW = Below(Money(22000, "USD"))
DROP = Drop(None, Decimal(15), Against.TOLD)
DAILY = Report(24, time(8))
RUPEES = Below(Money(1_600_000, "INR"))
INR: dict[str, Any] = {
    "currency": "INR",
    "offer": at(Money(1_550_050, "INR")),
    "lowest": Money(1_550_050, "INR"),
}
LONG = "https://fares.example/book?" + "x" * 120
EXAMPLES: dict[str, AlertNews] = {
    "below": news(value(BELOW, 2), value(BELOW, 1, offer=at(Money(22300, "USD")))),
    "first": news(value(BELOW)),
    "drop": news(value(DROP, against=Money(24000, "USD"), created=Money(24000, "USD"))),
    "low": news(value(NewLow(60), against=Money(20450, "USD"))),
    "any": news(value(AnyChange(), 2), value(AnyChange(), 1, offer=at(Money(19800, "USD")))),
    "report": news(value(DAILY, kind=Kind.FARE_REPORT, lowest=Money(19500, "USD"))),
    "empty": news(value(DAILY, kind=Kind.FARE_REPORT, offer=None)),
    "ended": news(value(BELOW, 3, Kind.FARE_ENDED, offer=None)),
    "doubtful": news(value(BELOW, 2), value(BELOW, 1, offer=at(Money(21000, "USD"))), doubtful=True),
    "rupees": news(value(RUPEES, **INR)),
    "no_link": news(value(BELOW, offer=Offer("f1", replace(FARE, link=None, seen_at=None, stops=None)))),
    "long_link": news(value(BELOW, offer=Offer("f1", replace(FARE, link=LONG)))),
    "old": news(value(BELOW), now=NOW + timedelta(days=3), found_late=True),
    "named": news(value(BELOW, name="Spring <break>")),
}
