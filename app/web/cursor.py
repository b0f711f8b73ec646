"""The cursor of the feed: which log, and how far it was read. Opaque to frontends, the same on every process."""

from __future__ import annotations

import binascii
import hashlib
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass

_VERSION = 1
_CHECK_BYTES = 3
_LOG_BYTES = 8
# 3 topics of 1,000 partitions, far below what a URL may hold otherwise.
_LONGEST = 16_384


class BadCursorError(ValueError):
    """The text is not a cursor that this program ever made."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """log: digest of the topics' ids. offsets: of the next message to read, one for each partition."""

    log: bytes
    offsets: tuple[int, ...]


def log_digest(topic_ids: Sequence[str]) -> bytes:
    """What stands for a log in cursors: another one as soon as one of its topics is another."""
    return hashlib.blake2b("\n".join(topic_ids).encode(), digest_size=_LOG_BYTES).digest()


def encode(log: bytes, offsets: Sequence[int]) -> str:
    """The cursor as URL-safe text."""
    body = bytearray([_VERSION]) + log
    for offset in offsets:
        rest = offset
        while rest > 0x7F:
            body.append(rest & 0x7F | 0x80)
            rest >>= 7
        body.append(rest)
    return urlsafe_b64encode(body + _check(body)).rstrip(b"=").decode()


def decode(text: str) -> Cursor:
    """The cursor of a text. Raises BadCursorError when it was not made by `encode`."""
    if len(text) > _LONGEST:
        raise BadCursorError("too long")
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise BadCursorError("not base64url") from error
    body, check = raw[:-_CHECK_BYTES], raw[-_CHECK_BYTES:]
    if len(body) <= _LOG_BYTES or body[0] != _VERSION or _check(body) != check:
        raise BadCursorError("damaged")
    return Cursor(body[1 : 1 + _LOG_BYTES], _numbers(body[1 + _LOG_BYTES :]))


def _numbers(body: bytes) -> tuple[int, ...]:
    numbers, number, shift = [], 0, 0
    for byte in body:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number, shift = 0, 0
    if shift:
        raise BadCursorError("cut off")
    return tuple(numbers)


def _check(body: bytes | bytearray) -> bytes:
    return zlib.crc32(body).to_bytes(4, "big")[:_CHECK_BYTES]
