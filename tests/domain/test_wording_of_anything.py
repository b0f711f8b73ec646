"""Messages for airports, codes and words that nobody thought of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import airportsdata
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import flight as flights
from app.domain import gsm, places
from app.domain.flight import Flight, Status
from app.domain.news import Kind, Role, differences
from app.domain.wording import FlightNews, compose
from tests.domain.news_examples import NOW, STEPS, UA407, news, words

_AIRPORTS = tuple(airportsdata.load("IATA"))
_LONGEST = max(_AIRPORTS, key=lambda code: len(places.city(code)))
_HARD = [c for c in _AIRPORTS if len(places.city(c)) > 24 or not places.city(c).isascii()]


def _hard_changes(origin: str, destination: str) -> list[tuple[Flight, Flight]]:
    far = replace(
        UA407, flight_number="UA4071", airline="SN", gate="C104", origin=origin, destination=destination
    )
    late = replace(
        far, status=Status.DELAYED, estimated_departure_date="2013-02-09", estimated_departure_time="02:13"
    )
    moved = replace(far, departure_date="2013-02-19", arrival_date="2013-02-20", gate="D101")
    return [
        (far, replace(late, gate="D101", status_reason="De-icing takes longer in the snow")),
        (far, replace(far, status=Status.DELAYED)),
        (far, replace(far, status=Status.CANCELLED)),
        (far, far.removed()),
        (replace(far, status=Status.CANCELLED), late),
        (far, moved),
        (far, replace(far, gate="D101", terminal="D")),
        (far, replace(far, status=Status.DIVERTED, diverted_to=_LONGEST)),
        (far, replace(far, status=Status.DEPARTED, estimated_departure_time="17:46")),
        (far, replace(far, status=Status.LANDED, belt="17", estimated_arrival_time="18:17")),
    ]


def test_an_sms_is_one_part_to_and_from_every_airport_with_a_long_or_foreign_name() -> None:
    two_days_before = NOW - timedelta(days=2)
    for code in _HARD:
        for heard, want in _hard_changes("EWR", code) + _hard_changes(code, "DEN"):
            sms = compose(news(heard, want, now=two_days_before)).sms
            assert gsm.septets(sms) <= gsm.ONE_PART, sms
            assert sms.startswith("Gatecall: UA 4071 to ")


def test_a_city_in_letters_outside_the_alphabet_is_transliterated_in_an_sms_alone() -> None:
    polish = replace(UA407, destination="LCJ")
    message = compose(news(polish, replace(polish, status=Status.CANCELLED)))
    assert message.subject == "UA 407 to Łódź today is cancelled"
    assert message.sms.startswith("Gatecall: UA 407 to Lodz, Fri 8 Feb 14:45 EST, is cancelled.")


_CODES = st.sampled_from(["C1", "Z104", "ABCDEFGHIJ", None])
_CLOCK = st.sampled_from(["00:00", "02:30", "14:45", "15:13", "23:59", None])
_DAY = st.sampled_from(["2013-02-08", "2013-02-09", "2013-03-10", "2014-02-08", None])
_PLACE = st.sampled_from(["EWR", "JFK", "LGA", "DXB", "LCJ", "VPS", _LONGEST])
_DOCUMENT = st.fixed_dictionaries(
    {
        "flight_number": st.sampled_from(["UA407", "9W1234A"]),
        "airline": st.sampled_from(["UA", "Q9", "北", None]),
        "origin": _PLACE,
        "destination": _PLACE,
        "departure_date": _DAY.filter(bool),
        "departure_time": _CLOCK.filter(bool),
        "arrival_date": _DAY,
        "arrival_time": _CLOCK,
        "estimated_departure_date": _DAY,
        "estimated_departure_time": _CLOCK,
        "estimated_arrival_date": _DAY,
        "estimated_arrival_time": _CLOCK,
        "status": st.sampled_from([s for s in Status if s is not Status.REMOVED]),
        "status_reason": st.sampled_from(["<b>snow</b>", "雪のため", "x" * 200, "Ünïcode ❄ ", None]),
        "gate": _CODES,
        "terminal": _CODES,
        "arrival_gate": _CODES,
        "arrival_terminal": _CODES,
        "belt": _CODES,
        "aircraft": _CODES,
        "diverted_to": st.one_of(st.none(), _PLACE),
    }
)
_FLIGHT = st.builds(
    lambda document, gone: flights.parse(document).removed() if gone else flights.parse(document),
    _DOCUMENT,
    st.sampled_from([False, False, False, True]),
)


@settings(max_examples=150, deadline=None)
@given(_FLIGHT, _FLIGHT, st.sampled_from(list(Role)), st.booleans(), st.booleans(), st.integers(-72, 72))
def test_any_two_states_of_a_flight_make_a_message(
    heard: Flight, want: Flight, role: Role, doubtful: bool, found_late: bool, hours: int
) -> None:
    kinds = differences(heard, want, STEPS)
    if not kinds and not doubtful:
        return
    now = NOW + timedelta(hours=hours)
    message = compose(
        FlightNews(heard, want, kinds, role, doubtful, found_late, NOW, now, "https://gatecall.example")
    )
    assert words(message).isprintable()
    assert "None" not in words(message) + message.sms
    assert message.subject
    assert len(message.subject) < 200
    # Codes of ten characters in every field do not fit into one part; no news is dropped for that.
    assert gsm.septets(message.sms) <= 2 * 153, message.sms


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=40),
    st.sampled_from(["status_reason", "gate", "terminal", "belt", "airline", "diverted_to"]),
)
def test_a_value_that_no_parser_has_seen_breaks_no_line(value: str, field: str) -> None:
    hostile = replace(UA407, status=Status.DELAYED, **{field: f"{value}\r\nBcc: a@b.example\u202e"})
    message = compose(news(UA407, hostile, kinds=tuple(Kind)[3:]))
    assert words(message).isprintable()
    assert gsm.septets(message.sms) > 0
