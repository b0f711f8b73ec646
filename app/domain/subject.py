"""What every kind of subject can say of itself, so that whoever tells people need not know what it is about."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from app.domain.news import Decision, Kind, Role, Rules
from app.domain.wording_shapes import Message, News


class Value(Protocol):
    """What is known of a subject, and heard and wanted by people: immutable, and equal where its documents are.

    A dataclass, whose fields are those of the document.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def to_document(self) -> dict[str, Any]:
        """As stored."""
        ...

    def __hash__(self) -> int:
        """Many conversations have the same value, which is stored and put into words once."""
        ...


V = TypeVar("V", bound=Value)


class SubjectKind(ABC, Generic[V]):
    """One kind of subject. Subjects are named "prefix:...", conversations about them hold values of type V.

    prefix: before the first colon. noun: what people call one. is_counted: its values move without anybody being told;
    D2 reads the latest one that is no news against what is wanted. is_by_place: each conversation holds in `documents`
    which bookings and followings concern its person; D2 looks at those, and at no others.
    """

    prefix: ClassVar[str]
    noun: ClassVar[str]
    is_counted: ClassVar[bool] = False
    is_by_place: ClassVar[bool] = False

    @property
    def followed(self) -> str:
        """What people call that which its followers follow: the subject itself, unless the kind says otherwise."""
        return self.noun

    @abstractmethod
    def parse(self, document: Mapping[str, Any]) -> V:
        """From what the value's to_document made."""

    @abstractmethod
    def key(self, subject: str) -> str:
        """What bookings and followings have it by (`flight_id`)."""

    def goes_by(self, _want: V, _channel: str) -> bool:
        """Whether its news goes by this channel, as far as the subject itself says so; what the person chose for all
        is asked in `decide`."""
        return True

    @abstractmethod
    def decide(self, heard: V, want: V, role: Role, rules: Rules, now: datetime) -> Decision:
        """D2: what to do for one person. now: the domain clock."""

    @abstractmethod
    def settled(self, heard: V, want: V) -> V:
        """What somebody counts as having heard after `want` was no news to them."""

    @abstractmethod
    def said(self, want: V, heard: V) -> V:
        """What somebody has heard after a message of `want`."""

    @abstractmethod
    def of_state(self, want: V) -> tuple[Kind, ...]:
        """What is worth saying when nothing is known of what was said before."""

    @abstractmethod
    def believed(self, kinds: tuple[Kind, ...], want: V) -> tuple[Kind, ...]:
        """Further news for somebody who may have read earlier messages of these kinds, or not."""

    def wanted(self, kinds: tuple[Kind, ...], _want: V, role: Role, rules: Rules) -> tuple[Kind, ...]:
        """Those of these kinds that the person wants to hear, where what they heard cannot say what is news."""
        return tuple(kind for kind in kinds if role in rules.told.get(kind, frozenset()))

    @abstractmethod
    def timely(self, kinds: tuple[Kind, ...], want: V, now: datetime) -> tuple[Kind, ...]:
        """The kinds that are still worth a message. now: the domain clock."""

    @abstractmethod
    def too_late(self, want: V, now: datetime) -> str:
        """Why nothing is worth a message any more, as a reason's code."""

    @abstractmethod
    def compose(self, news: News[V]) -> Message:
        """The message for one person; nothing in it is the person's own. Raises nothing."""

    @abstractmethod
    def iata(self, value: V) -> str:
        """The airport whose clocks its times follow."""

    @abstractmethod
    def leaves_at(self, value: V) -> datetime | None:
        """The departure that makes news urgent, aware UTC; None without one."""

    def leaves_by(self, value: V) -> datetime | None:
        """Until when that departure makes it urgent; None without one."""
        return self.leaves_at(value)

    @abstractmethod
    def over_at(self, value: V) -> datetime:
        """From when on nothing about it is worth a message, aware UTC on the domain clock."""

    @abstractmethod
    def short_name(self, value: V) -> str:
        """As a list of news names it: "UA 407"."""

    @abstractmethod
    def title(self, value: V) -> str:
        """As the head of a page names it: "UA 1545 to Houston, 8 February 2013"."""

    @abstractmethod
    def line(self, value: V) -> str:
        """As staff find it in a list: "UA1545 EWR to IAH, 2013-02-08"."""

    @abstractmethod
    def path(self, value: V) -> str:
        """Its page on this site, from "/" on."""
