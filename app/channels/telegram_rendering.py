"""A message in words as Telegram shows it: its HTML, every value escaped, within its length.

Marks and lengths: https://core.telegram.org/bots/api#html-style and #sendmessage (4,096 characters after entities
parsing; they are counted in UTF-16 code units, as offsets of entities are).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape

from app.domain.wording_shapes import Message

MOST = 4096
_TITLE, _VALUE = 300, 900
_FOR_LINKS = 200
_MARK = re.compile(r"<[^>]*>")


def as_telegram(message: Message) -> str:
    """The living message of a subject: the news, then how things stand, then what to do and the link."""
    head = f"<b>{_value(message.subject, _TITLE)}</b>"
    link = f'<a href="{escaped(message.link[1])}">{_value(message.link[0])}</a>'
    return "\n".join([*_fitting([head, *_changed(message)], _facts(message), _said(message)), link])


def as_short(message: Message) -> str:
    """The message that makes a sound beside the living one: the news, and what to do."""
    head = f"<b>{_value(message.subject, _TITLE)}</b>"
    return "\n".join(_fitting([head, *_changed(message)], _said(message)))


def with_why(text: str, url: str, words: str = "Why this message?") -> str:
    """The text with the link to why the person hears it. words: what the link says."""
    return f'{text}\n<a href="{escaped(url)}">{escaped(words)}</a>'


def escaped(text: str) -> str:
    """For Telegram's HTML, also between quotes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def length(text: str) -> int:
    """What counts towards Telegram's limit: UTF-16 code units of what is read."""
    return len(unescape(_MARK.sub("", text)).encode("utf-16-le")) // 2


def _changed(message: Message) -> Iterable[str]:
    """Old and new value; where it is progress as planned, the title says all of it."""
    mark = message.highlight
    if mark.tone != "plain" or mark.old is not None:
        old = f"<s>{_value(mark.old)}</s> " if mark.old is not None else ""
        yield f"{_value(mark.label)}: {old}<b>{_value(mark.new)}</b>"
    if mark.note:
        yield f"<i>{_value(mark.note)}</i>"


def _facts(message: Message) -> Iterable[str]:
    """What the change itself does not say already."""
    said = message.highlight.label if message.highlight.tone != "plain" else ""
    return [
        f"{_value(label)}: {_value(value)}" for label, value in message.facts if not said.startswith(label)
    ]


def _said(message: Message) -> Iterable[str]:
    return [_value(" ".join(sentences)) for sentences in (message.more, message.advice) if sentences]


def _fitting(*parts: Iterable[str]) -> list[str]:
    """The lines that there is room for, the links aside; one that is too long is left out, whole."""
    room, kept = MOST - _FOR_LINKS, []
    for line in (line for lines in parts for line in lines):
        room -= length(line) + 1
        if room >= 0:
            kept.append(line)
    return kept


def _value(text: str, most: int = _VALUE) -> str:
    return escaped(text if len(text) <= most else f"{text[: most - 3]}...")
