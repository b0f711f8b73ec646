"""Puts the demo's flights, people, bookings and fares into MongoDB, as an import job would."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from bson import ObjectId, Timestamp
from pymongo.database import Database

from app.domain import alert
from app.store.alerts import Alerts
from app.store.own_followings import AIRPORT
from scripts.demo.fares import Fares
from scripts.demo.people import AirportFollowing, Booking, Following, People, identifier
from scripts.demo.story import Fields, Identity

Document = dict[str, Any]
Told = Callable[[str, int, int], None]
"""Hears of progress: what, how many of it are done, how many there are."""

_CHUNK = 500


def flight_id(identity: Identity) -> ObjectId:
    """The `_id` under which a flight is first inserted."""
    return identifier("flight", *identity)


def load(
    database: Database[Document],
    published: Mapping[Identity, Fields],
    people: People,
    fares: Fares,
    told: Told,
) -> None:
    """Insert everything. Bookings come last and keep what their import saw of the flights."""
    now = datetime.now(UTC)
    flights = [{"_id": flight_id(key), **fields, "updated_at": now} for key, fields in published.items()]
    _insert(database, "flights", flights, told)
    _insert(database, "prices", [{**offer, "seen_at": now} for offer in fares.offers], told)
    _insert(database, "users", people.users, told)
    followings = [
        *(following_document(following, flight_id(following.flight)) for following in people.followings),
        *(_airport_following_document(following) for following in people.airports),
    ]
    _insert(database, "followings", followings, told)
    shown, read_at = read_flights(database, {})
    bookings = [
        booking_document(booking, flight_id(booking.flight), shown[flight_id(booking.flight)], read_at)
        for booking in people.bookings
    ]
    _insert(database, "bookings", bookings, told)


def load_alerts(
    database: Database[Document], person: str, wanted: Sequence[Mapping[str, Any]], starts: datetime
) -> None:
    """Make somebody's fare alerts, as the pages do. starts: of the replay, on the domain clock."""
    store = Alerts(database)
    for body in wanted:
        store.create(person, alert.read(body, starts), datetime.now(UTC), most=len(wanted))


def read_flights(
    database: Database[Document], query: Mapping[str, Any]
) -> tuple[dict[Any, Document], Timestamp]:
    """Flights by their `_id`, and the cluster time at which all of them were read."""
    answer = database.command(
        {"find": "flights", "filter": query, "batchSize": 100_000, "readConcern": {"level": "snapshot"}}
    )
    cursor = answer["cursor"]
    if cursor["id"] != 0:
        raise RuntimeError("the flights do not fit into one answer of MongoDB")
    return {document["_id"]: document for document in cursor["firstBatch"]}, cursor["atClusterTime"]


def booking_document(booking: Booking, flight: Any, shown: Document, read_at: Timestamp) -> Document:
    """A booking as a booking system writes it; `seen` is what its page showed."""
    document: Document = {
        "_id": booking.id,
        "user_id": booking.user,
        "flight_id": flight,
        "status": "confirmed",
        "seats": booking.seats,
        "booked_at": datetime.now(UTC),
    }
    if booking.seen:
        fields = {name: value for name, value in shown.items() if isinstance(value, str)}
        document["seen"] = {"cluster_time": read_at, "flight": fields}
    return document


def following_document(following: Following, flight: Any) -> Document:
    """A following as the web pages write it."""
    document = {
        "_id": following.id,
        "user_id": following.user,
        "flight_id": flight,
        "created_at": datetime.now(UTC),
        "version": 1,
    }
    return document | {"muted": True} if following.muted else document


def _airport_following_document(following: AirportFollowing) -> Document:
    return {
        "_id": following.id,
        "user_id": following.user,
        "flight_id": f"{AIRPORT}{following.airport}",
        "airport": following.airport,
        "created_at": datetime.now(UTC),
        "version": 1,
    }


def _insert(database: Database[Document], collection: str, documents: Sequence[Document], told: Told) -> None:
    done = 0
    for chunk in _chunks(documents):
        database[collection].insert_many(chunk, ordered=False)
        done += len(chunk)
        told(collection, done, len(documents))


def _chunks(documents: Iterable[Document]) -> Iterable[list[Document]]:
    rest = iter(documents)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
