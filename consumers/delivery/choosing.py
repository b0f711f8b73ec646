"""D2, what people's own choices do: whether something is told at all, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.channels.addresses import address_on
from app.domain import flapping, preferences, timing
from app.domain.channels import said
from app.domain.errors import PermanentError
from app.domain.flight import Flight
from app.domain.mail_lists import list_of
from app.domain.news import Action, Role, Rules
from app.domain.people import Person
from app.domain.preferences import DEFAULTS
from app.domain.routing import Other
from app.domain.subject import SubjectKind, Value
from app.domain.timing import Reason
from app.store.claim_records import AGAIN, Claimed
from app.store.conversations import conversation_id
from app.store.digests import Counted
from consumers.delivery.decision import Verdict
from consumers.delivery.ranking import Ranking
from consumers.delivery.terms import Terms

_NEAR = timedelta(hours=3)
"""From so long before departure on nobody can wait a quarter of an hour to see what settles."""


def zone_for(person: Person, role: Role, kind: SubjectKind[Any], value: Value) -> ZoneInfo:
    """Whose clocks count for a person: their own; without any those of the flight's departure, or, for who picks up,
    of where it lands."""
    at = value.destination if role is Role.PICKUP and isinstance(value, Flight) else kind.iata(value)
    return timing.zone_of(person.time_zone, at)


class Choices:
    """What the people of one channel chose, applied. People who chose nothing cost nothing."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._channel = terms.channel.name
        self.ranking = Ranking(terms)

    def rules_of(self, person: Person | None) -> Rules:
        """What the person wants to hear on this channel."""
        if person is None or person.preferences is DEFAULTS:
            return self._terms.rules
        return preferences.rules(person.preferences, self._channel, self._terms.rules)

    def stopped(self, person: Person | None, role: Role | None) -> bool:
        """Whether the person stopped the list of mail that this would be part of. Who stops pick-ups hears of them on
        no channel: they agreed to nothing else."""
        if person is None or role is None or (self._channel != "email" and role is not Role.PICKUP):
            return False
        return str(list_of(role)) in person.preferences.stopped

    def timed(
        self,
        conversation: Claimed,
        verdict: Verdict,
        person: Person,
        role: Role,
        now: datetime,
        others: Mapping[str, Other],
        *,
        digest: bool = False,
    ) -> tuple[Verdict, Counted | None]:
        """What is to be told, now or later; and the message as it was counted, None where the person has no
        daily maximum or it does not count.

        now: the domain clock. others: as `Ranking.read` has them. digest: it is for the digest that is due. Raises
        PyMongoError.
        """
        chosen, want = person.preferences, conversation.want
        if verdict.action is not Action.TELL or want is None:
            return verdict, None
        verdict = self._calmed(conversation, verdict, want, now)
        if chosen is DEFAULTS or verdict.action is not Action.TELL or not said(self._channel).disturbs:
            return verdict, None
        kind = conversation.kind
        zone = zone_for(person, role, kind, want)
        news = timing.News(verdict.kinds, kind.leaves_at(want), kind.leaves_by(want))
        by_hand = conversation.doubt is not None and conversation.doubt.startswith(AGAIN)
        its_digest = (
            digest or by_hand or (conversation.fold is not None and conversation.fold <= self._terms.now())
        )
        hold = timing.held(chosen, news, zone, now, its_digest=its_digest)
        if hold is not None:
            hold = replace(hold, folds=hold.folds and not by_hand)  # what staff send again goes alone
            return self._put_off(conversation, verdict, hold, person, role), None
        in_digest = its_digest and self._channel == "email"
        rules = self.rules_of(person)
        verdict = self.ranking.turned(conversation, verdict, person, role, rules, others, waits=not in_digest)
        if verdict.action is not Action.TELL:
            return verdict, None
        if chosen.daily_max is None or by_hand or in_digest or timing.is_urgent(chosen, news, now):
            return verdict, None
        counted = Counted(person.id, timing.local_day(zone, now), f"{conversation.id}@{conversation.order}")
        if self._terms.daily.take(counted, chosen.daily_max, self._terms.now()):
            return verdict, counted
        hold = timing.over_maximum(chosen, news, zone, now, tomorrow=self._channel != "email")
        return self._put_off(conversation, verdict, hold, person, role), None

    def _calmed(self, conversation: Claimed, verdict: Verdict, want: Value, now: datetime) -> Verdict:
        """What goes back and forth is told a few times within an hour, then when it has settled.

        Raises PyMongoError.
        """
        terms = self._terms
        if verdict.doubtful or not conversation.tellings:
            return verdict
        tellings = [replace(one, at=terms.domain_clock.at(one.at)) for one in conversation.tellings]
        changed_at = terms.domain_clock.at(conversation.changed_at or terms.now())
        leaves_at = conversation.kind.leaves_at(want)
        hurry = leaves_at is not None and leaves_at - now <= _NEAR
        hold = flapping.held(terms.flapping, tellings, verdict.kinds, changed_at, now, hurry=hurry)
        if hold is not None:
            return replace(verdict, action=Action.WAIT, reason=str(hold.reason), until=hold.until)
        if not conversation.flapped:
            return replace(verdict, often=flapping.is_last(terms.flapping, tellings, verdict.kinds, now))
        last = conversation.tellings[-1].order
        times = terms.announcements.count(conversation.subject, after=last, until=conversation.order)
        return replace(verdict, times=times)

    def _put_off(
        self, conversation: Claimed, verdict: Verdict, hold: timing.Hold, person: Person, role: Role
    ) -> Verdict:
        """Until then; a text is not sent where a mail's digest says the same."""
        said_by_mail = hold.folds and hold.reason in {Reason.DIGEST, Reason.DAILY_MAXIMUM}
        if said_by_mail and self._channel != "email" and self._has_mail(conversation, verdict, person, role):
            return replace(verdict, action=Action.SKIP, reason=str(hold.reason), folds=False)
        return replace(
            verdict, action=Action.WAIT, reason=str(hold.reason), until=hold.until, folds=hold.folds
        )

    def _has_mail(self, conversation: Claimed, verdict: Verdict, person: Person, role: Role) -> bool:
        """Whether the person is told the same by e-mail, which this system sends, as far as nobody refused it yet.
        Raises PyMongoError."""
        if "email" not in self._terms.channels:
            return False
        if not self.ranking.goes_by("email", conversation, verdict, person, role):
            return False
        suppressions = self._terms.suppressions
        try:
            ids = suppressions.ids_of("email", address_on("email", person))
        except PermanentError:
            return False
        return not suppressions.concerning("email", ids, {})[0] and not self._mail_failed(conversation)

    def _mail_failed(self, conversation: Claimed) -> bool:
        """Whether the mail about the same failed for good or came back. Raises PyMongoError."""
        id_ = conversation_id(conversation.subject, conversation.person, "email")
        mail = self._terms.ranks.others([id_]).get(id_)
        if mail is None:
            return False
        came_back = bool(mail.rows) and mail.rows[0].came_back and mail.rows[0].to == conversation.want
        return came_back or (mail.has_failed and mail.order >= conversation.order)
