"""The collections of Gatecall: validators, indexes, pre-images. Safe to repeat, quick when all is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from pymongo import ASCENDING, IndexModel
from pymongo.database import Database
from pymongo.errors import CollectionInvalid, DuplicateKeyError, OperationFailure

from app.domain import namespaces
from app.domain.errors import SetupError
from app.store import validators
from app.store.audience import LINKED_INDEX
from app.store.users import SAME_ADDRESS

log = structlog.get_logger()

Document = dict[str, Any]

# Server error codes (MongoDB source, error_codes.yml).
NAMESPACE_EXISTS = 48
INDEX_OPTIONS_CONFLICT = 85
INDEX_KEY_SPECS_CONFLICT = 86
DUPLICATE_KEY = 11000

_DUPLICATES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Spec:
    """What a collection must have. validator: None when only our own programs write there."""

    indexes: tuple[IndexModel, ...] = ()
    validator: validators.Rule | None = None


def _index(*fields: str, **options: Any) -> IndexModel:
    return IndexModel([(name, ASCENDING) for name in fields], **options)


def _watched(name: str) -> bool:
    return name in namespaces.BY_COLLECTION


# What the staff page draws its lines from; Prometheus keeps the long history.
SAMPLES_KEPT_S = 24 * 3600
_NOT_SENT = ["failed", "skipped", "unknown", "retrying"]
_HAS_TEXT = {"$type": "string"}

COLLECTIONS: Mapping[str, Spec] = {
    "flights": Spec(
        (
            _index("flight_number", "origin", "departure_date", unique=True),
            _index("origin", "departure_date", "departure_time"),
            _index("departure_date", "origin"),
            _index("destination", "departure_date", "departure_time"),
            _index("destination", "arrival_date", "arrival_time"),
        ),
        validators.FLIGHT,
    ),
    "prices": Spec((_index("origin", "destination", "departure_date"),), validators.FARE),
    "notices": Spec(
        (
            _index("created_at"),
            # A repeated POST with the same Idempotency-Key finds the first one's notice.
            _index("idempotency_key", unique=True, partialFilterExpression={"idempotency_key": _HAS_TEXT}),
        ),
        validators.NOTICE,
    ),
    # Who is concerned is answered from the first index alone.
    "bookings": Spec(
        (
            _index("flight_id", "user_id", "status"),
            _index("user_id"),
            # What a person adds twice at one moment is one booking.
            _index("user_id", "flight_id", unique=True, partialFilterExpression={"added_by": "person"}),
        ),
        validators.BOOKING,
    ),
    "followings": Spec(
        (_index("user_id", "flight_id", unique=True), _index("flight_id", "user_id")), validators.FOLLOWING
    ),
    "users": Spec(
        (
            IndexModel([("email", ASCENDING)], collation=SAME_ADDRESS),
            # Who has the number that said STOP.
            _index("phone", partialFilterExpression={"phone": _HAS_TEXT}),
            # Who has conversations on channels that people link: answered from this index alone.
            _index("_id", "linked", name=LINKED_INDEX, partialFilterExpression={"linked": {"$exists": True}}),
            # A chat belongs to one account.
            _index(
                "linked.telegram.address",
                unique=True,
                partialFilterExpression={"linked.telegram.address": _HAS_TEXT},
            ),
        ),
        validators.USER,
    ),
    "sign_up_locks": Spec(),
    "sessions": Spec((_index("person"), _index("expires_at", expireAfterSeconds=0))),
    "api_keys": Spec((_index("hash", unique=True), _index("owner"))),
    "sign_ins": Spec((_index("expires_at", expireAfterSeconds=0),)),
    "phone_codes": Spec((_index("expires_at", expireAfterSeconds=0),)),
    "telegram_links": Spec((_index("person"), _index("chat"), _index("expires_at", expireAfterSeconds=0))),
    "telegram_bots": Spec(),
    "service_messages": Spec((_index("channel", "due_at"), _index("expires_at", expireAfterSeconds=0))),
    "shares": Spec((_index("person"), _index("expires_at", expireAfterSeconds=0))),
    "pickups": Spec(
        (
            *(_index("person"), _index("link", unique=True), _index("ends_at", expireAfterSeconds=0)),
            _index("address"),
            # Of whoever agreed.
            _index("user", "flight", partialFilterExpression={"user": {"$exists": True}}),
        )
    ),
    "known": Spec((_index("identity"), _index("subject", "order"), _index("partition", "order"))),
    "announcements": Spec((_index("subject", "order"), _index("changed_at"), _index("event_id"))),
    "airport_days": Spec(
        (
            _index("due_at", partialFilterExpression={"due_at": {"$exists": True}}),
            _index("airport"),
            _index("ends_at", expireAfterSeconds=0),
        )
    ),
    "alerts": Spec(
        (
            _index("user_id"),
            # What F1 asks: only those that a fare can move are looked at, however many there are.
            _index("keys", "currency", "cheapest.amount_minor", partialFilterExpression={"status": "active"}),
            _index("cheapest.offer", partialFilterExpression={"status": "active"}),
            _index("keys", partialFilterExpression={"due_at": {"$exists": True}}),
            # What F2 takes.
            _index("due_at", partialFilterExpression={"due_at": {"$exists": True}}),
            _index("next_at", partialFilterExpression={"next_at": {"$exists": True}}),
            _index("ends_at", expireAfterSeconds=0),
        )
    ),
    "event_decisions": Spec((_index("key", "order"), _index("expires_at", expireAfterSeconds=0))),
    "delivery_decisions": Spec((_index("person", "decided_at"), _index("expires_at", expireAfterSeconds=0))),
    "daily_counts": Spec((_index("expires_at", expireAfterSeconds=0),)),
    "why_links": Spec((_index("expires_at", expireAfterSeconds=0),)),
    "conversations": Spec(
        (
            # With _id, so that who has a conversation is answered from the index alone.
            _index("subject", "order", "_id"),
            _index("person"),
            # What delivery claims from: only what is due is in it, so an idle system's index is empty. With all
            # that a claim asks for: thousands that wait out a back-off are passed over in the index alone.
            _index(
                *("channel", "priority", "due_at", "status", "not_before", "lease_until"),
                partialFilterExpression={"due_at": {"$exists": True}},
            ),
            _index("channel", "not_before", partialFilterExpression={"not_before": {"$exists": True}}),
            # What waits for a digest, so that no other claim passes over it.
            _index(
                *("channel", "fold", "status", "not_before", "lease_until"),
                partialFilterExpression={"fold": {"$exists": True}},
            ),
            _index("ends_at", expireAfterSeconds=0),
        )
    ),
    "notifications": Spec(
        (
            _index("subject", "order"),
            _index("person", "created_at"),
            _index("conversation", "order"),
            # Those that were not sent, the latest first. They are few, so that sending does not pay for it.
            _index("status", "expires_at", partialFilterExpression={"status": {"$in": _NOT_SENT}}),
            # Those that came back, the latest first.
            _index("delivery.state", "expires_at", partialFilterExpression={"delivery.state": "undelivered"}),
            # What a provider reports about is found by the name that it gave the message.
            _index(
                "attempts.provider_id",
                partialFilterExpression={"attempts.provider_id": {"$exists": True}},
            ),
            _index("expires_at", expireAfterSeconds=0),
        )
    ),
    "dead_letters": Spec(
        (
            _index("status", "last_at"),
            _index("collection", "key"),
            _index("runs", sparse=True),
            _index("expires_at", expireAfterSeconds=0),
        )
    ),
    "read_requests": Spec((_index("collection", "asked_at"), _index("letters"))),
    "inbox": Spec(
        (
            _index("person", "at", "_id"),
            # The count in the bar is answered from this index alone.
            IndexModel(
                [("person", ASCENDING), ("at", ASCENDING), ("_id", ASCENDING)],
                name="unseen",
                partialFilterExpression={"unseen": True},
            ),
            # What is the latest about each of its subjects.
            _index("person", "subject", "at"),
            _index("expires_at", expireAfterSeconds=0),
        )
    ),
    "doorbells": Spec(),
    "suspects": Spec(),
    "idempotent_answers": Spec((_index("owner"), _index("expires_at", expireAfterSeconds=0))),
    # The names of fields are those of the library that counts.
    "rate_counters": Spec((_index("expireAt", expireAfterSeconds=0),)),
    "rate_windows": Spec((_index("expireAt", expireAfterSeconds=0),)),
    "tries": Spec((_index("expires_at", expireAfterSeconds=0),)),
    "resume_tokens": Spec(),
    "leases": Spec(),
    "schema_steps": Spec(),
    "provider_state": Spec(),
    "callbacks": Spec((_index("reference"), _index("first_at"), _index("expires_at", expireAfterSeconds=0))),
    # Who is to be told, by another channel, that one does not reach them.
    "suppressions": Spec((_index("person", "told_at"), _index("since"))),
    "consents": Spec((_index("person", "at"), _index("expires_at", expireAfterSeconds=0))),
    "gaps": Spec((_index("collection", "blind_to"), _index("snapshot"), _index("blind_to"))),
    "samples": Spec((_index("at", expireAfterSeconds=SAMPLES_KEPT_S),)),
}


def ensure(database: Database[Document]) -> None:
    """Create what is missing and bring the rest up to date; never touches a document.

    Raises SetupError when documents that are there already stand in the way (two flights with the same
    identity): its text names them. Raises PyMongoError when MongoDB does not answer.
    """
    present = _present(database)
    for name, spec in COLLECTIONS.items():
        wanted = _options(name, spec)
        if name not in present:
            _create(database, name, wanted)
        elif not _has_options(present[name], wanted):
            database.command("collMod", name, **wanted)
            log.info("collection brought up to date", collection=name)
        if spec.indexes:
            _ensure_indexes(database, name, spec.indexes)


def check(database: Database[Document]) -> list[str]:
    """What is missing, a sentence each; empty when all is there."""
    present = _present(database)
    problems = []
    for name, spec in COLLECTIONS.items():
        if name not in present:
            problems.append(f"collection {name} is missing")
            continue
        if not _has_options(present[name], _options(name, spec)):
            problems.append(f"validator or pre-images of {name} are not up to date")
        problems += [
            f"index {index} of {name} is missing" for index in _missing_indexes(database, name, spec)
        ]
    return problems


def _present(database: Database[Document]) -> dict[str, Mapping[str, Any]]:
    return {info["name"]: info.get("options", {}) for info in database.list_collections()}


def _options(name: str, spec: Spec) -> Document:
    options: Document = {}
    if spec.validator is not None:
        # Moderate: a document that was wrong before can still be edited, step by step.
        options |= {"validator": spec.validator, "validationLevel": "moderate", "validationAction": "error"}
    if _watched(name):
        options["changeStreamPreAndPostImages"] = {"enabled": True}
    return options


def _has_options(present: Mapping[str, Any], wanted: Document) -> bool:
    return all(present.get(name) == value for name, value in wanted.items())


def _create(database: Database[Document], name: str, options: Document) -> None:
    try:
        database.create_collection(name, check_exists=False, **options)
    except (CollectionInvalid, OperationFailure) as error:
        if isinstance(error, OperationFailure) and error.code != NAMESPACE_EXISTS:
            raise
        if options:  # somebody made it meanwhile, perhaps by a plain insert
            database.command("collMod", name, **options)


def _ensure_indexes(database: Database[Document], name: str, indexes: Sequence[IndexModel]) -> None:
    try:
        database[name].create_indexes(list(indexes))
    except OperationFailure as error:
        if error.code not in (INDEX_OPTIONS_CONFLICT, INDEX_KEY_SPECS_CONFLICT, DUPLICATE_KEY):
            raise
        for index in indexes:  # one by one, to see which
            _ensure_index(database, name, index)


def _ensure_index(database: Database[Document], name: str, index: IndexModel) -> None:
    collection = database[name]
    fields = list(index.document["key"])
    try:
        collection.create_indexes([index])
    except DuplicateKeyError as error:
        raise SetupError(_duplicates(database, name, fields)) from error
    except OperationFailure as error:
        if error.code == DUPLICATE_KEY:
            raise SetupError(_duplicates(database, name, fields)) from error
        if error.code not in (INDEX_OPTIONS_CONFLICT, INDEX_KEY_SPECS_CONFLICT):
            raise
        for old_name, old in collection.index_information().items():
            if [field for field, _ in old["key"]] == fields:
                collection.drop_index(old_name)
        _ensure_index(database, name, index)
        log.info("index made anew", collection=name, fields=fields)


def _duplicates(database: Database[Document], name: str, fields: Sequence[str]) -> str:
    """Which documents share the values of these fields, for whoever has to decide which one stays."""
    stages: list[Document] = [
        {"$group": {"_id": {f: f"${f}" for f in fields}, "ids": {"$push": "$_id"}, "count": {"$sum": 1}}},
        {"$match": {"count": {"$gt": 1}}},
        {"$sort": {"count": -1}},
        {"$limit": _DUPLICATES_SHOWN},
    ]
    lines = [f"Documents of {name} have the same {', '.join(fields)}; leave one of each and start again:"]
    for group in database[name].aggregate(stages, allowDiskUse=True):
        values = " ".join(str(value) for value in group["_id"].values())
        ids = ", ".join(repr(i) for i in group["ids"][:_DUPLICATES_SHOWN])
        lines.append(f"{values}: {group['count']} documents, _id {ids}")
    return "\n".join(lines)


def _missing_indexes(database: Database[Document], name: str, spec: Spec) -> Iterator[str]:
    there = database[name].index_information()
    for index in spec.indexes:
        wanted = index.document
        found = there.get(wanted["name"])
        if found is None or bool(found.get("unique")) != bool(wanted.get("unique")):
            yield str(wanted["name"])
