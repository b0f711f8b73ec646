"""What MongoDB itself refuses in the collections that people and their programs write.

The rules let through everything that `app.domain` can read, and little else; each has a description that
MongoDB repeats in its error, so that whoever made the typo learns the field and the remedy. A program that
must store something else can (`bypassDocumentValidation`); it becomes a dead letter, never a crash.
"""

from __future__ import annotations

from typing import Any

Rule = dict[str, Any]

# Unicode blanks count as blanks, as they do for str.split.
_UCP = "(*UCP)"
_ID = {"bsonType": ["objectId", "string", "int", "long"]}
_STATUSES = (
    "scheduled|on(\\s+|_|-)time|delayed|boarding|gate(\\s+|_|-)closed"
    "|departed|diverted|landed|arrived|cancell?ed"
)


def _text(pattern: str | None, description: str, *, longest: int = 1000, optional: bool = True) -> Rule:
    rule: Rule = {"bsonType": "string", "maxLength": longest, "description": description}
    if pattern is not None:
        rule["pattern"] = f"{_UCP}^\\s*({pattern}){'?' if optional else ''}\\s*$"
    if optional:
        rule["bsonType"] = ["string", "null"]
    return rule


def _airport(field: str, *, optional: bool = True) -> Rule:
    return _text("[A-Za-z]{3}", f'{field}: write the airport\'s IATA code, like "EWR"', optional=optional)


def _date(field: str, *, optional: bool = True) -> Rule:
    day = "(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    return _text(day, f'{field}: write a date like "2026-12-01"', optional=optional)


def _time(field: str, *, optional: bool = True) -> Rule:
    clock = "([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-9]{2})?"
    return _text(
        clock, f'{field}: write a time of 24 hours, local to the airport, like "09:30"', optional=optional
    )


def _code(field: str) -> Rule:
    rule = _text("[A-Za-z0-9][A-Za-z0-9\\s/-]*", f'{field}: a short code of up to 10 characters, like "C71"')
    return rule | {"bsonType": ["string", "int", "long", "null"]}


def _flight_number(*, optional: bool) -> Rule:
    return _text(
        "([A-Za-z]\\s*[A-Za-z0-9]|[0-9]\\s*[A-Za-z])\\s*([0-9]\\s*)+[A-Za-z]?",
        'flight_number: write the airline and the number, like "UA407"',
        optional=optional,
    )


def _id(field: str) -> Rule:
    return _ID | {"description": f"{field}: the _id of the document that is meant"}


def _object(title: str, required: list[str], properties: dict[str, Rule]) -> Rule:
    return {
        "$jsonSchema": {"bsonType": "object", "title": title, "required": required, "properties": properties}
    }


FLIGHT = _object(
    "a flight on one day",
    ["flight_number", "origin", "destination", "departure_date", "departure_time"],
    {
        "_id": _ID | {"description": "_id: an ObjectId, a text or a whole number"},
        "flight_number": _flight_number(optional=False),
        "airline": _text("[^\\s]+(\\s[^\\s]+)?", 'airline: write the airline\'s code, like "UA"'),
        "origin": _airport("origin", optional=False),
        "destination": _airport("destination", optional=False),
        "departure_date": _date("departure_date", optional=False),
        "departure_time": _time("departure_time", optional=False),
        "arrival_date": _date("arrival_date"),
        "arrival_time": _time("arrival_time"),
        "estimated_departure_date": _date("estimated_departure_date"),
        "estimated_departure_time": _time("estimated_departure_time"),
        "estimated_arrival_date": _date("estimated_arrival_date"),
        "estimated_arrival_time": _time("estimated_arrival_time"),
        "status": _text(
            f"(?i:{_STATUSES})",
            "status: write one of scheduled, delayed, boarding, gate_closed, departed, diverted, landed, "
            "arrived, cancelled",
        ),
        "status_reason": _text(None, "status_reason: a text of at most 200 characters"),
        "gate": _code("gate"),
        "terminal": _code("terminal"),
        "arrival_gate": _code("arrival_gate"),
        "arrival_terminal": _code("arrival_terminal"),
        "belt": _code("belt"),
        "aircraft": _code("aircraft"),
        "diverted_to": _airport("diverted_to"),
    },
)

