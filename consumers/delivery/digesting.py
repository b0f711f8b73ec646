"""Digests: all that waits for one person's digest goes out as one mail, through the same steps as any message.

One process at a time does it, by a lease, so that a person's digest is one mail; nothing else rests on the lease.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from pymongo.errors import PyMongoError

from app import crash_points, metrics
from app.channels.base import Parcel, reference_of
from app.channels.links import address_of
from app.domain.errors import PermanentError
from app.domain.news import Role
from app.domain.people import speaking_to
from app.domain.wording_digest import Item, digest
from app.domain.wording_reach import with_unreached
from app.runtime import StopFlag
from app.store.claim_records import Noted
from app.store.digests import LEASE
from app.store.leases import Leases
from app.store.suppressions import Suppression
from consumers.delivery.choosing import zone_for
from consumers.delivery.composing import listed
from consumers.delivery.deciding import Decider
from consumers.delivery.hands import Hands
from consumers.delivery.noting import noted_of
from consumers.delivery.outcomes import Outcomes
from consumers.delivery.providers import Route
from consumers.delivery.sending import Ready, Result
from consumers.delivery.terms import Terms, Told
from consumers.delivery.turns import until_stopped

log = structlog.get_logger()

_NET_S = 5.0
"""It looks again after so long, and so does a process that waits for the lease."""
_MOST = 100
"""Subjects in one mail; what is more goes into another."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One conversation's part of a digest."""

    told: Told
    noted: Noted
    item: Item


