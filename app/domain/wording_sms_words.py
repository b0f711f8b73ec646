"""What the sentences of an SMS are made of: cities named shorter and shorter, and how useful each sentence is."""

from __future__ import annotations

import re
from enum import IntEnum

from app.domain import places
from app.domain.news import Kind
from app.domain.speech import say
from app.domain.wording_corrections import route
from app.domain.wording_lead import ended
from app.domain.wording_terms import Moment, Terms


class Rank(IntEnum):
    """How useful a sentence is. The lowest goes first; the news never goes."""

    REASON = 1
    LINK = 2
    GATE = 3
    ASIDE = 4
    ADVICE = 5
    NEWS = 9


class Name(IntEnum):
    """A city by its name, by the first part of a name such as "Dallas/Fort Worth", or by its airport's code."""

    FULL = 0
    SHORT = 1
    CODE = 2


Part = tuple[Rank, str]


class Words:
    """The sentences of one message, with cities named in one way."""

    def __init__(self, t: Terms, name: Name) -> None:
        self.t = t
        self.name = name
        self.flight = say("{number} to {city}", number=t.number, city=self.city(t.want.destination))

    def city(self, iata: str) -> str:
        """The city as this message names it."""
        if self.name is Name.CODE:
            return iata
        city = places.city(iata)
        return city if self.name is Name.FULL else re.split(r"[/,(]", city)[0].strip() or iata

    def also(self) -> list[Part]:
        """Further news that the first sentence has not told; what it has of the gate stands in `gate`."""
        t, kinds, want = self.t, self.t.kinds, self.t.want
        parts: list[Part] = []
        if Kind.REROUTED in kinds[1:]:
            parts.append((Rank.NEWS, ended(*route(t, self.flight))))
        if Kind.BELT in kinds[1:]:
            parts.append((Rank.NEWS, say("Bags: belt {belt}.", belt=want.belt)))
        if Kind.TERMINAL in kinds[1:] and Kind.GATE not in kinds:
            was = t.was(t.heard.terminal)
            parts.append((Rank.NEWS, say("Terminal {terminal}{was}.", terminal=want.terminal, was=was)))
        if Kind.BOARDING in kinds[1:]:
            parts.append((Rank.NEWS, say("Boarding now.")))
        if Kind.AIRCRAFT in kinds[1:]:
            was = t.was(t.heard.aircraft)
            parts.append((Rank.ASIDE, say("Aircraft {aircraft}{was}.", aircraft=want.aircraft, was=was)))
        return parts

    def at(self, moment: Moment) -> str:
        """A time, with its day when it is not today."""
        return moment.clock if moment.date == self.t.today else moment.short

    def late(self) -> str:
        """How it stands, after a time; nothing when it is on time."""
        return say(", {lateness}", lateness=self.t.short_lateness) if self.t.delay else ""

    def leaves(self) -> str:
        """When it leaves, as a sentence beside other news."""
        if self.t.time_unknown:
            return say("Delayed, new time not yet known.")
        if self.t.is_overdue:
            return ""
        return say("Leaves {time}{late}.", time=self.at(self.t.leaves), late=self.late())

    def gate(self) -> Part:
        """The gate; part of the news when it changed, with its terminal when that did too."""
        t, gate, terminal = self.t, self.t.want.gate, self.t.want.terminal
        if gate is None or t.has_left:
            return Rank.GATE, ""
        if Kind.GATE not in t.kinds:
            return Rank.GATE, say("Gate {gate}.", gate=gate)
        if Kind.TERMINAL in t.kinds and terminal:
            gate = say("{gate}, terminal {terminal}", gate=gate, terminal=terminal)
        return Rank.NEWS, say("Gate {gate}{was}.", gate=gate, was=t.was(t.heard.gate))

    def for_traveller(self, words: str) -> Part:
        """Advice, nothing for who only follows the flight."""
        return Rank.ADVICE, words if self.t.is_traveller else ""
