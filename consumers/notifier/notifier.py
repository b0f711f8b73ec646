"""What follows from a batch of messages: N1 to N7 of the protocol, in its order.

Everything here may be repeated: after a crash between any two steps the same messages come again, and the
result is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime

import structlog

from app import crash_points
from app.bus.consumer import Received
from app.domain.errors import BadEventError
from app.domain.events import ChangeEvent, Op
from app.domain.namespaces import BOOKINGS, FLIGHTS, FOLLOWINGS
from app.domain.order import incarnation_of
from app.metrics import ANNOUNCEMENTS, FAN_OUT, FOUND_LATE, NOTIFIER_EVENTS, NOTIFIER_LAG
from app.store.client import waited_for
from app.store.conversations import Telling
from app.store.dead_letters import HANDLER_FAILED
from app.store.decisions import Arrival
from app.store.known import Subject
from consumers.letters import letter_of
from consumers.notifier import bookings, identity, making, markers
from consumers.notifier.deciding import Picture, Sighting, not_understood, understand
from consumers.notifier.stores import Stores
from consumers.notifier.telling import Rules, is_over, telling

log = structlog.get_logger()

SUBJECTS_AT_ONCE = 250
"""Flights whose events are folded and fanned out together: bounds memory, and what a crash repeats."""

TOPICS = (FLIGHTS, BOOKINGS, FOLLOWINGS)


class Notifier:
    """Handles batches. channels: names of those that are on. collections: by the topic's full name.

    partitions: how many a topic has now, by its full name; may raise TransientError. incarnation: how often the
    database was restored from a backup; may raise TransientError.
    """

    def __init__(
        self,
        stores: Stores,
        rules: Rules,
        *,
        channels: Sequence[str],
        collections: Mapping[str, str],
        partitions: Callable[[str], int],
        incarnation: Callable[[], int] = lambda: 0,
    ) -> None:
        self._stores = stores
        self._rules = rules
        self._channels = tuple(channels)
        self._collections = collections
        self._partitions = partitions
        self._incarnation = incarnation
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="notifier record")

    def handle(self, batch: Sequence[Received]) -> None:
        """All that follows from the messages, markers and unreadable ones as barriers.

        Raises TransientError when MongoDB does not take it now; then nothing may be committed.
        """
        with waited_for(), FAN_OUT.time():
            waiting: list[Received] = []
            incarnation = self._incarnation()
            for received in batch:
                if _is_of_another_past(received, incarnation):
                    NOTIFIER_EVENTS.labels(self._collections[received.topic], "other_past").inc()
                elif isinstance(received.event, BadEventError) or received.event.op is Op.MARKER:
                    self._handle_documents(waiting)
                    waiting = []
                    self._handle_barrier(received)
                else:
                    waiting.append(received)
            self._handle_documents(waiting)

    def set_aside(self, received: Received, words: str) -> None:
        """N7 for a message that makes `handle` fail or kills the process."""
        with waited_for():
            self._dead_letter(received, BadEventError(HANDLER_FAILED, words))

    def _handle_barrier(self, received: Received) -> None:
        if isinstance(received.event, BadEventError):
            self._dead_letter(received, received.event)
        elif received.event.collection == FLIGHTS.collection:
            number, count = received.partition, self._partitions(received.topic)
            for some in markers.unseen(self._stores, received.event, number, count, self._rules.now):
                self._handle_flights(some)
            crash_points.reached("N6.read")
            self._compared(received.event.id, number)

    def _compared(self, snapshot_id: str, partition: int) -> None:
        """All that a snapshot said of the partition is dealt with; the last one ends the report of the gap."""
        gap = self._stores.gaps.compared(snapshot_id, partition)
        if gap is not None and not gap.first:
            log.warning("gap compared", gap=gap.id, documents=gap.documents, found_late=gap.found_late)

    def _handle_documents(self, batch: Sequence[Received]) -> None:
        """Flights first, so that bookings find them known; then bookings and followings."""
        flights: list[tuple[Received, ChangeEvent]] = []
        places: list[ChangeEvent] = []
        for received in batch:
            event = received.event
            assert isinstance(event, ChangeEvent)
            if event.collection == FLIGHTS.collection:
                flights.append((received, event))
            elif event.collection in (BOOKINGS.collection, FOLLOWINGS.collection):
                places.append(event)
        sightings = [self._sighting(received, event) for received, event in flights]
        for some in _chunks(sightings):
            self._handle_flights(some)
        if places:
            bookings.handle(self._stores, self._rules, self._channels, places)
        if batch:
            last = batch[-1].event
            assert isinstance(last, ChangeEvent)
            NOTIFIER_LAG.set(max(0.0, (self._rules.now() - last.wall_time).total_seconds()))

    def _sighting(self, received: Received, event: ChangeEvent) -> Sighting:
        """The event understood; what cannot be is a dead letter first, and unknown then (N7)."""
        try:
            seen = understand(event, received.partition)
        except BadEventError as error:
            self._stores.dead_letters.add(letter_of(received, "notifier", FLIGHTS.collection, error))
            log.warning("flight event not understood", trace=event.id, key=event.key, field=error.field)
            seen = not_understood(event, received.partition)
        return replace(seen, arrival=_arrival(received, self._rules.now()))

    def _handle_flights(self, sightings: Sequence[Sighting]) -> None:
        """N1 to N4 for some flights. What came before an event that is not understood is told before it."""
        for some in _rounds(sightings):
            self._handle_round(some)

    def _handle_round(self, sightings: Sequence[Sighting]) -> None:
        """N1 to N4. The events are taken in their order, over all partitions."""
        picture = self._known(sightings)
        crash_points.reached("N1.read")
        for seen in sorted(sightings, key=lambda s: s.order):
            outcome = picture.take(seen)
            NOTIFIER_EVENTS.labels(FLIGHTS.collection, outcome).inc()
            log.debug("flight event handled", trace=seen.event_id, key=seen.key, outcome=outcome)
        for announcement in picture.announcements:
            kinds = [str(kind) for kind in announcement.kinds]
            log.info("announcement", trace=announcement.event_id, subject=announcement.subject, kinds=kinds)
            FOUND_LATE.inc(announcement.found_late)
            for kind in announcement.kinds:
                ANNOUNCEMENTS.labels(kind).inc()
        subjects = {name: picture.subject(name) for name in picture.touched}
        told = self._tellings(picture, subjects)
        keys = {t.subject: subjects[t.subject].keys for t in told}
        fanning_out = [t for t in told if picture.touched[t.subject].fans_out]
        there: set[str] = set()
        ways: dict[str, Sequence[str]] = {}

        def fan_out() -> None:
            making.of_audience(self._stores, self._channels, self._not_over(fanning_out), keys, there, ways)
            crash_points.reached("N3.made")
            self._stores.conversations.tell(fanning_out)
            crash_points.reached("N3.told")
            if fanning_out:
                self._stores.doorbells.ring(self._channels)

        # All of it before known is set: until then a repetition decides the same.
        # Beside each other, because each waits for a majority, and waiting is most of what they cost.
        recording = self._beside.submit(self._record, picture)
        try:
            fan_out()
        finally:
            wait([recording])
        recording.result()
        self._stores.known.set_all(list(picture.changed.values()), picture.mended)  # N4
        crash_points.reached("N4.known")
        # Read again: another notifier may have handled another document of the same flight meanwhile, and neither
        # saw what the other did. Whoever reads last sees both.
        subjects = self._stores.known.of_subjects(picture.touched)
        told = self._tellings(picture, subjects)
        keys = {t.subject: subjects[t.subject].keys for t in told}
        # A booking's conversation may have been made meanwhile; of a flight that nobody knew, not even that.
        first = [t for t in told if picture.touched[t.subject].first]
        made = making.of_audience(self._stores, self._channels, self._not_over(first), keys, there, ways)
        late = self._stores.conversations.untold(told)
        if self._stores.conversations.tell(late) or made:
            self._stores.doorbells.ring(self._channels)
        crash_points.reached("N4.told_again")

    def _record(self, picture: Picture) -> None:
        """N3: keep what was decided."""
        self._stores.announcements.record(picture.announcements)
        crash_points.reached("N3.recorded")
        self._stores.decisions.of_events(picture.decisions(), self._rules.now())

    def _known(self, sightings: Sequence[Sighting]) -> Picture:
        """N1, and all other documents of the subjects."""
        picture = Picture(self._rules.floor)
        known = self._stores.known.of_keys({seen.key for seen in sightings})
        picture.add(known.values())
        new = {
            seen.value.identity
            for seen in sightings
            if seen.value is not None and (seen.key not in known or known[seen.key].subject is None)
        }
        new |= {
            seen.before.identity for seen in sightings if seen.before is not None and seen.key not in known
        }
        others = self._stores.known.of_identities(new) if new else set()
        names = others | {k.subject for k in known.values() if k.subject is not None}
        subjects = self._stores.known.of_subjects(names) if names else {}
        for subject in subjects.values():
            picture.add(subject.members)
        speakers = (subjects[name].speaker for name in others)
        picture.outdated = identity.outdated(self._stores, (s for s in speakers if s.identity in new))
        return picture

    def _not_over(self, told: Sequence[Telling]) -> list[Telling]:
        return [t for t in told if not is_over(t, self._rules)]

    def _tellings(self, picture: Picture, subjects: Mapping[str, Subject]) -> list[Telling]:
        vanished = identity.vanished(self._stores, (subjects[n] for n in picture.touched if n in subjects))
        names = (n for n in picture.touched if n in subjects and n not in vanished)
        touched = ((subjects[name], picture.touched[name]) for name in names)
        found = (telling(subject, t.unheard, self._rules, restored=t.restored) for subject, t in touched)
        return [t for t in found if t is not None]

    def _dead_letter(self, received: Received, error: BadEventError) -> None:
        """N7: kept first; only then is what is known of the flight unknown."""
        collection = self._collections[received.topic]
        self._stores.dead_letters.add(letter_of(received, "notifier", collection, error))
        crash_points.reached("N7.kept")
        NOTIFIER_EVENTS.labels(collection, "dead_letter").inc()
        if collection == FLIGHTS.collection and received.key:
            order = None if isinstance(received.event, BadEventError) else received.event.order
            self._stores.known.set_unknown(received.key, order, received.partition)


def _is_of_another_past(received: Received, incarnation: int) -> bool:
    """N2: an event of an older incarnation happened in a past that the restored database does not have."""
    event = received.event
    return not isinstance(event, BadEventError) and incarnation_of(event.order) < incarnation


def _arrival(received: Received, now: datetime) -> Arrival:
    return Arrival(received.topic, received.partition, received.offset, received.published_at, now)


def _chunks(sightings: Sequence[Sighting]) -> Iterable[list[Sighting]]:
    """Some flights at a time, all events of a flight together."""
    by_key: dict[str, list[Sighting]] = {}
    for seen in sightings:
        by_key.setdefault(seen.key, []).append(seen)
    groups = list(by_key.values())
    for first in range(0, len(groups), SUBJECTS_AT_ONCE):
        yield [seen for group in groups[first : first + SUBJECTS_AT_ONCE] for seen in group]


def _rounds(sightings: Sequence[Sighting]) -> Iterable[list[Sighting]]:
    """The same events in rounds: those of each flight up to one that is not understood, then that one, then on.

    Once a flight is unknown nobody is told of what became of it before, so that must be done by then.
    """
    rounds: list[list[Sighting]] = []
    reached: dict[str, int] = {}
    for seen in sorted(sightings, key=lambda s: s.order):
        number = reached.get(seen.key, 0)
        # Events that are not understood have the odd rounds, all others the even ones.
        number += (number % 2) != (not seen.is_understood)
        reached[seen.key] = number
        while len(rounds) <= number:
            rounds.append([])
        rounds[number].append(seen)
    return (some for some in rounds if some)
