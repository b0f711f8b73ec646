"""The field of a form that takes an airport by name, and what it offers when a text names several.

A script suggests while somebody types (static/places.js). Without it the server answers with choices, of which one is
picked; the code that was picked counts only while it belongs to the text, so that who writes another name is not held
to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain import place_search, places

PICKED = "_code"
"""What the name of the choice's field has after the name of the text's."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An airport to choose. words: city and name, with the code in brackets, which the field understands, too."""

    code: str
    words: str


def choices(text: str) -> Sequence[Choice]:
    """What a text that names no single airport may mean, the most likely first; perhaps none."""
    return [Choice(place.iata, words(place.iata)) for place in place_search.choices(text)]


def words(code: str) -> str:
    """An airport as the field shows it: "Moscow Sheremetyevo (SVO)"."""
    return f"{called(code)} ({code})"


def called(code: str) -> str:
    """City and name, without saying one twice: "Moscow Sheremetyevo", "Newark Liberty", "Denver"."""
    city, name = places.city(code), places.short_name(code)
    if name in city:
        return city
    return name if city in name else f"{city} {name}"


def meant(form: Mapping[str, str], name: str) -> str:
    """What a form says in such a field: the code that was picked if it is one of the text's, else the text."""
    text, picked = form.get(name, "").strip(), form.get(name + PICKED, "")
    if picked and any(one.code == picked for one in choices(text)):
        return picked
    return text
