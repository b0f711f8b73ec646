"""D2: what each claimed conversation's person is to hear now; what is not said is settled, moved or
skipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app import metrics
from app.channels.addresses import address_on
from app.channels.base import AskableSender, Sender, reference_of
from app.domain.channels import LINKED, NAMES
from app.domain.clock import stored
from app.domain.errors import PermanentError, TransientError
from app.domain.news import Action, Role
from app.domain.people import Person
from app.domain.reports import Refusal
from app.domain.subject import Value
from app.domain.timing import Reason
from app.store.claim_records import LATE, Claimed, DoubtNote, Grounds, Quiet
from app.store.decisions import QuietDecision
from app.store.linked import RESTS
from app.store.suppressions import Suppression
from consumers.delivery.choosing import Choices
from consumers.delivery.decision import Verdict, decide, narrowed
from consumers.delivery.outcomes import Outcomes
from consumers.delivery.terms import Terms, Told

_UNREACHED = frozenset(
    {"no_address", "unverified_address", "no_person", *(f"suppressed_{reason}" for reason in Refusal)}
)
_FIRST_IS_DOWN = timedelta(seconds=30)
"""So long a message in doubt waits for the provider that may have it already."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What D2 read for a batch. addresses: ids by person."""

    accepted: Mapping[str, Value]
    refused: Set[str]
    roles: Mapping[tuple[str, str], Role | None]
    persons: Mapping[str, Person]
    addresses: Mapping[str, tuple[str, ...]]
    suppressed: Mapping[str, Suppression]
    proofs: Mapping[str, str]
    fallback: bool
    digest: bool


