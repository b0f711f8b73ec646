"""From what was announced about a subject to what its conversations are told, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.domain import flight, subjects
from app.domain.clock import DomainClock, Now
from app.domain.errors import BadEventError
from app.domain.flight import Flight, Status
from app.domain.news import Steps, differences, priority
from app.domain.order import ClusterTime, Order, incarnation_of, is_raised, of_marker, of_snapshot_read
from app.domain.subject import Value
from app.settings import Settings
from app.store.audience import Seen
from app.store.conversations import Telling, restored_doubt
from app.store.known import Known, State, Subject

# Parts of a cluster may differ a little in what time it is.
_MARGIN_S = 5


@dataclass(frozen=True, slots=True)
class Rules:
    """How long news settles and conversations are kept. clock: the domain's. now: system clock."""

    settle: timedelta
    settle_delete: timedelta
    keep: timedelta
    floor: Steps
    clock: DomainClock
    now: Now

    @classmethod
    def of(cls, settings: Settings, now: Now) -> Rules:
        """As the settings say."""
        return cls(
            settle=timedelta(seconds=settings.settle_s),
            settle_delete=timedelta(seconds=settings.settle_delete_s),
            keep=timedelta(days=settings.conversation_keep_days),
            floor=settings.floor,
            clock=settings.domain_clock,
            now=now,
        )


def telling(
    subject: Subject, unheard: Flight | None, rules: Rules, *, restored: bool = False
) -> Telling | None:
    """What the conversations about a subject should know.

    unheard: what counts as heard where nobody noted it: what was announced before, None when nothing was. restored:
    it is the first since the database was restored from a backup; then those who have no conversation may have had
    one that the backup does not hold, and start in doubt.
    Returns None while the last change of the document that speaks for it is not understood: nothing is known to
    be true then.
    """
    speaker = subject.speaker
    if speaker.state is State.UNKNOWN or speaker.announced is None:
        return None
    found = replace(
        _telling(subject.name, subject.version, speaker, unheard, rules),
        documents=_documents(subject),
        said_by=(speaker.key, speaker.order) if len(subject.members) > 1 else None,
    )
    if restored or is_raised(subject.order):
        return replace(found, doubt=restored_doubt(incarnation_of(subject.order)))
    return found


def silence(subject: Subject, rules: Rules) -> Telling | None:
    """What new conversations are made with while nothing may be told; None when nothing was ever understood."""
    speaker = subject.speaker
    if speaker.announced is None:
        return None
    found = _telling(subject.name, _before_all(speaker.order), speaker, speaker.announced, rules)
    return replace(found, documents=_documents(subject))


def _telling(name: str, order: Order, speaker: Known, unheard: Flight | None, rules: Rules) -> Telling:
    want = speaker.announced
    assert want is not None
    unheard = unheard or want.as_published()
    now = rules.now()
    removed = want.status is Status.REMOVED
    return Telling(
        subject=name,
        order=order,
        want=want,
        unheard=unheard,
        priority=priority(differences(unheard, want, rules.floor)),
        due_at=now + (rules.settle_delete if removed else rules.settle),
        cancellation_due_at=now,
        puts_off=removed,
        ends_at=_ends_at(want, rules),
        event_id=speaker.event_id,
        changed_at=speaker.changed_at,
        found_late=speaker.found_late,
    )


def _documents(subject: Subject) -> tuple[str, ...]:
    """Keys of its documents, where there are others than the one it is named after."""
    keys = tuple(sorted(subject.keys))
    return () if keys == (subject.name.partition(":")[2],) else keys


def _before_all(order: Order) -> Order:
    """Before everything that happened in the incarnation of this order."""
    return of_marker(incarnation_of(order), (0, 0))


def is_over(told: Telling, rules: Rules) -> bool:
    """Whether nothing about the subject is worth a message any more, so that nobody needs a new conversation.

    Keeps a first start from making conversations about years of past flights.
    """
    return rules.clock.at(rules.now()) > subjects.of(told.subject).over_at(told.want)


def _ends_at(want: Flight, rules: Rules) -> datetime:
    # A slip in the year must not end the conversation, and with it what the person heard, before it is put right.
    return max(rules.clock.system_time_of(want.leaves_at), rules.now()) + rules.keep


@dataclass(slots=True)
class Starts:
    """Where new conversations start; parses what bookings showed once for all who were shown the same.

    What another flight showed counts as nothing: a booking moved to this one may keep what it had.

    read_at: the cluster's time after the bookings were read; None when it does not say. What a booking shows
    from later than that was never read: believed, it would keep all news from the person until then.
    """

    read_at: ClusterTime | None = None
    _parsed: dict[int, tuple[Mapping[str, object], Flight | None]] = field(default_factory=dict)

    def of(self, seen: Seen | None, told: Telling) -> tuple[Value, Order]:
        """Heard, and the order of reading it: what the booking showed, else what counts as heard."""
        if seen is not None:
            shown = self._parse(seen.flight)
            if shown is not None and not any(_is_of(shown, own) for own in (told.want, told.unheard)):
                shown = None
            if shown is not None and (seen.cluster_time is None or self._lies_ahead(seen.cluster_time)):
                return shown, _before_all(told.order)
            if shown is not None and seen.cluster_time is not None:
                return shown, of_snapshot_read(incarnation_of(told.order), seen.cluster_time)
        return told.unheard, _before_all(told.order)

    def _lies_ahead(self, time: ClusterTime) -> bool:
        return self.read_at is not None and time[0] > self.read_at[0] + _MARGIN_S

    def _parse(self, shown: Mapping[str, object]) -> Flight | None:
        known = self._parsed.get(id(shown))
        if known is None:
            try:
                known = (shown, flight.parse(shown))  # the object is kept, so its id stays its own
            except BadEventError:
                known = (shown, None)  # as if the booking showed nothing
            self._parsed[id(shown)] = known
        return known[1]


def _is_of(shown: Flight, own: Value) -> bool:
    """Whether it is the same flight, perhaps on another day: flights are rescheduled."""
    return isinstance(own, Flight) and (shown.flight_number, shown.origin) == (own.flight_number, own.origin)
