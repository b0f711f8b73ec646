"""What people read: the examples, and what is said around the news."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain import airport_day, gsm
from app.domain.flight import Flight, Status
from app.domain.news import Kind, Role, differences
from app.domain.preferences import KINDS, Group
from app.domain.wording import compose
from tests.domain.news_examples import LATE, NOW, STEPS, UA407, news, words
from tests.domain.wording_examples import (
    CANCELLED,
    DEPARTED,
    DIVERTED,
    EXAMPLES,
    FOLLOWER,
    LANDED,
    LINK,
    TOMORROW,
)


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
    elsewhere = {*airport_day.KINDS.values(), *KINDS[Group.NOTICE], *KINDS[Group.FARE]}
    assert told == set(Kind) - elsewhere


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
