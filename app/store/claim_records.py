"""What `Claims` gives and takes: a claimed conversation, and what delivery decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain import subjects
from app.domain.flapping import Telling
from app.domain.news import Kind, Role
from app.domain.subject import SubjectKind, Value
from app.domain.timing import Reason

Document = dict[str, Any]

LATE = "late/"
"""Before an attempt's id in a doubt: its sender had lost the claim. Other messages may have left before or after its
own, so nothing resolves it, neither a row of the ledger nor the provider's word."""

AGAIN = "again/"
"""Begins a doubt that staff set, so that somebody is told once more what they were told; no attempt has it."""


@dataclass(frozen=True, slots=True)
class DoubtNote:
    """What an attempt that may have arrived said, kept in the conversation while it is in doubt.

    attempt: its id. order: that of `to`. started_at: aware UTC, system clock. text: as it was sent, kept
    only where the provider can be asked for it. alone: there was no doubt before it, so that nothing is in doubt when
    it was refused.
    """

    attempt: str
    to: Value
    kinds: tuple[Kind, ...]
    order: str
    started_at: datetime
    text: str | None = None
    alone: bool = False

    def to_document(self) -> Document:
        """As stored."""
        document: Document = {
            "attempt": self.attempt,
            "to": self.to.to_document(),
            "kinds": list(self.kinds),
            "order": self.order,
            "started_at": self.started_at,
        }
        if self.alone:
            document["alone"] = True
        return document if self.text is None else document | {"text": self.text}

    @classmethod
    def from_document(cls, document: Mapping[str, Any], kind: SubjectKind[Any]) -> DoubtNote:
        """From what to_document made. kind: of the conversation's subject."""
        return cls(
            attempt=document["attempt"],
            to=kind.parse(document["to"]),
            kinds=tuple(Kind(kind) for kind in document["kinds"]),
            order=document["order"],
            started_at=document["started_at"],
            text=document.get("text"),
            alone=document.get("alone") is True,
        )


@dataclass(frozen=True, slots=True)
class Claimed:
    """A conversation as it was when it was claimed.

    heard, want: None when nothing is known yet. doubt: the id of an attempt that may have arrived, None
    without. doubt_note: what that attempt said; None when it is not known (an older one, a restore).
    attempts: tries of this want so far. skipped: kinds that were skipped on the record since something was
    told. changed_at: when the change was saved, system clock. documents: keys of the flight's documents beside the
    one that the subject is named after, as far as the conversation was told. fold: the digest that it waits for,
    system clock; None without. looked_at: when the person's choices were last changed. waited: it was held for
    its person's sake. tellings: the last messages, the oldest first, their times on the system clock. flapped: it was
    held because it changed again and again, and nothing was told since. turn_since: since when it waits for other
    channels, system clock.
    """

    id: str
    subject: str
    person: str
    heard: Value | None
    want: Value | None
    order: str
    event_id: str
    changed_at: datetime | None
    found_late: bool
    due_at: datetime
    attempts: int
    doubt: str | None
    doubt_note: DoubtNote | None
    skipped: tuple[Kind, ...]
    documents: tuple[str, ...] = ()
    fold: datetime | None = None
    looked_at: datetime | None = None
    waited: bool = False
    tellings: tuple[Telling, ...] = ()
    flapped: bool = False
    turn_since: datetime | None = None

    @property
    def kind(self) -> SubjectKind[Any]:
        """What kind of subject it is about."""
        return subjects.of(self.subject)

    @classmethod
    def from_document(cls, row: Mapping[str, Any]) -> Claimed:
        """From a conversation as it is stored."""
        heard, want, note = row.get("heard"), row.get("want"), row.get("doubt_note")
        kind = subjects.of(row["subject"])
        return cls(
            id=row["_id"],
            subject=row["subject"],
            person=row["person"],
            heard=kind.parse(heard) if heard else None,
            want=kind.parse(want) if want else None,
            order=row.get("order", ""),
            event_id=row.get("event_id", ""),
            changed_at=row.get("changed_at"),
            found_late=bool(row.get("found_late")),
            due_at=row.get("due_at") or row["fold"],
            attempts=row.get("attempts", 0) if row.get("tried") == row.get("order") else 0,
            doubt=row.get("doubt"),
            doubt_note=DoubtNote.from_document(note, kind)
            if note and note["attempt"] == row.get("doubt")
            else None,
            skipped=tuple(Kind(kind) for kind in row.get("skipped", ())),
            documents=tuple(row.get("documents", ())),
            fold=row.get("fold"),
            looked_at=row.get("looked_at"),
            waited=row.get("reason") in set(Reason) or "turn" in row,
            tellings=tuple(_telling(one) for one in row.get("tellings", ())),
            # the reason says it where it was held before there was the field
            flapped="flapped" in row or row.get("reason") == Reason.FLAPPING,
            turn_since=row["turn"]["since"] if "turn" in row else None,
        )


def _telling(row: Mapping[str, Any]) -> Telling:
    return Telling(row["at"], tuple(Kind(kind) for kind in row["kinds"]), row["order"])


@dataclass(frozen=True, slots=True)
class Waiting:
    """That it waits for other channels of its person, and since when. since: system clock."""

    since: datetime
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quiet:
    """What D2 writes when nothing is said now.

    heard: as resolved. doubt: what is left of it after the ledger was read. due_at: None to settle, or to wait for
    a digest alone. fold: the digest that it goes into. waiting: None where it waits for no other channel. flapped: it
    is held, or waits on after it was, because it changed again and again.
    """

    conversation: Claimed
    heard: Value | None
    reason: str
    doubt: str | None = None
    due_at: datetime | None = None
    skipped: tuple[Kind, ...] = ()
    fold: datetime | None = None
    waiting: Waiting | None = None
    flapped: bool = False


@dataclass(frozen=True, slots=True)
class Grounds:
    """What D2's decision to tell rested on: why the person hears of the flight, and when that was read. waited_by: the
    channels that wait for what becomes of it."""

    role: Role
    decided_at: datetime
    waited_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Noted:
    """What D3 writes: heard as resolved, and the attempt that is about to be made.

    previous, previous_note: the doubt before, as the ledger left it; restored when nothing is handed over. grounds:
    for the ledger's row.
    """

    conversation: Claimed
    heard: Value
    note: DoubtNote
    previous: str | None = None
    previous_note: DoubtNote | None = None
    grounds: Grounds | None = None
