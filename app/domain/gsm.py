"""The alphabets of SMS: which characters a message may hold, how long a text is in them, and how many parts it takes.

A text in the GSM 7 bit alphabet has 160 characters in one part. One character outside it makes the whole message
UCS-2, of 70. So in languages with Latin letters, what stands outside is written with the alphabet's letters: "Łódź"
becomes "Lodz". Other languages are UCS-2 in any case and keep every letter.
"""

from __future__ import annotations

import re
import unicodedata

from anyascii import anyascii

from app.domain.speech import LANGUAGES, current

ONE_PART = 160
"""Septets of a message that travels as one part."""
ONE_UCS_2_PART = 70
"""UTF-16 code units of a message that travels as one part."""
# With the header that puts parts together again (3GPP TS 23.040, section 9.2.3.24.1).
_OF_SEVERAL, _OF_SEVERAL_UCS_2 = 153, 67
_MOST_UCS_2 = 2

# 3GPP TS 23.038, section 6.2.1: the GSM 7 bit default alphabet, in the order of its codes (ESC left out), and
# its extension table (6.2.1.1), whose characters take two septets.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_ALPHABET = _BASIC | _EXTENSION
# What nearly all texts consist of: ASCII characters that are one septet each.
_SINGLE = re.compile(r"[\n !-Z_a-z]*")


def septets(text: str) -> int:
    """The length of a text in septets. Raises ValueError when a character is outside the alphabet."""
    if _SINGLE.fullmatch(text):
        return len(text)
    length = 0
    for character in text:
        if character in _BASIC:
            length += 1
        elif character in _EXTENSION:
            length += 2
        else:
            raise ValueError(f"{character!r} is not in the GSM 7 bit default alphabet")
    return length


def parts(text: str) -> int:
    """How many parts a text travels and is billed as; no character is cut in two."""
    is_seven = is_gsm(text)
    single, several = (ONE_PART, _OF_SEVERAL) if is_seven else (ONE_UCS_2_PART, _OF_SEVERAL_UCS_2)
    units = length(text)
    if units <= single:
        return 1
    if units == len(text):
        return -(-units // several)
    number, used = 1, 0
    for character in text:
        width = (1 if character in _BASIC else 2) if is_seven else (1 if ord(character) < 0x10000 else 2)
        used += width
        if used > several:
            number, used = number + 1, width
    return number


def is_gsm(text: str) -> bool:
    """Whether every character is in the GSM 7 bit alphabet."""
    return _SINGLE.fullmatch(text) is not None or _ALPHABET.issuperset(text)


def length(text: str) -> int:
    """The length of a text in the units of its alphabet: septets, or UTF-16 code units."""
    return septets(text) if is_gsm(text) else len(text.encode("utf-16-be")) // 2


def most() -> int:
    """The units of what is to be one text in the current language: one part, in UCS-2 two, as one says next to
    nothing."""
    return ONE_PART if LANGUAGES[current().language].is_latin else _MOST_UCS_2 * _OF_SEVERAL_UCS_2


def fits(text: str) -> bool:
    """Whether a text is no longer than the current language's `most`: one part, in UCS-2 two."""
    if is_gsm(text):
        return septets(text) <= ONE_PART
    return not LANGUAGES[current().language].is_latin and parts(text) <= _MOST_UCS_2


def written(text: str) -> str:
    """The text on one line in the alphabet of the current language.

    In Latin languages letters outside it become the nearest inside ("ó" is "o"), other scripts their usual
    romanisation, and what has none is left out. Control and formatting characters, those that turn the direction of
    writing included, become spaces or nothing.
    """
    if text.isascii() and text.isprintable() and "`" not in text:
        return text
    text = unicodedata.normalize("NFC", text)
    if text.isprintable() and (not LANGUAGES[current().language].is_latin or is_gsm(text)):
        return " ".join(text.split())
    letter = _letter if LANGUAGES[current().language].is_latin else _any_letter
    return " ".join("".join(map(letter, text)).split())


def _any_letter(character: str) -> str:
    if character in "\r\n\t\f\v" or unicodedata.category(character) in {"Zs", "Zl", "Zp"}:
        return " "
    return character if character.isprintable() else ""


def _letter(character: str) -> str:
    character = _any_letter(character)
    if not character or character in _BASIC or character in _EXTENSION:
        return character
    return "".join(c for c in anyascii(character).replace("`", "'") if c in _BASIC or c in _EXTENSION)
