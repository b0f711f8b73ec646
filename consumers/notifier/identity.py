"""Whether a document is still the flight that is known: read from it where the events cannot say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.domain import flight
from app.domain.errors import BadEventError
from app.domain.namespaces import FLIGHT_FIELDS, FLIGHTS
from app.store import ids
from app.store.known import Known, State, Subject
from consumers.notifier.stores import Stores


def outdated(stores: Stores, speakers: Iterable[Known]) -> frozenset[tuple[str, str]]:
    """Key and known identity of those whose documents are another flight by now.

    A new flight may take the number and date of one that was rescheduled. When the event of the old one comes
    later (another partition, an event that was not understood), only its document tells that the new one is
    not its successor. One that is gone, or still the same flight under another spelling, is succeeded.
    """
    there = {known.key: known for known in speakers if known.state is not State.GONE}
    if not there:
        return frozenset()
    wanted = {"_id": {"$in": ids.all_forms(there)}}
    found = stores.database[FLIGHTS.collection].find(wanted, dict.fromkeys(FLIGHT_FIELDS, 1))
    documents = {ids.text(document["_id"]): document for document in found}
    return frozenset(
        (key, str(known.identity))
        for key, known in there.items()
        if key in documents and _identity(documents[key]) != known.identity
    )


def _identity(document: Mapping[str, Any]) -> str | None:
    """None when it cannot be understood: two documents are never the same flight, so it is another one then. Rubbish
    in a gate or a status says nothing of that."""
    try:
        return flight.identity_of(document)
    except BadEventError:
        return None


def vanished(stores: Stores, subjects: Iterable[Subject]) -> set[str]:
    """Names of subjects whose speaker is older than a document that is gone, and is gone itself by now.

    Its deletion is still to come, through another partition. Until then nothing may be told: how the flight stood
    before the newer document is past.
    """
    doubtful = {
        s.speaker.key: s.name for s in subjects if s.speaker.order < s.order and not _is_gone(s.speaker)
    }
    if not doubtful:
        return set()
    wanted = {"_id": {"$in": ids.all_forms(doubtful)}}
    there = {ids.text(row["_id"]) for row in stores.database[FLIGHTS.collection].find(wanted, {"_id": 1})}
    return {name for key, name in doubtful.items() if key not in there}


def _is_gone(known: Known) -> bool:
    return known.state is State.GONE
