"""Asking somebody whether they want to hear when a flight arrives, because they pick the traveller up.

Nobody is looked up by the address: the answer is the same whoever has it, and its time says nothing either. All that
goes there before they agree is one mail with the question, and few of those.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import structlog
from pydantic import BaseModel, Field, field_validator

from app.channels.addresses import address_on
from app.domain import airlines, places
from app.domain.errors import BadEventError, PermanentError
from app.domain.flight import Flight, parse
from app.domain.mail_lists import MailList
from app.domain.people import Person, masked_email, speaking_as_chosen
from app.domain.preferences import parse as chosen_by
from app.domain.speech import say
from app.store import ids, pickups, shown
from app.store.audience import is_held
from app.store.own_bookings import OwnBookings
from app.store.own_followings import OwnFollowings
from app.store.pickups import Asking, Pickup, Pickups, State
from app.store.service_messages import Kind, ServiceMessages
from app.store.suppressions import Suppressions
from app.store.tries import Tries
from app.store.users import Users, same_address
from app.web.api.requests import STRICT, is_id, one_line
from app.web.pages import words
from app.web.problems import Fault, Problem
from app.web.services import Services

log = structlog.get_logger()

Document = Mapping[str, Any]

MOST = 3
"""People who are asked for one flight by one person."""
A_DAY, TO_ONE, DAY = 10, 3, timedelta(days=1)
"""Questions a day of one person, and mails a day to one address from everybody together."""
ANSWERED_IN = timedelta(days=7)
KEPT_AFTER = timedelta(days=30)
"""So long after the arrival whoever asked still sees what became of it."""

_OF_USE = timedelta(days=1)
_LONGEST_NAME = 60
_FIRST_NAME = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LONGEST_FIRST = 24


class NewPickup(BaseModel):
    """Whom to ask, for which booking. name: what the one who asks calls them."""

    model_config = STRICT

    booking: Annotated[str, Field(min_length=1, max_length=200)]
    name: Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME, examples=["Grandma"])]
    email: Annotated[str, Field(min_length=1, max_length=320, examples=["ann@example.org"])]

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        return one_line(value)


def ask(parts: Services, user: Document, wanted: NewPickup) -> Pickup:
    """Ask; the question as it is kept, whether or not a mail goes out for it.

    Raises Problem 400 for an address that is none, 404 for a booking that is not theirs, 409 where it was asked before
    or enough were, 422 for a flight that is over or cannot be read, 429 for too many questions a day; PyMongoError.
    """
    person, now = ids.text(user["_id"]), parts.now()
    key, document = _booked(parts, person, wanted.booking)
    flight, lands_at = _expected(parts, document)
    address = _address(wanted.email)
    if same_address(user.get("email"), address):
        raise _refused(400, "email", say("That is your own address"))
    hashes = Suppressions(parts.database, parts.settings)
    store = Pickups(parts.database)
    _refuse_again(store, person, key, hashes.ids_of("email", address), now)
    if not Tries(parts.database, "pickup-person", A_DAY, DAY).take(person, now):
        raise _refused(
            429, "email", say("You asked many people today. Go on tomorrow"), str(int(DAY.total_seconds()))
        )
    until = min(now + ANSWERED_IN, lands_at)
    asking = Asking(
        *(person, key, wanted.name, masked_email(address), hashes.id_of("email", address)),
        *(pickups.sealed(address, parts.settings.signing_keys), until, lands_at + KEPT_AFTER),
    )
    id_, secret = store.ask(asking, now)
    if Tries(parts.database, "pickup-address", TO_ONE, DAY).take(address.lower(), now):
        messages = ServiceMessages(parts.database, parts.settings.signing_keys)
        with speaking_as_chosen(user):  # nothing is known of whoever reads it
            details = {"pickup": id_, "token": secret, **_said(parts, user, flight, until)}
            messages.post(Kind.PICKUP, "email", address, details, now, min(_OF_USE, until - now))
    store.posted(id_)  # also where the address had enough: nobody learns that others asked it
    log.info("somebody was asked to pick up", person=person, pickup=id_)
    kept = store.get(id_)
    if kept is None:  # the same was asked twice at one moment, and the other one is posted
        raise _refused(409, "email", say("You asked this address for this flight before"))
    return kept


def of(parts: Services, person: str) -> list[Pickup]:
    """Whom a person asked, with how it stands now: who stopped by other ways has stopped. Raises PyMongoError."""
    found = Pickups(parts.database).of(person)
    return [as_it_stands(parts, one) for one in found]


def withdraw(parts: Services, person: str, id_: str) -> bool:
    """Take a question, or an agreement, back: nothing more comes, and nothing says so. False when there is no such."""
    return Pickups(parts.database).withdraw(person, id_, parts.now())


def first_name(user: Document) -> str:
    """How a stranger is told who asks: the first word of the name, if it is one; a name is no place for a message."""
    found = _FIRST_NAME.match(str(user.get("name") or "").strip())
    whole = str(user.get("name") or "").split()[:1]
    if found is None or [found[0]] != whole or len(found[0]) > _LONGEST_FIRST:
        return say("Somebody")
    return found[0]


def as_it_stands(parts: Services, pickup: Pickup) -> Pickup:
    """With what they did elsewhere: who ended the following, muted it, or stopped the list has stopped. Raises
    PyMongoError."""
    if pickup.state is not State.AGREED or pickup.user is None:
        return pickup
    user = Users(parts.database).get(pickup.user)
    rows = OwnFollowings(parts.database).of_flight(pickup.user, pickup.flight)
    hears = user is not None and any(row.get("muted") is not True for row in rows)
    if user is not None and hears and MailList.PICKUPS not in chosen_by(user.get("preferences")).stopped:
        return pickup
    return pickup.as_stopped()


def _booked(parts: Services, person: str, booking: str) -> tuple[str, Document]:
    """The key of the flight as the booking has it, and the document. Raises Problem 404."""
    mine = OwnBookings(parts.database).get(person, booking) if is_id(booking) else None
    held = mine if mine is not None and is_held(mine.get("status")) else None
    found = shown.by_ids(parts.database, [ids.text(held["flight_id"])]) if held else {}
    if not found:
        raise _refused(404, "booking", say("This booking is not there any more; look at the list again"))
    return next(iter(found.items()))


def _expected(parts: Services, document: Document) -> tuple[Flight, datetime]:
    """The flight, and when it lands by the system clock; by its departure where the arrival is not known. Raises
    Problem 422."""
    try:
        flight = parse(document)
        lands_at = parts.clock.system_time_of(flight.lands_at or flight.leaves_at + DAY)
    except (BadEventError, OverflowError) as error:
        raise _refused(422, "booking", say("This flight cannot be read just now")) from error
    if lands_at <= parts.now():
        raise _refused(422, "booking", say("This flight has landed already"))
    return flight, lands_at


def _address(given: str) -> str:
    try:
        return address_on("email", Person("", "", given.strip()))
    except PermanentError as error:
        words_ = say("Enter an e-mail address such as name@example.org")
        raise _refused(400, "email", words_) from error


def _refuse_again(
    store: Pickups, person: str, flight: str, addresses: Collection[str], now: datetime
) -> None:
    """What the one who asks knows anyway: whom they asked for this flight. Raises Problem 409."""
    earlier = store.earlier(person, flight, addresses)
    if earlier is not None and earlier.state_at(now) is not State.EXPIRED:
        raise _refused(409, "email", say("You asked this address for this flight before"))
    standing = [one for one in store.of(person) if one.flight == flight and one.address not in addresses]
    if len(standing) >= MOST:
        words_ = say("{number} people are enough for one flight; take one back first", number=MOST)
        raise _refused(409, "email", words_)


def _said(parts: Services, user: Document, flight: Flight, until: datetime) -> dict[str, str]:
    """What the mail says, in the language of whoever asks; nothing of the booking."""
    lands = places.utc_to_local(flight.lands_at, flight.destination) if flight.lands_at else None
    ends = places.utc_to_local(parts.clock.at(until), flight.destination)
    return {
        "who": first_name(user),
        "number": airlines.written(flight.flight_number),
        "origin": places.city(flight.origin),
        "destination": places.city(flight.destination),
        "lands": f"{words.day(lands)}, {words.clock_zone(lands)}" if lands else "",
        "until": f"{words.day(ends)}, {words.clock_zone(ends)}",
    }


def _refused(status: int, field: str, sentence: str, wait: str | None = None) -> Problem:
    titles = {400: "Refused", 404: "Not Found", 409: "Refused", 422: "Refused", 429: "Too Many Requests"}
    headers = {"Retry-After": wait} if wait else {}
    return Problem(status, titles[status], sentence, faults=[Fault(field, sentence)], headers=headers)
