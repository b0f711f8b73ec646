"""The kinds of subject that conversations are about, found by the prefix of the subject's name.

A new kind is a class here and a line in `_KINDS`; whoever makes its conversations tells them values of its own.
Delivery, the ledger, the why-chains and the pages ask the kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from app.domain import (
    airlines,
    airport_day,
    alert_value,
    news,
    notice_value,
    places,
    wording,
    wording_airport,
    wording_alert,
    wording_notice,
)
from app.domain.airport_day import AirportDay
from app.domain.alert import PREFIX as ALERT_PREFIX
from app.domain.alert_value import AlertValue
from app.domain.flight import NOT_FLYING, Flight
from app.domain.news import Decision, Kind, Role, Rules
from app.domain.notice_value import NoticeValue
from app.domain.speech import date_of, say
from app.domain.subject import SubjectKind
from app.domain.wording_shapes import Message, News


class Flights(SubjectKind[Flight]):
    """A flight on its day: "flight:" and the id of its first document."""

    prefix = "flight"
    noun = "flight"

    def parse(self, document: Mapping[str, Any]) -> Flight:
        """From what the flight's to_document made."""
        return Flight.from_document(document)

    def key(self, subject: str) -> str:
        """The id of the flight's first document."""
        return subject.partition(":")[2]

    def decide(self, heard: Flight, want: Flight, role: Role, rules: Rules, now: datetime) -> Decision:
        """As `news.decide`."""
        return news.decide(heard, want, role, rules, now)

    def settled(self, heard: Flight, want: Flight) -> Flight:
        """What stands on the boarding pass anyway counts as heard, so that a later change is told against it."""
        return news.absorb_first_values(heard, want)

    def said(self, want: Flight, heard: Flight) -> Flight:
        """With a gate that was withdrawn: a later one is told against it."""
        return news.absorb_first_values(want, heard)

    def of_state(self, want: Flight) -> tuple[Kind, ...]:
        """As `news.kinds_of_state`."""
        return news.kinds_of_state(want)

    def believed(self, kinds: tuple[Kind, ...], want: Flight) -> tuple[Kind, ...]:
        """Whoever may still believe that the flight is off is told that it is on."""
        return (Kind.REINSTATED,) if Kind.REINSTATED in kinds and want.status not in NOT_FLYING else ()

    def wanted(self, kinds: tuple[Kind, ...], _want: Flight, role: Role, rules: Rules) -> tuple[Kind, ...]:
        """As `news.wanted`."""
        return news.wanted(kinds, role, rules)

    def timely(self, kinds: tuple[Kind, ...], want: Flight, now: datetime) -> tuple[Kind, ...]:
        """As `news.timely`."""
        return news.timely(kinds, want, now)

    def too_late(self, want: Flight, now: datetime) -> str:
        """Left, or over."""
        return "departed" if want.leaves_by <= now else "past"

    def compose(self, news: News[Flight]) -> Message:
        """As `wording.compose`."""
        return wording.compose(news)

    def iata(self, value: Flight) -> str:
        """The airport it leaves from."""
        return value.origin

    def leaves_at(self, value: Flight) -> datetime | None:
        """Its departure as now expected."""
        return value.leaves_at

    def leaves_by(self, value: Flight) -> datetime | None:
        """Until when it may still leave."""
        return value.leaves_by

    def over_at(self, value: Flight) -> datetime:
        """So long after it left or landed."""
        return max(value.leaves_by, value.lands_at or value.leaves_by) + news.USEFUL_AFTER_DEPARTURE

    def short_name(self, value: Flight) -> str:
        """Its number as people write it."""
        return airlines.written(value.flight_number)

    def title(self, value: Flight) -> str:
        """UA 1545 to Houston, 8 February 2013."""
        number = airlines.written(value.flight_number)
        return say(
            "{flight} to {destination}, {day}",
            flight=number,
            destination=places.city(value.destination),
            day=date_of(date.fromisoformat(value.departure_date)),
        )

    def line(self, value: Flight) -> str:
        """UA1545 EWR to IAH, 2013-02-08."""
        return say(
            "{flight} {origin} to {destination}, {date}",
            flight=value.flight_number,
            origin=value.origin,
            destination=value.destination,
            date=value.departure_date,
        )

    def path(self, value: Flight) -> str:
        """The flight's page."""
        query = urlencode({"from": value.origin})
        return f"/f/{value.flight_number}/{value.departure_date}?{query}"


