"""D2, where a person lets one channel come after another: who is told now, who waits, and who need not be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain import preferences, routing
from app.domain.mail_lists import list_of
from app.domain.news import Action, Kind, Role, Rules
from app.domain.people import Person
from app.domain.routing import Other, Rank, Routing
from app.domain.subject import SubjectKind, Value
from app.store.claim_records import Claimed, Waiting
from app.store.conversations import conversation_id
from app.store.ranks import Ended
from consumers.delivery.decision import Verdict
from consumers.delivery.terms import Terms

_AHEAD = timedelta(minutes=30)
"""What comes later than so long before it is of no use any more, a new gate at departure, helps nobody."""


class Ranking:
    """The channels of one person in their order, seen from one of them. People who ranked none cost nothing."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._channel = terms.channel.name

    def read(self, batch: Iterable[Claimed], persons: Mapping[str, Person]) -> Mapping[str, Other]:
        """What the channels before this one say, for those of the batch who have such; one query, none where nobody
        has. Raises PyMongoError."""
        ids = []
        for one in batch:
            person = persons.get(one.person)
            if person is not None and (chosen := person.preferences.routing) is not None:
                before = self._before(chosen)
                ids += [conversation_id(one.subject, one.person, rank.channel) for rank in before]
        return self._terms.ranks.others(ids) if ids else {}

    def turned(
        self,
        conversation: Claimed,
        verdict: Verdict,
        person: Person,
        role: Role,
        rules: Rules,
        others: Mapping[str, Other],
        *,
        waits: bool,
    ) -> Verdict:
        """What is to be told, when it is this channel's turn: as it is, to wait, or settled as heard elsewhere.

        rules: the person's on this channel. waits: it may wait for the channels before this one; a digest goes at its
        hour. A message that may have arrived already takes no turn: this channel has begun, and says what is so now.
        """
        chosen, want = preferences.in_turn(person.preferences, verdict.kinds), conversation.want
        before = self._before(chosen) if chosen else ()
        if not before or want is None or verdict.doubtful:
            return verdict
        terms, kind = self._terms, conversation.kind
        domain_now, now = terms.domain_clock(), terms.now()

        def left(value: Value) -> tuple[Kind, ...]:
            return kind.decide(value, want, role, rules, domain_now).kinds

        standings = {}
        for rank in before:
            other = others.get(conversation_id(conversation.subject, conversation.person, rank.channel))
            wanted = other if self.goes_by(rank.channel, conversation, verdict, person, role) else None
            standings[rank.channel] = routing.standing(wanted, verdict.kinds, conversation.order, left)
        since = conversation.turn_since or now
        found = routing.turn(before, standings, since, now)
        if found.reached:
            heard = kind.said(want, verdict.heard or want)
            return Verdict(Action.SETTLE, heard, None, verdict.kinds, routing.HEARD_ELSEWHERE)
        if found.until is None or not waits:
            return verdict
        until = _in_time(kind, verdict.kinds, want, person, terms.domain_clock.at(found.until))
        if until <= domain_now:
            return verdict
        return replace(
            verdict,
            action=Action.WAIT,
            reason=f"{routing.WAITS}{found.channel}",
            until=until,
            waiting=Waiting(since, tuple(rank.channel for rank in before)),
        )

    def goes_by(
        self, channel: str, conversation: Claimed, verdict: Verdict, person: Person, role: Role
    ) -> bool:
        """Whether the person hears all of this news by a channel, as far as their choices say so."""
        told = preferences.rules(person.preferences, channel, self._terms.rules).told
        if not all(role in told.get(kind, frozenset()) for kind in verdict.kinds):
            return False
        if channel == "email" and str(list_of(role)) in person.preferences.stopped:
            return False
        return conversation.want is None or conversation.kind.goes_by(conversation.want, channel)

    def waited_by(self, person: Person, kinds: Sequence[Kind]) -> tuple[str, ...]:
        """The person's channels that wait for what becomes of this news on this one."""
        chosen = preferences.in_turn(person.preferences, kinds)
        return chosen.after(self._channel) if chosen else ()

    def give_way(self, settled: Iterable[Claimed], persons: Mapping[str, Person]) -> None:
        """What was settled or skipped here is looked at again on the channels after this one. Raises PyMongoError."""
        ended = []
        for one in settled:
            person = persons.get(one.person)
            chosen = person.preferences.routing if person else None
            if chosen is not None and (after := chosen.after(self._channel)):
                ended.append(Ended(one.subject, one.person, self._channel, after))
        if ended:
            self._terms.ranks.look_again(ended, self._terms.now())

    def _before(self, chosen: Routing) -> tuple[Rank, ...]:
        """The channels before this one that this system has: what is switched off is waited for by nobody."""
        return tuple(rank for rank in chosen.before(self._channel) if rank.channel in self._terms.channels)


def _in_time(
    kind: SubjectKind[Any], kinds: tuple[Kind, ...], want: Value, person: Person, until: datetime
) -> datetime:
    """The end of a wait, so early that all of the news is of use by then: where it would not be, from when departure
    makes it urgent to the person, which may be past. All on the domain clock."""
    if kind.timely(kinds, want, until + _AHEAD) == kinds:
        return until
    leaves_at, hours = kind.leaves_at(want), person.preferences.urgent_h
    if leaves_at is None or not hours:
        return datetime.min.replace(tzinfo=UTC)
    return min(until, leaves_at - timedelta(hours=hours))
