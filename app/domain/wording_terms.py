"""The terms of messages: times with their zone, days, durations, places, and what may be said of the past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache

from app.domain import airlines, places
from app.domain.flight import AFTER_DEPARTURE, Flight, Status
from app.domain.news import ABOUT_DEPARTURE, Kind, Role
from app.domain.speech import Speech, clock_time, current, hours, minutes, say, speaking, to_say
from app.domain.speech import day as said_day
from app.domain.wording_lead import ended
from app.domain.wording_shapes import FlightNews

NOT_KNOWN = to_say("Not yet known")


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
        return _on(self.day, self.clock)

    @property
    def short(self) -> str:
        """As `full`, without the comma, for an SMS."""
        return _on(self.day, self.clock, short=True)

    def against(self, new: Moment, *, short: bool = False) -> str:
        """This moment as the old value of another: only the parts that differ, the time always. short: as `short`."""
        time = self.time if self.zone == new.zone else self.clock
        return time if self.day == new.day else _on(self.day, time, short=short)


def _on(day: str, time: str, *, short: bool = False) -> str:
    if short:
        # Translators: a day and a time with its zone where room is short, like "Fri 8 Feb 15:13 EST".
        return say("{day} {time}", day=day, time=time)
    # Translators: a day and a time with its zone, like "Fri 8 Feb, 15:13 EST".
    return say("{day}, {time}", day=day, time=time)


def day_of(day: date, today: date) -> str:
    """ "Fri 8 Feb"; with the year when it lies more than half a year away."""
    return _day(day, abs((day - today).days) > 183, current())


@lru_cache(maxsize=1024)
def _day(day: date, with_year: bool, speech: Speech) -> str:
    # Formatting by the patterns of a language takes as long as all else that makes a message.
    with speaking(speech.language, speech.clock):
        return said_day(day, year=with_year)


def duration(delta: timedelta, *, short: bool = False) -> str:
    """How long, without sign: "1 hour 5 minutes", in short "1 h 5 min"."""
    return _duration(abs(delta) // timedelta(minutes=1), short, current())


@lru_cache(maxsize=1024)
def _duration(length: int, short: bool, speech: Speech) -> str:
    with speaking(speech.language, speech.clock):
        whole, rest = divmod(length, 60)
        if not whole:
            return minutes(rest, short=short)
        if not rest:
            return hours(whole, short=short)
        # Translators: how long, like "1 hour 5 minutes".
        return say("{hours} {minutes}", hours=hours(whole, short=short), minutes=minutes(rest, short=short))


def lateness(delay: timedelta, *, short: bool = False) -> str:
    """ "28 minutes late", "5 minutes early" or "on time"."""
    if not delay:
        # Translators: how a departure stands; stands alone, after a comma or in place of {lateness}.
        return say("on time")
    length = duration(delay, short=short)
    if delay > timedelta():
        # Translators: how a departure stands; stands alone, after a comma or in place of {lateness}.
        # {duration} is "28 minutes" or "1 h 5 min", in the nominative.
        return say("{duration} late", duration=length)
    return say("{duration} early", duration=length)


def as_sentence(text: str) -> str:
    """Free text as a sentence of its own: a capital first, the language's full stop last."""
    text = text.strip()
    whole = text[:1].upper() + text[1:]
    return whole if text[-1:] in ".!?…।" else ended(whole)


def _time(local: datetime) -> str:
    # "HH:mm" is the same in every language, and a message has half a dozen of them.
    return clock_time(local) if current().clock == 12 else f"{local.hour:02d}:{local.minute:02d}"


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
        # Translators: a flight, the subject of sentences: "UA 407 to Denver".
        self.flight = say("{number} to {city}", number=self.number, city=self.destination)
        name = airlines.name(news.want.airline)
        self.airline = None if name == news.want.airline else name
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
            time=_time(local),
            zone=places.zone_name(local),
        )

    def _arrival(self, flight: Flight) -> Moment | None:
        # A diverted flight does not land when its destination expected it; one that is late by nobody knows
        # how much does not either.
        lands_at = flight.lands_at
        if lands_at is None or flight.status is Status.DIVERTED or flight.is_delayed_without_time:
            return None
        return self.moment(lands_at, flight.destination)

    @property
    def route(self) -> str:
        """ "Newark to Denver, Fri 8 Feb, 14:45 EST"."""
        ends = {"origin": self.origin, "destination": self.destination}
        return say("{origin} to {destination}, {moment}", **ends, moment=self.planned.full)

    def when(self, moment: Moment) -> str:
        """A moment at the origin as said in a sentence: today's by the clock alone."""
        return moment.clock if moment.date == self.today else moment.full

    def day_word(self, day: date) -> str:
        """ "today", "tomorrow" or "on Sat 9 Feb"."""
        days = (day - self.today).days
        if days == 0:
            # Translators: stands in place of {day} in a sentence.
            return say("today")
        if days == 1:
            # Translators: stands in place of {day} in a sentence.
            return say("tomorrow")
        # Translators: stands in place of {day} in a sentence, like "on Sat 9 Feb".
        return say("on {day}", day=day_of(day, self.today))

    def at(self, iata: str) -> str:
        """City before code: "Newark (EWR)"."""
        city = places.city(iata)
        return iata if city == iata else f"{city} ({iata})"

    def was(self, old: str | None) -> str:
        """ " (was C74)"; nothing when the person may not have heard it, or there was nothing to hear."""
        # Translators: stands after any value; {old} is what it was before: a time, a gate, a belt.
        return "" if old is None or self.doubtful else say(" (was {old})", old=old)

    def old(self, value: str | None) -> str | None:
        """An old value that may be shown beside the new one."""
        return None if self.doubtful else value

    @cached_property
    def diverted_to(self) -> str | None:
        """Where it lands instead; None when it is not diverted, or the place is not known."""
        place = self.want.diverted_to
        return None if place == self.want.destination else place

    @cached_property
    def time_unknown(self) -> bool:
        """Delayed, and nobody has said until when."""
        return self.want.is_delayed_without_time

    @cached_property
    def is_overdue(self) -> bool:
        """Its time has passed, it has not left, and nobody has said until when."""
        return not self.has_left and self.leaves.instant <= self.news.now

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
        return self.left_before.against(self.leaves) if self.departure_differs else None

    @cached_property
    def departure_differs(self) -> bool:
        """Whether the departure as last told may be named beside the one now expected."""
        known = not self.doubtful and not self.heard.is_delayed_without_time
        return known and self.left_before.instant != self.leaves.instant

    @cached_property
    def old_schedule(self) -> str | None:
        """The scheduled departure as last told, None when it did not differ."""
        if self.doubtful or self.planned_before.instant == self.planned.instant:
            return None
        return self.planned_before.against(self.planned)

    @cached_property
    def old_time(self) -> tuple[Moment, Moment] | None:
        """After a new schedule, the departure as last told, else as scheduled, and what it is told against; None when
        neither differs."""
        if self.departure_differs:
            return self.left_before, self.leaves
        return None if self.old_schedule is None else (self.planned_before, self.planned)

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


def _kind_of(want: Flight) -> Kind:
    """What to speak of when nothing but a doubt calls for a message: how the flight stands."""
    if want.status in {Status.SCHEDULED, Status.DELAYED}:
        late = want.delay > timedelta() or want.is_delayed_without_time
        return Kind.DELAYED if late else Kind.EARLIER
    return Kind(want.status.value)
