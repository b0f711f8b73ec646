"""D2's decision: what to do about one claimed conversation. Plain Python, no I/O, the clock passed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.news import Action, Kind, Role, Rules
from app.domain.subject import Value
from app.store.claim_records import AGAIN, Claimed, Waiting


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done, and what it rests on.

    heard: what the conversation is to hold (SETTLE, WAIT, SKIP) or what the message is told against (TELL);
    None when nothing is known. doubt: what is left of it after the ledger was read. doubtful: the message
    says "now: ...". kinds, reason, until: as in news.Decision. folds: it waits for the digest of that moment.
    often: the message says that no more comes before this has settled. times: how often it changed while it was held.
    waiting: for which channels of the person's it waits (WAIT); None where it does not.
    """

    action: Action
    heard: Value | None
    doubt: str | None
    kinds: tuple[Kind, ...] = ()
    reason: str = ""
    until: datetime | None = None
    folds: bool = False
    often: bool = False
    times: int = 0
    waiting: Waiting | None = None

    @property
    def doubtful(self) -> bool:
        """Whether an earlier message may or may not have arrived."""
        return self.doubt is not None


def decide(
    conversation: Claimed,
    accepted: Value | None,
    role: Role | None,
    rules: Rules,
    now: datetime,
    *,
    refused: bool = False,
) -> Verdict:
    """D2: what one person is to hear now about one subject.

    accepted: what the doubtful attempt said, if the ledger has it as accepted: then it is no doubt any more. refused:
    the ledger has it as refused, and there was no doubt before it: then there is none.
    role: None when booking and following are gone. now: the domain clock.
    """
    heard = accepted or conversation.heard
    doubt = conversation.doubt if accepted is None and not refused else None
    want = conversation.want
    if role is None:
        return Verdict(Action.SETTLE, heard, doubt, reason="booking_gone")
    if want is None:
        return Verdict(Action.SETTLE, heard, doubt, reason="nothing_known")
    if doubt is not None:
        return _in_doubt(conversation, heard or want, want, doubt, role, rules, now)
    if heard is None:
        return Verdict(Action.SETTLE, want, None, reason="first_known")
    found = conversation.kind.decide(heard, want, role, rules, now)
    reason = found.reason or ""
    if found.action is Action.SETTLE:
        return Verdict(found.action, conversation.kind.settled(heard, want), None, reason=reason)
    # A skipped message was not heard: heard stays, or the next one would say "was B" to somebody who knows A.
    return Verdict(found.action, heard, None, found.kinds, reason, found.until)


def _in_doubt(
    conversation: Claimed,
    heard: Value,
    want: Value,
    doubt: str,
    role: Role,
    rules: Rules,
    now: datetime,
) -> Verdict:
    """With a doubt the present state is told, even where heard equals want: the person may have read
    otherwise."""
    kind, note = conversation.kind, conversation.doubt_note
    told = kind.decide(heard, want, role, rules, now).kinds
    if note is not None:
        told += tuple(k for k in kind.decide(note.to, want, role, rules, now).kinds if k not in told)
        # Of an earlier doubt the note has the kinds alone.
        told += tuple(k for k in kind.believed(note.kinds, want) if k not in told)
    if not told:
        told = note.kinds if note is not None else kind.of_state(want)
        # what staff send again is meant for this channel
        told = told if doubt.startswith(AGAIN) else kind.wanted(told, want, role, rules)
        if not told:
            return Verdict(Action.SETTLE, heard, doubt, reason="not_wanted")
    useful = kind.timely(tuple(sorted(told, key=list(Kind).index)), want, now)
    if not useful:
        return Verdict(Action.SKIP, heard, doubt, told, reason=kind.too_late(want, now))
    return Verdict(Action.TELL, heard, doubt, useful)


def narrowed(verdict: Verdict, already_skipped: tuple[Kind, ...]) -> Verdict:
    """A SKIP whose kinds were all skipped on the record before is settled without another row."""
    if verdict.action is Action.SKIP and set(verdict.kinds) <= set(already_skipped):
        return replace(verdict, action=Action.SETTLE)
    return verdict
