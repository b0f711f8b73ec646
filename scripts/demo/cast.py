"""The people of the demo who are known by name: each has chosen something else, and holds or follows flights on which
the storm makes it show.

Which flights those are follows from the plan, so that it is the same in every run. Addresses are of example.org,
phone numbers of the ranges kept for fiction (see `people`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId

from app.domain import preferences
from app.domain.speech import ENGLISH
from scripts.demo import fare_alerts
from scripts.demo.data import Departure
from scripts.demo.fares import Fares
from scripts.demo.people import AirportFollowing, Booking, Following, People, identifier
from scripts.demo.plan import Plan
from scripts.demo.story import Edit, Identity

_NEW_YORK = "America/New_York"


@dataclass(frozen=True, slots=True)
class Member:
    """One of them. key: what stands before the @ of their address, also for who has none.

    chosen: as `users.preferences` takes it. chose: the same in one line. booked, followed, muted: flights; who mutes a
    flight follows it. airports: codes of those that are followed. alerts: on fares, as somebody sends them. chat: the
    one of Telegram that they linked. language: what they read.
    """

    key: str
    name: str
    chose: str
    time_zone: str = _NEW_YORK
    email: str | None = None
    phone: str | None = None
    chat: int | None = None
    language: str = ENGLISH
    chosen: Mapping[str, Any] = field(default_factory=dict)
    booked: tuple[Identity, ...] = ()
    followed: tuple[Identity, ...] = ()
    muted: tuple[Identity, ...] = ()
    airports: tuple[str, ...] = ()
    alerts: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)

    @property
    def id(self) -> ObjectId:
        """The `_id` of the person's document."""
        return identifier("user", self.key)

    def user(self) -> dict[str, Any]:
        """The document in `users`. Raises PreferencesError when what was chosen is no choice."""
        made = {
            "_id": self.id,
            "name": self.name,
            "language": self.language,
            "time_zone": self.time_zone,
            "email": self.email,
            "phone": self.phone,
            "preferences": preferences.read(self.chosen).to_document(),
            "linked": {"telegram": {"address": str(self.chat)}} if self.chat else None,
        }
        return {name: value for name, value in made.items() if value}


_PEOPLE = (
    Member(
        "maya",
        "Maya Larkin",
        "quiet 21:00-07:00 New York, but for what is urgent",
        email="maya@example.org",
        chosen={"quiet": {"from": "21:00", "until": "07:00"}},
    ),
    Member(
        "bjorn",
        "Björn Dorfmeier",
        "reads German; quiet 22:00-07:00 Berlin, for what is urgent too",
        "Europe/Berlin",
        email="bjorn@example.org",
        phone="+447700900901",
        language="de",
        chosen={"quiet": {"from": "22:00", "until": "07:00"}, "urgent_passes": False},
    ),
    Member(
        "priya",
        "Priya Menon",
        "reads Hindi; a digest every day at 20:00, only cancellations at once",
        email="priya@example.org",
        language="hi",
        chosen={"digest": {"every": "daily", "at": "20:00"}, "urgent_h": 0},
    ),
    Member(
        "kelechi",
        "Kelechi Okonkwo",
        "only follows: flights (hears of departed, landed, arrived too) and an airport",
        email="kelechi@example.org",
        phone="+17185550101",
        chat=70001,
        airports=("EWR",),
    ),
    Member(
        "paloma",
        "Paloma Benavente",
        "at most 3 messages a day, the rest in a digest at 20:00",
        email="paloma@example.org",
        chosen={"daily_max": 3},
    ),
    Member(
        "tobi",
        "Tobi Adébáyò",
        "no mails about followed flights, texts alone; one is muted",
        email="tobi@example.org",
        phone="+17185550102",
        chosen={"stopped": ["followings"]},
    ),
    Member("asa", "Åsa Lövgren", "texts only", phone="+46701740690"),
    Member(
        "ines",
        "Inês Fontoura",
        "two fare alerts; one of them not again while the fare goes to and fro",
        email="ines@example.org",
    ),
)


