"""What of a page is not said in the page's language: texts and attributes with Latin words that are no data.

With the made-up language of `tests/domain/pseudo.py` every said sentence has letters of its own, so what is left in
Latin letters was forgotten, or is a value: a name, a code, a zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html.parser import HTMLParser

_ATTRIBUTES = frozenset({"aria-label", "title", "alt", "data-list", "data-none", "data-counts", "content"})
_UNSEEN = frozenset({"script", "style", "svg"})
_VOID = frozenset({"meta", "link", "input", "br", "img", "hr"})
_WORD = re.compile(r"[A-Za-z]{2,}")
_EVERYWHERE = ("Gatecall", "English Deutsch Español", "UTC", "API")


class _Reader(HTMLParser):
    """Every text of a page, and every attribute that is read out or shown; those of `skip` (ids) left out."""

    def __init__(self, skip: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._skip = skip
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = dict(attrs)
        if self._hidden or tag in _UNSEEN or own.get("id") in self._skip:
            if tag not in _VOID:
                self._hidden.append(tag)
            return
        if tag != "meta":
            self.found += [value for name, value in attrs if name in _ATTRIBUTES and value]

    def handle_endtag(self, tag: str) -> None:
        if self._hidden and self._hidden[-1] == tag:
            self._hidden.pop()

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.found.append(" ".join(data.split()))


def forgotten(page: str, values: Iterable[str], skip: Iterable[str] = ()) -> list[str]:
    """The texts of a page with words that are neither said nor part of a value. skip: ids of elements with data."""
    reader = _Reader(frozenset(skip))
    reader.feed(page)
    known = {word for value in (*values, *_EVERYWHERE) for word in _WORD.findall(value)}
    return [text for text in reader.found if set(_WORD.findall(text)) - known]