class Digester:
    """Sends digests of the channel "email" on a connection of its own, in one thread.

    leases: of this process; lease_s: how long one holds, in seconds. public_url: what the mail leads to.
    """

    def __init__(self, terms: Terms, leases: Leases, lease_s: float, stop: StopFlag, public_url: str) -> None:
        self._terms = terms
        self._leases = leases
        self._lease_s = lease_s
        self._stop = stop
        self._public_url = public_url
        self._hands = Hands(terms, stop)
        self._outcomes = Outcomes(terms)
        self._decider = Decider(terms, self._hands.sender, self._outcomes)
        self.ended = threading.Event()

    def run(self) -> None:
        """Send what is due until the stop; what MongoDB cannot answer now is tried again."""
        try:
            until_stopped(self._stop, self._turn)
        finally:
            self._give_up()
            self.ended.set()

    def _turn(self) -> None:
        looked_at = self._terms.now()
        if not self._leases.take(LEASE, self._lease_s):
            self._stop.wait(_NET_S)
        elif self.send_due() == 0:
            self._stop.wait(self._rest_s(looked_at))

    def close(self) -> None:
        """Give the connection back."""
        self._hands.close()

    def abort(self) -> None:
        """End a hand-over under way, from another thread: its outcome is written as it is."""
        self._hands.abort()

    def send_due(self) -> int:
        """One person's digest, D1 to D4'. Returns how many conversations were claimed. Raises PyMongoError."""
        token = secrets.token_hex(12)
        with self._terms.providers.route(token) as route:
            return 0 if route is None else self._one(token, route)

    def _give_up(self) -> None:
        self.close()
        try:
            self._leases.release(LEASE)
        except PyMongoError as error:
            log.warning("lease lapses by itself", lease=LEASE, why=type(error).__name__)

    def _rest_s(self, looked_at: datetime) -> float:
        """Until the next one is due; what has come due since the look, too."""
        due = self._terms.digests.next_due(looked_at)
        until_due_s = (due - self._terms.now()).total_seconds() + 0.001 if due else _NET_S
        return max(0.0, min(until_due_s, _NET_S))

    def _one(self, token: str, route: Route) -> int:
        terms = self._terms
        lease_ends = time.monotonic() + terms.lease.total_seconds()
        batch = terms.digests.claim(token, terms.now(), terms.lease, limit=_MOST)
        if not batch:
            return 0
        crash_points.reached("D1.claimed")
        told = self._decider.told(token, batch, fallback=route.fallback, digest=True)
        crash_points.reached("D2.decided")
        # a person is told in one mail, so it may wait for the provider's rate as long as its claims hold
        while told and self._hands.may_go_on(lease_ends, route):
            if route.probing or self._hands.granted(1, route):
                with speaking_to(told[0].person):
                    self._send(token, told, lease_ends, route)
                return len(batch)
        if told:
            terms.claims.release(token, [t.conversation.id for t in told])
        return len(batch)

    def _send(self, token: str, told: Sequence[Told], lease_ends: float, route: Route) -> None:
        """D3 for each conversation, one hand-over, D4 for each. Raises PyMongoError."""
        terms = self._terms
        tells = terms.tells(token, told[0])
        parts = [part for one in told if (part := self._part(token, one))]
        packed = self._packed(token, parts, tells) if parts else None
        noted = [part.noted for part in parts] if packed else []
        try:
            ours = terms.claims.note(token, noted)
        except PyMongoError:
            self._unsent(token, noted, tells)
            raise
        metrics.CLAIMS_LOST.labels(terms.channel.name).inc(len(noted) - len(ours))
        kept = [part for part in parts if part.noted.conversation.id in ours]
        if packed and len(kept) < len(parts):  # nobody is told in passing what is not noted
            packed = self._packed(token, kept, tells) if kept else None
        if packed is None or not self._hands.may_go_on(lease_ends, route):
            self._unsent(token, [part.noted for part in kept], tells)
            return
        made = [
            Ready(part.noted, packed, part.told.address, tells.id if tells and not at else None, None, token)
            for at, part in enumerate(kept)
        ]
        crash_points.reached("D3.noted")
        shown = next((ready for ready in made if ready.noted.previous is not None), made[0])
        result = self._hands.send(shown, route)
        crash_points.reached("D3.sent")
        self._outcomes.write(token, _for_each(made, result), rest_s=self._hands.rest_s(route))

    def _part(self, token: str, told: Told) -> _Part | None:
        """One subject in words; None when that cannot be done, which fails it for good."""
        terms, conversation = self._terms, told.conversation
        noted = noted_of(told, f"{token}/{conversation.id}", terms.now())
        try:
            message = terms.composer.compose(conversation, told.verdict, told.role)
        except Exception as error:  # a defect in one message must not hold up all the others
            log.exception("message cannot be made", trace=conversation.event_id, conversation=conversation.id)
            self._refuse(token, noted, f"cannot be made: {type(error).__name__}")
            return None
        why = None
        if terms.links is not None:
            address = address_of(told.person, terms.channel.name)
            link = terms.links.token(conversation.id, conversation.order, conversation.changed_at, address)
            why = terms.links.of_mail(link)
        return _Part(
            told,
            noted,
            Item(conversation.kind.short_name(noted.note.to), message, why, conversation.kind.noun),
        )

    def _packed(self, token: str, parts: Sequence[_Part], tells: Suppression | None) -> Parcel | None:
        """The mail; None when it cannot be addressed, which fails all of it for good."""
        terms, person = self._terms, parts[0].told.person
        first = parts[0]
        zone = zone_for(person, first.told.role, first.told.conversation.kind, first.noted.note.to)
        items = [part.item for part in parts]
        message = digest(items, person.preferences, zone, terms.domain_clock(), self._public_url)
        roles = {part.told.role for part in parts}
        # What was subscribed to, however little of it, is no part of a booking.
        role = next(one for one in (Role.FOLLOWER, Role.ALERT, Role.PICKUP, Role.TRAVELLER) if one in roles)
        try:
            said = with_unreached(message, tells.channel, tells.reason) if tells else message
            parcel = terms.channel.pack(f"digest|{person.id}", person, said)
            parcel = listed(parcel, role, terms.links, person, terms.now())
        except PermanentError as error:
            for part in parts:
                self._refuse(token, part.noted, str(error))
            return None
        return replace(parcel, reference=reference_of(parts[0].noted.note.attempt))

    def _refuse(self, token: str, noted: Noted, reason: str) -> None:
        note = noted.note
        self._outcomes.refuse(
            *(token, noted.conversation, noted.heard, note.to, note.kinds, None, reason, noted.grounds)
        )

    def _unsent(self, token: str, noted: Sequence[Noted], tells: Suppression | None) -> None:
        """Give back what was never handed over. Raises PyMongoError."""
        self._terms.claims.unsent(token, noted)
        if tells is not None:
            self._terms.suppressions.settle(token, {tells.id: False}, self._terms.now())


def _for_each(made: Sequence[Ready], result: Result) -> list[Result]:
    """The outcome of the one hand-over as that of each conversation's own attempt."""
    return [
        replace(
            result,
            ready=ready,
            attempt=replace(
                result.attempt, id=ready.noted.note.attempt, doubtful=ready.noted.previous is not None
            ),
            refused=result.refused if at == 0 else None,  # the address is refused once
        )
        for at, ready in enumerate(made)
    ]
