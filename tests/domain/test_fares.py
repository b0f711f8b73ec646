"""Money is exact, and what an admin types is accepted only where it means one amount."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import fares
from app.domain.errors import BadEventError
from app.domain.fares import Money

GOOD = {
    "origin": "JFK",
    "destination": "SFO",
    "departure_date": "2026-12-01",
    "amount": "204.50",
    "currency": "USD",
    "flight_number": "UA 0407",
    "cabin": "Premium Economy",
    "stops": 1.0,
    "link": "https://example.org/offer",
    "seen_at": "2026-11-01T10:00:00+01:00",
}


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        (204, "USD", 20400),
        ("204", "usd", 20400),
        (" 204.50 ", "USD", 20450),
        ("204.5", "USD", 20450),
        ("204.5000", "USD", 20450),  # Decimal128 keeps the zeros it was given
        ("2E+2", "USD", 20000),  # and writes a normalised 200 like this
        (204.1, "EUR", 20410),
        (0.1 + 0.2, "EUR", 30),  # 0.30000000000000004
        (12000, "JPY", 12000),
        ("1.234", "KWD", 1234),
        (9_999_999_999, "USD", 999_999_999_900),
    ],
)
def test_an_unambiguous_amount_is_accepted_and_exact(amount: Any, currency: str, minor: int) -> None:
    assert fares.money({"amount": amount, "currency": currency}).amount_minor == minor


@pytest.mark.parametrize(
    "amount",
    [
        None, True, "", "1,204", "204,50", "$204", "1e3", "-3", -3, -0.5, 0, "0", float("nan"), float("inf"), 1e300,
        "NaN", "Infinity", 10**30, "9" * 13, 204.123, "204.505", "٢٠٤", {"$ne": None}, ["204"],
    ],
)  # fmt: skip
def test_an_amount_that_could_mean_something_else_is_refused_by_name(amount: Any) -> None:
    with pytest.raises(BadEventError) as refused:
        fares.parse(GOOD | {"amount": amount})
    assert refused.value.field == "amount"


@pytest.mark.parametrize("currency", [None, "", "US", "XXX", "DEM", "dollar", 840, {"$gt": ""}])
def test_an_unknown_currency_is_refused(currency: Any) -> None:
    with pytest.raises(BadEventError) as refused:
        fares.parse(GOOD | {"currency": currency})
    assert refused.value.field == "currency"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("origin", "QQQ"), ("origin", None), ("destination", ""), ("departure_date", "2026-02-30"),
        ("departure_date", "1.12.2026"), ("departure_date", None), ("flight_number", "not a flight"),
        ("airline", "airline"), ("cabin", "a" * 60), ("stops", -1), ("stops", 1.5), ("stops", True),
        ("stops", "many"), ("stops", "9" * 5_000), ("link", "javascript:alert(1)"), ("link", "https://a b"),
        ("seen_at", "yesterday"),
        ("seen_at", "2026-11-01T10:00:00"), ("provider", "x" * 100_000), ("provider", "a\x00b"), ("cabin", 5),
    ],
)  # fmt: skip
def test_every_bad_field_is_named(field: str, value: Any) -> None:
    with pytest.raises(BadEventError) as refused:
        fares.parse(GOOD | {field: value})
    assert refused.value.field == field
    assert len(str(refused.value)) < 300


def test_a_fare_is_written_one_way() -> None:
    fare = fares.parse(GOOD | {"origin": "jfk"})
    assert fare.to_document() == {
        "origin": "JFK",
        "destination": "SFO",
        "departure_date": "2026-12-01",
        "flight_number": "UA407",
        "cabin": "premium_economy",
        "stops": 1,
        "amount": "204.50",
        "currency": "USD",
        "link": "https://example.org/offer",
        "seen_at": "2026-11-01T09:00:00.000Z",
    }


def test_money_reads_as_people_write_it() -> None:
    assert [str(Money(*m)) for m in ((20400, "USD"), (120450, "EUR"), (12000, "JPY"), (1234, "KWD"))] == [
        "USD 204", "EUR 1,204.50", "JPY 12,000", "KWD 1.234",
    ]  # fmt: skip


@given(st.integers(1, 10**11), st.sampled_from(sorted(fares.CURRENCIES)))
def test_what_is_written_is_read_back_exactly(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    read = [{"amount": form, "currency": currency} for form in (money.plain, str(money.amount.normalize()))]
    if money.amount < fares.MAX_AMOUNT:
        assert [fares.money(document) for document in read] == [money, money]
        assert money.amount == Decimal(money.plain)


@given(st.decimals(min_value=Decimal("0.01"), max_value=Decimal(10) ** 7, places=2))
def test_a_double_means_what_was_typed(typed: Decimal) -> None:
    assert fares.money({"amount": float(typed), "currency": "USD"}).amount == typed


@pytest.mark.parametrize("never", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_time_that_no_zone_can_show_is_not_known(never: str) -> None:
    assert fares.parse(GOOD | {"seen_at": never}).seen_at is None
