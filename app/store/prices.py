"""The `prices` collection, read for the list of fares and for alerts. Admins and providers own it; nothing here
writes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import product
from typing import Any, NamedTuple

from bson import Decimal128, Regex
from pymongo.database import Database
from pymongo.errors import OperationFailure

from app.domain.errors import TransientError
from app.domain.fields import rfc3339
from app.domain.namespaces import FARE_FIELDS
from app.domain.order import ClusterTime

Document = dict[str, Any]

_FIELDS = dict.fromkeys(FARE_FIELDS, 1)
_AT_ONCE = 20_000
_READ_TIMEOUT_MS = 20_000


class Search(NamedTuple):
    """Fares from any of these airports to any of those, on these days: from the first until the last, inclusive."""

    origins: Collection[str]
    destinations: Collection[str]
    first: str
    last: str


def current(
    database: Database[Document], *, origin: str = "", destination: str = "", date: str = "", at_most: int
) -> list[Document]:
    """Fares of a route and day, by route and date; an empty text asks for all.

    origin, destination: airport codes; codes written in small letters are found too. date: "2026-12-01".
    Documents have `_id` and the allow-listed fields, as they were written.
    """
    query: Document = {}
    if origin:
        query["origin"] = {"$in": [origin.upper(), origin.lower()]}
    if destination:
        query["destination"] = {"$in": [destination.upper(), destination.lower()]}
    if date:
        query["departure_date"] = date
    order = [("origin", 1), ("destination", 1), ("departure_date", 1), ("_id", 1)]
    return list(database.prices.find(query, _FIELDS).sort(order).limit(at_most))


def at_one_time(
    database: Database[Document], searches: Sequence[Search], not_before: ClusterTime
) -> tuple[list[Document], ClusterTime]:
    """F3: the documents that any of these searches finds, each once, with JSON values as in a message, and the one
    cluster time at which all were read. They are found however their codes and days are written, as far as that can
    be understood, and with them a few that are not meant.

    Raises TransientError when what MongoDB shows is older than not_before, PyMongoError when it does not answer.
    """
    command = {
        "find": "prices",
        "filter": _filter(searches),
        "projection": _FIELDS,
        "batchSize": _AT_ONCE,
        "maxTimeMS": _READ_TIMEOUT_MS,
        "readConcern": {"level": "snapshot"},
    }
    with database.client.start_session(causal_consistency=False) as session:
        try:
            cursor = database.command(command, codec_options=database.codec_options, session=session)[
                "cursor"
            ]
            read_at = (cursor["atClusterTime"].time, cursor["atClusterTime"].inc)
            if read_at < not_before:
                raise TransientError(
                    "what MongoDB shows is older than the change: its member was just elected"
                )
            documents = cursor["firstBatch"]
            while cursor["id"]:
                more = {"getMore": cursor["id"], "collection": "prices", "batchSize": _AT_ONCE}
                answer = database.command(more, codec_options=database.codec_options, session=session)
                cursor = answer["cursor"]
                documents += cursor["nextBatch"]
        except OperationFailure as error:
            raise TransientError(f"the fares could not be read: code {error.code}") from error
    return [_plain(document) for document in documents], read_at


def _plain(document: Document) -> Document:
    """Values as they travel in a message: Decimal128 as text, times as RFC 3339."""
    return {name: _json(value) for name, value in document.items()}


def _json(value: Any) -> Any:
    if isinstance(value, Decimal128):
        return str(value)
    return rfc3339(value) if isinstance(value, datetime) else value


def matching(database: Database[Document], search: Search, at_most: int) -> list[Document]:
    """The documents that a search finds, as `at_one_time` does, for a page; at most so many, in no order."""
    return list(database.prices.find(_filter([search]), _FIELDS).limit(at_most))


def _filter(searches: Sequence[Search]) -> Document:
    """Each part is a few ranges of the index. What begins with a blank, or mixes letters, sorts apart and is rare: it
    is asked for once for all searches."""
    origins = {code for one in searches for code in one.origins}
    destinations = {code for one in searches for code in one.destinations}
    parts: list[Document] = [
        {
            "origin": {"$in": _begun(one.origins)},
            "destination": {"$in": _begun(one.destinations)},
            "departure_date": {"$gte": one.first, "$lt": one.last + _LAST},
        }
        for one in dict.fromkeys(searches)
    ]
    begins, ends = ({"$in": _begun(codes) + _mixed(codes)} for codes in (origins, destinations))
    parts += [{"origin": odd} for odd in (*_BLANKS, {"$in": _mixed(origins)})]
    parts += [{"origin": begins, "destination": odd} for odd in (*_BLANKS, {"$in": _mixed(destinations)})]
    parts += [{"origin": begins, "destination": ends, "departure_date": odd} for odd in _BLANKS]
    return {"$or": parts}


_LAST = "\U0010ffff"
"""After all that a text may go on with."""
_BLANKS: tuple[Document, ...] = ({"$gt": "", "$lt": "!"}, {"$gte": "\x80", "$lt": _LAST})
"""Texts that begin with a blank, of ASCII or not."""


def _begun(codes: Collection[str]) -> list[Regex[str]]:
    """Texts that begin with one of these codes, in capitals or in small letters."""
    return [Regex(f"^{form}") for code in sorted(codes) for form in (code.upper(), code.lower())]


def _mixed(codes: Collection[str]) -> list[Regex[str]]:
    """The same in capitals and small letters together."""
    forms = {
        "".join(form) for code in codes for form in product(*zip(code.upper(), code.lower(), strict=True))
    }
    plain = {form for code in codes for form in (code.upper(), code.lower())}
    return [Regex(f"^{form}") for form in sorted(forms - plain)]


def routes(database: Database[Document]) -> tuple[list[str], list[str]]:
    """Codes of all airports fares start from, and of all they go to; sorted, in capitals."""
    return _codes(database, "origin"), _codes(database, "destination")


def _codes(database: Database[Document], field: str) -> list[str]:
    written = database.prices.distinct(field)
    return sorted({code.strip().upper() for code in written if isinstance(code, str) and code.strip()})
