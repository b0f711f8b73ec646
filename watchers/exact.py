"""Asking MongoDB for documents by an `_id` exactly as it is stored, also where that is text which is not UTF-8."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import bson
from bson.raw_bson import RawBSONDocument


def exact(query: Mapping[str, Any]) -> Mapping[str, Any]:
    """The query with the very bytes of its texts, as they were read with the error handler "surrogateescape".

    Drivers refuse to write text that is not UTF-8. So it is written twice with other letters in its place, and its
    bytes put where the two differ.
    """
    lost = b"".join(_lost(query))
    if not lost:
        return query
    bytes_left = iter(lost)
    pairs = zip(bson.encode(_filled(query, "a")), bson.encode(_filled(query, "b")), strict=True)
    return RawBSONDocument(bytes(one if one == other else next(bytes_left) for one, other in pairs))


def _lost(value: Any) -> Iterator[bytes]:
    """The bytes of all texts that are not UTF-8, in their order."""
    if isinstance(value, str) and not _is_utf8(value):
        yield _bytes(value)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _lost(one)
    elif isinstance(value, list):
        for one in value:
            yield from _lost(one)


def _filled(value: Any, letter: str) -> Any:
    if isinstance(value, str) and not _is_utf8(value):
        return letter * len(_bytes(value))
    if isinstance(value, Mapping):
        return {name: _filled(one, letter) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, letter) for one in value]
    return value


def _is_utf8(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