def make(departures: Sequence[Departure], plan: Plan, fares: Fares) -> list[Member]:
    """Everybody, with their flights in this plan and alerts on these fares; with few of them some have none."""
    pick, hours = _Picker(departures, plan.edits), timedelta(hours=1)
    off_at_night = pick.flights("cancelled", _est(8, "21:00"), _est(8, "23:59"), 1, ahead=8 * hours)
    off_in_the_evening = pick.flights("cancelled", _est(8, "18:30"), _est(8, "20:00"), 3, ahead=8 * hours)
    off_at_noon = pick.flights("cancelled", _est(8, "11:30"), _est(8, "12:30"), 3, ahead=3 * hours)
    early = pick.flights("departed", _est(8, "05:10"), _est(8, "06:15"), 2)
    in_the_night = pick.flights("arrived", _est(8, "21:30"), _est(9, "02:00"), 5)
    # On a fast clock what happens by day is decided at night, so that some of it is held on a slow machine too.
    all_day = [
        flight
        for hour in range(8, 21, 3)
        for flight in pick.flights("arrived", _est(8, f"{hour:02d}:00"), _est(8, f"{hour + 1:02d}:00"), 1)
    ]
    moved = pick.flights("rescheduled", _est(8, "06:00"), _est(8, "16:00"), 6)
    next_day = pick.flights("arrived", _est(9, "15:00"), _est(9, "18:00"), 3)
    first_day = pick.flights("arrived", _est(8, "09:00"), _est(8, "13:00"), 8, flown=2 * hours)
    long = pick.flights("arrived", _est(8, "11:00"), _est(8, "16:00"), 4, flown=4.5 * hours)
    midday = pick.flights("arrived", _est(8, "12:00"), _est(8, "17:00"), 5, flown=4 * hours)
    booked = {
        "maya": off_at_night,
        "bjorn": off_in_the_evening,
        "priya": off_at_noon[:1],
        "tobi": off_at_noon[1:2],
        "asa": off_at_noon[2:],
    }
    followed = {
        "maya": tuple(dict.fromkeys((*early, *all_day, *in_the_night))),
        "priya": (*moved, *next_day),
        "kelechi": long,
        "paloma": first_day,
        "tobi": midday[:-1],
        "asa": long[:1],
    }
    muted = {"tobi": midday[-1:]}
    return [
        replace(
            one,
            booked=booked.get(one.key, ()),
            followed=followed.get(one.key, ()),
            muted=muted.get(one.key, ()),
            alerts=fare_alerts.make(fares) if one.key == "ines" else (),
        )
        for one in _PEOPLE
    ]


def joined(people: People, members: Iterable[Member]) -> People:
    """The crowd and these people."""
    members = list(members)
    bookings = [
        Booking(identifier("booking", one.id, *flight), one.id, flight, 1, seen=True)
        for one in members
        for flight in one.booked
    ]
    followings = [
        Following(identifier("following", one.id, *flight), one.id, flight, muted=flight in one.muted)
        for one in members
        for flight in (*one.followed, *one.muted)
    ]
    return replace(
        people,
        users=[*people.users, *(one.user() for one in members)],
        bookings=[*people.bookings, *bookings],
        followings=[*people.followings, *followings],
        airports=[
            AirportFollowing(identifier("following", one.id, code), one.id, code)
            for one in members
            for code in one.airports
        ],
    )


class _Picker:
    """Finds flights by what happens to them and when. A flight that is deleted for a while is nobody's."""

    def __init__(self, departures: Iterable[Departure], edits: Sequence[Edit]) -> None:
        self._departures = {departure.identity: departure for departure in departures}
        self._edits = edits
        self._gone = {edit.identity for edit in edits if edit.after is None}

    def flights(
        self,
        what: str,
        first: datetime,
        last: datetime,
        most: int,
        *,
        ahead: timedelta = timedelta(),
        flown: timedelta = timedelta(),
    ) -> tuple[Identity, ...]:
        """At most so many flights to which this happens in between, the earliest first.

        ahead: so long before the scheduled departure, at least, zero for any time. flown: as planned, at least.
        """
        found = [
            edit.identity
            for edit in self._edits
            if edit.what == what
            and first <= edit.at < last
            and edit.identity not in self._gone
            and (not ahead or self._departures[edit.identity].departs - edit.at >= ahead)
            and self._in_the_air(edit.identity) >= flown
        ]
        return tuple(dict.fromkeys(found))[:most]

    def _in_the_air(self, flight: Identity) -> timedelta:
        departure = self._departures[flight]
        return departure.arrives - departure.departs


def _est(day: int, clock: str) -> datetime:
    """A moment of February 2013 in New York."""
    return datetime.fromisoformat(f"2013-02-{day:02d}T{clock}:00-05:00")
