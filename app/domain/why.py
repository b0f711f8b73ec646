"""Why somebody did or did not hear: the chain from a saved change to a phone, as facts and in words.

The facts are what the parts of the pipeline wrote when they decided; nothing here guesses. `app.store.why` reads
them, `steps` puts them into words, and `app.domain.why_words` has the words of each code.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from app.domain import subjects, why_nouns
from app.domain.news import Role
from app.domain.subject import SubjectKind, Value

SETTLE, WAIT, SKIP = "settle", "wait", "skip"
_DONE = frozenset({"sent", "failed", "skipped"})


@dataclass(frozen=True, slots=True)
class Changed:
    """One field of what is known that differs; None: no value."""

    field: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What could not be processed, and why. status: "waiting", "replayed" or "discarded"."""

    source: str
    reason: str
    words: str
    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One change event of a flight and what the notifier decided about it.

    outcome: None when no decision was kept (it is too old, or was never made). version: the order under which people
    are told. kinds: what was announced, () when nothing was. changes: against what was announced before. topic,
    partition, offset, published_at, read_at: None where nobody wrote them. Times are aware UTC of the system clock.
    """

    id: str
    key: str
    subject: str | None
    order: str
    version: str
    outcome: str | None
    changed_at: datetime | None
    decided_at: datetime | None
    found_late: bool = False
    kinds: tuple[str, ...] = ()
    changes: tuple[Changed, ...] = ()
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    published_at: datetime | None = None
    read_at: datetime | None = None
    dead_letter: DeadLetter | None = None

    @property
    def is_announced(self) -> bool:
        """Whether it was decided to tell people."""
        return bool(self.kinds)


@dataclass(frozen=True, slots=True)
class Quiet:
    """A decision of delivery to say nothing now. action: "settle", "wait" or "skip"."""

    order: str
    event_id: str
    action: str
    reason: str
    role: Role | None
    decided_at: datetime
    until: datetime | None
    kinds: tuple[str, ...]
    changes: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to hand a message over. outcome: accepted, later, never or unknown."""

    started_at: datetime
    ended_at: datetime
    outcome: str
    provider_id: str | None
    words: str | None


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that happened to a message after it was handed over: the provider's report, or a hand of staff.

    for_staff: the words were written for staff, not for the person.
    """

    at: datetime
    title: str
    words: str
    tone: str
    for_staff: bool = False


@dataclass(frozen=True, slots=True)
class Notification:
    """One row of the ledger. role, decided_at: None on rows that never came to a hand-over. delivery: what the provider
    reported last, None when it did not."""

    id: str
    order: str
    event_id: str
    status: str
    reason: str | None
    title: str | None
    role: Role | None
    decided_at: datetime | None
    changed_at: datetime | None
    due_at: datetime | None
    sent_at: datetime | None
    created_at: datetime
    kinds: tuple[str, ...]
    changes: tuple[Changed, ...]
    attempts: tuple[Attempt, ...]
    noted: tuple[Noted, ...] = ()
    delivery: str | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """The conversation as it stands. start: the order of reading what the person knew when it was made, "" when it
    was not written down. agrees: heard equals want."""

    order: str
    start: str
    status: str
    due_at: datetime | None
    not_before: datetime | None
    is_claimed: bool
    agrees: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class Thread:
    """What one channel did about one change for one person, in order.

    items: decisions and notifications from the change on, up to the one that settled it. folded: later changes that the
    same message took in; earlier: changes before it that it told too; both oldest first. undone_at: when the change was
    taken back before anybody was told. talk: None when there is no conversation (any more).
    """

    channel: str
    items: tuple[Quiet | Notification, ...]
    earlier: tuple[Event, ...]
    folded: tuple[Event, ...]
    undone_at: datetime | None
    talk: Talk | None

    @property
    def role(self) -> Role | None:
        """Why the person was among those concerned, as last read for a decision."""
        return next((item.role for item in reversed(self.items) if item.role), None)

    @property
    def last(self) -> Quiet | Notification | None:
        """What came last."""
        return self.items[-1] if self.items else None


@dataclass(frozen=True, slots=True)
class Place:
    """How a person stands to a flight at this moment. booking: its status, None without one."""

    booking: str | None
    is_held: bool
    follows: bool

    @property
    def is_concerned(self) -> bool:
        """Whether the person is to hear about the flight."""
        return self.is_held or self.follows


@dataclass(frozen=True, slots=True)
class Chain:
    """The whole chain of one change; for one person where one is asked for.

    person, place: None when nobody is asked for. about: the subject as last known, None when it was never understood.
    people: how many rows of the ledger tell of it, by status.
    """

    event: Event
    about: Value | None
    person: str | None = None
    place: Place | None = None
    threads: tuple[Thread, ...] = ()
    people: Mapping[str, int] = dataclasses.field(default_factory=dict)

    @property
    def kind(self) -> SubjectKind[Any]:
        """What kind of subject the change is about; a flight's where it was never understood."""
        return subjects.of(self.event.subject) if self.event.subject else subjects.FLIGHT

    @property
    def title(self) -> str:
        """UA 1545 to Houston, 8 February 2013."""
        return self.kind.title(self.about) if self.about else why_nouns.unknown(self.kind.noun)

    @property
    def iata(self) -> str | None:
        """The airport whose clocks its times follow; None where it is not known."""
        return self.kind.iata(self.about) if self.about else None

    @property
    def path(self) -> str | None:
        """Its page on this site; None where it is not known."""
        return self.kind.path(self.about) if self.about else None


