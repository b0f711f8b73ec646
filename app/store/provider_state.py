"""How a provider stands, shared by every process: its breaker and its token bucket, one document each.

The times are passed in, from the system clocks of the processes, as those of leases are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

Document = dict[str, Any]

CLOSED, OPEN = "closed", "open"


@dataclass(frozen=True, slots=True)
class Standing:
    """state: CLOSED (messages go) or OPEN (none but a probe). failures: in a row, of the probes. since: when
    it opened; until: when a probe makes sense; words: what is wrong; all None when closed. probe_until: a
    probe is under way until then at most; None without. ramp_from, outage_s: when it closed again, and how
    long it had been open; None and 0 when it never was."""

    state: str = CLOSED
    failures: int = 0
    since: datetime | None = None
    until: datetime | None = None
    words: str | None = None
    probe_until: datetime | None = None
    ramp_from: datetime | None = None
    outage_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Grant:
    """How many messages may go now, and how long to wait for the next when there is none."""

    granted: int
    wait_s: float


class ProviderState:
    """One document of the collection `provider_state`. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document], provider: str) -> None:
        self._states = database["provider_state"]
        self._id = provider

    def read(self) -> Standing:
        """How it stands."""
        row = self._states.find_one({"_id": self._id})
        return _standing(row or {})

    def trip(
        self, now: datetime, words: str, *, first_s: float, longest_s: float, least_s: float
    ) -> Standing:
        """Open it, or keep it open for longer after a probe that failed; what another has noted stands.

        first_s: the first pause, doubled with each failure up to longest_s; least_s: what the provider asked for.
        """
        fresh = {"$or": [{"$ne": ["$state", OPEN]}, {"$lte": ["$until", now]}]}
        failures = {"$add": [{"$ifNull": ["$failures", 0]}, 1]}
        doubled = {"$multiply": [first_s, {"$pow": [2, {"$min": [{"$subtract": ["$failures", 1]}, 20]}]}]}
        pause_s = {"$max": [{"$min": [doubled, longest_s]}, least_s]}
        until = {"$add": [now, {"$multiply": [pause_s, 1000]}]}
        row = self._update(
            {},
            [
                {"$set": {"fresh": fresh}},
                {"$set": {"failures": {"$cond": ["$fresh", failures, "$failures"]}}},
                {
                    "$set": {
                        "since": {"$cond": [{"$eq": ["$state", OPEN]}, "$since", now]},
                        "state": OPEN,
                        "until": {"$cond": ["$fresh", until, {"$max": ["$until", _later(now, least_s)]}]},
                        "words": {"$literal": words},
                    }
                },
                {"$unset": ["fresh", "probe", "probe_until"]},
            ],
            upsert=True,
        )
        return _standing(row or {})

    def probe(self, token: str, now: datetime, lasting: timedelta) -> bool:
        """Half-open: be the one sender that tries one message. False when another is, or it is too early."""
        free = [{"probe_until": {"$exists": False}}, {"probe_until": {"$lte": now}}]
        row = self._update(
            {"state": OPEN, "until": {"$lte": now}, "$or": free},
            {"$set": {"probe": token, "probe_until": now + lasting}},
        )
        return row is not None

    def unprobe(self, token: str) -> None:
        """Nothing was tried: let another do it."""
        self._states.update_one(
            {"_id": self._id, "probe": token}, {"$unset": {"probe": "", "probe_until": ""}}
        )

    def close(self, now: datetime, tokens: float, *, least_outage_s: float = 0.0) -> Standing:
        """The provider answers: messages go again, at first slowly. tokens: what the bucket holds at first.
        least_outage_s: an outage that it had not got over when it went down again counts on."""
        outage_s = {"$max": [{"$divide": [{"$subtract": [now, "$since"]}, 1000]}, least_outage_s]}
        fields = {"ramp_from": now, "outage_s": outage_s, "tokens": tokens, "filled_at": now}
        row = self._update(
            {"state": OPEN},
            [
                {"$set": fields | {"state": CLOSED, "failures": 0}},
                {"$unset": ["since", "until", "words", "probe", "probe_until"]},
            ],
        )
        return self.read() if row is None else _standing(row)

    def take(self, want: int, rate: float, burst: float, now: datetime) -> tuple[Grant, Standing]:
        """Take up to `want` tokens from the bucket, in one round trip; none while the breaker is open.

        rate: tokens a second; burst: what the full bucket holds, at least 1.
        """
        elapsed_s = {"$max": [{"$divide": [{"$subtract": [now, {"$ifNull": ["$filled_at", now]}]}, 1000]}, 0]}
        filled = {
            "$min": [burst, {"$add": [{"$ifNull": ["$tokens", burst]}, {"$multiply": [elapsed_s, rate]}]}]
        }
        whole = {"$max": [{"$floor": "$tokens"}, 0]}
        stages = [
            {"$set": {"tokens": filled, "filled_at": {"$max": ["$filled_at", now]}}},
            {"$set": {"granted": {"$cond": [{"$eq": ["$state", OPEN]}, 0, {"$min": [want, whole]}]}}},
            {"$set": {"tokens": {"$subtract": ["$tokens", "$granted"]}}},
        ]
        row = self._update({}, stages, upsert=True) or {}
        missing = max(1.0 - float(row.get("tokens", 0.0)), 0.0)
        return Grant(int(row.get("granted", 0)), missing / rate), _standing(row)

    def _update(self, condition: Document, update: Any, *, upsert: bool = False) -> Document | None:
        try:
            return self._states.find_one_and_update(
                {"_id": self._id} | condition, update, upsert=upsert, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:  # made by another at the same moment
            return self._states.find_one_and_update(
                {"_id": self._id} | condition, update, return_document=ReturnDocument.AFTER
            )


def all_standings(database: Database[Document]) -> dict[str, Standing]:
    """How every provider stands that ever failed or was limited, by name. Raises PyMongoError."""
    return {row["_id"]: _standing(row) for row in database["provider_state"].find()}


def _later(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)


def _standing(row: Mapping[str, Any]) -> Standing:
    return Standing(
        state=row.get("state", CLOSED),
        failures=row.get("failures", 0),
        since=row.get("since"),
        until=row.get("until"),
        words=row.get("words"),
        probe_until=row.get("probe_until"),
        ramp_from=row.get("ramp_from"),
        outage_s=row.get("outage_s", 0.0),
    )