class AirportDays(SubjectKind[AirportDay]):
    """An airport on one of its days: "airport:EWR:2013-02-08"."""

    prefix = airport_day.PREFIX
    noun = "airport"
    is_counted = True

    def parse(self, document: Mapping[str, Any]) -> AirportDay:
        """From what the day's to_document made."""
        return AirportDay.from_document(document)

    def key(self, subject: str) -> str:
        """The airport, as its followings have it, whatever the day."""
        return f"{airport_day.PREFIX}:{airport_day.place_of(subject)[0]}"

    def decide(
        self, heard: AirportDay, want: AirportDay, role: Role, rules: Rules, now: datetime
    ) -> Decision:
        """As `airport_day.decide`."""
        return airport_day.decide(heard, want, role, rules, now)

    def settled(self, heard: AirportDay, want: AirportDay) -> AirportDay:
        """Figures that moved within a level are known; another level is not."""
        return want if heard.level is want.level else heard

    def said(self, want: AirportDay, _heard: AirportDay) -> AirportDay:
        """What the message says."""
        return want

    def of_state(self, want: AirportDay) -> tuple[Kind, ...]:
        """As `airport_day.of_state`."""
        return airport_day.of_state(want)

    def believed(self, _kinds: tuple[Kind, ...], _want: AirportDay) -> tuple[Kind, ...]:
        """Nothing: a message about a day says all of it."""
        return ()

    def timely(self, kinds: tuple[Kind, ...], want: AirportDay, now: datetime) -> tuple[Kind, ...]:
        """As `airport_day.timely`."""
        return airport_day.timely(kinds, want, now)

    def too_late(self, _want: AirportDay, _now: datetime) -> str:
        """The day is over."""
        return "past"

    def compose(self, news: News[AirportDay]) -> Message:
        """As `wording_airport.compose`."""
        return wording_airport.compose(news)

    def iata(self, value: AirportDay) -> str:
        """The airport."""
        return value.airport

    def leaves_at(self, _value: AirportDay) -> datetime | None:
        """None: an airport's news is never urgent."""
        return None

    def over_at(self, value: AirportDay) -> datetime:
        """The end of the day there."""
        return value.ends_at

    def short_name(self, value: AirportDay) -> str:
        """Newark (EWR)."""
        return wording_airport.name(value.airport)

    def title(self, value: AirportDay) -> str:
        """Newark (EWR), 8 February 2013."""
        return f"{wording_airport.name(value.airport)}, {date_of(date.fromisoformat(value.date))}"

    def line(self, value: AirportDay) -> str:
        """EWR, 2013-02-08."""
        return f"{value.airport}, {value.date}"

    def path(self, value: AirportDay) -> str:
        """The airport's board of the day."""
        return wording_airport.path(value)


class Notices(SubjectKind[NoticeValue]):
    """A notice by staff: "notice:" and the id of its document."""

    prefix = notice_value.PREFIX
    noun = "notice"
    is_by_place = True

    @property
    def followed(self) -> str:
        """Who hears of it follows what it is about."""
        return "flight or airport"

    def parse(self, document: Mapping[str, Any]) -> NoticeValue:
        """From what the notice's to_document made."""
        return NoticeValue.from_document(document)

    def key(self, subject: str) -> str:
        """Its own name, by which nothing is booked or followed: who is concerned stands in the conversations."""
        return subject

    def decide(
        self, heard: NoticeValue, want: NoticeValue, role: Role, rules: Rules, now: datetime
    ) -> Decision:
        """As `notice_value.decide`."""
        return notice_value.decide(heard, want, role, rules, now)

    def settled(self, heard: NoticeValue, want: NoticeValue) -> NoticeValue:
        """What is no news by itself is known: another time of expiry, the end of what was never heard."""
        return heard if notice_value.differences(heard, want) else want

    def said(self, want: NoticeValue, _heard: NoticeValue) -> NoticeValue:
        """What the message says."""
        return want

    def of_state(self, want: NoticeValue) -> tuple[Kind, ...]:
        """As `notice_value.of_state`."""
        return notice_value.of_state(want)

    def believed(self, _kinds: tuple[Kind, ...], _want: NoticeValue) -> tuple[Kind, ...]:
        """Nothing: a message about a notice says all of it."""
        return ()

    def timely(self, kinds: tuple[Kind, ...], want: NoticeValue, now: datetime) -> tuple[Kind, ...]:
        """As `notice_value.timely`."""
        return notice_value.timely(kinds, want, now)

    def too_late(self, _want: NoticeValue, _now: datetime) -> str:
        """It has expired."""
        return "expired"

    def compose(self, news: News[NoticeValue]) -> Message:
        """As `wording_notice.compose`."""
        return wording_notice.compose(news)

    def iata(self, value: NoticeValue) -> str:
        """The airport, or that from where the flight leaves; "" where neither is known."""
        return value.local_to

    def leaves_at(self, _value: NoticeValue) -> datetime | None:
        """None: a notice is urgent by its type alone."""
        return None

    def over_at(self, value: NoticeValue) -> datetime:
        """When it expires."""
        return value.over_at

    def short_name(self, value: NoticeValue) -> str:
        """Newark (EWR), UA 407."""
        return wording_notice.place(value)

    def title(self, value: NoticeValue) -> str:
        """Notice for Newark (EWR)."""
        return say("Notice for {place}", place=wording_notice.place(value))

    def line(self, value: NoticeValue) -> str:
        """Notice, UA407 EWR: the first words of its sentence."""
        about = " ".join(filter(None, (value.flight, value.airport)))
        sentence = wording_notice.cut(wording_notice.plain(value.message), 60)
        if not about:
            return say("Notice, all: {sentence}", sentence=sentence)
        return say("Notice, {place}: {sentence}", place=about, sentence=sentence)

    def path(self, value: NoticeValue) -> str:
        """The flight's page, or the airport's board."""
        return wording_notice.path(value)


