"""Mails that lie on this machine: a Maildir that a mail server fills, an mbox file, standard input."""

from __future__ import annotations

import mailbox
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

log = structlog.get_logger()

_LONGEST = 1024 * 1024
"""Bytes of a mail that are looked at; a bounce brings our mail back, which is small."""


def read_all(source: Path) -> Iterator[bytes]:
    """Every mail of a Maildir (a directory), an mbox file, or standard input ("-"), as it is. Nothing is
    changed. Raises OSError."""
    if str(source) == "-":
        yield sys.stdin.buffer.read(_LONGEST)
    elif source.is_dir():
        for place in ("new", "cur"):
            for path in sorted((source / place).iterdir()):
                yield _first_bytes(path)
    else:
        box = mailbox.mbox(source, create=False)
        try:
            yield from (box.get_bytes(key) for key in box.iterkeys())
        finally:
            box.close()


def take_new(maildir: Path, handle: Callable[[bytes], None]) -> int:
    """Give each new mail of a Maildir to `handle`, and move it to those that were seen; returns how many.

    A mail whose handling raises stays new, and so does what cannot be read or moved: the next one is not held up by
    it. Two processes may give the same mail twice, never not at all. Raises OSError where there is no such directory,
    and what `handle` raises.
    """
    count = 0
    for path in sorted((maildir / "new").iterdir()):
        try:
            raw = _first_bytes(path)
        except FileNotFoundError:
            continue  # another process has it
        except OSError as error:
            log.warning("a mail cannot be read", name=path.name, why=type(error).__name__)
            continue
        handle(raw)
        try:
            path.rename(maildir / "cur" / f"{path.name.partition(':')[0]}:2,S")
        except FileNotFoundError:
            pass
        except OSError as error:
            log.warning("a mail cannot be moved", name=path.name, why=type(error).__name__)
        count += 1
    return count


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LONGEST)
