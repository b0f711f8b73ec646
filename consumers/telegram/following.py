"""Flights that people follow from their chat: by number and date, listed, stopped by a button, and begun again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from pymongo.database import Database

from app.channels.telegram_buttons import Buttons, Press
from app.domain import airlines, places
from app.domain import wording_bot as words
from app.domain.clock import Now
from app.domain.errors import BadEventError
from app.domain.flight import Flight, Status, parse
from app.domain.flight_request import FlightRequest
from app.domain.speech import clock_time, day, say
from app.domain.why_fields import value_words
from app.domain.wording_terms import lateness
from app.store import flights, ids, shown
from app.store.known import KnownFlights
from app.store.own_bookings import OwnBookings
from app.store.own_followings import OwnFollowings
from consumers.telegram.answers import Answers

Document = dict[str, Any]

_LISTED = 15
_JUST_LEFT = timedelta(hours=6)
"""Who sends a number without a date may mean the flight that has just left."""


class Following:
    """What a person's chat does to what they follow. clock: the domain's.

    Methods raise PyMongoError, and TransientError when the answer cannot be given now."""

    def __init__(
        self,
        database: Database[Document],
        buttons: Buttons,
        answers: Answers,
        choices_page: str,
        clock: Now,
        now: Now,
    ) -> None:
        self._database = database
        self._known = KnownFlights(database)
        self._bookings = OwnBookings(database)
        self._followings = OwnFollowings(database)
        self._buttons = buttons
        self._answers = answers
        self._choices_page = choices_page
        self._clock = clock
        self._now = now

    def follow(self, chat: str, person: Document, asked: FlightRequest) -> None:
        """Follow the flight that is meant; following twice is following once."""
        found = self._meant(asked)
        if isinstance(found, str):
            self._answers.say(chat, found)
            return
        flight, document = found
        owner = ids.text(person["_id"])
        row, is_new = self._followings.add_flight(owner, person["_id"], document["_id"], self._now())
        if row.get("muted") is True:
            row = self._followings.mute(row, False) or row
        data = self._buttons.data(Press.MUTE, ids.text(row["_id"]))
        buttons = [[(say(words.STOP), data)]] if data else []
        self._answers.say(chat, words.followed(_name(flight), _detail(flight), is_new=is_new), buttons)

    def tell(self, chat: str, person: Document) -> None:
        """What the person follows and has booked, the nearest first; without what is over."""
        owner = ids.text(person["_id"])
        booked = self._bookings.held(owner)
        followed = self._followings.page(owner, None, 1000)
        rows = {ids.text(row["flight_id"]): row for row in (*followed, *booked)}
        lines = [
            (places.short_name(row["airport"]), _with(say("the airport"), row))
            for row in followed
            if isinstance(row.get("airport"), str)
        ]
        # By flight: somebody may hold rows on a document that was deleted and on the one inserted again.
        named = {
            flight.identity: (flight, rows[key])
            for key, document in shown.by_ids(self._database, rows).items()
            if (flight := _read(document)) and not self._is_over(flight)
        }
        ahead = sorted(named.values(), key=lambda one: one[0].leaves_at)
        lines = [(_name(flight), _with(_detail(flight), row)) for flight, row in ahead] + lines
        self._answers.say(chat, words.listed(lines[:_LISTED], max(0, len(lines) - _LISTED)))

    def stop(self, chat: str, person: str, conversation: str) -> None:
        """A button under news: what it is about is followed in silence from now on, and may be undone."""
        subject = conversation.partition("|")[0]
        keys = set(self._known.documents_of_subject(subject))
        followed = [
            row for row in self._followings.page(person, None, 1000) if ids.text(row["flight_id"]) in keys
        ]
        booked = [row for row in self._bookings.held(person) if ids.text(row["flight_id"]) in keys]
        for row in followed:
            if row.get("muted") is not True:
                self._followings.mute(row, True)
        name = self._called(followed or booked)
        if booked:
            self._answers.say(chat, words.booked(name, self._choices_page))
        elif followed:
            self._answers.say(chat, words.stopped_flight(name), self._undo(followed))
        else:
            self._answers.say(chat, words.stopped_flight(name))

    def mute(self, chat: str, person: str, following: str, *, muted: bool) -> None:
        """A button under an answer of ours: hear no more of it, or hear of it again."""
        row = self._followings.get(person, following)
        if row is None:
            self._answers.say(chat, say(words.NOT_YOURS))
            return
        if (row.get("muted") is True) != muted:
            self._followings.mute(row, muted)
        name = self._called([row])
        if muted:
            self._answers.say(chat, words.stopped_flight(name), self._undo([row]))
        else:
            self._answers.say(chat, words.again(name))

    def candidates(self, person: str) -> list[str]:
        """The ids of what the person follows."""
        return [ids.text(row["_id"]) for row in self._followings.page(person, None, 1000)]

    def _undo(self, rows: Sequence[Mapping[str, Any]]) -> list[list[tuple[str, str]]]:
        data = self._buttons.data(Press.UNMUTE, ids.text(rows[0]["_id"]))
        return [[(say(words.UNDO), data)]] if data else []

    def _called(self, rows: Sequence[Mapping[str, Any]]) -> str | None:
        """What a following or a booking is about, as people name it; None where it is not known any more."""
        for row in rows:
            if isinstance(row.get("airport"), str):
                return places.short_name(row["airport"])
            for document in shown.by_ids(self._database, [ids.text(row["flight_id"])]).values():
                if flight := _read(document):
                    return _name(flight)
        return None

    def _meant(self, asked: FlightRequest) -> tuple[Flight, Document] | str:
        """The flight and its document; else what to say: that there is none, or several."""
        number = airlines.written(asked.number)
        day = asked.day or (self._clock() - _JUST_LEFT - timedelta(days=1)).date().isoformat()
        rows = flights.numbered(self._database, asked.number, first=day, last=asked.day, most=20)
        found = [(flight, row) for row in rows if (flight := _read(row))]
        if asked.origin:
            found = [one for one in found if one[0].origin == asked.origin]
        if asked.day is None:
            found = [one for one in found if one[0].leaves_at > self._clock() - _JUST_LEFT]
            first = min((one[0].departure_date for one in found), default=None)
            found = [one for one in found if one[0].departure_date == first]
        origins = sorted({flight.origin for flight, _ in found})
        if len(origins) > 1:
            return words.which_origin(number, found[0][0].departure_date, origins)
        if found:
            return found[0]
        near = flights.numbered(self._database, asked.number, first=day, most=3)
        near = near or flights.numbered(self._database, asked.number, last=day, latest=True, most=3)
        return words.no_such_flight(number, sorted({str(row.get("departure_date")) for row in near}))

    def _is_over(self, flight: Flight) -> bool:
        return (flight.lands_at or flight.leaves_at) < self._clock()


def _read(document: Mapping[str, Any]) -> Flight | None:
    try:
        return parse(document)
    except (BadEventError, KeyError, OverflowError):
        return None


def _name(flight: Flight) -> str:
    return words.name(airlines.written(flight.flight_number), places.city(flight.destination))


def _detail(flight: Flight) -> str:
    """When it leaves, and what differs from the plan."""
    leaves = places.utc_to_local(flight.leaves_at, flight.origin)
    told = [f"{day(leaves)}, {clock_time(leaves)} {places.zone_name(leaves)}"]
    if flight.status not in (Status.SCHEDULED, Status.DELAYED):
        told.append(value_words("status", flight.status))
    elif flight.delay:
        told.append(lateness(flight.delay, short=True))
    if flight.gate:
        told.append(say("gate {gate}", gate=flight.gate))
    return ", ".join(told)


def _with(detail: str, row: Mapping[str, Any]) -> str:
    """The detail, and that the following is muted."""
    return say("{detail}, muted", detail=detail) if row.get("muted") is True else detail
