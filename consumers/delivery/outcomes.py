"""D4 and D4': what became of hand-overs, written to the ledger first and to the conversations then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog
from pymongo.errors import BulkWriteError, ConnectionFailure, WriteConcernError

from app import crash_points, metrics
from app.domain.channels import CHANNELS
from app.domain.news import Kind
from app.domain.reports import without_addresses
from app.domain.subject import Value
from app.store.claim_records import Claimed, DoubtNote, Grounds
from app.store.digests import Counted
from app.store.notifications import Attempt, Entry, Outcome, Status
from app.store.ranks import Ended
from app.store.suppressions import Suppression
from consumers.delivery.pauses import back_off_s
from consumers.delivery.sending import Result
from consumers.delivery.terms import Terms

log = structlog.get_logger()
T = TypeVar("T")

# A new primary is elected within 12 s; what the provider said is worth trying for longer than that.
_INSIST_S = 30.0

_AFTER_A_DEATH = timedelta(minutes=2)
"""Then another has claimed what a dead sender had, and its mail stands as failed."""

_STATUS = {
    Outcome.ACCEPTED: Status.SENT,
    Outcome.LATER: Status.RETRYING,
    Outcome.NEVER: Status.FAILED,
    Outcome.UNKNOWN: Status.UNKNOWN,
}


def insist(work: Callable[[], T], for_s: float = _INSIST_S) -> T:
    """Do it again while MongoDB is out of reach, or no majority confirms. Only for what may be repeated.
    Raises PyMongoError in the end."""
    give_up_at = time.monotonic() + for_s
    while True:
        try:
            return work()
        except (ConnectionFailure, WriteConcernError, BulkWriteError) as error:
            unconfirmed = not isinstance(error, BulkWriteError) or error.details.get("writeConcernErrors")
            if not unconfirmed or time.monotonic() > give_up_at:
                raise
            time.sleep(0.2)


class Outcomes:
    """Writes what became of messages of one channel, whose senders share these terms."""

    def __init__(self, terms: Terms) -> None:
        self._claims = terms.claims
        self._ledger = terms.ledger
        self._suppressions = terms.suppressions
        self._daily = terms.daily
        self._ranks = terms.ranks
        self._second_looks = terms.second_looks
        self._channel = terms.channel.name
        self._tries = terms.tries
        self._now = terms.now

    def write(self, token: str, results: Sequence[Result], *, rest_s: float = 0.0) -> None:
        """D4: the ledger first, then each conversation if the claim is still ours, else D4'.

        rest_s: after a probe that failed its message rests for so long, so that the next probe is made with another.
        """
        if not results:
            return
        at = self._now()
        failing = {id(r): self._fails(r) for r in results}
        entries = [self._entry(r, fails=failing[id(r)]) for r in results]
        insist(lambda: self._ledger.record(entries, self._now()))
        crash_points.reached("D4.recorded")
        self._suppress(results)
        self._count(results, entries)
        accepted = [r for r in results if r.attempt.outcome is Outcome.ACCEPTED]
        failed = [r.ready.noted for r in results if failing[id(r)]]
        self._untold_by_mail([noted.conversation for noted in failed], _AFTER_A_DEATH)
        lost = insist(lambda: self._claims.accepted(token, [r.ready.noted for r in accepted]))
        crash_points.reached("D4.settled")
        late = [r for r in accepted if r.ready.noted.conversation.id in lost]
        # one pause for one mail: what is tried again in a digest stays together
        pause_s = self._pause_s(results, rest_s) if results[0].ready.digest else None
        for result in results:
            rest = self._pause_s([result], rest_s) if pause_s is None else pause_s
            if result.attempt.outcome is not Outcome.ACCEPTED and not self._not_accepted(
                token, result, fails=failing[id(result)], pause_s=rest, at=at
            ):
                metrics.CLAIMS_LOST.labels(self._channel).inc()
                late += [result] if result.attempt.outcome is Outcome.UNKNOWN else []
        metrics.CLAIMS_LOST.labels(self._channel).inc(len(lost))
        for result in late:
            self._report_late(result)
        self._give_way([(noted.conversation, noted.grounds) for noted in failed])
        self.uncount(r.ready.counted for r in results if not _may_be_heard(r.attempt.outcome))
        told = {r.ready.tells: _may_be_heard(r.attempt.outcome) for r in results if r.ready.tells}
        if told:
            insist(lambda: self._suppressions.settle(token, told, self._now()))

    def _give_way(self, failed: Sequence[tuple[Claimed, Grounds | None]]) -> None:
        """The channels after this one need not wait out their time, and what was left to a mail is told after all."""
        ended = [
            Ended(one.subject, one.person, self._channel, grounds.waited_by)
            for one, grounds in failed
            if grounds and grounds.waited_by
        ]
        if ended:
            insist(lambda: self._ranks.look_again(ended, self._now()))
        self._untold_by_mail([one for one, _ in failed])

    def _untold_by_mail(self, untold: Sequence[Claimed], after: timedelta = timedelta()) -> None:
        """Texts that were left out for these mails are told after all. after: so much later than now, before the mails
        stand as failed: whoever dies between leaves nobody untold."""
        mails = [(one.subject, one.person) for one in untold]
        if mails and self._channel == "email":
            insist(lambda: self._second_looks.instead_of_mail(mails, self._now(), after))

    def uncount(self, counted: Iterable[Counted | None]) -> None:
        """What was not handed over does not count towards the daily maximum."""
        for one in counted:
            if one is not None:
                insist(partial(self._daily.give_back, one))

    def _suppress(self, results: Sequence[Result]) -> None:
        """Addresses that the provider refused, whatever the message. A server of a person's own refuses one person:
        their link is stopped, and another's may lead there."""
        if CHANNELS[self._channel].own_servers:
            return
        found = [
            Suppression(
                id=result.attempt.address,
                channel=self._channel,
                reason=result.refused.refusal,
                code=result.refused.code,
                words=without_addresses(str(result.refused)),
                person=result.ready.noted.conversation.person,
                since=result.attempt.ended_at,
            )
            for result in results
            if result.refused is not None and result.attempt.address is not None
        ]
        if found:
            insist(lambda: self._suppressions.add(found))
            for one in found:
                metrics.SUPPRESSIONS.labels(self._channel, one.reason).inc()

    def _pause_s(self, alike: Sequence[Result], rest_s: float) -> float:
        """How long these rest before they are tried again. While the channel is down the outage sets the pace, and
        no message is to blame."""
        tried = max(one.ready.noted.conversation.attempts for one in alike) + 1
        return rest_s if alike[0].channel_down else back_off_s(tried, alike[0].retry_after_s)

    def _not_accepted(self, token: str, result: Result, *, fails: bool, pause_s: float, at: datetime) -> bool:
        """D4 for later, never and unknown. False when the claim was lost meanwhile."""
        noted, attempt = result.ready.noted, result.attempt
        unknown = attempt.outcome is Outcome.UNKNOWN
        words = attempt.words or ""
        if fails:
            return insist(
                lambda: self._claims.failed(token, noted.conversation, words, noted, unknown=unknown)
            )
        not_before = at + timedelta(seconds=pause_s)
        counts = not result.is_no_fault
        return insist(
            lambda: self._claims.again(token, noted, not_before, words, unknown=unknown, counts=counts)
        )

    def _report_late(self, result: Result) -> None:
        """D4': our claim was lost and the provider has, or may have, the message."""
        insist(lambda: self._claims.report_late(result.ready.noted))
        conversation = result.ready.noted.conversation
        log.warning(
            "claim lost during a hand-over", trace=conversation.event_id, conversation=conversation.id
        )

    def _fails(self, result: Result) -> bool:
        if result.attempt.outcome is Outcome.NEVER:
            return True
        tried = result.ready.noted.conversation.attempts + 1
        counts = result.attempt.outcome is not Outcome.ACCEPTED and not result.is_no_fault
        return counts and tried >= self._tries

    def _entry(self, result: Result, *, fails: bool) -> Entry:
        noted, attempt = result.ready.noted, result.attempt
        return self._row(
            noted.conversation,
            noted.heard,
            noted.note.to,
            noted.note.kinds,
            Status.FAILED if fails else _STATUS[attempt.outcome],
            None if attempt.outcome is Outcome.ACCEPTED else attempt.words,
            result.ready.parcel.message.subject,
            attempt,
            grounds=noted.grounds,
            digest=result.ready.digest,
        )

    def refuse(
        self,
        token: str,
        conversation: Claimed,
        heard: Value,
        want: Value,
        kinds: tuple[Kind, ...],
        title: str | None,
        reason: str,
        grounds: Grounds | None = None,
    ) -> None:
        """A message that cannot be made or addressed: failed, without a hand-over (never came to D3)."""
        entry = self._row(conversation, heard, want, kinds, Status.FAILED, reason, title, None)
        insist(lambda: self._ledger.record([entry], self._now()))
        metrics.NOTIFICATIONS.labels(self._channel, Status.FAILED).inc()
        self._untold_by_mail([conversation], _AFTER_A_DEATH)
        insist(lambda: self._claims.failed(token, conversation, reason, None))
        self._give_way([(conversation, grounds)])

    def skip(self, skipped: Sequence[tuple[Claimed, Value | None, Value, tuple[Kind, ...], str]]) -> None:
        """What has become useless, or reaches nobody, goes on the record: conversation, heard, want, kinds,
        reason.

        The conversations themselves are settled by the caller, after this.
        """
        entries = [
            self._row(conversation, heard, want, kinds, Status.SKIPPED, reason, None, None)
            for conversation, heard, want, kinds, reason in skipped
        ]
        insist(lambda: self._ledger.record(entries, self._now()))
        metrics.NOTIFICATIONS.labels(self._channel, Status.SKIPPED).inc(len(entries))
        self._untold_by_mail([conversation for conversation, *_ in skipped])

    def found(
        self,
        conversation: Claimed,
        note: DoubtNote,
        provider_id: str | None,
        words: str,
        grounds: Grounds | None = None,
    ) -> None:
        """The provider was asked about a doubtful attempt and has it: the ledger learns that it was accepted, and
        who waits for what becomes of it. grounds: of now; a row that is there has its own."""
        now = self._now()
        attempt = Attempt(note.attempt, note.started_at, now, Outcome.ACCEPTED, provider_id, words)
        entry = self._row(
            conversation,
            conversation.heard,
            note.to,
            note.kinds,
            Status.SENT,
            None,
            None,
            attempt,
            order=note.order,
            grounds=grounds,
        )
        insist(lambda: self._ledger.found(entry, now))
        metrics.NOTIFICATIONS.labels(self._channel, Status.SENT).inc()

    def _row(
        self,
        conversation: Claimed,
        heard: Value | None,
        want: Value,
        kinds: tuple[Kind, ...],
        status: Status,
        reason: str | None,
        title: str | None,
        attempt: Attempt | None,
        order: str | None = None,
        grounds: Grounds | None = None,
        digest: str | None = None,
    ) -> Entry:
        return Entry(
            conversation=conversation.id,
            person=conversation.person,
            subject=conversation.subject,
            channel=self._channel,
            order=order or conversation.order,
            event_id=conversation.event_id,
            kinds=kinds,
            from_=heard,
            to=want,
            status=status,
            reason=reason,
            title=title,
            changed_at=conversation.changed_at,
            due_at=conversation.due_at,
            attempt=attempt,
            grounds=grounds,
            digest=digest,
        )

    def _count(self, results: Sequence[Result], entries: Sequence[Entry]) -> None:
        for result, entry in zip(results, entries, strict=True):
            conversation, attempt = result.ready.noted.conversation, result.attempt
            metrics.NOTIFICATIONS.labels(self._channel, entry.status).inc()
            # how long people choose to wait is no measure of ours, nor since when an airport is disrupted
            measures = not conversation.waited and not conversation.kind.is_counted
            if attempt.outcome is Outcome.ACCEPTED and conversation.changed_at and measures:
                metrics.SAVE_TO_PROVIDER.labels(self._channel).observe(
                    _seconds(conversation.changed_at, attempt.ended_at)
                )
            if attempt.outcome is Outcome.ACCEPTED:
                log.info(
                    "notification sent",
                    trace=entry.event_id,
                    notification_id=entry.id,
                    channel=self._channel,
                    duration_ms=round(_seconds(attempt.started_at, attempt.ended_at) * 1000),
                )
            else:
                # the provider's words may hold an address: they stand in the ledger, not in the log
                log.warning(
                    "notification not sent",
                    trace=entry.event_id,
                    notification_id=entry.id,
                    channel=self._channel,
                    outcome=str(attempt.outcome),
                    status=str(entry.status),
                )


def _may_be_heard(outcome: Outcome) -> bool:
    return outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN)


def _seconds(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()
