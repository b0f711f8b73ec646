"""Conversations that are missing: found, and made as those told already would be."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bson.timestamp import Timestamp

from app.domain.channels import base_of, linked_of
from app.domain.order import ClusterTime
from app.store.audience import Place
from app.store.conversations import Start, Telling, conversation_id
from consumers.notifier.stores import Stores
from consumers.notifier.telling import Starts

Persons = Mapping[str, str]
"""The key of the flight document that each person is booked on or follows, by person."""


def of_audience(
    stores: Stores,
    channels: Sequence[str],
    told: Sequence[Telling],
    keys: Mapping[str, Collection[str]],
    there: set[str],
    ways: dict[str, Sequence[str]],
) -> int:
    """N3: make what is missing of those concerned now; returns how many were made.

    channels: that are on. keys: of the documents of each subject. there: ids that need no look; those found or made are
    added. ways: on which channels persons have conversations, as far as it was asked; who is missing is added.
    """
    if not told or not channels:
        return 0
    audience = stores.audience.of_flights({key for t in told for key in keys[t.subject]})
    persons = {t.subject: {p: key for key in keys[t.subject] for p in audience.get(key, ())} for t in told}
    ask(stores, channels, {person for some in persons.values() for person in some}, ways)
    lacking = [
        s for s, some in persons.items() if any(_lacking(s, person, ways[person], there) for person in some)
    ]
    if not lacking:
        return 0
    there |= stores.conversations.of_subjects(lacking)
    return make(stores, ways, told, persons, there)


def ask(
    stores: Stores, channels: Sequence[str], persons: Collection[str], ways: dict[str, Sequence[str]]
) -> None:
    """On which of the channels that are on these persons have conversations: one query for those not in `ways`."""
    base, linked = base_of(channels), linked_of(channels)
    missing = [person for person in persons if person not in ways]
    ways.update(stores.audience.channels_of(missing, base, linked))


def shown_again(
    stores: Stores,
    ways: Mapping[str, Sequence[str]],
    told: Sequence[Telling],
    persons: Mapping[str, Persons],
    there: Collection[str],
) -> list[tuple[str, Start]]:
    """What the bookings of those who have conversations already showed, where they say when; by the subject's
    name. there: ids of the conversations."""
    places = {Place(person, key) for t in told for person, key in persons.get(t.subject, {}).items()}
    seen = stores.audience.seen({place.flight for place in places}, {place.person for place in places})
    timed = {place: one for place, one in seen.items() if one.cluster_time is not None and place in places}
    if not timed:
        return []
    starts = Starts(_cluster_time(stores))
    shown: list[tuple[str, Start]] = []
    for t in told:
        for person, key in persons.get(t.subject, {}).items():
            if (one := timed.get(Place(person, key))) is None:
                continue
            heard, order = starts.of(one, t)
            shown += [
                (t.subject, Start(person, channel, heard, order, shown=key))
                for channel in ways[person]
                if conversation_id(t.subject, person, channel) in there
            ]
    return shown


def make(
    stores: Stores,
    ways: Mapping[str, Sequence[str]],
    told: Sequence[Telling],
    persons: Mapping[str, Persons],
    there: set[str],
) -> int:
    """Make the conversations of these persons, by subject, that are not there; returns how many were made.

    ways: on which channels each of them has conversations.

    A conversation starts with what the person's booking showed. A channel that was added later starts, in
    silence, with what was announced before: the person heard it on another one.
    """
    lacking: list[tuple[Telling, str, str, list[str]]] = []
    for t in told:
        for person, key in persons.get(t.subject, {}).items():
            if some := _lacking(t.subject, person, ways[person], there):
                lacking.append((t, person, key, some))
    if not lacking:
        return 0
    heard_elsewhere = {id_.rpartition("|")[0] for id_ in there}
    seen = stores.audience.seen({key for _, _, key, _ in lacking}, {person for _, person, _, _ in lacking})
    starts = Starts(_cluster_time(stores) if any(s.cluster_time for s in seen.values()) else None)
    new: list[tuple[Start, Telling]] = []
    for t, person, key, some in lacking:
        elsewhere = f"{t.subject}|{person}" in heard_elsewhere
        one = None if elsewhere else seen.get(Place(person, key))
        heard, order = starts.of(one, t)
        shown = key if one is not None and one.cluster_time is not None else None
        new += [(Start(person, channel, heard, order, shown=shown), t) for channel in some]
    made = stores.conversations.make(new)
    there |= {conversation_id(t.subject, start.person, start.channel) for start, t in new}
    return made


def _cluster_time(stores: Stores) -> ClusterTime | None:
    time = stores.database.command("ping").get("operationTime")
    return (time.time, time.inc) if isinstance(time, Timestamp) else None


def _lacking(subject: str, person: str, channels: Sequence[str], there: set[str]) -> list[str]:
    return [channel for channel in channels if conversation_id(subject, person, channel) not in there]
