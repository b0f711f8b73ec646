"""What a batch of flight events comes to: what is known now, what is news, and which subjects must be told.

No input or output: `Picture` is filled with what is known, takes the events one after the other in their order,
and is asked for the result. A document that was deleted and inserted again is recognised here by its identity
and continues the subject of the old one. Its events may come through another partition than those of the old
document, in any order of arrival; that is why orders are compared over all documents of a subject, and why a
late deletion of the old document cannot undo what the new one says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from app.domain import flight
from app.domain.errors import BadEventError
from app.domain.events import ChangeEvent, Op
from app.domain.flight import Flight
from app.domain.news import Steps, differences, is_news
from app.domain.order import Order, is_raised, is_snapshot_read
from app.store.announcements import Announcement
from app.store.decisions import Arrival, EventDecision
from app.store.known import Known, State, Subject


class Outcome(StrEnum):
    """What became of one event; a label of the metric."""

    NEWS = "news"
    NO_NEWS = "no_news"
    SAME = "same"
    FIRST = "first"
    OLD = "old"
    REPEATED = "repeated"
    UNKNOWN = "unknown"
    GONE_UNSEEN = "gone_unseen"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One event of a flight document, understood.

    value: the flight; None when the document is gone (`gone`) or cannot be understood (neither).
    before: the flight as it was before, when the event says so; only deletions need it.
    found_late: nobody saw it happen, a snapshot found it. changed_at: system clock. arrival: how the event came, None
    for what was read from the database.
    """

    key: str
    partition: int
    order: Order
    event_id: str
    changed_at: datetime
    found_late: bool
    value: Flight | None = None
    gone: bool = False
    before: Flight | None = None
    arrival: Arrival | None = None

    @property
    def is_understood(self) -> bool:
        """Whether it says what became of the flight."""
        return self.value is not None or self.gone


def understand(event: ChangeEvent, partition: int) -> Sighting:
    """The event as a sighting. Raises BadEventError when its document cannot be understood."""
    value, before = None, None
    late = event.op is Op.SNAPSHOT
    gone = event.op is Op.DELETE or (late and event.after is None)  # W4 read it, and it was not there
    if gone:
        before = _lenient(event)
    elif event.op is not Op.UNREADABLE:
        if event.after is None:
            raise BadEventError("no_values", "the change does not say what the document looks like now")
        value = flight.parse(event.after)
    return Sighting(event.key, partition, event.order, event.id, event.wall_time, late, value, gone, before)


def not_understood(event: ChangeEvent, partition: int) -> Sighting:
    """N7: all that can be said of an event whose document cannot be understood."""
    return Sighting(event.key, partition, event.order, event.id, event.wall_time, found_late=False)


def _lenient(event: ChangeEvent) -> Flight | None:
    try:
        return flight.parse(event.before) if event.before else None
    except BadEventError:
        return None  # a document that was never understood may be deleted


@dataclass(slots=True)
class Touched:
    """A subject that events of the batch are about.

    unheard: what was announced before the batch; the published schedule when nothing was. fans_out: its
    conversations must be told. first: a document of it was not known before. restored: it is the first event since
    the database was restored from a backup.
    """

    unheard: Flight
    fans_out: bool = False
    first: bool = False
    restored: bool = False


