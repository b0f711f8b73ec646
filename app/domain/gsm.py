"""The alphabet of SMS: which characters a message of 160 may hold, and how long a text is in it.

One character outside the alphabet makes the whole message UCS-2, of 70 characters. So what our texts take
from elsewhere (names, reasons) is written with the alphabet's letters: "Łódź" becomes "Lodz".
"""

from __future__ import annotations

import re
import unicodedata

from anyascii import anyascii

ONE_PART = 160
"""Septets of a message that travels as one part."""

# 3GPP TS 23.038, section 6.2.1: the GSM 7 bit default alphabet, in the order of its codes (ESC left out), and
# its extension table (6.2.1.1), whose characters take two septets.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
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


def fits(text: str) -> bool:
    """Whether a text of the alphabet travels as one part."""
    return septets(text) <= ONE_PART


def written(text: str) -> str:
    """The text on one line in the alphabet.

    Letters outside it become the nearest inside ("ó" is "o"), other scripts their usual romanisation, and
    what has none is left out. Control and formatting characters, those that turn the direction of writing
    included, become spaces or nothing.
    """
    if text.isascii() and text.isprintable() and "`" not in text:
        return text
    letters = [_letter(character) for character in unicodedata.normalize("NFC", text)]
    return " ".join("".join(letters).split())


def _letter(character: str) -> str:
    if character in "\r\n\t\f\v" or unicodedata.category(character) in {"Zs", "Zl", "Zp"}:
        return " "
    if not character.isprintable():
        return ""
    if character in _BASIC or character in _EXTENSION:
        return character
    return "".join(c for c in anyascii(character).replace("`", "'") if c in _BASIC or c in _EXTENSION)
