"""The shape of the news that comes first in a message about a flight, and how its headline goes on."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.news import Kind
from app.domain.speech import say
from app.domain.wording_shapes import Highlight

CHANGE, BAD, PLAIN = "change", "bad", "plain"


@dataclass(frozen=True, slots=True)
class Lead:
    """The news that comes first. covers: the kinds it has told besides its own."""

    subject: str
    headline: str
    opening: str
    highlight: Highlight
    covers: frozenset[Kind] = frozenset()


def ended(headline: str, old: str | None = None) -> str:
    """A headline as a sentence, with what it was before; None for nothing."""
    if old is None:
        # Translators: a headline as a sentence of its own, with the language's full stop.
        return say("{headline}.", headline=headline)
    # Translators: {headline} is like "UA 407 to Denver now leaves 16:00 EST", {old} what it was before: "14:45".
    return say("{headline} (was {old}).", headline=headline, old=old)


def instead_of(headline: str, old: str | None) -> str:
    """A headline that says what it was before; None for nothing."""
    # Translators: {headline} is like "UA 407 now leaves from gate C71", {old} what it was before: "C94", "14:45".
    return headline if old is None else say("{headline}, not {old}", headline=headline, old=old)
