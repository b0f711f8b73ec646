"""One sender's life: claim what is due, decide, note, send, write what became of it (D1 to D4').

Any number of workers, in any number of processes, may run at once; each write says on which claim it rests.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from pymongo.errors import PyMongoError

from app import crash_points, metrics
from app.channels.base import AskableSender, reference_of
from app.domain.errors import PermanentError
from app.domain.people import speaking_to
from app.domain.wording_reach import with_unreached
from app.runtime import StopFlag
from app.store.why_links import WhyLink
from consumers.delivery.composing import facts_of, linked, listed
from consumers.delivery.deciding import Decider
from consumers.delivery.hands import Hands
from consumers.delivery.living import alive, living_of
from consumers.delivery.noting import noted_of
from consumers.delivery.outcomes import Outcomes
from consumers.delivery.providers import Route
from consumers.delivery.sending import Ready, Result, group_size
from consumers.delivery.terms import Terms, Told
from consumers.delivery.turns import until_stopped

log = structlog.get_logger()

_NET_S = 10.0
"""An idle sender looks again after so long even if nobody rang: the net under the doorbell."""
_BATCH = 128
_GROUP = 32
_ALONE_S = 0.1
"""What one sender hands over in this time is not shared: each batch costs a dozen round trips to MongoDB."""
_FLUSH_S = 0.5
"""What became of messages is written at least this often, also when a group takes longer."""


class Worker:
    """Delivers on one connection, in one thread."""

    def __init__(self, terms: Terms, stop: StopFlag) -> None:
        self._terms = terms
        self._stop = stop
        self._hands = Hands(terms, stop)
        self._outcomes = Outcomes(terms)
        self._decider = Decider(terms, self._hands.sender, self._outcomes)
        self.ended = threading.Event()

    def run(self) -> None:
        """Deliver until the stop; what MongoDB cannot answer now is tried again, claims lapse by
        themselves."""
        try:
            until_stopped(self._stop, self._turn)
        finally:
            self.close()
            self.ended.set()

    def _turn(self) -> None:
        seen, looked_at = self._terms.bell.rings, self._terms.now()
        if self.deliver_due() == 0:
            self._rest(seen, looked_at)

    def close(self) -> None:
        """Give the connections back."""
        self._hands.close()

    def abort(self) -> None:
        """End a hand-over under way, from another thread: its outcome is written as it is."""
        self._hands.abort()

    def _rest(self, seen: int, looked_at: datetime) -> None:
        """Until a ring, or until something is due; what has come due since the look, too."""
        terms = self._terms
        if outage_s := terms.providers.left_s():
            self._stop.wait(min(outage_s, _NET_S))
            return
        due = terms.claims.next_due(looked_at)
        until_due_s = (due - terms.now()).total_seconds() + 0.001 if due else _NET_S
        terms.bell.wait(seen, max(0.001, min(until_due_s, _NET_S)))

    def deliver_due(self) -> int:
        """One batch, D1 to D4'. Returns how many conversations were claimed. Raises PyMongoError."""
        token = secrets.token_hex(12)
        with self._terms.providers.route(token) as route:
            if route is None:
                return 0
            claimed = self._deliver(token, route)
        if route.probing and not claimed and not self._terms.claims.backlog(self._terms.now(), at_most=1)[0]:
            route.provider.untried()
        return claimed

    def _deliver(self, token: str, route: Route) -> int:
        """One batch by this route. Returns how many conversations were claimed. Raises PyMongoError."""
        terms = self._terms
        lease_ends = time.monotonic() + terms.lease.total_seconds()
        limit = self._batch_size(route)
        with terms.claiming:
            batch, left = terms.claims.claim(
                token,
                terms.now(),
                terms.lease,
                limit=limit,
                workers=terms.senders,
                alone=max(1, int(_ALONE_S / self._hands.average_s)),
            )
        if left:
            terms.bell.ring()  # the next sender looks
        if not batch:
            return 0
        crash_points.reached("D1.claimed")
        told = self._decider.told(token, batch, fallback=route.fallback)
        crash_points.reached("D2.decided")
        living = living_of(terms, told)
        while told and self._hands.may_go_on(lease_ends, route):
            size = min(group_size(self._hands.average_s, _GROUP), len(told))
            if not route.probing and (size := self._hands.granted(size, route)) == 0:
                continue
            group, told = told[:size], told[size:]
            self._send_group(token, group, lease_ends, route, living)
        if told:
            terms.claims.release(token, [t.conversation.id for t in told])
            self._outcomes.uncount(t.counted for t in told)
        return len(batch)

    def _batch_size(self, route: Route) -> int:
        """Two seconds' worth: what was read at D2 stays fresh, and little is given back at a stop. A second's
        where a rate is set, and one to probe: more urgent news may come meanwhile."""
        if route.probing:
            return 1
        limit = max(1, min(_BATCH, int(2.0 / self._hands.average_s)))
        rate = route.provider.limit()
        return limit if rate is None else max(1, min(limit, int(rate)))

    def _send_group(
        self, token: str, group: Sequence[Told], lease_ends: float, route: Route, living: Mapping[str, str]
    ) -> None:
        """D3 for a small group, its hand-over, and D4 as the answers come. Raises PyMongoError."""
        made = []
        for told in group:
            with speaking_to(told.person):
                ready = self._made(token, told, living)
            if ready is not None:
                made.append(ready)
        notes = [ready.noted for ready in made]
        try:
            self._keep_links(made)
            ours = self._terms.claims.note(token, notes)
        except PyMongoError:
            # part of it may be written, and nothing was sent: better no doubt than a needless one
            self._unsent(token, made)
            raise
        waiting = [ready for ready in made if ready.noted.conversation.id in ours]
        metrics.CLAIMS_LOST.labels(self._terms.channel.name).inc(len(made) - len(waiting))
        self._outcomes.uncount(r.counted for r in made if r.noted.conversation.id not in ours)
        try:
            self._send_each(token, waiting, lease_ends, route)
        except PyMongoError:
            # the rest was never handed over: better no doubt than a needless one
            self._unsent(token, waiting)
            raise
        if waiting:
            self._unsent(token, waiting)

    def _unsent(self, token: str, waiting: Sequence[Ready]) -> None:
        """Give back what was never handed over, and what it would have told besides. Raises PyMongoError."""
        self._terms.claims.unsent(token, [ready.noted for ready in waiting])
        self._outcomes.uncount(ready.counted for ready in waiting)
        if untold := {ready.tells: False for ready in waiting if ready.tells}:
            self._terms.suppressions.settle(token, untold, self._terms.now())

    def _send_each(self, token: str, waiting: list[Ready], lease_ends: float, route: Route) -> None:
        """The hand-over of each while there is time, and D4 as the answers come; `waiting` keeps the rest.

        Raises PyMongoError.
        """
        results: list[Result] = []
        written_at = time.monotonic()
        held: list[Ready] = []
        while waiting and self._hands.may_go_on(lease_ends, route):
            if self._terms.endpoints is not None and self._terms.endpoints.rests(waiting[0]):
                held.append(waiting.pop(0))
                continue
            crash_points.reached("D3.noted")
            results.append(self._hands.send(waiting.pop(0), route))
            crash_points.reached("D3.sent")
            if time.monotonic() - written_at > _FLUSH_S:
                self._outcomes.write(token, results, rest_s=self._hands.rest_s(route))
                results, written_at = [], time.monotonic()
        waiting += held
        self._outcomes.write(token, results, rest_s=self._hands.rest_s(route))

    def _keep_links(self, made: Sequence[Ready]) -> None:
        """Short links lead somewhere before anybody has them. Raises PyMongoError."""
        whys = [ready.parcel.why for ready in made if ready.parcel.why and ready.parcel.why.is_short]
        self._terms.why_links.keep(
            [
                WhyLink(w.text, w.token.conversation, w.token.order, w.token.address, w.token.expires_at)
                for w in whys
            ]
        )

    def _made(self, token: str, told: Told, living: Mapping[str, str]) -> Ready | None:
        """The message in words, packed; None when that cannot be done, which fails it for good."""
        terms, verdict, conversation = self._terms, told.verdict, told.conversation
        want = conversation.want
        assert want is not None, "D2 settles what has no want"
        heard = verdict.heard or want
        title = None
        tells = terms.tells(token, told)
        try:
            message = terms.composer.compose(conversation, verdict, told.role)
            title = message.subject
            if tells is not None:
                message = with_unreached(message, tells.channel, tells.reason)
            parcel = terms.channel.pack(conversation.id, told.person, message)
            parcel = linked(parcel, terms.channel.name, terms.links, conversation, told.person)
            parcel = alive(parcel, terms, told, living)
            if terms.endpoints is not None:
                parcel = replace(parcel, data=facts_of(conversation, verdict))
            if terms.channel.name == "email":
                parcel = listed(parcel, told.role, terms.links, told.person, terms.now())
                parcel = terms.composer.filed(parcel, conversation, told.role)
        except PermanentError as error:
            reason = str(error)
        except Exception as error:  # a defect in one message must not hold up all the others
            log.exception("message cannot be made", trace=conversation.event_id, conversation=conversation.id)
            reason = f"cannot be made: {type(error).__name__}"
        else:
            attempt = f"{token}/{conversation.id}"
            parcel = replace(parcel, reference=reference_of(attempt))
            text = parcel.text if isinstance(self._hands.sender, AskableSender) else None
            noted = noted_of(told, attempt, terms.now(), text)
            tells_id, rested = tells.id if tells else None, terms.channel.name in told.person.resting
            return Ready(noted, parcel, told.address, tells_id, told.counted, rested=rested)
        self._outcomes.refuse(token, conversation, heard, want, verdict.kinds, title, reason, told.grounds)
        self._outcomes.uncount([told.counted])
        return None
