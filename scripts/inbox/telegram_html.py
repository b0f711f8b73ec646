"""Telegram's HTML as its server reads it: what is not well-formed, or not allowed, is refused.

Rules and words: https://core.telegram.org/bots/api#html-style and `MessageEntity.cpp` of https://github.com/tdlib/td.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

_TAGS = frozenset(
    (
        "b",
        "strong",
        "i",
        "em",
        "u",
        "ins",
        "s",
        "strike",
        "del",
        "code",
        "pre",
        "a",
        "tg-spoiler",
        "blockquote",
    )
)
_TAG = re.compile(r"<(/?)([a-zA-Z-]*)((?:\s+[a-z-]+(?:=\"[^\"<>]*\")?)*)\s*>")


class ParseError(ValueError):
    """The text cannot be read. Its words are those of the real server."""


def read(text: str) -> str:
    """What is read when the marks are gone. Raises ParseError."""
    open_tags: list[str] = []
    plain, at = [], 0
    while (start := text.find("<", at)) >= 0:
        plain.append(text[at:start])
        found = _TAG.match(text, start)
        offset = len(text[:start].encode())
        if found is None:
            word = re.match(r"</?([^\s>]*)", text[start:])
            raise ParseError(f'Unsupported start tag "{word[1] if word else ""}" at byte offset {offset}')
        is_end, name = bool(found[1]), found[2].lower()
        if is_end:
            if not open_tags or open_tags.pop() != name:
                raise ParseError(f"Unexpected end tag at byte offset {offset}")
        elif name not in _TAGS:
            raise ParseError(f'Unsupported start tag "{name}" at byte offset {offset}')
        else:
            open_tags.append(name)
        at = found.end()
    if open_tags:
        raise ParseError(f'Can\'t find end tag corresponding to start tag "{open_tags[-1]}"')
    return unescape("".join(plain) + text[at:])


def length(plain: str) -> int:
    """In UTF-16 code units, as Telegram counts."""
    return len(plain.encode("utf-16-le")) // 2


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text that looks the same all along. marks: names of its tags. href: where it leads, None nowhere."""

    text: str
    marks: tuple[str, ...]
    href: str | None


def pieces(text: str) -> list[Piece]:
    """A text that `read` takes, in parts; a page shows them without believing any of it."""
    found: list[Piece] = []
    marks: list[tuple[str, str | None]] = []
    at = 0
    for tag in [*_TAG.finditer(text), None]:
        part = text[at : tag.start() if tag else len(text)]
        if part:
            href = next((link for _, link in reversed(marks) if link), None)
            found.append(Piece(unescape(part), tuple(name for name, _ in marks), href))
        if tag is not None:
            at = tag.end()
            if tag[1]:
                marks.pop()
            else:
                link = re.search(r'href="([^"]*)"', tag[3])
                marks.append((tag[2].lower(), unescape(link[1]) if link else None))
    return found
