"""What is left of a run for the verdict, and what people got in it, understood."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pymongo.database import Database

from tests.torture.journal import Journal
from tests.torture.oracle import Said
from tests.torture.polling import Polled
from tests.torture.providers import Accepted

Document = dict[str, Any]


@dataclass(frozen=True)
class Evidence:
    """What is left of a run. database: live and quiet. faults: names. settings: the environment of the processes.

    deaths: ends that no fault caused. unready: processes that are not ready although all is well again.
    lossy: harm that excuses something: "feed gap", "restored". refused: addresses a provider said "never" to.
    claims_lost: conversations whose claim was lost during a hand-over, as the processes logged it (D4').
    senders_ended: when processes of delivery ended, whatever ended them, time.time().
    restored: when the database was restored from an older copy, time.time().
    """

    journal: Journal
    accepted: list[Accepted]
    database: Database[Document]
    polls: list[Polled]
    faults: list[str]
    settings: dict[str, str]
    deaths: list[str]
    unready: list[str]
    lossy: set[str]
    refused: dict[str, str] = field(default_factory=dict)
    claims_lost: set[str] = field(default_factory=set)
    senders_ended: list[float] = field(default_factory=list)
    restored: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Message:
    """An accepted message, understood."""

    taken: Accepted
    said: Said

    @property
    def first(self) -> str:
        """Its first line."""
        return self.taken.text.strip().partition("\n")[0]
