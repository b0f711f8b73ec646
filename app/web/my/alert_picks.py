"""What the lists in the form of a fare alert offer, in the person's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.domain import speech
from app.domain.alert_conditions import EVERY_H, Against
from app.domain.fares import CURRENCIES
from app.domain.speech import say, say_as, to_say

Offered = Sequence[tuple[str, str]]
_MOST_STOPS = 3
_AGAINST: Mapping[Against, str] = {
    Against.TOLD: to_say("against what you were told last"),
    Against.CREATED: to_say("against the fare when the alert was made"),
    Against.LOWEST: to_say("against the lowest since the alert was made"),
}


def _stops() -> Offered:
    some = [
        (str(most), say("At most {number}", number=speech.number(most))) for most in range(1, _MOST_STOPS + 1)
    ]
    return [("", say("Any number")), ("0", say("Direct only")), *some]


def _cabins() -> Offered:
    return (
        ("", say_as("cabin", "Any")),
        ("economy", say_as("cabin", "Economy")),
        ("premium_economy", say_as("cabin", "Premium economy")),
        ("business", say_as("cabin", "Business")),
        ("first", say_as("cabin", "First")),
    )


def _units() -> Offered:
    return (("percent", say("percent")), ("amount", say("in the currency")))


def _repeats() -> Sequence[tuple[str, str, str]]:
    return (
        ("again", say("Again and again"), say("after it was no longer so, and is so again")),
        ("each_low", say("At each new low"), say("each time it is lower than before")),
        ("once", say("Once"), say("then the alert ends")),
    )


def _against() -> Offered:
    return [(str(name), say(words)) for name, words in _AGAINST.items()]


def _every() -> Offered:
    return [(str(hours), say(words)) for hours, words in EVERY_H.items()]


@dataclass(frozen=True, slots=True)
class Picks:
    """What the form's lists offer, each as value and words. zone: the person's, of the report's time."""

    zone: str
    stops: Offered = field(default_factory=_stops)
    cabins: Offered = field(default_factory=_cabins)
    units: Offered = field(default_factory=_units)
    against: Offered = field(default_factory=_against)
    every: Offered = field(default_factory=_every)
    repeats: Sequence[tuple[str, str, str]] = field(default_factory=_repeats)
    currencies: Offered = tuple((code, code) for code in sorted(CURRENCIES))
