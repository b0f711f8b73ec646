"""What a page's address asks for: filters and the number of the page, read strictly."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import url_for
from werkzeug.exceptions import BadRequest

from app.domain.speech import say

_LONGEST = 300
_MOST_PAGES = 10_000
# The page is another one then; the rest means something to Flask's `url_for`, as all do that begin with "_".
_NOT_KEPT = frozenset({"page", "endpoint"})
_EXAMPLE = "2026-12-01T10:00"


def text(args: Mapping[str, str], name: str) -> str | None:
    """A text as it was typed, without blanks around it; None when the field is empty or absent.

    :raise 400: longer than 300 characters, or none that a text can have.
    """
    value = args.get(name, "").strip()
    if "\0" in value:
        raise BadRequest(say("{name} holds a character that no text has.", name=name))
    if len(value) > _LONGEST:
        # Translators: {name} is a word of the address, as in /staff/why?event=1.
        raise BadRequest(say("{name} is longer than {number} characters.", name=name, number=_LONGEST))
    return value or None


def one_of(args: Mapping[str, str], name: str, allowed: Collection[str], default: str) -> str:
    """One of the allowed words. :raise 400: another one."""
    value = text(args, name) or default
    if value not in allowed:
        raise BadRequest(say("{name} is one of {words}.", name=name, words=", ".join(allowed)))
    return value


def moment(args: Mapping[str, str], name: str) -> datetime | None:
    """A moment as a browser's field sends it ("2026-12-01T10:00", in UTC); None when it is empty.

    :raise 400: no moment.
    """
    value = text(args, name)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadRequest(
            say("{name}: write a time like {example}, in UTC.", name=name, example=_EXAMPLE)
        ) from error


def page_number(args: Mapping[str, str]) -> int:
    """The number of the page, from 1. :raise 400: no such number."""
    value = text(args, "page") or "1"
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= _MOST_PAGES):
        raise BadRequest(say("{name} is a number from 1.", name="page"))
    return int(value)


def address(endpoint: str, args: Mapping[str, str], **changed: str | int | None) -> str:
    """The same page with some of its filters changed; None leaves one out."""
    kept = {k: v for k, v in args.items() if v and k not in _NOT_KEPT and not k.startswith("_")}
    wanted: dict[str, Any] = {**kept, **changed}
    return url_for(endpoint, **{name: value for name, value in wanted.items() if value is not None})
