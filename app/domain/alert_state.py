"""What a fare alert remembers between its steps, and what a step comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.domain.alert import Offer
from app.domain.alert_value import AlertValue, offer_document, offer_of


@dataclass(frozen=True, slots=True)
class Span:
    """The amounts at which what was told is still so: at most the one or at least the other; all where both are None.

    empty_too: also where there is no fare.
    """

    at_most: int | None = None
    at_least: int | None = None
    empty_too: bool = False

    def has(self, amount: int | None) -> bool:
        """Whether it is still so with this as the cheapest."""
        if amount is None:
            return self.empty_too
        if self.at_most is None and self.at_least is None:
            return True
        return (self.at_most is not None and amount <= self.at_most) or (
            self.at_least is not None and amount >= self.at_least
        )


@dataclass(frozen=True, slots=True)
class AlertState:
    """What an alert remembers. All amounts: smallest unit; None where not known.

    version: of the alert that the last step had. trip, rule: digests of what it asked for then; another trip starts all
    anew, another rule (condition or repeat) what follows from it. n: how often it told. begun: what n was when trip or
    rule became these. armed: it tells whenever its condition is true. done: it was to tell once, and did. ended: its
    days are over. paused: it was, at the last step. created: the cheapest when the alert was made. told: what fares are
    compared with, told last or known without being told. lowest: since it was made. cheapest: the present one. lows:
    the lowest of each of the last days (local, oldest first), without days that a later one undercuts. mark: from where
    a new low is counted: the low of these days, or a fare less than a step above it. report_at: when the next report
    is. span: of the value; None where it cannot come back. value: what was told last, with the fare as it is now.
    """

    version: int = 0
    trip: str = ""
    rule: str = ""
    n: int = 0
    begun: int = 0
    armed: bool = True
    done: bool = False
    ended: bool = False
    paused: bool = False
    created: int | None = None
    told: int | None = None
    lowest: int | None = None
    cheapest: Offer | None = None
    lows: tuple[tuple[str, int], ...] = ()
    mark: int | None = None
    report_at: datetime | None = None
    span: Span | None = None
    value: AlertValue | None = None

    @property
    def amount(self) -> int | None:
        """Of the cheapest."""
        return self.cheapest.fare.price.amount_minor if self.cheapest else None

    def to_document(self) -> dict[str, Any]:
        """As stored, always in the same order. report_at is an aware datetime in whole milliseconds."""
        document: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        span = self.span
        return document | {
            "cheapest": offer_document(self.cheapest),
            "lows": [list(low) for low in self.lows],
            "span": {name: getattr(span, name) for name in Span.__slots__} if span else None,
            "value": self.value.to_document() if self.value else None,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> AlertState:
        """From what to_document made; that of a new alert from None. A field that was not known then is the default."""
        if not document:
            return cls()
        values = {name: document[name] for name in cls.__slots__ if name in document}
        value, span, report_at = values["value"], values["span"], values["report_at"]
        return cls(
            **values
            | {
                "cheapest": offer_of(values["cheapest"]),
                "lows": tuple((str(day), int(low)) for day, low in values["lows"]),
                "report_at": report_at.astimezone(UTC) if report_at else None,
                "span": Span(**span) if span else None,
                "value": AlertValue.from_document(value) if value else None,
            }
        )


@dataclass(frozen=True, slots=True)
class Step:
    """state: to be kept. fires: the news to be told, None without. lapsed: what was told last, or was to be, is not so
    any more; returned: it is so again. ended: the alert has ended by this step."""

    state: AlertState
    fires: AlertValue | None = None
    lapsed: bool = False
    returned: bool = False
    ended: bool = False

    @property
    def is_news(self) -> bool:
        """Whether conversations must learn of it."""
        return self.fires is not None or self.lapsed or self.returned
