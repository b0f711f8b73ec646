"""What passes from the decision (D2) to the hand-over."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.news import Role
from app.domain.people import Person
from app.store.claim_records import Claimed, Grounds
from app.store.digests import Counted
from app.store.suppressions import Suppression
from consumers.delivery.decision import Verdict


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
