"""Fares written by hand: what F1 understands, F3 and the page find, by the index."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.alert import Offer
from app.store import prices
from app.store.prices import Search
from app.web.my import alerts_now
from tests.alerts.world import Fares

SPELLINGS = [
    {"origin": "Jfk"},
    {"origin": "JFK "},
    {"origin": " jfk"},
    {"origin": "\u00a0JFK\t"},
    {"destination": "sFo"},
    {"destination": "\nSFO\u2003"},
    {"departure_date": " 2013-03-01"},
    {"departure_date": "2013-03-31 "},
    {"departure_date": "\u30002013-03-31\u00a0"},
    {"origin": " Jfk ", "destination": " Sfo ", "departure_date": " 2013-03-10 "},
]


@pytest.mark.parametrize("written", SPELLINGS)
def test_a_fare_is_found_however_its_route_and_day_are_written(fares: Fares, written: dict[str, Any]) -> None:
    alert = fares.alert()
    fares.handle(fares.fare("a", "190.00", **written))
    assert fares.due() == [("ada", "190.00")]
    found = alerts_now.fares_of(fares.db, fares.own(alert).alert, fares.rules.domain_now())
    assert [offer.id for offer in found.offers] == ["a"]
    assert isinstance(found.offers[0], Offer)
    fares.handle(fares.gone("a"))
    assert "cheapest" not in fares.row(alert)


def test_what_is_read_are_the_fares_that_match_and_few_keys_more(fares: Fares) -> None:
    rows = [
        {"origin": origin, "destination": destination, "departure_date": f"2013-{month:02}-{day:02}"}
        for origin in ("JFK", "EWR", "LGA", "BOS")
        for destination in ("SFO", "LAX", "SEA", "ORD")
        for month in range(1, 7)
        for day in range(1, 29)
    ]
    fares.db.prices.insert_many([row | {"amount": "200", "currency": "USD"} for row in rows])
    wanted = prices._filter([Search(("JFK",), ("SFO",), "2013-03-01", "2013-03-31")])
    told = fares.db.command("explain", {"find": "prices", "filter": wanted}, verbosity="executionStats")
    stats = told["executionStats"]
    assert stats["nReturned"] == 28
    assert stats["totalDocsExamined"] == 28
    assert stats["totalKeysExamined"] < 28 + 60
