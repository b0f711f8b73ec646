"""The words that scripts show, in the language of the page: sentences with their places, which the scripts fill.

Scripts have no words of their own. A counted sentence comes in every form that the language has, by the names of
Unicode's plural rules, which Intl.PluralRules of the browser knows, too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

import orjson
from babel import Locale

from app.domain import speech
from app.domain.speech import current, plural, say

_PLACE: Final = "{number}"
_TWELVE: Final = 12
_OF_MANY: Final = 5
"""Where the form "other" is for fractions alone, it says what is said of so many."""

Words = dict[str, object]


def as_json() -> str:
    """All of them, as live.js reads them from a page that follows the feed."""
    words: Words = {"lang": current().language, "twelve": current().clock == _TWELVE}
    return orjson.dumps(words | _ages() | _news() | _missed() | _copying()).decode()


def _ages() -> Words:
    number, age = _PLACE, "{age}"
    return {
        "s": say("{number} s", number=number),
        "min": say("{number} min", number=number),
        "h": say("{number} h", number=number),
        "d": say("{number} d", number=number),
        "ago": say("{age} ago", age=age),
        "live": say("{bold}Live{end}, {age} ago", bold="{bold}", end="{end}", age=age),
        "stale": say("{bold}STALE{end}: no data for {age}", bold="{bold}", end="{end}", age=age),
        "never": say("{bold}STALE{end}: no data yet", bold="{bold}", end="{end}"),
        "since": say(" since {time}", time="{time}"),
        "unchecked": say("Not yet"),
    }


def _news() -> Words:
    words: Words = {
        "more": _forms(
            lambda n: plural("And {number} more change.", "And {number} more changes.", n, number=_PLACE)
        )
    }
    if current().language != speech.ENGLISH:
        # The feed's own sentences are English, for programs; a screen reader says these in their place.
        words["changed"] = say("{flight} has changed; the page shows how it stands now.", flight="{flight}")
        words["moved"] = say("Something has changed; the page shows how it stands now.")
    return words


def _missed() -> Words:
    spans = {"start": "{start}", "end": "{end}", "zone": "{zone}", "changes": "{changes}"}
    return {
        "missed": _forms(
            lambda n: plural(
                "You missed {number} change while away",
                "You missed {number} changes while away",
                n,
                number=_PLACE,
            )
        ),
        # Translators: behind "You missed 3 changes while away". {changes} is like "1 new gate (UA 407), 2 other".
        "at": say(", {start} {zone}: {changes}.", **{k: v for k, v in spans.items() if k != "end"}),
        "between": say(", {start} to {end} {zone}: {changes}.", **spans),
        "showOne": say("Show it"),
        "show": _forms(lambda n: plural("Show the {number}", "Show the {number}", n, number=_PLACE)),
        "showAll": say("Show all flights"),
        "cancelled": _forms(
            lambda n: plural("{number} flight cancelled", "{number} flights cancelled", n, number=_PLACE)
        ),
        "gates": _forms(lambda n: plural("{number} new gate", "{number} new gates", n, number=_PLACE)),
        "times": _forms(lambda n: plural("{number} new time", "{number} new times", n, number=_PLACE)),
        "others": _forms(lambda n: plural("{number} other", "{number} other", n, number=_PLACE)),
    }


def _copying() -> Words:
    return {"copied": say("Copied"), "press": say("Press {keys}", keys="Ctrl+C")}


def _forms(said: Callable[[int], str]) -> dict[str, str]:
    """The sentence in each form of the language, by the form's name; "other" in any case."""
    return {form: said(number) for form, number in _samples(current().language).items()}


@cache
def _samples(language: str) -> dict[str, int]:
    """A number for each form of a language."""
    form_of = Locale.parse(language).plural_form
    samples: dict[str, int] = {}
    for number in (*range(1, 101), 0):  # each form has one among these, but those for fractions and millions
        samples.setdefault(form_of(number), number)
    samples.setdefault("other", _OF_MANY)
    return samples