def differing(old: Value | None, new: Value | None) -> list[dict[str, Any]]:
    """The fields in which two states of a subject differ, as stored: {field, from, to}; [] when one is missing."""
    if old is None or new is None or old == new:
        return []
    return [
        {"field": name, "from": _text(was), "to": _text(now)}
        for name in _names(type(new))
        if (was := getattr(old, name)) != (now := getattr(new, name))
    ]


@lru_cache
def _names(kind: type[Value]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind) if not field.metadata.get("silent"))


def changed(stored: Sequence[Mapping[str, Any]] | None) -> tuple[Changed, ...]:
    """From what `differing` made."""
    return tuple(Changed(str(one["field"]), one.get("from"), one.get("to")) for one in stored or ())


def order_digest(order: str) -> str:
    """Eight digits that tell the notifications of one conversation apart, for links."""
    return hashlib.sha256(order.encode()).hexdigest()[:8]


def reaches(version: str, order: str) -> bool:
    """Whether what was told under `order` took in a change that people are told of under `version`."""
    return order >= version


def thread_items(
    event: Event, quiet: Sequence[Quiet], rows: Sequence[Notification]
) -> tuple[Quiet | Notification, ...]:
    """What delivery did about a change, in order, up to what settled it; () when nothing yet.

    An event that was not announced has only what was decided under its very order.
    """
    every: list[Quiet | Notification] = [*quiet, *rows]
    found = [
        item
        for item in every
        if (reaches(event.version, item.order) if event.is_announced else item.order == event.version)
    ]
    # A skipped message has a row, which says more, and a decision, which has the role.
    skips = {item.order: item for item in found if isinstance(item, Quiet) and item.action == SKIP}
    rows_of_skips = {item.order for item in found if _is_skipped(item)}
    found = [item for item in found if not (isinstance(item, Quiet) and skips.get(item.order) is item)] + [
        skip for order, skip in skips.items() if order not in rows_of_skips
    ]
    found.sort(key=lambda item: (item.order, _began(item)))
    kept: list[Quiet | Notification] = []
    for item in found:
        if isinstance(item, Notification) and item.order in skips and item.role is None:
            kept.append(dataclasses.replace(item, role=skips[item.order].role))
        else:
            kept.append(item)
        if _is_final(item):
            break
    return tuple(kept)


def _began(item: Quiet | Notification) -> datetime:
    return item.decided_at if isinstance(item, Quiet) else item.decided_at or item.created_at


def _is_skipped(item: Quiet | Notification) -> bool:
    return isinstance(item, Notification) and item.status == "skipped"


def _is_final(item: Quiet | Notification) -> bool:
    return item.action == SETTLE if isinstance(item, Quiet) else item.status in _DONE


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
