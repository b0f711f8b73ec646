"""What a fare alert says: the value that people heard and want, with everything its message needs.

Only `n` is news. The fare of one and the same news moves without anybody being told of it; where it is no longer what
was asked for, the value has lapsed, and nobody who has not heard it yet is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from app.domain import alert_conditions, fares
from app.domain.alert import Alert, Offer, end_of, subject_of, trip_words
from app.domain.alert_conditions import AnyChange, Condition, Report, money_of
from app.domain.fares import Fare, Money
from app.domain.news import Action, Decision, Kind, Role, Rules

KINDS: Final = (Kind.FARE, Kind.FARE_REPORT, Kind.FARE_ENDED)

_SILENT: Final = {"silent": True}
"""Marks what no list of changes shows."""

SAYS_END_FOR: Final = timedelta(days=7)
"""So long after its last day people are still told that an alert has ended."""


@dataclass(frozen=True, slots=True)
class AlertValue:
    """One piece of an alert's news, the n-th; kind is None only for n 0, which is what nobody was told yet.

    origins, destinations, first, last, max_stops, condition, name, channels: as the alert has them. begun: the news up
    to this number was of another trip or rule. offer: the cheapest now; None where there is none. against: what it is
    compared with, such as what was told before; None for nothing. created: what it was when the alert was made. lowest:
    since then. step: fares that differ by less are the same, in the smallest unit. lapsed: it is no longer so.
    """

    alert: str = field(metadata=_SILENT)
    n: int = field(metadata=_SILENT)
    kind: Kind | None = field(metadata=_SILENT)
    origins: tuple[str, ...] = field(metadata=_SILENT)
    destinations: tuple[str, ...] = field(metadata=_SILENT)
    first: str = field(metadata=_SILENT)
    last: str = field(metadata=_SILENT)
    condition: Condition = field(metadata=_SILENT)
    currency: str = field(metadata=_SILENT)
    max_stops: int | None = field(default=None, metadata=_SILENT)
    name: str = field(default="", metadata=_SILENT)
    channels: tuple[str, ...] = field(default=(), metadata=_SILENT)
    begun: int = field(default=0, metadata=_SILENT)
    offer: Offer | None = None
    against: Money | None = field(default=None, metadata=_SILENT)
    created: Money | None = field(default=None, metadata=_SILENT)
    lowest: Money | None = None
    step: int = field(default=1, metadata=_SILENT)
    lapsed: bool = field(default=False, metadata=_SILENT)

    @property
    def subject(self) -> str:
        """ "alert:<id>"."""
        return subject_of(self.alert)

    @property
    def fare(self) -> Fare | None:
        """The cheapest now."""
        return self.offer.fare if self.offer else None

    @property
    def trip(self) -> str:
        """ "JFK or EWR to SFO"."""
        return trip_words(self.origins, self.destinations)

    @property
    def title(self) -> str:
        """The person's name for it, or "JFK to SFO, below $220"."""
        return self.name or f"{self.trip}, {self.condition.words}"

    @property
    def ends_at(self) -> datetime:
        """As `Alert.ends_at`."""
        return end_of(self.last, self.origins)

    @property
    def over_at(self) -> datetime:
        """From when on it is no use, aware UTC on the domain clock."""
        return self.ends_at + (SAYS_END_FOR if self.kind is Kind.FARE_ENDED else timedelta())

    def to_document(self) -> dict[str, Any]:
        """As stored, always in the same order, so that equal values are equal documents."""
        return {
            "alert": self.alert,
            "n": self.n,
            "kind": str(self.kind) if self.kind else None,
            "origins": list(self.origins),
            "destinations": list(self.destinations),
            "first": self.first,
            "last": self.last,
            "condition": self.condition.to_document(),
            "currency": self.currency,
            "max_stops": self.max_stops,
            "name": self.name,
            "channels": list(self.channels),
            "begun": self.begun,
            "offer": offer_document(self.offer),
            "against": self.against.plain if self.against else None,
            "created": self.created.plain if self.created else None,
            "lowest": self.lowest.plain if self.lowest else None,
            "step": self.step,
            "lapsed": self.lapsed,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> AlertValue:
        """From what to_document made; a field that was not known then is the default."""
        values = {name: document[name] for name in cls.__slots__ if name in document}
        currency = values["currency"]
        for name in ("origins", "destinations", "channels"):
            values[name] = tuple(values[name])
        for name in ("against", "created", "lowest"):
            values[name] = money_of(values[name], currency) if values.get(name) else None
        values["kind"] = Kind(values["kind"]) if values["kind"] else None
        values["condition"] = alert_conditions.of_document(values["condition"], currency)
        values["offer"] = offer_of(values["offer"])
        return cls(**values)


def nothing(alert: Alert) -> AlertValue:
    """What everybody has heard whom nothing was told of the alert: number 0."""
    return AlertValue(
        alert=alert.id,
        n=0,
        kind=None,
        origins=alert.origins,
        destinations=alert.destinations,
        first=alert.first,
        last=alert.last,
        condition=alert.condition,
        currency=alert.currency,
        max_stops=alert.max_stops,
        name=alert.name,
        channels=alert.channels,
    )


def dressed(value: AlertValue, alert: Alert, offer: Offer | None, *, lapsed: bool) -> AlertValue:
    """The same news with the fare of now, and the name and the channels that the alert has now."""
    same = value.offer == offer and value.lapsed is lapsed
    if same and (value.name, value.channels) == (alert.name, alert.channels):
        return value
    return replace(value, name=alert.name, channels=alert.channels, offer=offer, lapsed=lapsed)


def offer_document(offer: Offer | None) -> dict[str, Any] | None:
    """As stored: the fare's own document, and its id."""
    return {"id": offer.id, **offer.fare.to_document()} if offer else None


def offer_of(document: Mapping[str, Any] | None) -> Offer | None:
    """From what offer_document made."""
    return Offer(document["id"], fares.parse(document)) if document else None


def decide(heard: AlertValue, want: AlertValue, role: Role, rules: Rules, now: datetime) -> Decision:
    """What to do for one person about one alert. now: the domain clock. Only another n is news, while it is so.

    Channels that were chosen for the alert itself are stronger than the choice for all fares; `goes_by` asks for them.
    """
    if want.kind is None or heard.n == want.n:
        return Decision(Action.SETTLE, reason="nothing_new" if heard == want else "below_threshold")
    if want.lapsed:
        return Decision(Action.SETTLE, reason="fare_gone")
    if not want.channels and role not in rules.told.get(want.kind, frozenset()):
        return Decision(Action.SETTLE, reason="not_wanted")
    if _is_known(heard, want):
        return Decision(Action.SETTLE, reason="below_threshold")
    kinds = of_state(want)
    if not timely(kinds, want, now):
        return Decision(Action.SKIP, kinds, "past")
    return Decision(Action.TELL, kinds)


def settled(heard: AlertValue, want: AlertValue) -> AlertValue:
    """What lapsed was not heard: it may come back. Of the same news the fare moves."""
    return want if heard.n == want.n else heard


def of_state(want: AlertValue) -> tuple[Kind, ...]:
    """What is worth saying about the alert when nothing is known of what was said before."""
    return (want.kind,) if want.kind else ()


def timely(kinds: tuple[Kind, ...], want: AlertValue, now: datetime) -> tuple[Kind, ...]:
    """The kinds that are still worth a message: none of what lapsed, none once the alert is over."""
    return kinds if not want.lapsed and now < want.over_at else ()


def goes_by(want: AlertValue, channel: str) -> bool:
    """Whether the alert's news goes by this channel, as far as the alert says so."""
    return not want.channels or channel in want.channels


def asks_the_same(heard: AlertValue, want: AlertValue) -> bool:
    """Whether what was heard is of the trip and the rule of now, without an edit of them between."""
    return heard.n > want.begun


def _is_known(heard: AlertValue, want: AlertValue) -> bool:
    """A change that was taken back before it was told, or a report of the fare that an earlier one said when its time
    came: the fare is the one that was heard."""
    condition = want.condition
    counts = isinstance(condition, AnyChange) or (isinstance(condition, Report) and not condition.unchanged)
    if not counts or not asks_the_same(heard, want):
        return False
    if heard.fare is None or want.fare is None:
        return False
    old, new = heard.fare.price, want.fare.price
    return old.currency == new.currency and abs(old.amount_minor - new.amount_minor) < want.step
