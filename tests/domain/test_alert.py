"""What an alert is: read strictly from people, leniently from the collection, and which fares it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.domain.alert import Alert, AlertError, parse, read, route_month
from app.domain.alert_conditions import Against, AnyChange, Below, Drop, NewLow, Repeat, Report
from app.domain.alert_words import days, sentence
from app.domain.errors import BadEventError
from app.domain.fares import Fare, Money

NOW = datetime(2013, 2, 8, 19, 42, tzinfo=UTC)
BODY: dict[str, Any] = {
    "origins": ["jfk", "EWR", "JFK"],
    "destinations": ["SFO"],
    "dates": {"from": "2013-02-27", "until": "2013-04-01"},
    "currency": "usd",
    "condition": {"kind": "below", "amount": "220"},
}
FULL: dict[str, Any] = BODY | {
    "name": "Summer in the Bay",
    "max_stops": 1,
    "airlines": ["ua", "VX"],
    "cabin": "Premium Economy",
    "repeat": "each_low",
    "tell_now": False,
    "min_step": "5.00",
    "channels": ["email"],
    "paused": True,
}


def test_what_is_sent_is_read() -> None:
    alert = read(FULL, NOW)
    assert alert == Alert(
        id="",
        person="",
        origins=("JFK", "EWR"),
        destinations=("SFO",),
        first="2013-02-27",
        last="2013-04-01",
        currency="USD",
        condition=Below(Money(22000, "USD")),
        created_at=NOW,
        max_stops=1,
        airlines=("UA", "VX"),
        cabin="premium_economy",
        repeat=Repeat.EACH_LOW,
        tell_now=False,
        min_step=Money(500, "USD"),
        channels=("email",),
        paused=True,
        name="Summer in the Bay",
    )
    assert read(alert.to_request(), NOW) == alert
    stored = replace(alert, id="a1", person="p1", version=3)
    assert parse(stored.to_document()) == stored


def test_what_is_not_sent_is_the_default() -> None:
    alert = read(BODY | dict.fromkeys(("name", "max_stops", "min_step", "channels")), NOW)
    assert (alert.repeat, alert.tell_now, alert.paused, alert.channels) == (Repeat.AGAIN, True, False, ())
    assert (alert.max_stops, alert.airlines, alert.cabin, alert.step) == (None, (), None, 220)


@pytest.mark.parametrize(
    ("condition", "expected", "words"),
    [
        ({"kind": "below", "amount": 220}, Below(Money(22000, "USD")), "below $220"),
        (
            {"kind": "drop", "amount": "20.50"},
            Drop(Money(2050, "USD"), None, Against.TOLD),
            "down by $20.50",
        ),
        (
            {"kind": "drop", "percent": 15, "against": "created"},
            Drop(None, Decimal(15), Against.CREATED),
            "down by 15 %",
        ),
        ({"kind": "new_low", "days": 30}, NewLow(30), "lowest in 30 days"),
        ({"kind": "any"}, AnyChange(), "any change"),
        ({"kind": "report", "every_h": 6}, Report(6, None), "every 6 hours"),
        (
            {"kind": "report", "every_h": 24},
            read(BODY | {"condition": {"kind": "report", "every_h": 24, "at": "08:00"}}, NOW).condition,
            "every day at 08:00",
        ),
    ],
)
def test_each_condition_is_read_and_kept(condition: dict[str, Any], expected: Any, words: str) -> None:
    alert = read(BODY | {"condition": condition}, NOW)
    assert alert.condition == expected
    assert alert.title == f"JFK or EWR to SFO, {words}"
    assert parse(alert.to_document() | {"_id": "", "user_id": ""}) == alert


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"origins": []}, "origins", 'Write a list of codes of airports, like ["JFK"].'),
        ({"origins": ["JFK", "XQX"]}, "origins", "XQX is not the code of an airport. Write it like JFK."),
        ({"destinations": ["JFK"], "origins": ["JFK"]}, "destinations", "not where the trip begins"),
        (
            {"dates": {"from": "2013-03-14", "until": "2013-03-01"}},
            "dates.until",
            "Choose 14 March or later.",
        ),
        ({"dates": {"from": "2013-03-14"}}, "dates.until", "Write a date"),
        ({"dates": {"from": "2013-02-30", "until": "2013-03-14"}}, "dates.from", "Write a date"),
        ({"dates": {"from": "2013-03-14", "until": "2014-03-15"}}, "dates.until", "more than 366 days"),
        ({"dates": {"from": "2013-02-01", "until": "2013-02-07"}}, "dates.until", "Choose today or later."),
        ({"max_stops": True}, "max_stops", "from 0 to 9"),
        ({"airlines": ["United"]}, "airlines", "two or three letters"),
        ({"cabin": 3}, "cabin", "economy"),
        ({"currency": "XXX"}, "currency", "ISO 4217"),
        ({"condition": {"kind": "below", "amount": "0"}}, "condition.amount", "above zero in USD"),
        ({"condition": {"kind": "below", "amount": "1.005"}}, "condition.amount", "above zero in USD"),
        ({"condition": {"kind": "below", "amount": 220.1}}, "condition.amount", "as text"),
        (
            {"currency": "JPY", "condition": {"kind": "below", "amount": "1.5"}},
            "condition.amount",
            'like "22000"',
        ),
        ({"condition": {"kind": "below", "amount": "1", "days": 3}}, "condition.days", "it has amount"),
        ({"condition": {"kind": "drop"}}, "condition.amount", "either"),
        ({"condition": {"kind": "drop", "percent": 100}}, "condition.percent", "from 0.1 to 99.9"),
        ({"condition": {"kind": "drop", "percent": "1.55"}}, "condition.percent", "at most one decimal"),
        ({"condition": {"kind": "drop", "percent": 5, "against": "x"}}, "condition.against", "told, created"),
        ({"condition": {"kind": "new_low", "days": 366}}, "condition.days", "from 1 to 365"),
        ({"condition": {"kind": "report", "every_h": 2}}, "condition.every_h", "1, 6, 12, 24, 48, 168"),
        ({"condition": {"kind": "report", "every_h": 6, "at": "08:00"}}, "condition.at", "Leave it out"),
        ({"condition": {"kind": "report", "every_h": 24, "at": "8"}}, "condition.at", '"08:00"'),
        ({"condition": {"kind": "median"}}, "condition.kind", "below, drop, new_low, any, report"),
        ({"condition": "below"}, "condition", '{"kind": "below"'),
        ({"repeat": "daily"}, "repeat", "once, each_low, again"),
        ({"tell_now": "yes"}, "tell_now", "true or false"),
        ({"min_step": "-1"}, "min_step", "above zero"),
        (
            {"min_step": "20.01", "condition": {"kind": "drop", "amount": "20"}},
            "min_step",
            "It is more than the drop: write at most 20.00.",
        ),
        ({"channels": ["pigeon"]}, "channels", "email"),
        ({"name": "a" * 81}, "name", "at most 80"),
        ({"colour": "red"}, "colour", "There is no such field"),
    ],
)
def test_every_wrong_field_is_named_with_its_remedy(wrong: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(AlertError) as error:
        read(BODY | wrong, NOW)
    found = dict(error.value.faults)
    assert words in found[field], found


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(AlertError) as error:
        read({"origins": ["JFK"], "tell_now": 1}, NOW)
    assert [field for field, _ in error.value.faults] == [
        "destinations", "dates", "currency", "condition", "tell_now",
    ]  # fmt: skip


def test_fields_that_hold_no_amount_are_told_from_other_faults() -> None:
    for condition, amounts in (
        ({"kind": "below", "amount": "cheap"}, {"condition.amount", "min_step"}),
        ({"kind": "drop", "amount": "20", "percent": "5"}, {"min_step"}),
    ):
        with pytest.raises(AlertError) as error:
            read(BODY | {"condition": condition, "min_step": 0, "cabin": ""}, NOW)
        assert error.value.amounts == amounts


def test_there_are_at_most_100_routes() -> None:
    many = ["JFK", "LGA", "EWR", "BOS", "PHL", "IAD", "DCA", "BWI", "MIA", "ATL", "ORD"]
    with pytest.raises(AlertError) as error:
        read(BODY | {"origins": many, "destinations": [*many[:9], "SFO"]}, NOW)
    assert "101 routes" in str(error.value)


def test_what_is_stored_badly_is_not_chosen_unless_it_is_needed() -> None:
    document = read(FULL, NOW).to_document()
    odd = parse(
        document | {"max_stops": "few", "airlines": 3, "channels": ["pigeon"], "repeat": "x", "created_at": 1}
    )
    assert (odd.max_stops, odd.airlines, odd.channels, odd.repeat) == (None, (), (), Repeat.AGAIN)
    for field in ("origins", "dates", "currency", "condition"):
        with pytest.raises(BadEventError) as error:
            parse(document | {field: "x"})
        assert error.value.field is not None
        assert error.value.field.startswith(field)


def test_a_smallest_step_is_at_most_the_drop_that_is_asked_for() -> None:
    drop = BODY | {"condition": {"kind": "drop", "amount": "20"}}
    assert read(drop | {"min_step": "20"}, NOW).step == 2000
    stored = read(drop, NOW).to_document() | {"min_step": "30.00"}
    assert parse(stored).step == 100, "one that was stored is not chosen"
    share = BODY | {"condition": {"kind": "drop", "percent": 1}, "min_step": "30"}
    assert read(share, NOW).step == 3000, "of a share nobody knows how much it is"


def test_keys_are_routes_by_months() -> None:
    alert = read(BODY | {"destinations": ["SFO", "JFK"]}, NOW)
    assert alert.keys() == tuple(
        f"{route} {month}"
        for route in ("EWR-JFK", "EWR-SFO", "JFK-SFO")
        for month in ("2013-02", "2013-03", "2013-04")
    )
    year = read(BODY | {"dates": {"from": "2013-12-31", "until": "2014-01-01"}}, NOW)
    assert year.keys()[:2] == ("EWR-SFO 2013-12", "EWR-SFO 2014-01")


@pytest.mark.parametrize(
    ("fare", "matches"),
    [
        ({}, True),
        ({"origin": "LGA"}, False),
        ({"destination": "LAX"}, False),
        ({"departure_date": "2013-02-26"}, False),
        ({"departure_date": "2013-02-27"}, True),
        ({"departure_date": "2013-04-02"}, False),
        ({"stops": 2}, False),
        ({"stops": None}, False),
        ({"airline": "DL"}, False),
        ({"airline": None}, False),
        ({"cabin": None}, False),
        ({"price": Money(10000, "EUR")}, False),
    ],
)
def test_a_fare_counts_where_it_says_what_is_asked_for(fare: dict[str, Any], matches: bool) -> None:
    usual = Fare(
        "JFK", "SFO", "2013-03-09", Money(19000, "USD"), airline="UA", cabin="premium_economy", stops=1
    )
    found = replace(usual, **fare)
    alert = read(FULL, NOW)
    assert alert.matches(found) == matches
    if matches:
        assert route_month(found.route, found.departure_date) in set(alert.keys())


def test_what_is_not_asked_for_need_not_be_known() -> None:
    assert read(BODY, NOW).matches(Fare("EWR", "SFO", "2013-03-09", Money(19000, "USD")))


@pytest.mark.parametrize(
    ("condition", "min_step", "currency", "step"),
    [
        ({"kind": "below", "amount": "220"}, None, "USD", 220),
        ({"kind": "below", "amount": "50"}, None, "USD", 100),
        ({"kind": "below", "amount": "220.01"}, None, "USD", 221),
        ({"kind": "below", "amount": "50"}, "7.50", "USD", 750),
        ({"kind": "drop", "amount": "0.50"}, None, "USD", 50),
        ({"kind": "any"}, None, "JPY", 1),
        ({"kind": "any"}, None, "KWD", 1000),
    ],
)
def test_the_smallest_step(condition: dict[str, Any], min_step: str | None, currency: str, step: int) -> None:
    alert = read(BODY | {"condition": condition, "min_step": min_step, "currency": currency}, NOW)
    assert alert.step == step
    assert alert.step_from(Decimal("0.001")) == step
    assert alert.step_from(Decimal(10_000)) == 10_000 * (
        1 if currency == "JPY" else 1000 if currency == "KWD" else 100
    )


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2013-03-01", "2013-03-14", "1 to 14 March 2013"),
        ("2013-03-09", "2013-03-09", "9 March 2013"),
        ("2013-03-01", "2013-03-31", "any day of March 2013"),
        ("2012-02-01", "2012-02-29", "any day of February 2012"),
        ("2013-02-28", "2013-03-03", "28 February to 3 March 2013"),
        ("2013-12-31", "2014-01-01", "31 December 2013 to 1 January 2014"),
    ],
)
def test_days_in_words(first: str, last: str, expected: str) -> None:
    assert days(first, last) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {"max_stops": 0, "channels": ["email", "sms"]},
            (
                "We tell you by e-mail and SMS at once when a direct fare JFK or EWR to SFO for 27 February to 1 April"
                " 2013 falls below $220. You hear again when it was above and comes back. Less than $2.20 is no change."
                " If that is so now, you hear at once. The alert ends after 1 April 2013."
            ),
        ),
        (
            {"condition": {"kind": "drop", "percent": 15}, "airlines": ["UA"], "tell_now": False},
            (
                "We tell you at once when the cheapest fare JFK or EWR to SFO for 27 February to 1 April 2013, with"
                " United, is at least 15 % below what you were told last. You hear each time. Less than $1 is no"
                " change. The alert ends after 1 April 2013."
            ),
        ),
        (
            {"condition": {"kind": "report", "every_h": 24}, "cabin": "business", "paused": True},
            (
                "We tell you every day at 08:00 the cheapest fare JFK or EWR to SFO for 27 February to 1 April 2013,"
                " business. Nothing when it is the fare you were told last, or there is none. Less than $1 is no"
                " change. The first comes at once. The alert ends after 1 April 2013. It is paused: nothing is told,"
                " and nothing made up for."
            ),
        ),
        (
            {"condition": {"kind": "new_low", "days": 1}, "repeat": "once", "max_stops": 2},
            (
                "We tell you at once when the cheapest fare JFK or EWR to SFO for 27 February to 1 April 2013, at most"
                " 2 stops, is lower than on the last day. Once, and then the alert ends. Less than $1 is no change."
                " The alert ends after 1 April 2013."
            ),
        ),
        (
            {"condition": {"kind": "new_low", "days": 7}, "repeat": "each_low", "tell_now": False},
            (
                "We tell you at once when the cheapest fare JFK or EWR to SFO for 27 February to 1 April 2013 is lower"
                " than on any of the last 7 days. You hear each time. Less than $1 is no change. The alert ends after 1"
                " April 2013."
            ),
        ),
    ],
)
def test_the_whole_alert_in_a_sentence(more: dict[str, Any], expected: str) -> None:
    assert sentence(read(BODY | more, NOW)) == expected


@pytest.mark.parametrize(
    ("floor", "step"),
    [(None, "$5"), (Decimal("4.99"), "$5"), (Decimal(25), "$25"), (Decimal("7.5"), "$7.50")],
)
def test_the_sentence_names_the_step_that_counts(floor: Decimal | None, step: str) -> None:
    alert = read(BODY | {"min_step": "5"}, NOW)
    assert f"Less than {step} is no change." in sentence(alert, floor)
