"""Whether a message that says again what its person heard last is in the stated window."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tests.torture.evidence import Document, Evidence, Message
from tests.torture.oracle import Moment, Said

_CLOCKS_S = 1.0
_SAME_ATTEMPT_S = 60.0  # a hand-over and its record in the ledger belong together, within this


class Repeats:
    """rows: of the ledger."""

    def __init__(self, evidence: Evidence, rows: Sequence[Document]) -> None:
        self._evidence = evidence
        self._rows = rows
        self._attempts: dict[str, list[Document]] = defaultdict(list)
        self._conversation: dict[str, str] = {}
        for row in rows:
            for attempt in row["attempts"]:
                if "provider_id" in attempt:
                    self._attempts[attempt["provider_id"]].append(attempt)
                    self._conversation[attempt["provider_id"]] = row["conversation"]

    def attempts(self, message: Message) -> list[Document]:
        """What the ledger has of handing it over."""
        return self._attempts.get(message.taken.id, [])

    def is_doubtful(self, message: Message) -> bool:
        """Whether the product knew that it might be a repeat; an attempt that the ledger never got may be one."""
        record = self.attempts(message)
        return message.said.doubtful or any(a.get("doubtful") for a in record) or not record

    def froze(self) -> bool:
        """Whether a process slept in this run: what it was about to hand over then may go out late."""
        return any("freeze" in fault or "two" in fault for fault in self._evidence.faults)

    def wrong(self, first: Message, second: Message, meanwhile: Iterable[Moment]) -> str | None:
        """What is wrong with saying the same twice; None: it is in the window, marked as such.

        meanwhile: how the flight stood after the first, as far as one can say, until the second.
        """
        settled = any(
            a["outcome"] == "accepted" and a["ended_at"].timestamp() + _CLOCKS_S < second.taken.at
            for a in self.attempts(first)
            if abs(a["ended_at"].timestamp() - first.taken.at) < _SAME_ATTEMPT_S
        )
        excused = self.is_doubtful(second) and self._may_have_read_otherwise(first, second, meanwhile)
        if settled and not excused and not self.froze():
            return "although the ledger had it"
        if not self.is_doubtful(second) and self.attempts(second):
            return "without a doubt"
        return None

    def _may_have_read_otherwise(self, first: Message, second: Message, meanwhile: Iterable[Moment]) -> bool:
        """Whether something else may have been handed over between the two, so that the person has to be told again:
        the claim was lost, or there was no answer to it, or its sender ended between noting the doubt and any row of
        the ledger (D3). Or the database was restored, after which who may have heard what is no longer so is told
        the present state once (R2)."""
        began, ended = first.taken.at, second.taken.at
        if any(began <= at <= ended for at in self._evidence.restored):
            return True
        if any(not _tells(second.said, m.state) for m in meanwhile) and any(
            began <= at <= ended for at in self._evidence.senders_ended
        ):
            return True
        conversation = self._conversation.get(first.taken.id)
        unknown = (
            attempt["ended_at"].timestamp()
            for row in self._rows
            if row["conversation"] == conversation
            for attempt in row["attempts"]
            if attempt["outcome"] == "unknown"
        )
        between = any(began <= at + _CLOCKS_S and at <= ended for at in unknown)
        return between or conversation in self._evidence.claims_lost


def same(first: Said, second: Said) -> bool:
    """Whether the second tells nothing that the first did not."""
    return _tells(second, (first.status, first.leaves, first.gate))


def _tells(said: Said, stood: tuple[str, str | None, str | None]) -> bool:
    """Whether a message tells no more than that it stood so: status, time of departure, gate."""
    told = (said.leaves, said.gate)
    return said.status == stood[0] and all(
        new is None or new == old for old, new in zip(stood[1:], told, strict=True)
    )
