"""When a fare alert tells: its conditions, each with its document and its words. Amounts are exact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from enum import StrEnum
from re import compile as pattern
from typing import Any, ClassVar, Final, Self

from app.domain import fares, speech
from app.domain.errors import BadEventError
from app.domain.fares import Money
from app.domain.speech import clock_time, plural, say, to_say

EVERY_H: Final[Mapping[int, str]] = {
    1: to_say("every hour"),
    6: to_say("every 6 hours"),
    12: to_say("every 12 hours"),
    24: to_say("every day"),
    48: to_say("every 2 days"),
    168: to_say("every week"),
}
"""The intervals of reports, in hours, and what people call them; to be said."""

_EVERY_AT: Final[Mapping[int, str]] = {
    24: to_say("every day at {time}"),
    48: to_say("every 2 days at {time}"),
    168: to_say("every week at {time}"),
}

DEFAULT_AT: Final = time(8, 0)
"""When a report comes that is for whole days and names no time."""


MOST_DAYS: Final = 365
"""A new low looks back over at most so many days."""

_PERCENT = pattern(r"[0-9]{1,2}(\.[0-9])?")
_TIME = pattern(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_EXAMPLE: Final[Mapping[int, str]] = {0: "22000", 2: "220.00", 3: "22.000"}


class Repeat(StrEnum):
    """How often: once; at each further drop below what was told; again after it was above and comes back."""

    ONCE = "once"
    EACH_LOW = "each_low"
    AGAIN = "again"


class Against(StrEnum):
    """What a drop is measured against: what was told last, the fare when the alert was made, the lowest since."""

    TOLD = "told"
    CREATED = "created"
    LOWEST = "lowest"


@dataclass(frozen=True, slots=True)
class Below:
    """The cheapest is below this."""

    kind: ClassVar[str] = "below"
    amount: Money

    def to_document(self) -> dict[str, Any]:
        """{"kind": "below", "amount": "220.00"}."""
        return {"kind": self.kind, "amount": self.amount.plain}

    @property
    def words(self) -> str:
        """To go after a trip: "below $220"."""
        return say("below {amount}", amount=money_words(self.amount))


@dataclass(frozen=True, slots=True)
class Drop:
    """The cheapest is so much less than before: by an amount, or by per cent (with at most one decimal)."""

    kind: ClassVar[str] = "drop"
    amount: Money | None
    percent: Decimal | None
    against: Against

    def to_document(self) -> dict[str, Any]:
        """{"kind": "drop", "percent": "15", "against": "told"}, or with an amount."""
        by = {"amount": self.amount.plain} if self.amount else {"percent": f"{self.percent:f}"}
        return {"kind": self.kind, **by, "against": str(self.against)}

    @property
    def by(self) -> str:
        """ "$20" or "15 %"."""
        if self.amount:
            return money_words(self.amount)
        return say("{number} %", number=speech.number(self.percent or Decimal()))

    @property
    def words(self) -> str:
        """To go after a trip: "down by 15 %"."""
        return say("down by {amount}", amount=self.by)

    def most(self, reference: int) -> int:
        """The highest amount that is so much below the reference; both in the smallest unit."""
        if self.amount:
            return reference - self.amount.amount_minor
        # Per mille of a whole number, rounded down: exact, whatever the currency.
        return reference * (1000 - int((self.percent or Decimal()) * 10)) // 1000


@dataclass(frozen=True, slots=True)
class NewLow:
    """The cheapest is lower than on any of the last days."""

    kind: ClassVar[str] = "new_low"
    days: int

    def to_document(self) -> dict[str, Any]:
        """{"kind": "new_low", "days": 30}."""
        return {"kind": self.kind, "days": self.days}

    @property
    def words(self) -> str:
        """To go after a trip: "lowest in 30 days"."""
        return plural("lowest in {number} day", "lowest in {number} days", self.days)


@dataclass(frozen=True, slots=True)
class AnyChange:
    """The cheapest is another one than was told."""

    kind: ClassVar[str] = "any"

    def to_document(self) -> dict[str, Any]:
        """{"kind": "any"}."""
        return {"kind": self.kind}

    @property
    def words(self) -> str:
        """To go after a trip: "any change"."""
        return say("any change")


@dataclass(frozen=True, slots=True)
class Report:
    """The cheapest now, time and again. at: for whole days, in the person's zone; None for shorter intervals.

    unchanged: also where there is no fare, or the one that was told last.
    """

    kind: ClassVar[str] = "report"
    every_h: int
    at: time | None
    unchanged: bool = False

    def to_document(self) -> dict[str, Any]:
        """{"kind": "report", "every_h": 24, "at": "08:00", "unchanged": false}."""
        at = {"at": f"{self.at:%H:%M}"} if self.at else {}
        return {"kind": self.kind, "every_h": self.every_h, **at, "unchanged": self.unchanged}

    @property
    def words(self) -> str:
        """To go after a trip: "every day at 08:00"."""
        if self.at and self.every_h in _EVERY_AT:
            return say(_EVERY_AT[self.every_h], time=clock_time(self.at))
        return say(EVERY_H[self.every_h])


Condition = Below | Drop | NewLow | AnyChange | Report
KINDS: Final = (Below.kind, Drop.kind, NewLow.kind, AnyChange.kind, Report.kind)


def of_document(document: Mapping[str, Any], currency: str) -> Condition:
    """From what to_document made. Raises KeyError, ValueError or BadEventError for anything else."""
    kind = document["kind"]
    if kind == Below.kind:
        return Below(money_of(document["amount"], currency))
    if kind == Drop.kind:
        amount = money_of(document["amount"], currency) if document.get("amount") else None
        percent = None if amount else Decimal(document["percent"])
        return Drop(amount, percent, Against(document["against"]))
    if kind == NewLow.kind:
        return NewLow(int(document["days"]))
    if kind == AnyChange.kind:
        return AnyChange()
    if kind == Report.kind:
        at = time.fromisoformat(document["at"]) if document.get("at") else None
        return Report(int(document["every_h"]), at, bool(document.get("unchanged")))
    raise ValueError(f"there is no condition {kind!r}")


def money_of(amount: object, currency: str) -> Money:
    """Exact money. Raises BadEventError as `fares.money`."""
    return fares.money({"amount": amount, "currency": currency})


def money_words(money: Money) -> str:
    """As people read it: "$220", "$220.50", "€1,204"."""
    return speech.money(money.amount, money.currency)


class FieldError(Exception):
    """One field of what somebody sent is wrong. sentence: with the remedy. at: what of the field, "" for the whole."""

    def __init__(self, sentence: str, at: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.at = at

    def within(self, field: str) -> Self:
        """The same fault, named from outside: of this field, or of what of it."""
        return type(self)(self.sentence, f"{field}.{self.at}" if self.at else field)


class AmountError(FieldError):
    """It is no amount above zero in the alert's currency. The sentence says how programs write one."""


