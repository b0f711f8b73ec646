"""D2's decision: what to do about one claimed conversation. Plain Python, no I/O, the clock passed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from app.domain import news
from app.domain.flight import NOT_FLYING, Flight
from app.domain.news import Action, Kind, Role, Rules
from app.store.claim_records import Claimed, DoubtNote


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done, and what it rests on.

    heard: what the conversation is to hold (SETTLE, WAIT, SKIP) or what the message is told against (TELL);
    None when nothing is known. doubt: what is left of it after the ledger was read. doubtful: the message
    says "now: ...". kinds, reason, until: as in news.Decision. folds: it waits for the digest of that moment.
    """

    action: Action
    heard: Flight | None
    doubt: str | None
    kinds: tuple[Kind, ...] = ()
    reason: str = ""
    until: datetime | None = None
    folds: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether an earlier message may or may not have arrived."""
        return self.doubt is not None


def decide(
    conversation: Claimed, accepted: Flight | None, role: Role | None, rules: Rules, now: datetime
) -> Verdict:
    """D2: what one person is to hear now about one subject.

    accepted: what the doubtful attempt said, if the ledger has it as accepted: then it is no doubt any more.
    role: None when booking and following are gone. now: the domain clock.
    """
    heard = accepted or conversation.heard
    doubt = conversation.doubt if accepted is None else None
    want = conversation.want
    if role is None:
        return Verdict(Action.SETTLE, heard, doubt, reason="booking_gone")
    if want is None:
        return Verdict(Action.SETTLE, heard, doubt, reason="nothing_known")
    if doubt is not None:
        return _in_doubt(heard or want, want, doubt, conversation.doubt_note, role, rules, now)
    if heard is None:
        return Verdict(Action.SETTLE, want, None, reason="first_known")
    found = news.decide(heard, want, role, rules, now)
    reason = found.reason or ""
    if found.action is Action.SETTLE:
        # What stands on the boarding pass anyway counts as heard, so that a later change is told against it.
        return Verdict(found.action, news.absorb_first_values(heard, want), None, reason=reason)
    # A skipped message was not heard: heard stays, or the next one would say "was B" to somebody who knows A.
    return Verdict(found.action, heard, None, found.kinds, reason, found.until)


def _in_doubt(
    heard: Flight,
    want: Flight,
    doubt: str,
    note: DoubtNote | None,
    role: Role,
    rules: Rules,
    now: datetime,
) -> Verdict:
    """With a doubt the present state is told, even where heard equals want: the person may have read
    otherwise."""
    told = news.decide(heard, want, role, rules, now).kinds
    if note is not None:
        told += tuple(k for k in news.decide(note.to, want, role, rules, now).kinds if k not in told)
        # Of an earlier doubt the note has the kinds alone: whoever may still believe that the flight is off is told.
        if Kind.REINSTATED in note.kinds and want.status not in NOT_FLYING and Kind.REINSTATED not in told:
            told += (Kind.REINSTATED,)
    if not told:
        told = note.kinds if note is not None else news.kinds_of_state(want)
    useful = news.timely(tuple(sorted(told, key=list(Kind).index)), want, now)
    if not useful:
        return Verdict(
            Action.SKIP, heard, doubt, told, reason="departed" if want.leaves_at <= now else "past"
        )
    return Verdict(Action.TELL, heard, doubt, useful)


def narrowed(verdict: Verdict, already_skipped: tuple[Kind, ...]) -> Verdict:
    """A SKIP whose kinds were all skipped on the record before is settled without another row."""
    if verdict.action is Action.SKIP and set(verdict.kinds) <= set(already_skipped):
        return replace(verdict, action=Action.SETTLE)
    return verdict
