"""Messages of every kind but flights' in a made-up language: nothing of them stays English."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from app.domain import (
    alert_words,
    calendar_file,
    channels,
    gsm,
    speech,
    wording_airport,
    wording_alert,
    wording_bot,
    wording_notice,
    wording_reach,
    wording_service,
)
from app.domain.airport_day import AirportDay, Level
from app.domain.alert import Alert
from app.domain.alert_conditions import Against, AnyChange, Below, Condition, Drop, NewLow, Repeat, Report
from app.domain.calendar_file import Entry
from app.domain.fares import Money
from app.domain.flight import Status
from app.domain.mail_lists import MailList, about
from app.domain.news import Kind, Role
from app.domain.notice_value import NoticeValue, State
from app.domain.preferences import Digest, Every, Preferences
from app.domain.reports import Refusal
from app.domain.wording_digest import Item, digest
from app.domain.wording_shapes import AirportNews, Message, NoticeNews
from tests.domain.pseudo import TAG, Pseudo, spoken, texts, untranslated
from tests.domain.test_calendar_file import FLIGHT, entry
from tests.domain.wording_alert_examples import EXAMPLES as ALERTS

URL = "https://gatecall.example"
AT = datetime(2013, 2, 8, 20, 13, tzinfo=UTC)
DAY = AirportDay("EWR", "2013-02-08", 380, 180, 4, 30, 60, Level.SEVERE)
NOTICE = NoticeValue("info", "Снег", "EWR", "UA407", "2013-02-09T17:00:00.000Z", "EWR")
_PLACES = ("Newark Liberty International Airport Aguadilla BQN AST Denver DEN",)
VALUES = (
    "Gatecall gatecall example EWR Newark Liberty UA United EST EDT UTC",
    "JFK SFO New York San Francisco Kennedy VX Virgin America Example Travel USD INR",
    "https fares my alerts a w f board airport date book travel from" + " " + "W" * 10,
)
"""Names, codes, zones, addresses: they are the same in every language."""
LATIN = Pseudo("q", 1.0, marked=False)


def airports() -> Iterator[AirportNews]:
    for level in Level:
        for late_min in (60, 90):
            for doubtful in (False, True):
                for now in (AT, AT - timedelta(days=3), AT + timedelta(days=1)):
                    want = replace(DAY, level=level, late_min=late_min)
                    yield AirportNews(
                        heard=replace(DAY, level=Level.NORMAL),
                        want=want,
                        kinds=(Kind.AIRPORT_SEVERE,),
                        role=Role.FOLLOWER,
                        doubtful=doubtful,
                        found_late=False,
                        changed_at=min(AT, now),
                        now=now,
                        public_url=URL,
                        language=TAG,
                    )


def notices() -> Iterator[NoticeNews]:
    wants = (
        *(NOTICE, replace(NOTICE, flight=None), replace(NOTICE, airport=None)),
        *(replace(NOTICE, airport=None, flight=None), replace(NOTICE, state=State.WITHDRAWN)),
        replace(NOTICE, message="Снег " * 40),
    )
    for want in wants:
        for heard in (replace(want, message=""), replace(want, message="Лёд")):
            for doubtful in (False, True):
                for role in (Role.TRAVELLER, Role.FOLLOWER):
                    yield NoticeNews(
                        *(
                            heard,
                            want,
                            (Kind.NOTICE,),
                            role,
                            doubtful,
                            False,
                            AT - timedelta(days=1),
                            AT,
                            URL,
                        ),
                        language=TAG,
                    )


def left(message: Message, *values: str) -> list[str]:
    return untranslated(texts(message), (*VALUES, *values))


def test_messages_about_airports_say_nothing_that_is_not_translated() -> None:
    with spoken():
        for news in airports():
            message = wording_airport.compose(news)
            assert not left(message), news
            assert gsm.fits(message.sms)


@pytest.mark.parametrize("name", ALERTS)
@pytest.mark.parametrize("doubtful", [False, True])
def test_messages_of_fare_alerts_say_nothing_that_is_not_translated(name: str, doubtful: bool) -> None:
    news = replace(ALERTS[name], doubtful=doubtful, language=TAG)
    link = news.want.fare.link if news.want.fare else None
    with spoken():
        for later in (timedelta(), timedelta(hours=3), timedelta(days=9), timedelta(days=400)):
            message = wording_alert.compose(replace(news, now=news.now + later))
            assert not left(message, link or "", news.want.title if news.want.name else ""), name


def test_messages_about_notices_say_nothing_that_is_not_translated_but_what_staff_wrote() -> None:
    with spoken():
        for news in notices():
            assert not left(wording_notice.compose(news)), news


@pytest.mark.parametrize("pseudo", [LATIN, Pseudo()])
def test_texts_in_latin_languages_are_of_one_part_and_others_of_two_at_most(pseudo: Pseudo) -> None:
    tag = "de" if pseudo is LATIN else TAG
    with spoken(pseudo, tag):
        for news in airports():
            assert gsm.fits(wording_airport.compose(replace(news, language=tag)).sms)
        for name, alert in ALERTS.items():
            text = wording_alert.compose(replace(alert, language=tag)).sms
            assert gsm.is_gsm(text) or tag == TAG, name
            assert gsm.fits(text), name
        for notice in notices():
            text = wording_notice.compose(replace(notice, language=tag)).sms
            assert gsm.is_gsm(text) or tag == TAG, notice


def test_a_digest_is_said_whole_however_it_was_chosen() -> None:
    chosen = (
        *(Preferences(digest=Digest(Every.DAILY)), Preferences(digest=Digest(Every.WEEKLY))),
        *(Preferences(daily_max=1), Preferences()),
    )
    nouns = ("flight", "airport", "fare alert", "notice")
    with spoken():
        one = wording_airport.compose(next(airports()))
        for many in (1, 2, 5, 9):
            items = [Item(f"UA {n}", one, None, nouns[n % 4]) for n in range(many)]
            for preferences in chosen:
                assert not left(digest(items, preferences, ZoneInfo("America/New_York"), AT, URL))


def test_service_messages_are_said_whole() -> None:
    with spoken():
        messages = [
            wording_service.sign_in(f"{URL}/my", 10, "Example"),
            wording_service.phone_code("042817", 1, URL),
            *(wording_service.test_message(name, URL) for name in channels.NAMES),
            *(
                wording_service.link_stopped(name, host, reason, "", URL)
                for name in ("webhook", "apprise")
                for host in ("gatecall.example", "")
                for reason in ("gone", "failing")
            ),
        ]
        for message in messages:
            assert not left(message, "Telegram Apprise SMS my sign in webhook apprise"), message
            assert gsm.parts(message.sms) <= 3


def test_a_text_with_a_code_is_of_the_gsm_alphabet_in_a_latin_language() -> None:
    with spoken(Pseudo("á"), "es"):
        assert gsm.is_gsm(wording_service.phone_code("042817", 10, URL).sms)
        message = wording_airport.compose(replace(next(airports()), language="es"))
        for refusal in (Refusal.BOUNCED, Refusal.GONE):
            assert gsm.is_gsm(wording_reach.with_unreached(message, "email", refusal).sms)


def test_why_a_channel_does_not_reach_somebody_is_said_whole() -> None:
    with spoken():
        message = wording_airport.compose(next(airports()))
        for refusal in wording_reach._WHY:
            for name in channels.NAMES:
                said = wording_reach.with_unreached(message, name, refusal)
                assert not left(said, "Telegram Apprise SMS"), refusal


def test_what_channels_and_lists_are_called_is_translated() -> None:
    with spoken():
        for name in channels.NAMES:
            words = (channels.title(name), channels.by(name), channels.trials(name), channels.provider(name))
            counted = (channels.counted(name, 1), channels.counted(name, 5))
            assert not untranslated((*words, *counted), ("Telegram", "Apprise", "SMS")), name
        assert not untranslated(map(about, MailList), ())
    assert channels.counted("email", 1200) == "1,200 e-mails"
    assert channels.counted("carrier pigeon", 2) == "2 carrier pigeon"


@pytest.mark.parametrize("status", list(Status))
def test_a_calendar_is_said_whole(status: Status) -> None:
    moved: dict[str, Any] = {"status": status, "diverted_to": "DEN" if status is Status.DIVERTED else None}
    some = entry()
    with spoken():
        for flight in (some.flight, replace(some.flight, **moved, estimated_departure_time=None)):
            one = replace(some, flight=flight)
            event = Calendar.from_ical(calendar_file.of_flight(one, URL, AT)).walk("VEVENT")[0]
            values = [str(value) for value in FLIGHT.to_document().values() if value]
            shown = (str(event[name]) for name in ("summary", "description", "location"))
            assert not untranslated(shown, (*VALUES, *values, *_PLACES)), status


def conditions() -> Iterator[tuple[Condition, Repeat]]:
    amount = Money(22050, "USD")
    for repeat in Repeat:
        yield Below(amount), repeat
        for against in Against:
            yield Drop(amount, None, against), repeat
        yield NewLow(1), repeat
        yield NewLow(30), repeat
        yield AnyChange(), repeat
        for every_h in (1, 24, 168):
            yield Report(every_h, AT.time() if every_h > 1 else None, unchanged=every_h == 24), repeat


def test_the_sentence_of_a_fare_alert_is_said_whole() -> None:
    origins = ("JFK", "EWR", "LGA", "HPN")
    ways: tuple[tuple[int | None, tuple[str, ...], str], ...] = (
        *((0, (), "2013-03-01"), (2, ("email", "sms"), "2013-03-31")),
        *((None, (), "2014-02-02"), (1, ("email",), "2013-05-02")),
    )
    with spoken():
        for condition, repeat in conditions():
            for stops, names, last in ways:
                alert = Alert(
                    *("a1", "p1", origins, ("SFO",), "2013-03-01", last, "USD", condition, AT),
                    max_stops=stops,
                    airlines=("UA", "DL"),
                    cabin="economy",
                    repeat=repeat,
                    tell_now=stops == 0,
                    channels=names,
                    paused=stops is None,
                )
                said = (alert_words.sentence(alert), alert.title)
                values = ("JFK EWR LGA HPN SFO United Airlines Delta SMS",)
                assert not untranslated(said, values), condition


def test_the_bot_says_everything_in_the_persons_language() -> None:
    constants = {name: value for name, value in vars(wording_bot).items() if name.isupper()}
    with spoken():
        said = [
            *(speech.say(value) for value in constants.values()),
            *(wording_bot.confirm("m***", replaces=one) for one in (False, True)),
            *(wording_bot.taken("m***"), wording_bot.not_understood("???"), wording_bot.welcome(URL)),
            *(wording_bot.no_such_flight("UA 407", days) for days in ((), ("2013-02-08",))),
            *(
                wording_bot.which_origin("UA 407", "2013-02-08", ("EWR", "JFK")),
                wording_bot.name("UA 407", "Denver"),
            ),
            *(wording_bot.followed("UA 407", "", is_new=one) for one in (False, True)),
            *(wording_bot.listed((), 0), wording_bot.listed((("UA 407", ""),), 3)),
            *(
                words(one)
                for words in (wording_bot.stopped_flight, wording_bot.again)
                for one in ("UA 407", None)
            ),
            *(wording_bot.booked(one, URL) for one in ("UA 407", None)),
        ]
    assert len(constants) >= 15
    # Marks of HTML are no words.
    assert not untranslated(said, ("b code a href quot m UA EWR JFK Denver Gatecall", URL, "жжж"))


def test_a_fare_is_said_in_the_readers_money_and_clock() -> None:
    news = ALERTS["below"]
    german = wording_alert.compose(replace(news, language="de"))
    assert "201\xa0$" in german.highlight.new
    twelve = wording_alert.compose(replace(news, clock=12))
    assert any("PM" in line for line in twelve.footer)
    assert not any("PM" in line for line in wording_alert.compose(news).footer)
    assert isinstance(entry(), Entry)