@dataclass(slots=True)
class Picture:
    """What is known of the subjects of a batch, moved along by `take`.

    floor: the smallest steps anyone can choose. changed: what N4 will set, by key. announcements: in their order.
    outdated: key and identity of documents that are another flight by now, though their events did not say so yet.
    mended: keys that were unknown at the very order of an event that is understood.
    """

    floor: Steps
    outdated: frozenset[tuple[str, str]] = frozenset()
    known: dict[str, Known] = field(default_factory=dict)
    changed: dict[str, Known] = field(default_factory=dict)
    touched: dict[str, Touched] = field(default_factory=dict)
    announcements: list[Announcement] = field(default_factory=list)
    mended: set[str] = field(default_factory=set)
    _decided: list[tuple[Sighting, Outcome, Flight | None]] = field(default_factory=list)
    _members: dict[str, dict[str, Known]] = field(default_factory=dict)
    _by_identity: dict[str, set[str]] = field(default_factory=dict)

    def add(self, known: Iterable[Known]) -> None:
        """Put in what the store knows; every document of a subject must be put in."""
        for one in known:
            self._put(one)

    def subject(self, name: str) -> Subject:
        """The subject as it is now. Raises KeyError when nothing is known of it."""
        return Subject(name, tuple(self._members[name].values()))

    def take(self, seen: Sighting) -> Outcome:
        """N2, N3's decision and N7 for one event."""
        known = self.known.get(seen.key)
        outcome = self._take(known, seen)
        self._decided.append((seen, outcome, known.announced if known is not None else None))
        return outcome

    def decisions(self) -> list[EventDecision]:
        """What was decided about every event taken, in their order. People are told of all of them under the version
        that the subject has by now."""
        return [self._decision(*one) for one in self._decided]

    def _decision(self, seen: Sighting, outcome: Outcome, before: Flight | None) -> EventDecision:
        name = self.known[seen.key].subject if seen.key in self.known else None
        return EventDecision(
            event_id=seen.event_id,
            key=seen.key,
            order=seen.order,
            subject=name,
            version=self.subject(name).version if name is not None else None,
            outcome=str(outcome),
            changed_at=seen.changed_at,
            found_late=seen.found_late,
            before=before,
            value=seen.value,
            arrival=seen.arrival,
        )

    def _take(self, known: Known | None, seen: Sighting) -> Outcome:
        if known is not None and seen.order <= known.order:
            if not _is_mended_by(known, seen):
                return self._take_again(known, seen)
            self.mended.add(seen.key)
        if not seen.is_understood:
            self._change(_unknown(known, seen))
            return Outcome.UNKNOWN
        value = seen.value or _removed(known, seen)
        if value is None:  # deleted, and nothing of it was ever understood
            # After such a read its deletion may still come, with what it was.
            if not is_snapshot_read(seen.order):
                self._change(Known(seen.key, seen.order, State.GONE, seen.partition))
            return Outcome.GONE_UNSEEN
        return self._take_new(known, seen, value)

    def _take_again(self, known: Known, seen: Sighting) -> Outcome:
        """N2: older ones are dropped; of the same one N3's update is repeated."""
        agrees = (
            (known.state is State.GONE)
            if seen.gone
            else (known.state is State.PRESENT and known.value == seen.value)
        )
        if seen.order < known.order or not agrees or known.subject is None or known.announced is None:
            return Outcome.OLD
        self._touch(known.subject, known.announced)
        return Outcome.REPEATED

    def _take_new(self, known: Known | None, seen: Sighting, value: Flight) -> Outcome:
        """N3: decide what is news, between what was last announced and the value."""
        subject = known.subject if known is not None else None
        first = subject is None
        if subject is None:
            subject = self._subject_of(seen.key, value.identity)
        speaker = self.subject(subject).speaker if subject in self._members else None
        base = speaker.announced if speaker is not None else None
        touched = self._touch(subject, base or value.as_published())
        touched.first |= first
        touched.restored |= known is not None and is_raised(known.order)
        differs = known is None or known.state is State.UNKNOWN or known.value != value
        touched.fans_out |= first or differs or seen.found_late
        announced = value if seen.gone or base is None or is_news(base, value, self.floor) else base
        kinds = differences(base, announced, self.floor) if base is not None else ()
        self._change(_now_known(seen, subject, value, announced, None if kinds else speaker))
        if self._announce(subject, base or value.as_published(), seen):
            return Outcome.NEWS
        if first:
            return Outcome.FIRST
        return Outcome.NO_NEWS if differs else Outcome.SAME

    def _subject_of(self, key: str, identity: str) -> str:
        """Of a document that is seen for the first time: that of an older or newer one with its identity."""
        found = [(name, self.subject(name).speaker) for name in self._by_identity.get(identity, ())]
        # One that was rescheduled is another flight since then.
        same = [
            (speaker.order, name)
            for name, speaker in found
            if speaker.identity == identity and (speaker.key, identity) not in self.outdated
        ]
        return max(same)[1] if same else f"flight:{key}"

    def _announce(self, name: str, before: Flight, seen: Sighting) -> bool:
        """Record what those concerned are told; False when this event makes no difference to them: it is not
        the latest of the subject, or another document speaks for it, or it is not news."""
        subject = self.subject(name)
        after = subject.speaker.announced
        if after is None or seen.order != subject.order:
            return False
        kinds = differences(before, after, self.floor)
        if not kinds:
            return False
        self.announcements.append(
            Announcement(
                name, seen.order, seen.event_id, kinds, before, after, seen.changed_at, seen.found_late
            )
        )
        return True

    def _touch(self, subject: str, unheard: Flight) -> Touched:
        return self.touched.setdefault(subject, Touched(unheard))

    def _change(self, known: Known) -> None:
        self.changed[known.key] = known
        self._put(known)

    def _put(self, known: Known) -> None:
        self.known[known.key] = known
        if known.subject is None or known.identity is None:
            return
        self._members.setdefault(known.subject, {})[known.key] = known
        self._by_identity.setdefault(known.identity, set()).add(known.subject)


def _is_mended_by(known: Known, seen: Sighting) -> bool:
    """Whether the event says what is unknown at its order: a message before it, which cannot be decoded and so has
    no order, came again together with it."""
    return known.state is State.UNKNOWN and seen.order == known.order and seen.is_understood


def _unknown(known: Known | None, seen: Sighting) -> Known:
    if known is None:
        return Known(seen.key, seen.order, State.UNKNOWN, seen.partition)
    return replace(known, order=seen.order, state=State.UNKNOWN, partition=seen.partition)


def _removed(known: Known | None, seen: Sighting) -> Flight | None:
    last = (known.value or known.announced) if known is not None else None
    last = last or seen.before
    return last.removed() if last else None


def _now_known(
    seen: Sighting, subject: str, value: Flight, announced: Flight, told_by: Known | None
) -> Known:
    """What is known after the event. told_by: what was announced stems from its event; None: from this one."""
    known = Known(
        key=seen.key,
        order=seen.order,
        state=State.GONE if seen.gone else State.PRESENT,
        partition=seen.partition,
        subject=subject,
        identity=value.identity,
        value=value,
        announced=announced,
        event_id=seen.event_id,
        changed_at=seen.changed_at,
        found_late=seen.found_late,
    )
    if told_by is None:
        return known
    return replace(
        known, event_id=told_by.event_id, changed_at=told_by.changed_at, found_late=told_by.found_late
    )
