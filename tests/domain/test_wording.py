"""What people read, by examples: one for each kind of news, and for the combinations that matter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import airportsdata
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import flight as flights
from app.domain import gsm, places
from app.domain.flight import Flight, Status
from app.domain.news import Kind, Role, differences
from app.domain.wording import FlightNews, Message, compose
from tests.domain.news_examples import LATE, NOW, STEPS, UA407, news

FOLLOWER = Role.FOLLOWER
CANCELLED = replace(UA407, status=Status.CANCELLED)
DEPARTED = replace(UA407, status=Status.DEPARTED)
LANDED = replace(UA407, status=Status.LANDED)
DIVERTED = replace(UA407, status=Status.DIVERTED)
TOMORROW = replace(UA407, departure_date="2013-02-09", arrival_date="2013-02-09")
NO_TIME = replace(UA407, status=Status.DELAYED)
LINK = "gatecall.example/f/UA407/2013-02-08"

# What it is of, heard, want, role; subject, opening, SMS.
EXAMPLES: list[tuple[str, Flight, Flight, Role, str, str, str]] = [
    (
        "a delay",
        UA407,
        LATE,
        Role.TRAVELLER,
        "UA 407 to Denver: 28 min late, leaves 15:13 EST",
        "UA 407 to Denver leaves 28 minutes late: 15:13 EST (was 14:45).",
        (
            "Gatecall: UA 407 to Denver leaves 15:13 EST, 28 min late (was 14:45). Gate C94."
            f" De-icing takes longer in the snow. {LINK}"
        ),
    ),
    (
        "a longer delay and a new gate",
        LATE,
        replace(LATE, estimated_departure_time="16:45", gate="C101", status_reason=None),
        Role.TRAVELLER,
        "UA 407 to Denver: 2 h late, leaves 16:45 EST",
        "UA 407 to Denver leaves 2 hours late: 16:45 EST (was 15:13).",
        f"Gatecall: UA 407 to Denver leaves 16:45 EST, 2 h late (was 15:13). Gate C101 (was C94). {LINK}",
    ),
    (
        "a delay into the next day",
        UA407,
        replace(LATE, estimated_departure_date="2013-02-09", estimated_departure_time="00:16"),
        Role.TRAVELLER,
        "UA 407 to Denver: 9 h 31 min late, leaves Sat 9 Feb, 00:16 EST",
        "UA 407 to Denver leaves 9 hours 31 minutes late: Sat 9 Feb, 00:16 EST (was Fri 8 Feb, 14:45).",
        (
            "Gatecall: UA 407 to Denver leaves Sat 9 Feb 00:16 EST, 9 h 31 min late (was Fri 8 Feb 14:45)."
            f" Gate C94. {LINK}"
        ),
    ),
    (
        "a delay without a time",
        UA407,
        NO_TIME,
        Role.TRAVELLER,
        "UA 407 to Denver is delayed, new time not yet known",
        "UA 407 to Denver is delayed. The new time is not yet known.",
        (
            "Gatecall: UA 407 to Denver, Fri 8 Feb 14:45 EST, is delayed. The new time is not yet known. Gate C94."
            f" {LINK}"
        ),
    ),
    (
        "a delay that gets its time",
        NO_TIME,
        replace(NO_TIME, estimated_departure_time="15:45"),
        Role.TRAVELLER,
        "UA 407 to Denver: 1 h late, leaves 15:45 EST",
        "UA 407 to Denver leaves 1 hour late: 15:45 EST.",
        f"Gatecall: UA 407 to Denver leaves 15:45 EST, 1 h late. Gate C94. {LINK}",
    ),
    (
        "a delay that shrinks",
        replace(LATE, estimated_departure_time="16:00"),
        replace(LATE, estimated_departure_time="15:05"),
        Role.TRAVELLER,
        "UA 407 to Denver leaves earlier: 15:05 EST, 20 min late",
        "UA 407 to Denver leaves 55 minutes earlier than last told: 15:05 EST, 20 minutes late (was 16:00).",
        f"Gatecall: UA 407 to Denver leaves 15:05 EST, 55 min earlier than last told. Gate C94. {LINK}",
    ),
    (
        "a delay that is over",
        LATE,
        UA407,
        Role.TRAVELLER,
        "UA 407 to Denver is on time again, leaves 14:45 EST",
        "UA 407 to Denver is on time again: it leaves 14:45 EST (was 15:13).",
        f"Gatecall: UA 407 to Denver leaves 14:45 EST, on time, 28 min earlier than last told. Gate C94. {LINK}",
    ),
    (
        "an early departure that moves back",
        replace(UA407, estimated_departure_time="14:15"),
        replace(UA407, estimated_departure_time="14:40"),
        Role.TRAVELLER,
        "UA 407 to Denver leaves later: 14:40 EST, 5 min early",
        "UA 407 to Denver leaves 25 minutes later than last told: 14:40 EST, 5 minutes early (was 14:15).",
        f"Gatecall: UA 407 to Denver leaves 14:40 EST, 5 min early (was 14:15). Gate C94. {LINK}",
    ),
    (
        "a cancellation",
        UA407,
        replace(CANCELLED, status_reason="winter storm"),
        Role.TRAVELLER,
        "UA 407 to Denver today is cancelled",
        "UA 407, Newark to Denver, Fri 8 Feb, 14:45 EST, is cancelled.",
        (
            "Gatecall: UA 407 to Denver, Fri 8 Feb 14:45 EST, is cancelled. Do not go to the airport."
            f" Ask United for another flight. {LINK}"
        ),
    ),
    (
        "a deleted flight",
        UA407,
        UA407.removed(),
        FOLLOWER,
        "UA 407 to Denver today is no longer in the schedule",
        "UA 407, Newark to Denver, Fri 8 Feb, 14:45 EST, is no longer in the schedule.",
        f"Gatecall: UA 407 to Denver, Fri 8 Feb 14:45 EST, is no longer in the schedule. {LINK}",
    ),
    (
        "a flight that comes back on the next day, from another gate",
        CANCELLED,
        replace(TOMORROW, gate="C98"),
        Role.TRAVELLER,
        "UA 407 to Denver flies after all: Sat 9 Feb, 14:45 EST",
        "UA 407 to Denver flies after all. It leaves Sat 9 Feb, 14:45 EST (was Fri 8 Feb, 14:45).",
        (
            "Gatecall: UA 407 to Denver flies after all. Sat 9 Feb 14:45 EST. Gate C98 (was C94)."
            " Disregard the cancellation. gatecall.example/f/UA407/2013-02-09"
        ),
    ),
    (
        "a deleted flight that comes back late",
        UA407.removed(),
        LATE,
        FOLLOWER,
        "UA 407 to Denver is back in the schedule: Fri 8 Feb, 15:13 EST",
        "UA 407 to Denver is back in the schedule. It leaves Fri 8 Feb, 15:13 EST, 28 minutes late (was 14:45).",
        (
            "Gatecall: UA 407 to Denver is back in the schedule. Fri 8 Feb 15:13 EST, 28 min late. Gate C94."
            f" {LINK}"
        ),
    ),
    (
        "another day",
        UA407,
        TOMORROW,
        Role.TRAVELLER,
        "UA 407 to Denver moved to Sat 9 Feb, 14:45 EST",
        "UA 407 to Denver moved to Sat 9 Feb, 14:45 EST (was Fri 8 Feb, 14:45).",
        (
            "Gatecall: UA 407 to Denver moved to Sat 9 Feb 14:45 EST (was Fri 8 Feb 14:45). Gate C94."
            " Cannot go? Ask United for a change. gatecall.example/f/UA407/2013-02-09"
        ),
    ),
    (
        "another time and another gate",
        UA407,
        replace(UA407, departure_time="16:00", arrival_time="18:20", gate="C99"),
        FOLLOWER,
        "UA 407 to Denver now leaves 16:00 EST, not 14:45",
        "UA 407 to Denver now leaves 16:00 EST (was 14:45).",
        f"Gatecall: UA 407 to Denver now leaves 16:00 EST (was 14:45). Gate C99 (was C94). {LINK}",
    ),
    (
        "another time, and late against it: the time people need comes first",
        UA407,
        replace(UA407, departure_time="16:00", estimated_departure_time="16:30"),
        FOLLOWER,
        "UA 407 to Denver now leaves 16:30 EST, not 14:45",
        "UA 407 to Denver now leaves 16:30 EST (was 14:45).",
        f"Gatecall: UA 407 to Denver now leaves 16:30 EST (was 14:45). Gate C94. {LINK}",
    ),
    (
        "a schedule that follows a delay already told",
        LATE,
        replace(UA407, departure_time="15:13"),
        FOLLOWER,
        "UA 407 to Denver is now scheduled for 15:13 EST, not 14:45",
        "UA 407 to Denver is now scheduled for 15:13 EST (was 14:45).",
        f"Gatecall: UA 407 to Denver is now scheduled for 15:13 EST (was 14:45). Gate C94. {LINK}",
    ),
    (
        "a new gate while boarding",
        UA407,
        replace(UA407, gate="C71", status=Status.BOARDING),
        Role.TRAVELLER,
        "UA 407 now leaves from gate C71, not C94",
        "New gate for UA 407 to Denver: C71 (was C94).",
        f"Gatecall: UA 407 to Denver has a new gate, C71 (was C94). Leaves 14:45 EST. Boarding now. {LINK}",
    ),
    (
        "a new gate in another terminal",
        UA407,
        replace(UA407, gate="B7", terminal="B"),
        Role.TRAVELLER,
        "UA 407 now leaves from gate B7, not C94",
        "New gate for UA 407 to Denver: B7 in terminal B (was C94 in terminal C).",
        f"Gatecall: UA 407 to Denver has a new gate, B7 in terminal B (was C94). Leaves 14:45 EST. {LINK}",
    ),
    (
        "a new terminal",
        UA407,
        replace(UA407, gate=None, terminal="B"),
        Role.TRAVELLER,
        "UA 407 now leaves from terminal B, not C",
        "UA 407 to Denver now leaves from terminal B (was C).",
        f"Gatecall: UA 407 to Denver has a new terminal, B (was C). Leaves 14:45 EST. {LINK}",
    ),
    (
        "boarding",
        UA407,
        replace(UA407, status=Status.BOARDING),
        Role.TRAVELLER,
        "UA 407 to Denver is boarding at gate C94",
        "UA 407 to Denver is boarding at gate C94.",
        f"Gatecall: UA 407 to Denver is boarding at gate C94. Leaves 14:45 EST. {LINK}",
    ),
    (
        "the gate closed",
        UA407,
        replace(UA407, status=Status.GATE_CLOSED),
        Role.TRAVELLER,
        "UA 407 to Denver: the gate has closed",
        "Gate C94 of UA 407 to Denver has closed.",
        f"Gatecall: UA 407 to Denver: gate C94 has closed. Leaves 14:45 EST. {LINK}",
    ),
    (
        "a departure at a known time",
        UA407,
        replace(DEPARTED, estimated_departure_time="15:13"),
        FOLLOWER,
        "UA 407 to Denver left Newark at 15:13 EST, 28 minutes late",
        "UA 407 to Denver left Newark at 15:13 EST, 28 minutes late.",
        f"Gatecall: UA 407 to Denver left Newark at 15:13 EST, 28 min late. Lands Fri 8 Feb 17:33 MST. {LINK}",
    ),
    (
        "a departure at a time nobody gave",
        UA407,
        DEPARTED,
        FOLLOWER,
        "UA 407 to Denver has left Newark",
        "UA 407 to Denver has left Newark.",
        f"Gatecall: UA 407 to Denver has left Newark. Lands Fri 8 Feb 17:05 MST. {LINK}",
    ),
    (
        "a landing, and the belt",
        DEPARTED,
        replace(LANDED, belt="7", arrival_gate="B22", estimated_arrival_time="18:17"),
        FOLLOWER,
        "UA 407 landed in Denver at 18:17 MST",
        "UA 407 landed in Denver at 18:17 MST.",
        f"Gatecall: UA 407 to Denver landed at 18:17 MST. Gate B22. Bags: belt 7. {LINK}",
    ),
    (
        "an arrival",
        LANDED,
        replace(UA407, status=Status.ARRIVED),
        FOLLOWER,
        "UA 407 has arrived in Denver",
        "UA 407 has arrived in Denver.",
        f"Gatecall: UA 407 to Denver has arrived. {LINK}",
    ),
    (
        "a landing after a diversion: where is not in the data",
        replace(DIVERTED, diverted_to="CYS"),
        replace(LANDED, diverted_to="CYS"),
        FOLLOWER,
        "UA 407 to Denver, diverted to Cheyenne (CYS), has landed",
        "UA 407 to Denver, diverted to Cheyenne (CYS), has landed.",
        f"Gatecall: UA 407 to Denver, diverted to Cheyenne, has landed. {LINK}",
    ),
    (
        "a first belt",
        LANDED,
        replace(LANDED, belt="5"),
        Role.TRAVELLER,
        "UA 407 from Newark: bags at belt 5",
        "Bags of UA 407 from Newark come out at belt 5.",
        f"Gatecall: UA 407 to Denver: bags come out at belt 5. {LINK}",
    ),
    (
        "another belt",
        replace(LANDED, belt="5"),
        replace(LANDED, belt="7"),
        Role.TRAVELLER,
        "UA 407 from Newark: bags now at belt 7",
        "Bags of UA 407 from Newark now come out at belt 7 (was 5).",
        f"Gatecall: UA 407 to Denver: bags come out at belt 7 (was 5). {LINK}",
    ),
    (
        "a diversion to a place not yet known",
        DEPARTED,
        DIVERTED,
        FOLLOWER,
        "UA 407 to Denver lands elsewhere",
        "UA 407 to Denver lands elsewhere. Where and when is not yet known.",
        (
            "Gatecall: UA 407 to Denver lands elsewhere. Where and when is not yet known; we tell you as soon as it is."
            f" {LINK}"
        ),
    ),
    (
        "the place of a diversion",
        DIVERTED,
        replace(DIVERTED, diverted_to="CYS"),
        FOLLOWER,
        "UA 407 to Denver lands in Cheyenne (CYS)",
        "UA 407 to Denver lands in Cheyenne (CYS), not in Denver. When is not yet known.",
        f"Gatecall: UA 407 to Denver lands in Cheyenne (CYS) instead. When is not yet known. {LINK}",
    ),
    (
        "a return",
        DEPARTED,
        replace(DIVERTED, diverted_to="EWR"),
        FOLLOWER,
        "UA 407 to Denver returns to Newark",
        "UA 407 to Denver returns to Newark. When it lands is not yet known.",
        f"Gatecall: UA 407 to Denver returns to Newark. When it lands is not yet known. {LINK}",
    ),
    (
        "a diversion within a city",
        replace(DEPARTED, origin="ORD", destination="LGA"),
        replace(DIVERTED, origin="ORD", destination="LGA", diverted_to="JFK"),
        FOLLOWER,
        "UA 407 to New York lands in New York (JFK)",
        "UA 407 to New York lands in New York (JFK), not in New York (LGA). When is not yet known.",
        f"Gatecall: UA 407 to New York lands in New York (JFK) instead. When is not yet known. {LINK}",
    ),
    (
        "a change of aircraft",
        replace(UA407, aircraft="N123UA"),
        replace(UA407, aircraft="N456UA"),
        Role.TRAVELLER,
        "UA 407 to Denver: another aircraft, N456UA",
        "UA 407 to Denver flies with aircraft N456UA (was N123UA).",
        (
            "Gatecall: UA 407 to Denver flies with aircraft N456UA (was N123UA). Look at your seat again."
            f" {LINK}"
        ),
    ),
]


@pytest.mark.parametrize(
    ("heard", "want", "role", "subject", "opening", "sms"),
    [row[1:] for row in EXAMPLES],
    ids=[r[0] for r in EXAMPLES],
)
def test_the_news_is_said(
    heard: Flight, want: Flight, role: Role, subject: str, opening: str, sms: str
) -> None:
    message = compose(news(heard, want, role))
    assert message.subject == subject
    assert message.opening == opening
    assert message.sms == sms
    assert gsm.septets(sms) <= gsm.ONE_PART


def test_every_kind_has_an_example() -> None:
    told = {kind for _, heard, want, *_ in EXAMPLES for kind in differences(heard, want, STEPS)}
    assert told == set(Kind)


def test_further_news_follow_in_a_sentence_each() -> None:
    want = replace(LATE, gate="C101", terminal="D", aircraft="N2", status=Status.BOARDING)
    message = compose(news(replace(UA407, aircraft="N1"), want))
    assert message.more == (
        "New gate: C101 (was C94).",
        "New terminal: D (was C).",
        "Boarding has begun.",
        "It flies with aircraft N2 (was N1).",
    )
    assert message.advice[-1] == "Go to gate C101 now."


def test_facts_say_how_the_flight_stands_with_both_local_times() -> None:
    assert compose(news(UA407, LATE)).facts == (
        ("Leaves", "Fri 8 Feb, 15:13 EST, 28 minutes late, Newark (EWR)"),
        ("Gate", "C94, terminal C, unchanged"),
        ("Arrives", "Fri 8 Feb, 17:33 MST (was 17:05), Denver (DEN)"),
    )


def test_a_zone_without_letters_is_written_as_utc_and_the_next_day_is_named() -> None:
    late = replace(
        UA407, destination="DXB", departure_time="23:00", arrival_time="19:40", arrival_date="2013-02-09"
    )
    message = compose(news(late, replace(late, gate="C71")))
    assert ("Arrives", "Sat 9 Feb, 19:40 UTC+4 (+1 day), Dubai (DXB)") in message.facts
    assert not message.sms.startswith("Gatecall: UA 407 to DXB")


def test_what_is_not_known_is_not_guessed() -> None:
    bare = replace(UA407, arrival_date=None, arrival_time=None, gate=None, terminal=None)
    assert compose(news(bare, replace(bare, status=Status.DELAYED))).facts == (
        ("Leaves", "Not yet known, planned Fri 8 Feb, 14:45 EST, Newark (EWR)"),
        ("Gate", "Not yet known"),
        ("Arrives", "Not yet known, Denver (DEN)"),
    )
    assert compose(news(DEPARTED, LANDED, FOLLOWER)).facts == (
        ("Planned departure", "Fri 8 Feb, 14:45 EST, Newark (EWR)"),
        ("Planned arrival", "Fri 8 Feb, 17:05 MST, Denver (DEN)"),
    )
    assert compose(news(DEPARTED, replace(DIVERTED, diverted_to="CYS"))).facts == (
        ("Destination", "Denver (DEN)"),
        ("Lands in", "Cheyenne (CYS), time not yet known"),
    )


@pytest.mark.parametrize(
    ("days", "words"),
    [(0, "today"), (1, "tomorrow"), (2, "on Sun 10 Feb"), (-1, "on Thu 7 Feb"), (365, "on Sat 8 Feb 2014")],
)
def test_a_day_is_named_as_people_name_it(days: int, words: str) -> None:
    day = (NOW + timedelta(days=days)).date().isoformat()
    far = replace(UA407, departure_date=day, arrival_date=None)
    message = compose(news(far, replace(far, status=Status.CANCELLED)))
    assert message.subject == f"UA 407 to Denver {words} is cancelled"


def test_today_is_the_day_at_the_origin_not_in_utc() -> None:
    evening = replace(UA407, departure_time="23:50")
    message = compose(news(evening, replace(evening, gate="C71"), now=datetime(2013, 2, 9, 3, 0, tzinfo=UTC)))
    assert message.subject == "UA 407 now leaves from gate C71, not C94"


def test_a_gate_of_another_day_names_the_day() -> None:
    message = compose(news(UA407, replace(UA407, gate="C71"), now=NOW - timedelta(hours=22)))
    assert message.subject == "UA 407 tomorrow leaves from gate C71, not C94"


def test_the_night_summer_time_begins_both_zones_are_named() -> None:
    night = replace(
        UA407, departure_date="2013-03-10", departure_time="01:30", arrival_date=None, arrival_time=None
    )
    message = compose(
        news(
            night,
            replace(night, status=Status.DELAYED, estimated_departure_time="03:10"),
            now=datetime(2013, 3, 10, 5, 30, tzinfo=UTC),
        )
    )
    assert message.opening == "UA 407 to Denver leaves 40 minutes late: 03:10 EDT (was 01:30 EST)."


def test_the_reason_is_a_sentence_of_its_own() -> None:
    assert compose(news(UA407, LATE)).highlight.note == "De-icing takes longer in the snow."
    assert (
        compose(news(UA407, replace(CANCELLED, status_reason="winter storm!"))).highlight.note
        == "Winter storm!"
    )


def test_an_old_reason_does_not_explain_other_news() -> None:
    stormy = replace(CANCELLED, status_reason="Winter storm")
    assert compose(news(stormy, replace(UA407, status_reason="Winter storm"))).highlight.note is None
    blocked = replace(UA407, gate="C71", status_reason="Jet bridge out of order")
    assert compose(news(UA407, blocked)).highlight.note == "Jet bridge out of order."


def test_who_may_have_heard_another_value_is_told_how_it_is_now() -> None:
    message = compose(news(UA407, replace(LATE, gate="C101"), doubtful=True))
    assert message.opening == "UA 407 to Denver now leaves 28 minutes late: 15:13 EST."
    assert message.more == (
        "Gate now: C101.",
        "This is how things stand now; an earlier message may have said otherwise.",
    )
    assert message.highlight.old is None
    assert "was" not in f"{words(message)} {message.sms}".replace("Was to", "")


def test_a_doubt_about_a_change_that_was_undone_is_answered_with_how_it_is() -> None:
    message = compose(news(UA407, UA407, doubtful=True))
    assert message.subject == "UA 407 to Denver now leaves 14:45 EST, on time"
    assert ("Gate", "C94, terminal C") in message.facts
    assert message.sms == f"Gatecall: UA 407 to Denver now leaves 14:45 EST, on time. Gate C94. {LINK}"


@pytest.mark.parametrize("status", list(Status))
def test_a_doubt_is_answered_whatever_the_status(status: Status) -> None:
    same = replace(UA407, status=status)
    message = compose(news(same, same, doubtful=True))
    assert message.subject.startswith("UA 407 ")
    assert message.highlight.old is None


def test_what_was_found_late_says_so() -> None:
    message = compose(news(UA407, CANCELLED, found_late=True))
    assert "We found this change late." in message.more
    assert message.footer[1] == "Found at 14:41 EST, sent at 14:42 EST."


def test_the_footer_says_why_when_and_who_decides() -> None:
    assert compose(news(UA407, LATE)).footer == (
        "You get this because you hold a booking on UA 407.",
        "Changed by the airline at 14:41 EST, sent at 14:42 EST.",
        "Times are local to the airport. The airline decides; Gatecall passes on what it says.",
    )
    held = compose(news(UA407, LATE, FOLLOWER, changed_at=NOW - timedelta(hours=20)))
    assert held.footer[:2] == (
        "You get this because you follow UA 407.",
        "Changed by the airline at Thu 7 Feb, 18:42 EST, sent at 14:42 EST.",
    )


def test_followers_are_not_sent_to_the_gate() -> None:
    for want in (LATE, CANCELLED, replace(UA407, gate="C71"), TOMORROW, UA407.removed()):
        assert compose(news(UA407, want, FOLLOWER)).advice == ()
        assert compose(news(UA407, want)).advice


def test_an_airline_without_a_known_name_is_called_the_airline() -> None:
    message = compose(news(replace(UA407, airline="Q9"), replace(CANCELLED, airline="Q9")))
    assert message.advice[1] == "Ask the airline for another flight, or for your money back."


def test_all_travellers_of_a_flight_share_one_message() -> None:
    first = compose(news(UA407, LATE))
    assert compose(news(UA407, LATE, now=NOW + timedelta(seconds=5))) is first


def words(message: Message) -> str:
    """Everything an e-mail says."""
    return " ".join(
        [
            message.subject,
            message.headline,
            message.preheader,
            message.opening,
            message.highlight.label,
            message.highlight.old or "",
            message.highlight.new,
            message.highlight.note or "",
            *message.more,
            *(part for row in message.facts for part in row),
            *message.advice,
            *message.footer,
        ]
    )


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
