"""One sender's life: claim what is due, decide, note, send, write what became of it (D1 to D4').

Any number of workers, in any number of processes, may run at once; each write says on which claim it rests.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Sequence

import structlog
from pymongo.errors import PyMongoError

from app import crash_points, metrics
from app.channels.base import AskableSender
from app.domain.errors import PermanentError
from app.domain.news import absorb_first_values
from app.runtime import StopFlag
from app.store.claim_records import DoubtNote, Noted
from consumers.delivery.deciding import Decider
from consumers.delivery.outcomes import Outcomes
from consumers.delivery.sending import Ready, Result, group_size, hand_over
from consumers.delivery.terms import Terms, Told

log = structlog.get_logger()

_NET_S = 10.0
"""An idle sender looks again after so long even if nobody rang: the net under the doorbell."""
_BATCH = 128
_GROUP = 32
_ALONE_S = 0.1
"""What one sender hands over in this time is not shared: each batch costs a dozen round trips to MongoDB."""
_FLUSH_S = 0.5
"""What became of messages is written at least this often, also when a group takes longer."""
_LEASE_MARGIN_S = 1.0


class Worker:
    """Delivers on one connection, in one thread."""

    def __init__(self, terms: Terms, stop: StopFlag) -> None:
        self._terms = terms
        self._stop = stop
        self._sender = terms.channel.open()
        self._outcomes = Outcomes(terms.claims, terms.ledger, terms.channel.name, terms.tries, terms.now)
        self._decider = Decider(terms, self._sender, self._outcomes)
        self._average_s = 0.02
        self.ended = threading.Event()

    def run(self) -> None:
        """Deliver until the stop; what MongoDB cannot answer now is tried again, claims lapse by
        themselves."""
        failures = 0
        try:
            while not self._stop.is_set():
                seen = self._terms.bell.rings
                try:
                    if self.deliver_due() == 0:
                        self._rest(seen)
                    failures = 0
                except PyMongoError as error:
                    failures += 1
                    log.warning("MongoDB does not answer, trying again", why=type(error).__name__)
                    self._stop.wait(min(0.2 * 2**failures, 5.0))
        finally:
            self.close()
            self.ended.set()

    def close(self) -> None:
        """Give the connection back."""
        self._sender.close()

    def abort(self) -> None:
        """End a hand-over under way, from another thread: its outcome is written as it is."""
        self._sender.abort()

    def _rest(self, seen: int) -> None:
        terms = self._terms
        if outage_s := terms.outage.left_s():
            self._stop.wait(min(outage_s, _NET_S))
            return
        now = terms.now()
        due = terms.claims.next_due(now)
        until_due_s = (due - now).total_seconds() + 0.001 if due else _NET_S
        terms.bell.wait(seen, max(0.001, min(until_due_s, _NET_S)))

    def deliver_due(self) -> int:
        """One batch, D1 to D4'. Returns how many conversations were claimed. Raises PyMongoError."""
        terms = self._terms
        if terms.outage.left_s() > 0:
            return 0
        token = secrets.token_hex(12)
        lease_ends = time.monotonic() + terms.lease.total_seconds()
        # Two seconds' worth: what was read at D2 stays fresh, and little is given back at a stop.
        limit = max(1, min(_BATCH, int(2.0 / self._average_s)))
        with terms.claiming:
            batch, left = terms.claims.claim(
                token,
                terms.now(),
                terms.lease,
                limit=limit,
                workers=terms.senders,
                alone=max(1, int(_ALONE_S / self._average_s)),
            )
        if left:
            terms.bell.ring()  # the next sender looks
        if not batch:
            return 0
        crash_points.reached("D1.claimed")
        told = self._decider.told(token, batch)
        crash_points.reached("D2.decided")
        while told and self._may_go_on(lease_ends):
            size = group_size(self._average_s, _GROUP)
            group, told = told[:size], told[size:]
            self._send_group(token, group, lease_ends)
        if told:
            terms.claims.release(token, [t.conversation.id for t in told])
        return len(batch)

    def _may_go_on(self, lease_ends: float) -> bool:
        if self._stop.is_set() or self._terms.outage.left_s() > 0:
            return False
        return lease_ends - time.monotonic() > self._terms.send_timeout_s + _LEASE_MARGIN_S

    def _send_group(self, token: str, group: Sequence[Told], lease_ends: float) -> None:
        """D3 for a small group, its hand-over, and D4 as the answers come. Raises PyMongoError."""
        made = [ready for told in group if (ready := self._made(token, told))]
        notes = [ready.noted for ready in made]
        try:
            ours = self._terms.claims.note(token, notes)
        except PyMongoError:
            # part of it may be written, and nothing was sent: better no doubt than a needless one
            self._terms.claims.unsent(token, notes)
            raise
        waiting = [ready for ready in made if ready.noted.conversation.id in ours]
        metrics.CLAIMS_LOST.labels(self._terms.channel.name).inc(len(made) - len(waiting))
        try:
            self._send_each(token, waiting, lease_ends)
        except PyMongoError:
            # the rest was never handed over: better no doubt than a needless one
            self._terms.claims.unsent(token, [ready.noted for ready in waiting])
            raise
        if waiting:
            self._terms.claims.unsent(token, [ready.noted for ready in waiting])

    def _send_each(self, token: str, waiting: list[Ready], lease_ends: float) -> None:
        """The hand-over of each while there is time, and D4 as the answers come; `waiting` keeps the rest.

        Raises PyMongoError.
        """
        results: list[Result] = []
        written_at = time.monotonic()
        while waiting and self._may_go_on(lease_ends):
            crash_points.reached("D3.noted")
            results.append(self._send(waiting.pop(0)))
            crash_points.reached("D3.sent")
            if time.monotonic() - written_at > _FLUSH_S:
                self._outcomes.write(token, results)
                results, written_at = [], time.monotonic()
        self._outcomes.write(token, results)

    def _made(self, token: str, told: Told) -> Ready | None:
        """The message in words, packed; None when that cannot be done, which fails it for good."""
        terms, verdict, conversation = self._terms, told.verdict, told.conversation
        want = conversation.want
        assert want is not None, "D2 settles what has no want"
        heard = verdict.heard or want
        title = None
        try:
            message = terms.composer.compose(conversation, verdict, told.role)
            title = message.subject
            parcel = terms.channel.pack(conversation.id, told.person, message)
        except PermanentError as error:
            reason = str(error)
        except Exception as error:  # a defect in one message must not hold up all the others
            log.exception(
                "message cannot be made", trace=conversation.event_id, conversation=conversation.id
            )
            reason = f"cannot be made: {type(error).__name__}"
        else:
            note = DoubtNote(
                attempt=f"{token}/{conversation.id}",
                to=absorb_first_values(want, heard),  # a withdrawn gate: a later one is told against it
                kinds=verdict.kinds,
                order=conversation.order,
                started_at=terms.now(),
                text=parcel.text if isinstance(self._sender, AskableSender) else None,
            )
            previous_note = conversation.doubt_note if verdict.doubt else None
            noted = Noted(conversation, heard, note, verdict.doubt, previous_note, told.grounds)
            return Ready(noted, parcel)
        self._outcomes.refuse(token, conversation, heard, want, verdict.kinds, title, reason)
        return None

    def _send(self, ready: Ready) -> Result:
        terms = self._terms
        if ready.noted.previous is not None:
            metrics.DOUBTFUL_SENDS.labels(terms.channel.name).inc()
        started = time.monotonic()
        result = hand_over(self._sender, ready, terms.send_timeout_s, terms.channel.name, terms.now)
        self._average_s += 0.1 * (time.monotonic() - started - self._average_s)
        if result.channel_down:
            terms.outage.begins(result.attempt.words or "", result.retry_after_s)
            log.warning(
                "channel is down, pausing",
                channel=terms.channel.name,
                pause_s=round(terms.outage.left_s(), 1),
            )
        else:
            terms.outage.ends()
        return result
