"""The terms of messages: times with their zone, days, durations, places, and what may be said of the past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from app.domain import airlines, places
from app.domain.flight import AFTER_DEPARTURE, Flight, Status
from app.domain.news import ABOUT_DEPARTURE, Kind, Role
from app.domain.wording_shapes import FlightNews

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

NOT_KNOWN = "Not yet known"


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as an airport's clocks show it: "Fri 8 Feb", "15:13", "EST"."""

    instant: datetime
    date: date
    day: str
    time: str
    zone: str

    @property
    def clock(self) -> str:
        """Time with zone: "15:13 EST"."""
        return f"{self.time} {self.zone}"

    @property
    def full(self) -> str:
        """Day, time and zone: "Fri 8 Feb, 15:13 EST"."""
        return f"{self.day}, {self.time} {self.zone}"

    def against(self, new: Moment) -> str:
        """This moment as the old value of another: only the parts that differ, the time always."""
        zone = "" if self.zone == new.zone else f" {self.zone}"
        return f"{self.time}{zone}" if self.day == new.day else f"{self.day}, {self.time}{zone}"


def day_of(day: date, today: date) -> str:
    """ "Fri 8 Feb"; with the year when it lies more than half a year away."""
    text = f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"
    return text if abs((day - today).days) <= 183 else f"{text} {day.year}"


def duration(delta: timedelta, *, short: bool = False) -> str:
    """How long, without sign: "1 hour 5 minutes", in short "1 h 5 min"."""
    hours, minutes = divmod(abs(delta) // timedelta(minutes=1), 60)
    if short:
        parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes or not hours)
    else:
        parts = [_counted(hours, "hour")] * bool(hours)
        parts += [_counted(minutes, "minute")] * bool(minutes or not hours)
    return " ".join(parts)


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def lateness(delay: timedelta, *, short: bool = False) -> str:
    """ "28 minutes late", "5 minutes early" or "on time"."""
    if not delay:
        return "on time"
    return f"{duration(delay, short=short)} {'late' if delay > timedelta() else 'early'}"


