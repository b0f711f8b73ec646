"""A language made up for tests: every letter of a translation is one no Latin text has, every sentence stands in marks.

What a message in it says in Latin letters has not gone through `speech`, or is a value: a name, a code, a zone.
It goes by the tag "ru", so that days, times and units are Cyrillic, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from gettext import NullTranslations
from string import Formatter

import pytest

from app.domain import speech, wording, wording_airport, wording_alert, wording_notice, wording_terms
from app.domain.wording_shapes import Message

TAG = "ru"
_OPEN, _CLOSED = "⟦", "⟧"
_WORD = re.compile(r"[A-Za-z]+")


class Pseudo(NullTranslations):
    """Translates a sentence into letters of its own, its places as they are.

    letter: stands for each letter. stretch: how much longer a sentence becomes. marked: whether it stands in marks.
    """

    def __init__(self, letter: str = "ж", stretch: float = 1.0, *, marked: bool = True) -> None:
        super().__init__()
        self.letter, self.stretch, self.marked = letter, stretch, marked

    def gettext(self, message: str) -> str:
        """The sentence in letters of the language."""
        pieces, length = [], 0
        for literal, place, _, _ in Formatter().parse(message):
            length += len(literal)
            pieces.append(re.sub(r"[^\W\d_]", self.letter, literal).replace("{", "{{").replace("}", "}}"))
            pieces.append("" if place is None else f"{{{place}}}")
        text = "".join(pieces) + self.letter * round(length * (self.stretch - 1))
        return f"{_OPEN}{text}{_CLOSED}" if self.marked else text

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """As `gettext`, of one or many."""
        return self.gettext(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        """As `gettext`, whatever the context."""
        return self.gettext(message)


@contextmanager
def spoken(pseudo: Pseudo | None = None, tag: str = TAG) -> Iterator[None]:
    """Everything in this block is said in the made-up language, which goes by the tag."""
    own = pseudo or Pseudo()
    real = speech._catalog
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speech, "_catalog", lambda language: own if language == tag else real(language))
        _forget()
        try:
            with speech.speaking(tag):
                yield
        finally:
            _forget()


def _forget() -> None:
    """What was composed in the real language of the tag, or in the made-up one."""
    for module in (wording, wording_airport, wording_alert, wording_notice, wording_terms):
        for found in vars(module).values():
            if hasattr(found, "cache_clear") and found.__module__ == module.__name__:
                found.cache_clear()


def texts(message: Message) -> list[str]:
    """Every text of a message, without its address."""
    mark = message.highlight
    found = [message.subject, message.headline, message.preheader, message.opening, mark.label, mark.new]
    found += [text for text in (mark.old, mark.note) if text]
    found += [text for fact in message.facts for text in fact]
    return [*found, *message.advice, *message.footer, *message.more, message.link[0], message.sms]


def untranslated(found: Iterable[str], values: Iterable[str]) -> list[str]:
    """The texts that say something in Latin letters that is no word of one of the values."""
    known = {word for value in values for word in _WORD.findall(value)}
    return [text for text in found if set(_WORD.findall(text)) - known]


def unmarked(text: str) -> str:
    """What stands outside of all marks."""
    depth, outside = 0, ""
    for character in text:
        depth -= character == _CLOSED
        outside += character if depth == 0 and character != _CLOSED else ""
        depth += character == _OPEN
    return outside.replace(_OPEN, "")
