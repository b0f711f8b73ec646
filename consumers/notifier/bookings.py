"""N3b: bookings and followings make their conversations at once, so that a fan-out seldom has to.

The topics carry ids only; what a booking showed is read here. A booking that is gone or cancelled needs nothing:
delivery looks at it before it sends anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app import crash_points
from app.domain.events import ChangeEvent, Op
from app.domain.namespaces import BOOKINGS
from app.metrics import NOTIFIER_EVENTS
from app.store.audience import Place
from app.store.conversations import Telling, conversation_id
from app.store.known import Known, Subject
from consumers.notifier import identity, making
from consumers.notifier.stores import Stores
from consumers.notifier.telling import Rules, is_over, silence, telling


def handle(stores: Stores, rules: Rules, channels: Sequence[str], events: Sequence[ChangeEvent]) -> None:
    """N3b for some events: the conversations first, then what is known by then, then N3's update.

    Nothing is made for a flight that is not known yet: its first event makes the conversations of all who are
    booked by then, and looks for them once more after N4.
    """
    for event in events:
        NOTIFIER_EVENTS.labels(event.collection, "handled").inc()
    places = _places(stores, events)
    if not places or not channels:
        return
    known = stores.known.of_keys({place.flight for place in places})
    persons = _by_subject(places, known)
    if not persons:
        return
    ways: dict[str, Sequence[str]] = {}
    making.ask(stores, channels, {person for some in persons.values() for person in some}, ways)
    wanted = {
        subject: [conversation_id(subject, person, channel) for person in some for channel in ways[person]]
        for subject, some in persons.items()
    }
    there = stores.conversations.existing([id_ for some in wanted.values() for id_ in some])
    before = set(there)
    told = _made_with(stores, rules, persons)
    made = making.make(stores, ways, told, persons, there)
    crash_points.reached("N3b.made")
    if before:
        stores.conversations.hear(making.shown_again(stores, ways, told, persons, before))
    # Only now: whoever sets known after this finds the conversations that were made.
    subjects = stores.known.of_subjects(persons)
    vanished = identity.vanished(stores, subjects.values())
    told = _tellings((s for name, s in subjects.items() if name not in vanished), rules)
    changed = stores.conversations.tell(told, only=wanted)
    changed += stores.conversations.look_again(before, rules.now() + rules.settle) if before else 0
    crash_points.reached("N3b.told")
    if made or changed:
        stores.doorbells.ring(channels)


def _places(stores: Stores, events: Sequence[ChangeEvent]) -> set[Place]:
    ids: dict[bool, set[str]] = {True: set(), False: set()}
    for event in events:
        if event.op is not Op.DELETE:
            ids[event.collection == BOOKINGS.collection].add(event.document_key)
    places = stores.audience.of_bookings(ids[True]) if ids[True] else set()
    return places | (stores.audience.of_followings(ids[False]) if ids[False] else set())


def _by_subject(places: Iterable[Place], known: dict[str, Known]) -> dict[str, dict[str, str]]:
    persons: dict[str, dict[str, str]] = {}
    for place in places:
        found = known.get(place.flight)
        if found is not None and found.subject is not None:
            persons.setdefault(found.subject, {})[place.person] = place.flight
    return persons


def _made_with(stores: Stores, rules: Rules, names: Iterable[str]) -> list[Telling]:
    """New conversations know what was announced, but where nothing may be told now, only what they start with."""
    found = stores.known.of_subjects(names)
    vanished = identity.vanished(stores, found.values())
    tellings = (
        (None if name in vanished else telling(s, s.speaker.announced, rules)) or silence(s, rules)
        for name, s in found.items()
    )
    return [t for t in tellings if t is not None and not is_over(t, rules)]


def _tellings(subjects: Iterable[Subject], rules: Rules) -> list[Telling]:
    found = (telling(subject, subject.speaker.announced, rules) for subject in subjects)
    return [t for t in found if t is not None]
