"""The button that follows a flight or an airport: for whom the page is drawn, and what they hear already."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from app.domain.flight import Flight
from app.domain.speech import say
from app.store.own_followings import AIRPORT
from app.store.persons_flight import standing
from app.web import access, csrf, reader
from app.web.services import Services


@dataclass(frozen=True, slots=True)
class Follow:
    """end: the following that the button ends, None when it begins one. sign_in: where a stranger goes to."""

    is_signed_in: bool
    end: str | None
    words: str
    sign_in: str


def button(parts: Services, key: str, flight: Flight) -> Follow | None:
    """Of the flight's page, for whoever reads it; None where nobody can sign in. Raises PyMongoError."""
    if not csrf.is_possible(parts.settings):
        return None
    who = reader.present()
    if who is None:
        page = f"/f/{flight.flight_number}/{flight.departure_date}?{urlencode({'from': flight.origin})}"
        words = say(
            "Be told within seconds when it is delayed, cancelled or moved to another gate. It needs a sign-in."
        )
        return Follow(False, None, words, f"{access.SIGN_IN}?next={quote(page, safe='/?')}")
    stands = standing(parts.database, who.person, key)
    return Follow(True, stands.following, _words(stands.is_booked, stands.following, stands.is_muted), "")


def airport_button(parts: Services, code: str) -> Follow | None:
    """Of an airport's board, for whoever reads it; None where nobody can sign in. Raises PyMongoError."""
    if not csrf.is_possible(parts.settings):
        return None
    who = reader.present()
    if who is None:
        page = f"/board?{urlencode({'airport': code})}"
        return Follow(False, None, "", f"{access.SIGN_IN}?next={quote(page, safe='/?')}")
    stands = standing(parts.database, who.person, f"{AIRPORT}{code}")
    return Follow(True, stands.following, "", "")


def _words(is_booked: bool, following: str | None, is_muted: bool) -> str:
    if is_booked:
        return say("You have a booking on it, and hear its news.")
    if following is None:
        return say("You are told within seconds when it is delayed, cancelled or moved to another gate.")
    if is_muted:
        return say("You follow it, muted: you hear nothing until you unmute it.")
    return say("You follow it, and are told within seconds when it changes.")
