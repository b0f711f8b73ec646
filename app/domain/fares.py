"""A fare as Gatecall knows it, and money that is exact.

Amounts are whole numbers of the currency's smallest unit. What an admin types is accepted where it means
one amount: 204, "204", "204.00", 204.5. What does not ("1,204", "$204", NaN, -3) is a BadEventError, never a
guess.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.domain import fields
from app.domain.errors import BadEventError

MAX_TEXT = 200
MAX_LINK = 2_000
# Above any fare in any currency; a number beyond it is a typing error, or an attempt to find one.
MAX_AMOUNT = Decimal(10) ** 10

# As Decimal128 writes itself too: "204.0000", "2E+2".
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,8})?(E[+-]?[0-9]{1,2})?")
_CODE = re.compile(r"[a-z][a-z0-9_ -]{0,39}")

# ISO 4217, list one: the currencies in use, and those whose smallest unit is not a hundredth.
_IN_USE = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD
HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL
LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP
PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT
TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
_WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
CURRENCIES = frozenset(_IN_USE.split())
_NO_DECIMALS = frozenset(_WHOLE.split())
_THREE_DECIMALS = frozenset(_THOUSANDTHS.split())


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount. amount_minor: in the currency's smallest unit (20400 is USD 204.00)."""

    amount_minor: int
    currency: str

    @property
    def amount(self) -> Decimal:
        """The amount in whole units, with all decimals of the currency."""
        return Decimal(self.amount_minor).scaleb(-decimals(self.currency))

    @property
    def plain(self) -> str:
        """The amount alone, as in JSON: "204.00"."""
        return f"{self.amount:f}"

    def __str__(self) -> str:
        whole = self.amount.to_integral_value()
        return f"{self.currency} {whole:,}" if whole == self.amount else f"{self.currency} {self.amount:,f}"


@dataclass(frozen=True, slots=True)
class Fare:
    """What one offer costs now. None means not known. seen_at: aware UTC, when the provider was asked."""

    origin: str
    destination: str
    departure_date: str
    price: Money
    airline: str | None = None
    flight_number: str | None = None
    cabin: str | None = None
    stops: int | None = None
    provider: str | None = None
    link: str | None = None
    seen_at: datetime | None = None

    @property
    def route(self) -> str:
        """Both airports: "JFK-SFO"."""
        return f"{self.origin}-{self.destination}"

    def to_document(self) -> dict[str, str | int]:
        """What is known, for the feed: the amount as text with its decimals, times in RFC 3339."""
        known = {
            "origin": self.origin,
            "destination": self.destination,
            "departure_date": self.departure_date,
            "airline": self.airline,
            "flight_number": self.flight_number,
            "cabin": self.cabin,
            "stops": self.stops,
            "amount": self.price.plain,
            "currency": self.price.currency,
            "provider": self.provider,
            "link": self.link,
            "seen_at": fields.rfc3339(self.seen_at) if self.seen_at else None,
        }
        return {name: value for name, value in known.items() if value is not None}


def decimals(currency: str) -> int:
    """How many decimals a currency's amounts have."""
    if currency in _NO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


def parse(document: Mapping[str, Any]) -> Fare:
    """A fare from the allow-listed fields of a `prices` document, as JSON values.

    Raises BadEventError naming the first field that cannot be understood.
    """
    origin, destination = _airport(document, "origin"), _airport(document, "destination")
    departure_date = fields.day(document, "departure_date")
    if departure_date is None:
        raise fields.bad("departure_date", document.get("departure_date"), "it is required")
    flight_number = fields.flight_number(document, "flight_number")
    return Fare(
        origin=origin,
        destination=destination,
        departure_date=departure_date,
        price=money(document),
        airline=_airline(document),
        flight_number=flight_number,
        cabin=_cabin(document),
        stops=_stops(document),
        provider=fields.text(document, "provider", MAX_TEXT),
        link=_link(document),
        seen_at=fields.moment_if_set(document, "seen_at"),
    )


def money(document: Mapping[str, Any]) -> Money:
    """Money from the fields `amount` and `currency`.

    Raises BadEventError: no number, not more than nothing, more decimals than the currency has, a currency
    that is not in ISO 4217.
    """
    currency = (fields.text(document, "currency", MAX_TEXT) or "").upper()
    if currency not in CURRENCIES:
        raise fields.bad("currency", document.get("currency"), 'write its ISO 4217 code, like "USD"')
    amount = _amount(document.get("amount"), decimals(currency))
    if not 0 < amount < MAX_AMOUNT:
        raise _bad_amount(document.get("amount"), "a fare is more than 0 and less than 10 thousand million")
    minor = amount.scaleb(decimals(currency))
    if minor != minor.to_integral_value():
        raise _bad_amount(document.get("amount"), f"{currency} has {decimals(currency)} decimals")
    return Money(int(minor), currency)


def _amount(value: object, places: int) -> Decimal:
    if isinstance(value, str):
        written = value.strip()
        if not _AMOUNT.fullmatch(written):
            raise _bad_amount(value, 'write the number alone, like 204 or "204.50"')
        return Decimal(written)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _bad_amount(value, 'write a number, like 204 or "204.50"')
    if isinstance(value, int):
        return Decimal(value)
    if not math.isfinite(value):
        raise _bad_amount(value, "it is not a number")
    # A double holds 204.1 as 204.099999...; what its shortest notation says is what was typed. Sums of doubles
    # miss their true value far behind the last decimal: there the nearest amount is meant.
    exact = Decimal(repr(value))
    if exact >= MAX_AMOUNT:
        return exact
    nearest = round(exact, places)
    return nearest if abs(exact - nearest) < Decimal("1e-6") else exact


def _bad_amount(value: object, remedy: str) -> BadEventError:
    return fields.bad("amount", value, remedy)


def _airport(document: Mapping[str, Any], field: str) -> str:
    code = fields.airport(document, field)
    if code is None:
        raise fields.bad(field, document.get(field), "write the airport's IATA code")
    return code


def _airline(document: Mapping[str, Any]) -> str | None:
    code = fields.text(document, "airline", MAX_TEXT)
    if code is None:
        return None
    if not re.fullmatch(r"[A-Z0-9]{2,3}", code.upper()):
        raise fields.bad("airline", code, 'write its code, like "UA"')
    return code.upper()


def _cabin(document: Mapping[str, Any]) -> str | None:
    cabin = fields.text(document, "cabin", MAX_TEXT)
    if cabin is None:
        return None
    if not _CODE.fullmatch(cabin.lower()):
        raise fields.bad("cabin", cabin, 'write it like "economy"')
    return cabin.lower().replace(" ", "_").replace("-", "_")


def _stops(document: Mapping[str, Any]) -> int | None:
    value = document.get("stops")
    if isinstance(value, str) and value.strip().isdecimal() and len(value) <= MAX_TEXT:
        value = int(value)
    if isinstance(value, float) and value.is_integer():  # the shell of MongoDB writes doubles
        value = int(value)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 9:
        raise fields.bad("stops", document.get("stops"), "write a whole number from 0 to 9")
    return value


def _link(document: Mapping[str, Any]) -> str | None:
    link = fields.text(document, "link", MAX_LINK)
    # Only what a browser opens as a page: "javascript:" in a fare must not become a link.
    if link is not None and (not link.startswith(("https://", "http://")) or " " in link):
        raise fields.bad("link", link, "begin with https://")
    return link