class Alerts(SubjectKind[AlertValue]):
    """A person's own fare alert: "alert:" and its id."""

    prefix = ALERT_PREFIX
    noun = "fare alert"
    is_counted = True

    def parse(self, document: Mapping[str, Any]) -> AlertValue:
        """From what the value's to_document made."""
        return AlertValue.from_document(document)

    def key(self, subject: str) -> str:
        """The alert's id; who has it stands in the alert."""
        return subject.partition(":")[2]

    def goes_by(self, want: AlertValue, channel: str) -> bool:
        """As `alert_value.goes_by`."""
        return alert_value.goes_by(want, channel)

    def decide(
        self, heard: AlertValue, want: AlertValue, role: Role, rules: Rules, now: datetime
    ) -> Decision:
        """As `alert_value.decide`."""
        return alert_value.decide(heard, want, role, rules, now)

    def settled(self, heard: AlertValue, want: AlertValue) -> AlertValue:
        """As `alert_value.settled`."""
        return alert_value.settled(heard, want)

    def said(self, want: AlertValue, _heard: AlertValue) -> AlertValue:
        """What the message says."""
        return want

    def of_state(self, want: AlertValue) -> tuple[Kind, ...]:
        """As `alert_value.of_state`."""
        return alert_value.of_state(want)

    def believed(self, _kinds: tuple[Kind, ...], _want: AlertValue) -> tuple[Kind, ...]:
        """Nothing: a message of an alert says all of it."""
        return ()

    def wanted(self, kinds: tuple[Kind, ...], want: AlertValue, role: Role, rules: Rules) -> tuple[Kind, ...]:
        """All where the alert has channels of its own (`goes_by`)."""
        return kinds if want.channels else super().wanted(kinds, want, role, rules)

    def timely(self, kinds: tuple[Kind, ...], want: AlertValue, now: datetime) -> tuple[Kind, ...]:
        """As `alert_value.timely`."""
        return alert_value.timely(kinds, want, now)

    def too_late(self, want: AlertValue, _now: datetime) -> str:
        """The fare is gone, or the alert's days are over."""
        return "fare_gone" if want.lapsed else "past"

    def compose(self, news: News[AlertValue]) -> Message:
        """As `wording_alert.compose`."""
        return wording_alert.compose(news)

    def iata(self, value: AlertValue) -> str:
        """Where the fare begins; without one, the first airport that was asked for."""
        return value.fare.origin if value.fare else value.origins[0]

    def leaves_at(self, _value: AlertValue) -> datetime | None:
        """None: a fare is never urgent."""
        return None

    def over_at(self, value: AlertValue) -> datetime:
        """The end of its last day; of its last message some days later."""
        return value.over_at

    def short_name(self, value: AlertValue) -> str:
        """JFK to SFO."""
        return value.trip

    def title(self, value: AlertValue) -> str:
        """Fare alert JFK to SFO, below $220."""
        return say("Fare alert {alert}", alert=value.title)

    def line(self, value: AlertValue) -> str:
        """Fares JFK to SFO, below $220."""
        return say("Fares {alert}", alert=wording_alert.line(value))

    def path(self, value: AlertValue) -> str:
        """The alert's page."""
        return wording_alert.path(value)


FLIGHT: Final = Flights()
AIRPORT: Final = AirportDays()
ALERT: Final = Alerts()
NOTICE: Final = Notices()
_KINDS: Final[Mapping[str, SubjectKind[Any]]] = {
    kind.prefix: kind for kind in (FLIGHT, AIRPORT, ALERT, NOTICE)
}


def of(subject: str) -> SubjectKind[Any]:
    """The kind of a subject. Raises KeyError for one that no kind has, which is a defect of whoever named it."""
    return _KINDS[subject.partition(":")[0]]
