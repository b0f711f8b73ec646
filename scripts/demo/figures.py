"""The figures of the demo's summary, worked out from the evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scripts.demo.evidence import Evidence

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from one moment to another, over all messages sent. count: how many there were."""

    count: int
    p50: float
    p95: float
    p99: float


def latency(seconds: Iterable[float]) -> Latency | None:
    """Percentiles (nearest rank) of these; None when there are none."""
    ordered = sorted(seconds)
    if not ordered:
        return None

    def rank(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    return Latency(len(ordered), rank(0.50), rank(0.95), rank(0.99))


def save_to_provider(evidence: Evidence) -> Latency | None:
    """From the save in MongoDB to the provider's answer, the settling time included; what people chose to hear later is
    left out."""
    return latency(_between(_at_once(evidence), "changed_at", "sent_at"))


def due_to_provider(evidence: Evidence) -> Latency | None:
    """From when the message was due, which is after the settling time, to the provider's answer."""
    return latency(_between(evidence.notifications, "due_at", "sent_at"))


def save_to_provider_unsettled(evidence: Evidence) -> Latency | None:
    """From the save to the provider's answer for what does not settle: cancellations."""
    rows = [row for row in _at_once(evidence) if row["kinds"][:1] == ["cancelled"]]
    return latency(_between(rows, "changed_at", "sent_at"))


def by_channel_and_status(evidence: Evidence) -> Counter[tuple[str, str]]:
    """Rows of the ledger."""
    return Counter((row["channel"], row["status"]) for row in evidence.notifications)


def reasons_of_silence(evidence: Evidence) -> Counter[tuple[str, str]]:
    """Why notifications were skipped, by status and reason."""
    rows = (row for row in evidence.notifications if row["status"] not in ("sent",))
    return Counter((row["status"], str(row.get("reason"))) for row in rows)


def _at_once(evidence: Evidence) -> list[Document]:
    held = {(row["conversation"], row["order"]) for row in evidence.held}
    return [row for row in evidence.notifications if (row["conversation"], row["order"]) not in held]


def _between(rows: Sequence[Document], start: str, end: str) -> list[float]:
    return [_seconds(row[start], row[end]) for row in rows if row["status"] == "sent" and row.get(start)]


def _seconds(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()
