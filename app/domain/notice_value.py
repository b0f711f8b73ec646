"""What people hear of a notice that staff published about an airport or a flight.

A notice is over when it expires. It expires some time after it was made where it does not say when, and no later than a
longest time, however far away the moment that it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from app.domain import fields
from app.domain.news import Action, Decision, Kind, Role, Rules
from app.domain.notices import Notice

PREFIX: Final = "notice"

URGENT_TYPE: Final = "urgent"
"""Notices of this type pass quiet hours, pauses and digests, as a cancellation does; no others do."""


class State(StrEnum):
    """Whether a notice stands. WITHDRAWN: its document is gone, so that what it said is no longer so."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Terms:
    """How long notices are told. usual: after they were made, where they do not say; longest: whatever they say."""

    usual: timedelta
    longest: timedelta

    @classmethod
    def of(cls, hours: float, max_days: float) -> Terms:
        """As the settings have them."""
        return cls(timedelta(hours=hours), timedelta(days=max_days))

    def over_at(self, notice: Notice, made_at: datetime) -> datetime:
        """When it expires, aware UTC on the domain clock, as made_at is."""
        if notice.expires_at is None:
            return made_at + min(self.usual, self.longest)
        return min(notice.expires_at, made_at + self.longest)


@dataclass(frozen=True, slots=True)
class NoticeValue:
    """What is known of a notice. message: "" while nothing was heard of it. airport, flight: what it is about, None for
    neither. expires_at: RFC 3339, on the domain clock. local_to: IATA code of the airport whose clocks its times
    follow, "" where none is known."""

    type: str
    message: str
    airport: str | None
    flight: str | None
    expires_at: str
    local_to: str = ""
    state: State = State.GIVEN

    @property
    def over_at(self) -> datetime:
        """From when on nobody is told of it, aware UTC on the domain clock."""
        return datetime.fromisoformat(self.expires_at)

    @property
    def place(self) -> tuple[str | None, str | None]:
        """What it is about."""
        return self.airport, self.flight

    @property
    def is_for_all(self) -> bool:
        """Whether it is about no airport and no flight: then it stands in the feed, and nobody is sent a message."""
        return self.place == (None, None)

    @property
    def is_withdrawn(self) -> bool:
        """Whether it is no longer so."""
        return self.state is State.WITHDRAWN

    def unsaid(self) -> NoticeValue:
        """What somebody has heard who heard nothing of it."""
        return replace(self, message="", state=State.GIVEN)

    def withdrawn(self) -> NoticeValue:
        """The notice after its document was deleted."""
        return replace(self, state=State.WITHDRAWN)

    def to_document(self) -> dict[str, Any]:
        """As stored, always in the same order, so that equal notices are equal documents."""
        return {name: getattr(self, name) for name in self.__slots__} | {"state": str(self.state)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> NoticeValue:
        """From what to_document made."""
        values = {name: document[name] for name in cls.__slots__}
        return cls(**values | {"state": State(values["state"])})


def subject_of(document_key: str) -> str:
    """ "notice:" and the id of the notice's document, as text."""
    return f"{PREFIX}:{document_key}"


def of_notice(notice: Notice, over_at: datetime, local_to: str) -> NoticeValue:
    """What is known of a notice that was read. over_at: as `Terms` say."""
    return NoticeValue(
        type=notice.type,
        message=notice.message,
        airport=notice.airport,
        flight=notice.flight,
        expires_at=fields.rfc3339(over_at),
        local_to=local_to,
    )


def differences(heard: NoticeValue, want: NoticeValue) -> tuple[Kind, ...]:
    """The news between two states of a notice: another sentence, another place, or that it is no longer so. Another
    type or time of expiry alone is none, nor is the withdrawal of what was never heard."""
    if want.is_withdrawn:
        return of_state(want) if heard.message and not heard.is_withdrawn else ()
    is_new = heard.is_withdrawn or (heard.message, *heard.place) != (want.message, *want.place)
    return of_state(want) if is_new else ()


def decide(heard: NoticeValue, want: NoticeValue, role: Role, rules: Rules, now: datetime) -> Decision:
    """What to do for one person about one notice. now: the domain clock."""
    kinds = differences(heard, want)
    if not kinds:
        if want.is_withdrawn and not heard.message:
            return Decision(Action.SETTLE, reason="withdrawn")
        return Decision(Action.SETTLE, reason="nothing_new" if heard == want else "below_threshold")
    if role not in rules.told.get(kinds[0], frozenset()):
        return Decision(Action.SETTLE, reason="not_wanted")
    if not timely(kinds, want, now):
        return Decision(Action.SKIP, kinds, "expired")
    return Decision(Action.TELL, kinds)


def of_state(want: NoticeValue) -> tuple[Kind, ...]:
    """What is worth saying about the notice when nothing is known of what was said before."""
    is_urgent = want.type == URGENT_TYPE
    if want.is_withdrawn:  # an alarm that was none is taken back as it came
        return (Kind.NOTICE_URGENT_WITHDRAWN if is_urgent else Kind.NOTICE_WITHDRAWN,)
    return (Kind.NOTICE_URGENT if is_urgent else Kind.NOTICE,)


def timely(kinds: tuple[Kind, ...], want: NoticeValue, now: datetime) -> tuple[Kind, ...]:
    """The kinds that are still worth a message: none once the notice has expired."""
    return tuple(kind for kind in kinds if now < want.over_at)
