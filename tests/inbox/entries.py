"""Entries as delivery writes them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.my.conftest import NOW, Web


def entry(number: int, person: str = "p1", at: datetime | None = None, **fields: Any) -> dict[str, Any]:
    """The entry with this number; a later number is a later minute. About flight f407 unless told otherwise."""
    moment = at or NOW + timedelta(minutes=number - 100)
    return {
        "_id": f"{number:032x}-{person}",
        "person": person,
        "conversation": f"flight:f407|{person}|inbox",
        "subject": "flight:f407",
        "kind": "flight",
        "title": f"UA 407 now leaves from gate C{number}",
        "lines": [f"New gate: C{number}.", "It was C70."],
        "link": {"label": "Open the flight", "url": "/f/UA407/2013-02-08"},
        "why": f"/why/token-{number}",
        "tone": "change",
        "at": moment,
        "unseen": True,
        "expires_at": moment + timedelta(days=30),
    } | fields


def fill(web: Web, *numbers: int, person: str = "p1", **fields: Any) -> list[str]:
    """Put entries into an inbox; their ids."""
    rows = [entry(number, person, **fields) for number in numbers]
    web.database["inbox"].insert_many(rows)
    return [row["_id"] for row in rows]
