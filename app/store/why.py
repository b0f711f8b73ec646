"""Reads why somebody did or did not hear, from what each step wrote when it decided.

Nothing is worked out afresh, but for one thing that nobody writes down: whether a person holds a booking at this
moment, which is said as such. Every query asks an index; nothing here writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pymongo.database import Database

from app.domain import subjects
from app.domain.channels import LINKED, NAMES
from app.domain.flight import Flight
from app.domain.subject import Value
from app.domain.why import (
    SETTLE,
    Chain,
    Event,
    Notification,
    Place,
    Quiet,
    Talk,
    Thread,
    order_digest,
    thread_items,
)
from app.store import ids
from app.store.audience import is_held
from app.store.known import KnownFlights
from app.store.people import People
from app.store.why_rows import event, notification, quiet, talk

Document = dict[str, Any]

_MOST = 200


class WhyReader:
    """Everything that is known of why. Methods raise PyMongoError when MongoDB does not answer."""

    def __init__(self, database: Database[Document]) -> None:
        self._db = database
        self._known = KnownFlights(database)

    def event(self, event_id: str) -> Event | None:
        """A change event of a flight with what was decided about it; None when nothing knows of it (any more)."""
        decided = self._db.event_decisions.find_one({"_id": event_id})
        announced = self._db.announcements.find_one({"event_id": event_id})
        letter_ids = [f"{source}:flights:{event_id}" for source in ("notifier", "watcher")]
        letter = self._db.dead_letters.find_one({"_id": {"$in": letter_ids}})
        if decided is None and announced is None and letter is None:
            return None
        return event(decided, announced, letter)

    def events(self, subject: str, limit: int = _MOST) -> list[Event]:
        """Every event of a flight's documents that is on record, newest first."""
        keys = self._known.documents_of_subject(subject)
        rows = list(self._db.event_decisions.find({"key": {"$in": keys}}).sort("order", -1).limit(limit))
        announced = list(self._db.announcements.find({"subject": subject}).sort("order", -1).limit(limit))
        letters = {
            str(letter.get("event_id") or letter["_id"]): letter
            for letter in self._db.dead_letters.find({"collection": "flights", "key": {"$in": keys}})
        }
        by_event: dict[str, list[Document | None]] = {}
        for place, some in enumerate((rows, announced)):
            for row in some:
                name = str(row["_id"] if place == 0 else row["event_id"])
                by_event.setdefault(name, [None, None])[place] = row
        for name in letters:
            by_event.setdefault(name, [None, None])
        found = [event(one[0], one[1], letters.get(name)) for name, one in by_event.items()]
        return sorted(found, key=_when, reverse=True)[:limit]

    def subjects(self, flight_number: str, date: str) -> list[str]:
        """Subjects of the flights with this number on this date of departure, also of those that are gone."""
        pattern = f"^{re.escape(flight_number)}\\|[A-Z]{{3}}\\|{re.escape(date)}$"
        rows = self._db.known.find({"identity": {"$regex": pattern}}, {"subject": 1})
        return sorted({row["subject"] for row in rows if row.get("subject")})

    def flight(self, subject: str) -> Flight | None:
        """The flight as it was last understood; None when it never was."""
        row = self._db.known.find_one({"subject": subject, "value": {"$ne": None}}, sort=[("order", -1)])
        return Flight.from_document(row["value"]) if row else None

    def chain(self, one: Event, person: str | None = None) -> Chain:
        """The whole chain of one event; with a person, what each channel did for them."""
        about = self._about(one.subject) if one.subject else None
        if person is None or one.subject is None:
            return Chain(one, about, person, people=self._people(one))
        place = self._place(one.subject, person)
        there = set(self._channels(one.subject, person))
        threads = [
            self._thread(one, f"{one.subject}|{person}|{channel}", channel) for channel in sorted(there)
        ]
        # Of what was not announced only that is of interest which delivery decided all the same.
        shown = tuple(thread for thread in threads if one.is_announced or thread.items)
        return Chain(one, about, person, place, shown)

    def of_notification(self, conversation: str, digest: str) -> tuple[str, Notification | None] | None:
        """The order and the row of the notification that a link means; None when there is no trace of it.

        digest: of its order, as a link has it. The row is None when the message was never put on record.
        """
        from_rows = self._db.notifications.find({"conversation": conversation}).sort("order", -1)
        for row in from_rows:
            if order_digest(row["order"]) == digest:
                return row["order"], notification(row)
        stands = self._db.conversations.find_one({"_id": conversation}, {"order": 1})
        return (stands["order"], None) if stands and order_digest(stands["order"]) == digest else None

    def parties(self, conversation: str) -> tuple[str, str, str] | None:
        """Subject, person and channel of a conversation; None when there is no trace of it.

        From its documents: ids of admins' may hold the "|" that stands between the three in its id.
        """
        fields = {"subject": 1, "person": 1, "channel": 1}
        row = self._db.notifications.find_one({"conversation": conversation}, fields)
        row = row or self._db.conversations.find_one({"_id": conversation}, fields)
        return (row["subject"], row["person"], row["channel"]) if row else None

    def notifications(
        self, person: str, subject: str | None = None, limit: int = 50
    ) -> list[tuple[str, str, Notification | Quiet]]:
        """Channel, subject and what was decided for a person, newest first: sent, failed, skipped, and in silence."""
        wanted: Document = {"person": person} | ({"subject": subject} if subject else {})
        rows = self._db.notifications.find(wanted).sort("created_at", -1).limit(limit)
        found: list[tuple[Any, str, str, Notification | Quiet]] = [
            (row["created_at"], row["channel"], row["subject"], notification(row)) for row in rows
        ]
        wanted["action"] = {"$ne": "skip"}  # those have a row
        silent = self._db.delivery_decisions.find(wanted).sort("decided_at", -1).limit(limit)
        found += [(row["decided_at"], row["channel"], row["subject"], quiet(row)) for row in silent]
        found.sort(key=lambda one: one[0], reverse=True)
        return [one[1:] for one in found[:limit]]

    def persons_address(self, person: str, channel: str) -> str:
        """Where a channel reaches a person, as it stands in their document; "" where there is none."""
        if channel in LINKED:
            found = People(self._db).by_id([person]).get(person)
            return found.linked.get(channel, "") if found else ""
        field = "phone" if channel == "sms" else "email"
        row = self._db.users.find_one({"_id": {"$in": ids.forms(person)}}, {field: 1}) or {}
        return str(row.get(field) or "")

    def _thread(self, one: Event, conversation: str, channel: str) -> Thread:
        stands = self._db.conversations.find_one({"_id": conversation})
        state = talk(stands) if stands else None
        found = self._db.notifications.find({"conversation": conversation}).sort("order", 1)
        rows = [notification(row) for row in found]
        # "A" is the next character after "@", which ends the conversation's id.
        span = {"$gte": f"{conversation}@", "$lt": f"{conversation}A"}
        silent = [quiet(row) for row in self._db.delivery_decisions.find({"_id": span})]
        items = thread_items(one, silent, rows)
        last = items[-1] if items else None
        if not one.is_announced:
            return Thread(channel, items, (), (), None, state)
        until = last.order if last else (state.order if state else one.version)
        later = self._between(one, one.order, until)
        settled = [row.order for row in rows if row.status == "sent"]
        settled += [silence.order for silence in silent if silence.action == SETTLE]
        before = max((o for o in settled if o < one.version), default=state.start if state else "")
        own = isinstance(last, Notification) and last.event_id == one.id
        return Thread(
            channel=channel,
            items=items,
            earlier=tuple(self._between(one, before, one.order)[:-1]) if own and before else (),
            folded=tuple(later) if isinstance(last, Notification) and not own else (),
            undone_at=self._undone_at(one, later, items, state),
            talk=state,
        )

    def _between(self, one: Event, after: str, until: str) -> list[Event]:
        """Announcements about the subject of an event, later than `after` and not than `until`, oldest first."""
        wanted = {"subject": one.subject, "order": {"$gt": after, "$lte": until}}
        rows = self._db.announcements.find(wanted).sort("order", 1).limit(_MOST)
        return [event(None, row, None) for row in rows]

    def _undone_at(
        self, one: Event, between: Sequence[Event], items: Sequence[Any], state: Talk | None
    ) -> Any:
        """When a later announcement took back all that this one announced, before anybody was told; else None."""
        if items or state is None or not state.agrees:
            return None
        back = {c.field: c.old for c in one.changes}
        for later in between:
            if back and {c.field: c.new for c in later.changes if c.field in back} == back:
                return later.changed_at
        return None

    def _channels(self, subject: str, person: str) -> Iterable[str]:
        rows = self._db.conversations.find(
            {"_id": {"$in": [f"{subject}|{person}|{c}" for c in NAMES]}}, {"_id": 1}
        )
        yield from (row["_id"].rpartition("|")[2] for row in rows)
        told = self._db.notifications.distinct("channel", {"person": person, "subject": subject})
        yield from (str(channel) for channel in told)

    def _place(self, subject: str, person: str) -> Place:
        if subjects.of(subject) is subjects.ALERT:
            own = {"_id": subjects.ALERT.key(subject), "user_id": {"$in": ids.forms(person)}}
            return Place(None, False, self._db.alerts.find_one(own, {"_id": 1}) is not None)
        wanted = {
            "flight_id": {"$in": ids.all_forms(self._places(subject, person))},
            "user_id": {"$in": ids.forms(person)},
        }
        bookings = list(self._db.bookings.find(wanted, {"status": 1}))
        held = [row for row in bookings if is_held(row.get("status"))]
        follows = self._db.followings.find_one(wanted, {"_id": 1}) is not None
        shown = [*held, *bookings][:1]
        status = str(shown[0].get("status") or "confirmed") if shown else None
        return Place(status, bool(held), follows)

    def _places(self, subject: str, person: str) -> list[str]:
        """What bookings and followings have it by, for this person."""
        if not subjects.of(subject).is_by_place:
            return self._known.documents_of_subject(subject)
        rows = self._db.conversations.find({"person": person, "subject": subject}, {"documents": 1})
        return sorted({key for row in rows for key in row.get("documents", ())})

    def _about(self, subject: str) -> Value | None:
        """What was known of the subject last; None when nothing ever was."""
        if subjects.of(subject) is subjects.FLIGHT:
            return self.flight(subject)
        row = self._db.announcements.find_one({"subject": subject}, {"to": 1}, sort=[("order", -1)])
        return subjects.of(subject).parse(row["to"]) if row else None

    def _people(self, one: Event) -> Mapping[str, int]:
        if one.subject is None:
            return {}
        match = {"$match": {"subject": one.subject, "event_id": one.id}}
        group = {"$group": {"_id": "$status", "rows": {"$sum": 1}}}
        return {str(row["_id"]): row["rows"] for row in self._db.notifications.aggregate([match, group])}


def _when(one: Event) -> Any:
    return (one.changed_at.timestamp() if one.changed_at else 0.0, one.order)