def as_sentence(text: str) -> str:
    """Free text as a sentence of its own: a capital first, a full stop last."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text[-1:] in ".!?…" else ".")


class Terms:
    """One piece of flight news, in the words that all parts of its message share."""

    def __init__(self, news: FlightNews) -> None:
        self.news, self.heard, self.want = news, news.heard, news.want
        self.has_left = news.want.status in AFTER_DEPARTURE
        # Of a flight that has left, its departure is no news.
        kinds = tuple(k for k in news.kinds if not (self.has_left and k in ABOUT_DEPARTURE))
        self.kinds = kinds or (_kind_of(news.want),)
        self.doubtful = news.doubtful
        self.is_traveller = news.role is Role.TRAVELLER
        self.today = places.utc_to_local(news.now, news.want.origin).date()
        self.number = airlines.written(news.want.flight_number)
        self.origin, self.destination = places.city(news.want.origin), places.city(news.want.destination)
        if self.origin == self.destination:
            self.origin, self.destination = self.at(news.want.origin), self.at(news.want.destination)
        self.flight = f"{self.number} to {self.destination}"
        name = airlines.name(news.want.airline)
        self.airline = "the airline" if name == news.want.airline else name
        self.leaves = self.moment(news.want.leaves_at, news.want.origin)
        self.left_before = self.moment(news.heard.leaves_at, news.heard.origin)
        self.planned = self.moment(news.want.departs_at, news.want.origin)
        self.planned_before = self.moment(news.heard.departs_at, news.heard.origin)
        self.delay = self.leaves.instant - self.planned.instant
        self.delay_before = self.left_before.instant - self.planned_before.instant
        self.arrives = self._arrival(news.want)
        self.arrived_before = self._arrival(news.heard)

    def moment(self, instant: datetime, iata: str) -> Moment:
        """An instant in an airport's local time."""
        local = places.utc_to_local(instant, iata)
        return Moment(
            instant=instant.astimezone(UTC),
            date=local.date(),
            day=day_of(local.date(), self.today),
            time=f"{local.hour:02d}:{local.minute:02d}",
            zone=places.zone_name(local),
        )

    def _arrival(self, flight: Flight) -> Moment | None:
        # A diverted flight does not land when its destination expected it; one that is late by nobody knows
        # how much does not either.
        lands_at = flight.lands_at
        if lands_at is None or flight.status is Status.DIVERTED or delayed_without_time(flight):
            return None
        return self.moment(lands_at, flight.destination)

    def when(self, moment: Moment) -> str:
        """A moment at the origin as said in a sentence: today's by the clock alone."""
        return moment.clock if moment.date == self.today else moment.full

    def day_word(self, day: date) -> str:
        """ "today", "tomorrow" or "on Sat 9 Feb"."""
        word = {0: "today", 1: "tomorrow"}.get((day - self.today).days)
        return word or f"on {day_of(day, self.today)}"

    def at(self, iata: str) -> str:
        """City before code: "Newark (EWR)"."""
        city = places.city(iata)
        return iata if city == iata else f"{city} ({iata})"

    def was(self, old: str | None) -> str:
        """ " (was C74)"; nothing when the person may not have heard it, or there was nothing to hear."""
        return "" if old is None or self.doubtful else f" (was {old})"

    def old(self, value: str | None) -> str | None:
        """An old value that may be shown beside the new one."""
        return None if self.doubtful else value

    @property
    def now(self) -> str:
        """ "now " where the old value may not be named: the person may have heard another."""
        return "now " if self.doubtful else ""

    @cached_property
    def diverted_to(self) -> str | None:
        """Where it lands instead; None when it is not diverted, or the place is not known."""
        place = self.want.diverted_to
        return None if place == self.want.destination else place

    @cached_property
    def time_unknown(self) -> bool:
        """Delayed, and nobody has said until when."""
        return delayed_without_time(self.want)

    @cached_property
    def lateness(self) -> str:
        """How the departure stands against the schedule, for a sentence."""
        return lateness(self.delay)

    @cached_property
    def short_lateness(self) -> str:
        """How the departure stands against the schedule, for a subject or an SMS."""
        return lateness(self.delay, short=True)

    @cached_property
    def old_departure(self) -> str | None:
        """The departure as last told, None when it did not differ or was not known."""
        if (
            self.doubtful
            or delayed_without_time(self.heard)
            or self.left_before.instant == self.leaves.instant
        ):
            return None
        return self.left_before.against(self.leaves)

    @cached_property
    def old_schedule(self) -> str | None:
        """The scheduled departure as last told, None when it did not differ."""
        if self.doubtful or self.planned_before.instant == self.planned.instant:
            return None
        return self.planned_before.against(self.planned)

    @property
    def new_time(self) -> tuple[Moment, str | None]:
        """The departure now expected after a new schedule, and the old one: as last told, else as scheduled."""
        if self.old_departure is None:
            return self.leaves, self.old_schedule
        return self.leaves, self.old_departure

    @cached_property
    def reason(self) -> str | None:
        """The airline's reason as a sentence, when it explains this news.

        A reason that was told before explains only what it can go on explaining: a flight that flies after
        all does so in spite of it.
        """
        text = self.want.status_reason
        if not text or not (self.kinds[0] in _EXPLAINED or text != self.heard.status_reason):
            return None
        return as_sentence(text)


_EXPLAINED = frozenset({Kind.CANCELLED, Kind.DIVERTED, Kind.RESCHEDULED, Kind.DELAYED})


def delayed_without_time(flight: Flight) -> bool:
    """Whether a flight is delayed and its new time not known."""
    return flight.status is Status.DELAYED and flight.estimated_departure_time is None


def _kind_of(want: Flight) -> Kind:
    """What to speak of when nothing but a doubt calls for a message: how the flight stands."""
    if want.status in {Status.SCHEDULED, Status.DELAYED}:
        late = want.delay > timedelta() or delayed_without_time(want)
        return Kind.DELAYED if late else Kind.EARLIER
    return Kind(want.status.value)
