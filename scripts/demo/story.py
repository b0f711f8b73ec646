"""The story of one flight: its document as it stands, and the edits that an admin makes to it.

What an edit is for the demo: the document before and after, and when. Nothing here knows MongoDB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from scripts.demo.data import Departure, local

Identity = tuple[str, str, str]
Fields = Mapping[str, str]

_APART = timedelta(seconds=4)
"""Between two edits of one flight, at least: an admin reads before typing again."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One save by an admin.

    at: when, on the domain clock. what: a word for the summary ("cancelled", "delay", ...).
    before, after: the flight's fields, None before an insert and after a delete. They are equal when the
    admin saved something without changing anything that matters: `note` then is what was typed into a field
    of the admin's own, or None where even that stayed as it was.
    """

    at: datetime
    what: str
    identity: Identity
    before: Fields | None
    after: Fields | None
    note: str | None = None

    @property
    def visible(self) -> bool:
        """Whether anything changed that the world may see."""
        return self.before != self.after


class Story:
    """Collects the edits of one flight, in order of time."""

    def __init__(self, departure: Departure, published: Fields, starts: datetime) -> None:
        self.departure = departure
        self.published = dict(published)
        self.edits: list[Edit] = []
        self._document = dict(published)
        self._last = starts

    def field(self, name: str) -> str | None:
        """A field as it stands after the latest edit, None when it is absent."""
        return self._document.get(name)

    def change(self, at: datetime, what: str, **values: str | None) -> None:
        """Save new values; None removes the field. The time moves on a little where it is too close."""
        after = {**self._document, **{name: value for name, value in values.items() if value is not None}}
        for name, value in values.items():
            if value is None:
                after.pop(name, None)
        if after != self._document:
            self._add(at, what, after)

    def touch(self, at: datetime, note: str | None) -> None:
        """Save without changing a field of the flight: with a note, or with nothing new at all."""
        self._add(at, "note" if note else "saved unchanged", self._document, note)

    def delete_and_insert(self, at: datetime, back_after: timedelta) -> None:
        """Delete the document, and insert it again as it was."""
        kept = dict(self._document)
        at = max(at, self._last + _APART)
        self.edits.append(Edit(at, "deleted", self.departure.identity, kept, None))
        self.edits.append(Edit(at + back_after, "inserted again", self.departure.identity, None, kept))
        self._last = at + back_after

    def expect(self, at: datetime, what: str, leaves: datetime | None, **values: str | None) -> None:
        """Save an estimate of the departure, None for "as scheduled", and other values with it."""
        day = clock = None
        if leaves is not None and leaves != self.departure.departs:
            day, clock = local(leaves, self.departure.origin)
            day = day if day != self._document["departure_date"] else None
        values = {"estimated_departure_date": day, "estimated_departure_time": clock, **values}
        self.change(at, what, **values)

    def _add(self, at: datetime, what: str, after: Fields, note: str | None = None) -> None:
        at = max(at, self._last + _APART)
        self.edits.append(Edit(at, what, self.departure.identity, dict(self._document), dict(after), note))
        self._document = dict(after)
        self._last = at
