"""What the senders of one channel share, and what passes between the steps of delivery."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta

from app.channels.base import Channel
from app.channels.links import Links
from app.domain.clock import DomainClock, Now
from app.domain.flapping import Flapping
from app.domain.news import Role, Rules
from app.domain.people import Person
from app.store.announcements import Announcements
from app.store.callbacks import Callbacks
from app.store.claim_records import Claimed, Grounds
from app.store.claims import Claims
from app.store.counts import Counts
from app.store.decisions import Decisions
from app.store.digests import Counted, DailyCounts, Digests
from app.store.notifications import Ledger
from app.store.people import People
from app.store.ranks import Ranks
from app.store.second_looks import SecondLooks
from app.store.suppressions import Suppression, Suppressions
from app.store.why_links import WhyLinks
from consumers.delivery.bell import Bell
from consumers.delivery.composing import Composer
from consumers.delivery.decision import Verdict
from consumers.delivery.endpoints import Endpoints
from consumers.delivery.providers import Providers


@dataclass(frozen=True, slots=True)
class Terms:
    """What the senders of one channel share. lease: of a claim. send_timeout_s: of one hand-over. links: None without a
    key to sign with. endpoints: of a channel whose people have servers of their own, None of others. channels: names of
    all that are switched on, whichever process sends them."""

    channel: Channel
    channels: frozenset[str]
    claims: Claims
    ledger: Ledger
    people: People
    counts: Counts
    decisions: Decisions
    digests: Digests
    daily: DailyCounts
    links: Links | None
    why_links: WhyLinks
    composer: Composer
    suppressions: Suppressions
    callbacks: Callbacks
    ranks: Ranks
    second_looks: SecondLooks
    providers: Providers
    bell: Bell
    claiming: threading.Lock
    senders: int
    rules: Rules
    flapping: Flapping
    announcements: Announcements
    domain_clock: DomainClock
    now: Now
    lease: timedelta
    send_timeout_s: float
    tries: int
    endpoints: Endpoints | None = None

    def tells(self, token: str, told: Told) -> Suppression | None:
        """What the message says besides: that another channel does not reach the person. One message says it.
        Raises PyMongoError."""
        news = told.unreached
        if news is None or not self.suppressions.take(news.id, token, self.now()):
            return None
        return news


@dataclass(frozen=True, slots=True)
class Told:
    """A conversation whose person is to hear something now. grounds: what goes on the record with it.

    address: the id of where, None when there is no usable one. unreached: what is to be said along with it of
    another channel; None when nothing is. counted: towards the person's daily maximum; None when it does not count.
    """

    conversation: Claimed
    verdict: Verdict
    person: Person
    role: Role
    grounds: Grounds
    address: str | None = None
    unreached: Suppression | None = None
    counted: Counted | None = None