FARE = _object(
    "the present fare of one offer",
    ["origin", "destination", "departure_date", "amount", "currency"],
    {
        "origin": _airport("origin", optional=False),
        "destination": _airport("destination", optional=False),
        "departure_date": _date("departure_date", optional=False),
        "amount": {
            "bsonType": ["decimal", "string", "int", "long", "double"],
            "description": 'amount: write a decimal number, or a text like "199.50"',
        },
        "currency": _text("[A-Za-z]{3}", 'currency: write the ISO 4217 code, like "EUR"', optional=False),
        "airline": _text("[A-Za-z0-9]{2,3}", 'airline: write the airline\'s code, like "UA"'),
        "flight_number": _flight_number(optional=True),
        "cabin": _text("[A-Za-z][A-Za-z0-9\\s_-]*", 'cabin: write it like "economy"'),
        "stops": _text("\\d+", "stops: write a whole number from 0 to 9")
        | {"bsonType": ["int", "long", "double", "decimal", "string", "null"], "minimum": 0, "maximum": 9},
        "provider": _text(None, "provider: a text of at most 200 characters"),
        "link": _text("https?://[^\\s]+", "link: begin with https://", longest=4000),
        "seen_at": {
            "bsonType": ["date", "string", "null"],
            "description": 'seen_at: a date, or a text like "2026-12-01T09:30:00Z"',
        },
    },
)

BOOKING = _object(
    "a booking of one person on one flight",
    ["user_id", "flight_id"],
    {
        "user_id": _id("user_id"),
        "flight_id": _id("flight_id"),
        "status": _text(None, 'status: a text like "confirmed" or "cancelled"', longest=40),
        "seen": {
            "bsonType": ["object", "null"],
            "description": "seen: what the booking page showed, {cluster_time, flight}",
            "required": ["flight"],
            "properties": {
                "cluster_time": {
                    "bsonType": ["timestamp", "null"],
                    "description": "seen.cluster_time: operationTime of the read that was shown",
                },
                "flight": {
                    "bsonType": "object",
                    "description": "seen.flight: fields of the flight's document",
                },
            },
        },
    },
)

FOLLOWING = _object(
    "a person follows a flight",
    ["user_id", "flight_id"],
    {"user_id": _id("user_id"), "flight_id": _id("flight_id")},
)

USER = _object(
    "a person",
    ["name"],
    {
        "_id": _ID | {"description": "_id: an ObjectId, a text or a whole number"},
        "name": _text(None, "name: a text of at most 200 characters", longest=200, optional=False),
        "email": _text("[^@\\s]+@[^@\\s]+", 'email: write one address, like "ada@example.org"', longest=320),
        "phone": _text(
            "[+0-9 ()./-]+", 'phone: the number with its country code, like "+15550100142"', longest=40
        ),
        "language": _text("[A-Za-z0-9-]{2,35}", 'language: write a tag like "en" or "de-CH"', longest=35),
        "time_zone": _text("[A-Za-z0-9_+/-]+", 'time_zone: an IANA name like "Europe/Zurich"', longest=64),
        "clock": {
            "enum": [12, 24, None],
            "description": "clock: 12 or 24, the hours that times are written with",
        },
        "currency": _text("[A-Z]{3}", 'currency: write the ISO 4217 code, like "EUR"', longest=3),
        "roles": {
            "bsonType": ["array", "null"],
            "description": "roles: texts",
            "items": {"bsonType": "string"},
        },
    },
)

NOTICE = _object(
    "a notice by staff",
    ["type", "message"],
    {
        "type": _text(None, "type: a short text", longest=40, optional=False),
        "message": _text(None, "message: a text of at most 2000 characters", longest=2000, optional=False),
        "airport": _airport("airport"),
        "flight": _text(None, "flight: a flight number", longest=40),
    },
)
