"""`speech` for templates: `_`, `_n`, `_as` and `_html`, the names by which the extraction of sentences knows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from markupsafe import Markup, escape

from app.domain import speech


def in_html(text: str, /, **places: object) -> Markup:
    """The sentence as HTML: everything in it is escaped but what is marked as HTML already, like a link in a place."""
    said = speech.say(text)
    return escape(said).format(**speech.one_stop(said, places))


def language() -> str:
    """The tag of the language, for `<html lang>`."""
    return speech.current().language


FUNCTIONS: Final[Mapping[str, Callable[..., object]]] = MappingProxyType(
    {"_": speech.say, "_n": speech.plural, "_as": speech.say_as, "_html": in_html, "language": language}
)
"""Global functions of every template environment."""
