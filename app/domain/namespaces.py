"""The watched collections, as data: one watcher loop serves them all.

Only the fields listed here ever leave MongoDB through a change stream. Bookings and followings travel as ids
only: no name, address or phone number enters a topic.
"""

from __future__ import annotations

from dataclasses import dataclass

FLIGHT_FIELDS = (
    "flight_number",
    "airline",
    "origin",
    "destination",
    "departure_date",
    "departure_time",
    "arrival_date",
    "arrival_time",
    "estimated_departure_date",
    "estimated_departure_time",
    "estimated_arrival_date",
    "estimated_arrival_time",
    "status",
    "status_reason",
    "gate",
    "terminal",
    "arrival_gate",
    "arrival_terminal",
    "belt",
    "aircraft",
    "diverted_to",
)
FARE_FIELDS = (
    "origin",
    "destination",
    "departure_date",
    "airline",
    "flight_number",
    "cabin",
    "stops",
    "amount",
    "currency",
    "provider",
    "link",
    "seen_at",
)
NOTICE_FIELDS = ("type", "message", "airport", "flight", "expires_at", "created_at")
BOOKING_FIELDS = ("user_id", "flight_id", "status")
FOLLOWING_FIELDS = ("user_id", "flight_id")


@dataclass(frozen=True, slots=True)
class Namespace:
    """One watched collection.

    topic: where its changes go (before the configured prefix).
    key_field: the field whose value keys the Kafka message; "_id" is the document's own id. Collections keyed
    by the same flight share partitions, so that one notifier handles all that concerns a flight.
    """

    collection: str
    topic: str
    key_field: str
    fields: tuple[str, ...]


FLIGHTS = Namespace("flights", "flights.changes", "_id", FLIGHT_FIELDS)
PRICES = Namespace("prices", "prices.changes", "_id", FARE_FIELDS)
NOTICES = Namespace("notices", "notices.changes", "_id", NOTICE_FIELDS)
BOOKINGS = Namespace("bookings", "bookings.changes", "flight_id", BOOKING_FIELDS)
FOLLOWINGS = Namespace("followings", "followings.changes", "flight_id", FOLLOWING_FIELDS)

WATCHED = (FLIGHTS, PRICES, NOTICES, BOOKINGS, FOLLOWINGS)
BY_COLLECTION = {namespace.collection: namespace for namespace in WATCHED}
