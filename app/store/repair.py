"""What staff do about dead letters: ask for a replay, or discard them. Everything is noted with who did it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pymongo.database import Database

from app.domain.clock import Now
from app.store.dead_letters import WAITING, DeadLetters
from app.store.read_requests import ReadRequests, target_of

GONE = "there is no such dead letter"
NO_TARGET = "nothing says which document it is about; mend the document, and its next edit is read"
NOT_WAITING = "it does not wait"


class LetterDesk:
    """Replays and discards dead letters. by: who does it, as an id ("staff:0123456789ab"). now: system clock."""

    def __init__(self, database: Database[dict[str, Any]], by: str, now: Now) -> None:
        self._letters = DeadLetters(database, now)
        self._requests = ReadRequests(database)
        self._by = by
        self._now = now

    def replay(self, letter_id: str) -> str | None:
        """Ask the watcher to read the letter's document afresh; None, or why that is impossible.

        Safe to repeat: several letters of one document, and several asks, are one read. Raises PyMongoError.
        """
        letter = self._letters.find(letter_id)
        if letter is None:
            return GONE
        target = target_of(letter)
        if target is None:
            return NO_TARGET
        self._letters.note_asked(letter_id, self._by)
        self._requests.ask(target, [letter_id], self._by, self._now())
        return None

    def discard(self, letter_id: str) -> str | None:
        """Say that nobody needs to look at the letter; None, or why not. Raises PyMongoError."""
        if self._letters.discard(letter_id, self._by):
            return None
        return NOT_WAITING if self._letters.find(letter_id) else GONE

    def outcome(self, letter_ids: Iterable[str]) -> tuple[int, int, int]:
        """Of letters whose replay was asked for: how many are replayed, failed again, or not served yet."""
        ids = list(letter_ids)
        pending = self._requests.letters_of(ids)
        states = self._letters.states(ids)
        served = {id_: status for id_, status in states.items() if id_ not in pending}
        again = sum(status == WAITING for status in served.values())
        return len(served) - again, again, len(pending)
