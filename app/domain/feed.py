"""From change events to the updates that the public feed shows. Public fields only.

An event that a reader has seen already, that differs in nothing they can see, or that cannot be understood,
is no update. What is compared is always the last state shown, so "was" is what stood there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.domain import fares, feed_words, fields, flight, notices
from app.domain.errors import BadEventError
from app.domain.events import ChangeEvent, Op
from app.domain.fares import Fare
from app.domain.flight import Flight
from app.domain.notices import Notice
from app.domain.order import Order

Value = Flight | Fare | Notice


class Type(StrEnum):
    """What an update is about."""

    FLIGHT = "flight"
    FARE = "fare"
    NOTICE = "notice"


_TYPES = {"flights": Type.FLIGHT, "prices": Type.FARE, "notices": Type.NOTICE}
# Asked again and found the same: that a fare was seen later, or has a new link, is not news.
_NOT_NEWS = frozenset({"seen_at", "link"})


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs; None where there was, or is, no value."""

    field: str
    old: str | int | None
    new: str | int | None


@dataclass(frozen=True, slots=True)
class Tags:
    """What an update can be found by. flights: numbers; dates: of departure; routes: "EWR-IAH"."""

    flights: frozenset[str]
    dates: frozenset[str]
    airports: frozenset[str]
    routes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Update:
    """One line of the feed. id: the event's. at: aware UTC, when it was saved. now: None when it is gone."""

    id: str
    type: Type
    message: str
    at: datetime
    subject: Mapping[str, str]
    changes: tuple[Change, ...]
    now: Mapping[str, str | int] | None
    tags: Tags

    def to_document(self) -> dict[str, Any]:
        """As the feed answers it."""
        return {
            "id": self.id,
            "type": self.type.value,
            "message": self.message,
            "at": fields.rfc3339(self.at),
            "subject": self.subject,
            "changes": [{"field": c.field, "from": c.old, "to": c.new} for c in self.changes],
            "now": self.now,
        }


@dataclass(frozen=True, slots=True)
class _Known:
    """The last state of a document. value: None when it is gone. understood: else it is the last one that was."""

    order: Order
    value: Value | None
    understood: bool = True


class History:
    """The last state of every document, and what of an event is new against it. For one thread.

    most: documents remembered; beyond it the one that changed longest ago is forgotten.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[tuple[str, str], _Known] = {}

    def take(self, event: ChangeEvent) -> Update | None:
        """The update to show for an event, None when there is nothing to show.

        Raises BadEventError when its document cannot be understood; later events of it are shown again.
        """
        if event.op is Op.MARKER or event.collection not in _TYPES:
            return None
        key = (event.collection, event.document_key)
        known = self._known.get(key)
        if known is not None and event.order <= known.order:
            return None
        try:
            new = parse(event.collection, event.after) if event.after is not None else None
        except BadEventError:
            self._remember(key, _Known(event.order, known.value if known else None, understood=False))
            raise
        if event.op is Op.UNREADABLE:
            self._remember(key, _Known(event.order, known.value if known else None, understood=False))
            return None
        old, certain = self._before(event, known)
        self._remember(key, _Known(event.order, new))
        if event.op is Op.SNAPSHOT and not certain and (known is None or known.value == new):
            return None  # the first sight of a document is no change of it, nor is what was shown last
        return _update(event, old, new, certain=certain or event.op is Op.INSERT)

    def _before(self, event: ChangeEvent, known: _Known | None) -> tuple[Value | None, bool]:
        """The state before the event, and whether it is certain: None, True is that there was no document."""
        if known is not None and known.understood:
            return known.value, True
        if event.before is None:
            return None, False
        try:
            return parse(event.collection, event.before), True
        except BadEventError:
            return None, False

    def _remember(self, key: tuple[str, str], known: _Known) -> None:
        self._known.pop(key, None)  # so that the dictionary is in order of the last change
        self._known[key] = known
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]


def parse(collection: str, document: Mapping[str, Any]) -> Value:
    """The value of a document of a public collection. Raises BadEventError."""
    if collection == "flights":
        return flight.parse(document)
    return fares.parse(document) if collection == "prices" else notices.parse(document)


def _update(event: ChangeEvent, old: Value | None, new: Value | None, *, certain: bool) -> Update | None:
    shown = new if new is not None else old
    if shown is None:
        return None  # gone, and nobody here knows what it was
    gone: Value | None = shown.removed() if new is None and isinstance(shown, Flight) else None
    after = new or gone
    changes = _changes(old, after) if certain or old is not None else ()
    if old is not None and new is not None and not {c.field for c in changes} - _NOT_NEWS:
        return None
    return Update(
        id=event.id,
        type=_TYPES[event.collection],
        message=_message(old, shown, after, certain=certain),
        at=event.wall_time,
        subject=_subject(event.document_key, shown),
        changes=changes,
        now=after.to_document() if after is not None else None,
        tags=_tags(old, shown),
    )


def _changes(old: Value | None, new: Value | None) -> tuple[Change, ...]:
    was: Mapping[str, str | int] = old.to_document() if old is not None else {}
    now: Mapping[str, str | int] = new.to_document() if new is not None else {}
    names = [*now, *(name for name in was if name not in now)]
    return tuple(Change(n, was.get(n), now.get(n)) for n in names if was.get(n) != now.get(n))


def _message(old: Value | None, shown: Value, after: Value | None, *, certain: bool) -> str:
    if isinstance(shown, Flight):
        assert isinstance(after, Flight)
        if not certain:
            return feed_words.flight_as_it_is(after)
        return feed_words.flight(old if isinstance(old, Flight) else None, after)
    if isinstance(shown, Fare):
        return feed_words.fare(
            old if isinstance(old, Fare) else None, after if isinstance(after, Fare) else None
        )
    return feed_words.notice(
        old if isinstance(old, Notice) else None, after if isinstance(after, Notice) else None
    )


def _subject(document_key: str, shown: Value) -> dict[str, str]:
    names: tuple[str, ...] = ("airport", "flight")
    if isinstance(shown, Flight):
        names = ("flight_number", "origin", "destination", "departure_date")
    elif isinstance(shown, Fare):
        names = ("origin", "destination", "departure_date", "airline", "flight_number", "cabin", "provider")
    identity = {name: getattr(shown, name) for name in names}
    return {"id": document_key} | {name: value for name, value in identity.items() if value is not None}


def _tags(old: Value | None, shown: Value) -> Tags:
    """An update is found under what it was and what it is: a flight moved to another day belongs to both."""
    both = [value for value in (old, shown) if value is not None]
    flights: set[str | None] = set()
    airports: set[str | None] = set()
    dates: set[str] = set()
    routes: set[str] = set()
    for value in both:
        if isinstance(value, Notice):
            flights.add(value.flight)
            airports.add(value.airport)
            continue
        flights.add(value.flight_number)
        dates.add(value.departure_date)
        airports.update((value.origin, value.destination))
        routes.add(f"{value.origin}-{value.destination}")
        if isinstance(value, Flight):
            airports.add(value.diverted_to)
    return Tags(_known(flights), frozenset(dates), _known(airports), frozenset(routes))


def _known(found: set[str | None]) -> frozenset[str]:
    return frozenset(text for text in found if text is not None)
