"""Ids of documents as text, and back.

Admins' documents have ObjectIds, texts or whole numbers as `_id`; Gatecall writes all of them as text. Whoever
looks a document up by such a text asks for every `_id` that is written so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bson import Int64, ObjectId

_LARGEST = 2**63 - 1


def text(document_id: Any) -> str:
    """The id as Gatecall writes it."""
    return str(document_id)


def forms(written: str) -> list[Any]:
    """Every `_id` that is written as this text: the text itself, an ObjectId, a whole number; at most three."""
    found: list[Any] = [written]
    if len(written) == 24 and ObjectId.is_valid(written):
        found.append(ObjectId(written))
    if (
        written.removeprefix("-").isdecimal()
        and str(number := int(written[:20])) == written
        and abs(number) <= _LARGEST
    ):
        found.append(Int64(number))  # MongoDB compares numbers by value, whatever their type
    return found


def all_forms(written: Iterable[str]) -> list[Any]:
    """The forms of several ids, for `$in`."""
    return [form for one in written for form in forms(one)]
