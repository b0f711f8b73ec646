"""A notice: a sentence that staff publish, for all or about an airport or a flight."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain import fields

MAX_MESSAGE = 500
"""Characters of a notice's sentence."""

TYPE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
"""What the type of a notice may be: a word such as "info" or "disruption"."""


@dataclass(frozen=True, slots=True)
class Notice:
    """type: a word. airport, flight: what it is about, None for all. Times are aware UTC.

    expires_at: when it is of no more use, None for never.
    """

    type: str
    message: str
    airport: str | None = None
    flight: str | None = None
    expires_at: datetime | None = None
    created_at: datetime | None = None

    def to_document(self) -> dict[str, str]:
        """What is known, for the feed: times in RFC 3339."""
        known = {
            "type": self.type,
            "message": self.message,
            "airport": self.airport,
            "flight": self.flight,
            "expires_at": fields.rfc3339(self.expires_at) if self.expires_at else None,
            "created_at": fields.rfc3339(self.created_at) if self.created_at else None,
        }
        return {name: value for name, value in known.items() if value is not None}


def parse(document: Mapping[str, Any]) -> Notice:
    """A notice from the allow-listed fields of a `notices` document, as JSON values.

    Raises BadEventError naming the first field that cannot be understood.
    """
    kind = (fields.text(document, "type", 40) or "").lower()
    if not TYPE.fullmatch(kind):
        raise fields.bad("type", document.get("type"), 'write a word like "info" or "disruption"')
    message = fields.text(document, "message", MAX_MESSAGE)
    if message is None:
        raise fields.bad("message", document.get("message"), "it is required")
    return Notice(
        type=kind,
        message=message,
        airport=fields.airport(document, "airport"),
        flight=fields.flight_number(document, "flight"),
        expires_at=fields.moment(document, "expires_at"),
        created_at=fields.moment(document, "created_at"),
    )
