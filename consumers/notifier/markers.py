"""N6: what the end of a snapshot says about documents that were deleted while nobody looked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from bson.timestamp import Timestamp

from app.domain import flight, order
from app.domain.clock import Now
from app.domain.errors import BadEventError
from app.domain.events import ChangeEvent
from app.domain.flight import Flight
from app.domain.namespaces import FLIGHT_FIELDS, FLIGHTS
from app.store import ids
from app.store.dead_letters import DeadLetter
from consumers.notifier.deciding import Sighting
from consumers.notifier.stores import Stores

_AT_ONCE = 500


def unseen(
    stores: Stores, marker: ChangeEvent, partition: int, partitions: int, now: Now
) -> Iterator[list[Sighting]]:
    """Sightings of all documents of a partition, of so many, of which the snapshot said nothing: read now.

    One that is there is like a snapshot event of the time it was read; one that is not is gone by that time: what
    happened to it between the marker's and that is still to come, and is past. now: system clock.
    """
    incarnation = order.incarnation_of(marker.order)
    silent = (known.key for known in stores.known.unseen_since(partition, marker.order, partitions))
    while keys := list(islice(silent, _AT_ONCE)):
        documents, read_at = _read(stores, keys)
        read = order.of_snapshot_read(incarnation, read_at)
        sightings = []
        for key in keys:
            document = documents.get(key)
            seen = Sighting(key, partition, read, f"{marker.id}/{key}", now(), found_late=True, gone=True)
            if document is not None:
                seen = replace(seen, gone=False, value=_value(stores, seen, document))
            sightings.append(seen)
        yield sightings


def _value(stores: Stores, seen: Sighting, document: dict[str, object]) -> Flight | None:
    """The flight; None, and a dead letter (N7), when it cannot be understood."""
    try:
        return flight.parse(document)
    except BadEventError as error:
        letter = DeadLetter(
            source="notifier",
            collection=FLIGHTS.collection,
            key=seen.key,
            reason=error.reason,
            words=str(error),
            event_id=seen.event_id,
            field=error.field,
            document=document,
        )
        stores.dead_letters.add(letter)
        return None


def _read(stores: Stores, keys: Sequence[str]) -> tuple[dict[str, dict[str, object]], order.ClusterTime]:
    """The documents there are, by key, and the cluster time at which all of them were read."""
    answer = stores.database.command(
        "find",
        FLIGHTS.collection,
        filter={"_id": {"$in": ids.all_forms(keys)}},
        projection=dict.fromkeys(FLIGHT_FIELDS, 1),
        batchSize=len(keys) * 3,
        singleBatch=True,
        readConcern={"level": "snapshot"},
    )
    cursor = answer["cursor"]
    read_at: Timestamp = cursor["atClusterTime"]
    documents = {ids.text(document.pop("_id")): document for document in cursor["firstBatch"]}
    return documents, (read_at.time, read_at.inc)
