"""Sentences of a chain that name what it is about: a flight, an airport's day, a fare alert or a notice.

Each noun has whole sentences of its own, since its article and its endings differ from language to language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.domain.speech import say, to_say


@dataclass(frozen=True, slots=True)
class _About:
    """Sentences about a subject of one kind, to be said."""

    unknown: str
    news: str
    as_it_is: str
    all_news: str


@dataclass(frozen=True, slots=True)
class _Concern:
    """Why somebody is concerned, to be said: told to the person, told of the person, and that such are not told."""

    you: str
    they: str
    not_told: str


_ABOUT: Final[Mapping[str, _About]] = {
    "flight": _About(
        to_say("A flight that was never understood"),
        to_say("News about this flight"),
        to_say("The flight as it is now"),
        to_say("All news of this flight to you"),
    ),
    "airport": _About(
        to_say("An airport that was never understood"),
        to_say("News about this airport"),
        to_say("The airport as it is now"),
        to_say("All news of this airport to you"),
    ),
    "fare alert": _About(
        to_say("A fare alert that was never understood"),
        to_say("News about this fare alert"),
        to_say("The fare alert as it is now"),
        to_say("All news of this fare alert to you"),
    ),
    "notice": _About(
        to_say("A notice that was never understood"),
        to_say("News about this notice"),
        to_say("The notice as it is now"),
        to_say("All news of this notice to you"),
    ),
}
_BY_ROLE: Final[Mapping[str, _Concern]] = {
    "traveller": _Concern(
        to_say("because you hold a booking."),
        to_say("they hold a booking."),
        to_say("Those who hold a booking are not told of it."),
    ),
    "alert": _Concern(
        to_say("because you made the fare alert."),
        to_say("they made the fare alert."),
        to_say("Those who made the fare alert are not told of it."),
    ),
    "pickup": _Concern(
        to_say("because you agreed to hear when it arrives."),
        to_say("they agreed to hear when it arrives."),
        to_say("Those who agreed to hear when it arrives are not told of it."),
    ),
}
_BY_FOLLOWED: Final[Mapping[str, _Concern]] = {
    "flight": _Concern(
        to_say("because you follow the flight."),
        to_say("they follow the flight."),
        to_say("Those who follow the flight are not told of it."),
    ),
    "airport": _Concern(
        to_say("because you follow the airport."),
        to_say("they follow the airport."),
        to_say("Those who follow the airport are not told of it."),
    ),
    "flight or airport": _Concern(
        to_say("because you follow the flight or airport."),
        to_say("they follow the flight or airport."),
        to_say("Those who follow the flight or airport are not told of it."),
    ),
}
_FOLLOWS: Final[Mapping[str, tuple[str, str]]] = {
    "flight": (to_say("You follow this flight."), to_say("Now: follows this flight.")),
    "airport": (to_say("You follow this airport."), to_say("Now: follows this airport.")),
    "flight or airport": (
        to_say("You follow this flight or airport."),
        to_say("Now: follows this flight or airport."),
    ),
}
_FOLLOWS_NOT: Final[Mapping[str, tuple[str, str]]] = {
    "flight": (
        to_say("You hold no booking on this flight and do not follow it."),
        to_say("Now: holds no booking on this flight and does not follow it."),
    ),
    "airport": (
        to_say("You do not follow this airport any more."),
        to_say("Now: does not follow this airport."),
    ),
    "flight or airport": (
        to_say("You do not follow this flight or airport any more."),
        to_say("Now: does not follow this flight or airport."),
    ),
}


def unknown(noun: str) -> str:
    """What stands for the name of a subject that was never understood. noun: of its kind."""
    return say(_about(noun).unknown)


def news(noun: str) -> str:
    """The title of news that has none of its own."""
    return say(_about(noun).news)


def as_it_is(noun: str) -> str:
    """The words of the link to the subject's page."""
    return say(_about(noun).as_it_is)


def all_news(noun: str) -> str:
    """The head of the list of all its news."""
    return say(_about(noun).all_news)


def because(role: str | None, followed: str, *, you: bool) -> str:
    """Why somebody is among those concerned. followed: what those follow who hold no booking."""
    concern = _concern(role, followed)
    return say(concern.you if you else concern.they)


def not_told(role: str | None, followed: str) -> str:
    """That those who are concerned in this way are not told of it."""
    return say(_concern(role, followed).not_told)


def follows(followed: str, *, you: bool) -> str:
    """That somebody follows it at this moment."""
    return say(_FOLLOWS.get(followed, _FOLLOWS["flight"])[not you])


def follows_not(followed: str, *, you: bool) -> str:
    """That somebody is not concerned at this moment."""
    return say(_FOLLOWS_NOT.get(followed, _FOLLOWS_NOT["flight"])[not you])


def _about(noun: str) -> _About:
    return _ABOUT.get(noun, _ABOUT["flight"])


def _concern(role: str | None, followed: str) -> _Concern:
    return _BY_ROLE.get(role or "") or _BY_FOLLOWED.get(followed, _BY_FOLLOWED["flight"])