def read(value: object, currency: str, faults: list[FieldError]) -> Condition | None:
    """A condition that somebody sent; None where faults were found, which are appended to `faults`."""
    if not isinstance(value, Mapping):
        faults.append(FieldError('Write it as {"kind": "below", "amount": "220.00"}.'))
        return None
    kind = value.get("kind")
    if kind not in _READERS:
        faults.append(FieldError(f"Write one of {', '.join(KINDS)}.", "kind"))
        return None
    known, reader = _READERS[kind]
    before = len(faults)
    faults += [
        FieldError(f"{kind} has no such field; it has {', '.join(known) or 'none'}.", str(name))
        for name in value
        if name not in (*known, "kind")
    ]
    try:
        found = reader(value, currency)
    except FieldError as fault:
        faults.append(fault)
        return None
    return found if len(faults) == before else None


def read_amount(value: object, currency: str, at: str = "") -> Money:
    """An amount that somebody sent, as text or a whole number. Raises AmountError."""
    remedy = (
        f'Write an amount above zero in {currency} as text, like "{_EXAMPLE.get(fares.decimals(currency))}".'
    )
    if isinstance(value, float | bool) or not isinstance(value, str | int):
        raise AmountError(remedy, at)
    try:
        return money_of(value, currency)
    except BadEventError as error:
        raise AmountError(remedy, at) from error


def _below(value: Mapping[str, Any], currency: str) -> Condition:
    return Below(read_amount(value.get("amount"), currency, "amount"))


def _drop(value: Mapping[str, Any], currency: str) -> Condition:
    amount, percent, against = (value.get(name) for name in ("amount", "percent", "against"))
    if (amount is None) == (percent is None):
        raise FieldError("Write either an amount or a percent.", "amount")
    against = Against.TOLD if against is None else against
    if against not in list(Against):
        raise FieldError(f"Write one of {', '.join(Against)}.", "against")
    if amount is not None:
        return Drop(read_amount(amount, currency, "amount"), None, Against(against))
    written = str(percent) if isinstance(percent, int | float) and not isinstance(percent, bool) else percent
    if not isinstance(written, str) or not _PERCENT.fullmatch(written) or not 0 < Decimal(written) < 100:
        raise FieldError("Write a number from 0.1 to 99.9, with at most one decimal.", "percent")
    return Drop(None, Decimal(written), Against(against))


def _new_low(value: Mapping[str, Any], _currency: str) -> Condition:
    days = value.get("days")
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
        raise FieldError(f"Write a whole number of days from 1 to {MOST_DAYS}.", "days")
    return NewLow(days)


def _any(_value: Mapping[str, Any], _currency: str) -> Condition:
    return AnyChange()


def _report(value: Mapping[str, Any], _currency: str) -> Condition:
    every_h, at, unchanged = value.get("every_h"), value.get("at"), value.get("unchanged", False)
    if isinstance(every_h, bool) or not isinstance(every_h, int) or every_h not in EVERY_H:
        raise FieldError(f"Write one of {', '.join(map(str, EVERY_H))}.", "every_h")
    if not isinstance(unchanged, bool):
        raise FieldError("Write true or false.", "unchanged")
    if every_h < 24:
        if at is not None:
            raise FieldError("Leave it out: only reports for whole days have a time.", "at")
        return Report(every_h, None, unchanged)
    if at is None:
        return Report(every_h, DEFAULT_AT, unchanged)
    if not isinstance(at, str) or not _TIME.fullmatch(at):
        raise FieldError('Write a time of 24 hours like "08:00".', "at")
    return Report(every_h, time.fromisoformat(at), unchanged)


_READERS: Final[Mapping[Any, tuple[tuple[str, ...], Callable[[Mapping[str, Any], str], Condition]]]] = {
    Below.kind: (("amount",), _below),
    Drop.kind: (("amount", "percent", "against"), _drop),
    NewLow.kind: (("days",), _new_low),
    AnyChange.kind: ((), _any),
    Report.kind: (("every_h", "at", "unchanged"), _report),
}