class Decider:
    """Decides for one sender, with its provider at hand to be asked."""

    def __init__(self, terms: Terms, sender: Sender, outcomes: Outcomes) -> None:
        self._terms = terms
        self._sender = sender
        self._outcomes = outcomes
        self._choices = Choices(terms)

    def told(
        self, token: str, batch: Sequence[Claimed], *, fallback: bool = False, digest: bool = False
    ) -> list[Told]:
        """D2: read the ledger for doubts, booking or following, the person, what is suppressed and the clock,
        each once for the batch; settle, move or skip.

        fallback: they go to the second provider, which is never given what the first may have accepted. digest: they
        are for one mail. The person's choices have the last word: what may not go yet waits, with the reason.
        Returns those who are to be told, in the order of the batch. Raises PyMongoError.
        """
        terms = self._terms
        batch = self._as_counted(batch)
        accepted = terms.ledger.accepted({c.id: c.doubt for c in batch if c.doubt})
        refused = terms.ledger.refused(
            {c.id: note.attempt for c in batch if (note := c.doubt_note) and note.alone}
        )
        roles = terms.people.roles(
            ((c.person, c.subject) for c in batch),
            [(c.subject, c.documents) for c in batch if c.documents and not c.kind.is_by_place],
            [((c.person, c.subject), c.documents) for c in batch if c.kind.is_by_place],
        )
        persons = terms.people.by_id(c.person for c in batch)
        name = terms.channel.name
        addresses = {person.id: self._address_ids(person, name) for person in persons.values()}
        every = {id_ for ids in addresses.values() for id_ in ids}
        suppressed, unreached = terms.suppressions.concerning(name, every, self._present(persons.values()))
        proofs = self._proofs(batch)
        read = _Read(accepted, refused, roles, persons, addresses, suppressed, proofs, fallback, digest)
        ranking = self._choices.ranking
        others = ranking.read(batch, persons)
        now = terms.domain_clock()
        told: list[Told] = []
        quiet: list[tuple[Claimed, Verdict, Role | None]] = []
        decided_at = terms.now()
        for conversation in batch:
            role = roles.get((conversation.person, conversation.subject))
            person = persons.get(conversation.person)
            verdict, address = self._verdict(conversation, read, now)
            counted = None
            if person and role:
                verdict, counted = self._choices.timed(
                    conversation, verdict, person, role, now, others, digest=digest
                )
            if verdict.action is Action.TELL and person and role:
                grounds = Grounds(role, decided_at, ranking.waited_by(person, verdict.kinds))
                aside = unreached.get(conversation.person)
                told.append(Told(conversation, verdict, person, role, grounds, address, aside, counted))
            else:
                quiet.append((conversation, narrowed(verdict, conversation.skipped), role))
        self._write_quiet(token, quiet)
        ended = (conversation for conversation, verdict, _ in quiet if verdict.action is not Action.WAIT)
        ranking.give_way(ended, persons)
        return told

    def _as_counted(self, batch: Sequence[Claimed]) -> Sequence[Claimed]:
        """What is wanted with the figures of now, where they move without anybody being told. Raises PyMongoError."""
        counted = {c.subject for c in batch if c.want is not None and c.kind.is_counted}
        if not counted:
            return batch
        values = self._terms.counts.values(counted)
        return [
            replace(c, want=c.kind.settled(c.want, values[c.subject]))
            if c.subject in values and c.want
            else c
            for c in batch
        ]

    def _verdict(self, conversation: Claimed, read: _Read, now: datetime) -> tuple[Verdict, str | None]:
        """What is to be told whenever it may be, and the id of the address it would go to. Raises PyMongoError."""
        terms, pair = self._terms, (conversation.person, conversation.subject)
        role, person = read.roles.get(pair), read.persons.get(conversation.person)
        rules = self._choices.rules_of(person)
        verdict = decide(
            conversation,
            read.accepted.get(conversation.id),
            role,
            rules,
            now,
            refused=conversation.id in read.refused,
        )
        if (
            person
            and (note := _provable(conversation))
            and self._was_accepted(conversation, verdict, person, role, read.proofs, fallback=read.fallback)
        ):
            verdict = decide(conversation, note.to, role, rules, now)
        if role is None and pair in read.roles:
            verdict = replace(verdict, reason="muted")
        elif verdict.action is not Action.SETTLE and self._choices.stopped(person, role):
            verdict = replace(verdict, action=Action.SETTLE, reason="stopped")
        elif conversation.want and not conversation.kind.goes_by(conversation.want, terms.channel.name):
            verdict = replace(verdict, action=Action.SETTLE, reason="not_wanted")
        ids = read.addresses.get(conversation.person, ())
        address = next((id_ for id_ in ids if id_ in read.suppressed), ids[0] if ids else None)
        if verdict.action is not Action.TELL:
            return verdict, address
        if person and terms.channel.name in LINKED and not terms.channel.reaches(person):
            # They hear on their other channels, or nothing by choice; linked again, they start with what is true.
            verdict = replace(
                verdict, action=Action.SETTLE, reason="not_linked", heard=conversation.want, doubt=None
            )
        elif not (person and terms.channel.reaches(person)):
            verdict = replace(verdict, action=Action.SKIP, reason=self._unreached_by(person))
        elif address is not None and address in read.suppressed:
            reason = f"suppressed_{read.suppressed[address].reason}"
            verdict = replace(verdict, action=Action.SKIP, reason=reason)
        elif verdict.doubtful and read.fallback:
            until = terms.domain_clock.at(terms.now() + _FIRST_IS_DOWN)
            reason = "provider_down"
            verdict = replace(verdict, action=Action.WAIT, reason=reason, until=until, folds=read.digest)
        elif terms.endpoints is not None and (rests := terms.endpoints.waits_until(person)) is not None:
            until = terms.domain_clock.at(rests)
            verdict = replace(verdict, action=Action.WAIT, reason=RESTS, until=until)
        return verdict, address

    def _unreached_by(self, person: Person | None) -> str:
        if person is None:
            return "no_person"
        return "unverified_address" if self._terms.channel.name in person.unverified else "no_address"

    def _address_ids(self, person: Person, channel: str) -> tuple[str, ...]:
        try:
            return self._terms.suppressions.ids_of(channel, address_on(channel, person))
        except PermanentError:
            return ()

    def _present(self, persons: Iterable[Person]) -> dict[str, set[str]]:
        """The ids of the addresses that each has now, on all channels."""
        return {
            person.id: {id_ for channel in NAMES for id_ in self._address_ids(person, channel)}
            for person in persons
        }

    def _proofs(self, batch: Sequence[Claimed]) -> Mapping[str, str]:
        """Which doubtful attempts their provider reported about: conversation -> the provider's id."""
        notes = {c.id: note for c in batch if (note := _provable(c))}
        return self._terms.callbacks.proofs({id_: reference_of(n.attempt) for id_, n in notes.items()})

    def _was_accepted(
        self,
        conversation: Claimed,
        verdict: Verdict,
        person: Person,
        role: Role | None,
        proofs: Mapping[str, str],
        *,
        fallback: bool,
    ) -> bool:
        """Whether the provider has the doubtful message: it reported about this very attempt, or says so when
        it can be asked. Then the ledger learns it.

        When it does not have it, the doubt stays: its list may lag behind.
        """
        note, sender = _provable(conversation), self._sender
        if verdict.action is not Action.TELL or not verdict.doubtful or note is None or role is None:
            return False
        grounds = Grounds(role, self._terms.now(), self._choices.ranking.waited_by(person, note.kinds))
        if conversation.id in proofs:
            self._outcomes.found(
                conversation, note, proofs[conversation.id], "a status callback came for it", grounds
            )
            return True
        if note.text is None or fallback or not isinstance(sender, AskableSender):
            return False
        others = self._terms.ledger.provider_ids(conversation.id)
        try:
            receipt = sender.find(person, note.text, note.started_at, self._terms.send_timeout_s, others)
        except (TransientError, PermanentError):
            return False
        if receipt is None:
            return False
        self._outcomes.found(conversation, note, receipt.provider_id, receipt.words, grounds)
        return True

    def _write_quiet(self, token: str, quiet: Sequence[tuple[Claimed, Verdict, Role | None]]) -> None:
        """D2 without a message, one update each; what is skipped, and every reason, goes on the record first."""
        terms = self._terms
        skipped, updates, reasons = [], [], []
        for conversation, verdict, role in quiet:
            kinds = conversation.skipped
            if verdict.action is Action.SKIP and conversation.want:
                skipped.append(
                    (conversation, verdict.heard, conversation.want, verdict.kinds, verdict.reason)
                )
                if verdict.reason not in _UNREACHED:
                    kinds = tuple(sorted({*kinds, *verdict.kinds}))
            due_at = fold = None
            if verdict.action is Action.WAIT and verdict.until:
                # not before a second from now, whatever the clocks' rounding says
                earliest = terms.now() + timedelta(seconds=1)
                due_at = max(stored(terms.domain_clock.system_time_of(verdict.until)), earliest)
            reasons.append(_reason(conversation, verdict, role, due_at))
            if verdict.folds:
                # a digest is a mail; what waits for its hour as a text is claimed as ever
                fold, due_at = due_at, None if terms.channel.name == "email" else due_at
            heard, reason, doubt = verdict.heard, verdict.reason, verdict.doubt
            waiting, flapped = verdict.waiting, _flapped(conversation, verdict)
            updates.append(Quiet(conversation, heard, reason, doubt, due_at, kinds, fold, waiting, flapped))
            if verdict.action is Action.SETTLE:
                metrics.SETTLED.labels(terms.channel.name, verdict.reason).inc()
        if skipped:
            self._outcomes.skip(skipped)
        terms.decisions.of_conversations(terms.channel.name, reasons, terms.now())
        if updates:
            terms.claims.settle(token, updates, terms.now())


def _flapped(conversation: Claimed, verdict: Verdict) -> bool:
    """Whether it waits, now or for something else since, because it changed again and again."""
    return verdict.action is Action.WAIT and (conversation.flapped or verdict.reason == Reason.FLAPPING)


def _reason(
    conversation: Claimed, verdict: Verdict, role: Role | None, until: datetime | None
) -> QuietDecision:
    heard = conversation.heard
    return QuietDecision(conversation, str(verdict.action), verdict.reason, role, verdict.kinds, heard, until)


def _provable(conversation: Claimed) -> DoubtNote | None:
    """The attempt in doubt, if its provider's word settles it: not where it was reported late."""
    late = conversation.doubt is None or conversation.doubt.startswith(LATE)
    return None if late else conversation.doubt_note
