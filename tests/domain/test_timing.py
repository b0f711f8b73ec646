"""When a message may go: quiet hours over midnight and over clock changes, digests, pauses, what is urgent."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.news import Kind
from app.domain.preferences import Digest, Every, Preferences, QuietHours
from app.domain.timing import (
    Hold,
    News,
    Reason,
    held,
    is_urgent,
    local_day,
    next_digest,
    over_maximum,
    quiet_until,
    zone_of,
)

HOUR = timedelta(hours=1)
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
ZONES = [
    BERLIN,
    NEW_YORK,
    ZoneInfo("Pacific/Auckland"),
    ZoneInfo("Australia/Lord_Howe"),
    ZoneInfo("Asia/Kathmandu"),
]
NIGHT = QuietHours(time(22), time(7))

# The days around each change of the clocks in 2026 and 2027, and some others.
CHANGES = [
    "2026-03-08",
    "2026-03-29",
    "2026-04-05",
    "2026-09-27",
    "2026-10-04",
    "2026-10-25",
    "2026-11-01",
    "2027-01-15",
]
moments = st.builds(
    lambda day, minutes: datetime.fromisoformat(f"{day}T00:00:00+00:00") + timedelta(minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(-2 * 1440, 2 * 1440),
)
clocks = st.builds(time, st.integers(0, 23), st.integers(0, 59)) | st.builds(
    time, st.integers(1, 3), st.sampled_from([0, 30])
)
zones = st.sampled_from(ZONES)


def local(text: str, zone: ZoneInfo, fold: int = 0) -> datetime:
    """The moment at which clocks in the zone show this."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def news(leaves: datetime, *kinds: Kind) -> News:
    return News(kinds or (Kind.GATE,), leaves, leaves)


def test_news_of_a_flight_that_may_leave_at_any_time_is_urgent() -> None:
    leaves = local("2026-12-01T22:30", BERLIN)
    waiting, chosen = News((Kind.GATE,), leaves, leaves + 12 * HOUR), Preferences(quiet=NIGHT)
    assert held(chosen, waiting, BERLIN, leaves + HOUR) is None
    assert held(chosen, news(leaves), BERLIN, leaves + HOUR) is not None
    unhurried = Preferences(quiet=NIGHT, urgent_h=0)
    assert held(unhurried, waiting, BERLIN, leaves + HOUR) is not None


def test_the_night_is_quiet_until_the_morning() -> None:
    morning = local("2026-12-02T07:00", BERLIN)
    assert quiet_until(NIGHT, BERLIN, local("2026-12-01T22:00", BERLIN)) == morning
    assert quiet_until(NIGHT, BERLIN, local("2026-12-02T06:59", BERLIN)) == morning
    assert quiet_until(NIGHT, BERLIN, morning) is None
    assert quiet_until(NIGHT, BERLIN, local("2026-12-01T21:59", BERLIN)) is None


def test_a_quiet_noon_ends_the_same_day() -> None:
    noon = QuietHours(time(12), time(14))
    assert quiet_until(noon, BERLIN, local("2026-12-01T13:00", BERLIN)) == local("2026-12-01T14:00", BERLIN)
    assert quiet_until(noon, BERLIN, local("2026-12-01T03:00", BERLIN)) is None


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, "2026-03-28", 8),
        (BERLIN, "2026-10-24", 10),
        (NEW_YORK, "2026-03-07", 8),
        (NEW_YORK, "2026-10-31", 10),
        (ZoneInfo("Pacific/Auckland"), "2026-04-04", 10),
        (ZoneInfo("Pacific/Auckland"), "2026-09-26", 8),
        (ZoneInfo("Australia/Lord_Howe"), "2026-04-04", 9.5),
        (ZoneInfo("Australia/Lord_Howe"), "2026-10-03", 8.5),
    ],
)
def test_a_night_with_a_clock_change_ends_at_seven_by_the_clock(
    zone: ZoneInfo, day: str, hours: float
) -> None:
    ten = local(f"{day}T22:00", zone)
    assert quiet_until(NIGHT, zone, ten) == ten + hours * HOUR


def test_an_end_that_does_not_exist_is_the_moment_when_clocks_are_put_past_it() -> None:
    quiet = QuietHours(time(22), time(2, 30))
    assert quiet_until(quiet, BERLIN, local("2026-03-29T01:59", BERLIN)) == datetime(
        2026, 3, 29, 1, tzinfo=UTC
    )
    howe = ZoneInfo("Australia/Lord_Howe")  # from 02:00 to 02:30
    short = QuietHours(time(22), time(2, 15))
    assert quiet_until(short, howe, local("2026-10-04T01:00", howe)) == local("2026-10-04T02:30", howe)


def test_an_end_that_comes_twice_is_the_second() -> None:
    quiet = QuietHours(time(22), time(2, 30))
    second = local("2026-10-25T02:30", BERLIN, fold=1)
    assert quiet_until(quiet, BERLIN, local("2026-10-25T02:45", BERLIN, fold=0)) == second
    assert quiet_until(quiet, BERLIN, second) is None


def test_a_beginning_that_comes_twice_is_the_first() -> None:
    quiet = QuietHours(time(2, 30), time(7))
    between = local("2026-10-25T02:10", BERLIN, fold=1)
    assert quiet_until(quiet, BERLIN, between) == local("2026-10-25T07:00", BERLIN)


@given(moments, zones, clocks, clocks)
def test_what_is_held_is_free_at_its_time_and_not_before(
    now: datetime, zone: ZoneInfo, start: time, end: time
) -> None:
    if start == end:
        return
    quiet = QuietHours(start, end)
    until = quiet_until(quiet, zone, now)
    if until is None:
        there = now.astimezone(zone).time()
        ambiguous = now.astimezone(zone).utcoffset() != (now - HOUR).astimezone(zone).utcoffset()
        inside = start <= there < end if start < end else there >= start or there < end
        assert not inside or ambiguous
        return
    assert now < until <= now + 50 * HOUR
    assert quiet_until(quiet, zone, until) is None
    assert quiet_until(quiet, zone, until - timedelta(seconds=1)) == until
    shown = until.astimezone(zone).time()
    assert (
        shown == end
        or (until - timedelta(seconds=1)).astimezone(zone).utcoffset() != until.astimezone(zone).utcoffset()
    )


@given(moments, zones, clocks, st.sampled_from(Every), st.integers(1, 7))
def test_the_next_digest_is_the_first_after_now(
    now: datetime, zone: ZoneInfo, at: time, every: Every, weekday: int
) -> None:
    choice = Preferences(digest=Digest(every, at, weekday))
    slot = next_digest(choice, zone, now)
    assert now < slot <= now + timedelta(days=1 if every is Every.DAILY else 7, hours=1)
    assert every is Every.DAILY or slot.astimezone(zone).isoweekday() == weekday
    assert next_digest(choice, zone, slot - timedelta(seconds=1)) == slot
    assert next_digest(choice, zone, slot) > slot


@given(moments, zones, st.integers(0, 48))
def test_whatever_was_saved_in_one_day_has_one_digest(now: datetime, zone: ZoneInfo, hours: int) -> None:
    choice = Preferences(digest=Digest(Every.DAILY, time(20)))
    slot = next_digest(choice, zone, now)
    later = now + hours * HOUR
    assert (next_digest(choice, zone, later) == slot) == (later < slot)


def test_weekly_digests_come_on_their_day() -> None:
    sundays = Preferences(digest=Digest(Every.WEEKLY, time(8), 7))
    assert next_digest(sundays, BERLIN, local("2026-12-01T12:00", BERLIN)) == local(
        "2026-12-06T08:00", BERLIN
    )
    assert next_digest(sundays, BERLIN, local("2026-12-06T08:00", BERLIN)) == local(
        "2026-12-13T08:00", BERLIN
    )


NOW = local("2026-12-01T23:00", BERLIN)
FAR = NOW + 40 * HOUR
SLEEPS = Preferences(quiet=NIGHT)


def test_nothing_chosen_holds_nothing() -> None:
    assert held(Preferences(), news(FAR), BERLIN, NOW) is None


def test_quiet_hours_hold_and_name_their_end() -> None:
    assert held(SLEEPS, news(FAR), BERLIN, NOW) == Hold(Reason.QUIET_HOURS, local("2026-12-02T07:00", BERLIN))


@pytest.mark.parametrize("kind", [Kind.CANCELLED, Kind.REINSTATED, Kind.DIVERTED])
def test_what_is_urgent_passes(kind: Kind) -> None:
    every = Preferences(quiet=NIGHT, paused_until=FAR, digest=Digest(Every.DAILY))
    assert held(every, news(FAR, Kind.GATE, kind), BERLIN, NOW) is None


def test_departure_within_three_hours_passes_and_after_departure_does_not() -> None:
    assert held(SLEEPS, news(NOW + 3 * HOUR), BERLIN, NOW) is None
    assert held(SLEEPS, news(NOW + 3 * HOUR + timedelta(seconds=1)), BERLIN, NOW) is not None
    assert held(SLEEPS, news(NOW - HOUR, Kind.LANDED), BERLIN, NOW) is not None


def test_nothing_passes_for_who_wants_no_exception() -> None:
    strict = Preferences(quiet=NIGHT, urgent_passes=False)
    assert held(strict, news(NOW + HOUR, Kind.CANCELLED), BERLIN, NOW) == Hold(
        Reason.QUIET_HOURS, local("2026-12-02T07:00", BERLIN)
    )


def test_what_waits_is_free_when_departure_has_come_near() -> None:
    leaves = local("2026-12-02T09:00", BERLIN)
    assert held(SLEEPS, news(leaves), BERLIN, NOW) == Hold(Reason.QUIET_HOURS, leaves - 3 * HOUR)
    weekly = Preferences(digest=Digest(Every.WEEKLY, time(20), 7))
    assert held(weekly, news(leaves), BERLIN, NOW) == Hold(Reason.DIGEST, leaves - 3 * HOUR)
    assert held(weekly, news(leaves), BERLIN, leaves - 3 * HOUR) is None


def test_no_exception_from_quiet_hours_is_none_for_digests() -> None:
    strict = Preferences(quiet=NIGHT, digest=Digest(Every.DAILY, time(20)), urgent_passes=False)
    now, leaves = local("2026-12-02T10:00", BERLIN), local("2026-12-02T16:00", BERLIN)
    assert held(strict, news(leaves), BERLIN, now) == Hold(Reason.DIGEST, leaves - 3 * HOUR)
    assert held(strict, news(leaves), BERLIN, leaves - 3 * HOUR) is None
    over = over_maximum(strict, news(leaves), BERLIN, now, tomorrow=False)
    assert over == Hold(Reason.DAILY_MAXIMUM, leaves - 3 * HOUR)
    early = local("2026-12-02T08:00", BERLIN)
    night_alone = Preferences(quiet=NIGHT, urgent_passes=False)
    until = local("2026-12-02T07:00", BERLIN)
    assert held(night_alone, news(early), BERLIN, NOW) == Hold(Reason.QUIET_HOURS, until)


def test_no_urgent_hours_leave_cancellations_alone_urgent() -> None:
    choice = Preferences(quiet=NIGHT, urgent_h=0)
    leaves = NOW + HOUR
    assert held(choice, news(leaves), BERLIN, NOW) == Hold(
        Reason.QUIET_HOURS, local("2026-12-02T07:00", BERLIN)
    )
    assert not is_urgent(choice, news(NOW), NOW)
    assert is_urgent(choice, news(FAR, Kind.CANCELLED), NOW)


def test_a_pause_comes_before_all_and_then_the_rest_holds() -> None:
    until = NOW + 5 * HOUR
    choice = Preferences(quiet=NIGHT, paused_until=until)
    assert held(choice, news(FAR), BERLIN, NOW) == Hold(Reason.PAUSED, until)
    assert held(choice, news(FAR), BERLIN, until) == Hold(
        Reason.QUIET_HOURS, local("2026-12-02T07:00", BERLIN)
    )


def test_a_digest_folds_what_is_not_urgent() -> None:
    choice = Preferences(quiet=NIGHT, digest=Digest(Every.DAILY, time(8)))
    assert held(choice, news(FAR), BERLIN, NOW) == Hold(
        Reason.DIGEST, local("2026-12-02T08:00", BERLIN), folds=True
    )


def test_a_digest_goes_at_its_hour_and_waits_for_the_morning_when_it_is_late() -> None:
    choice = Preferences(quiet=NIGHT, digest=Digest(Every.DAILY, time(20)))
    assert held(choice, news(FAR), BERLIN, local("2026-12-01T20:00", BERLIN), its_digest=True) is None
    assert held(choice, news(FAR), BERLIN, NOW, its_digest=True) == Hold(
        Reason.QUIET_HOURS, local("2026-12-02T07:00", BERLIN), folds=True
    )


def test_a_digest_that_was_chosen_for_the_night_comes_in_the_night() -> None:
    choice = Preferences(quiet=NIGHT, digest=Digest(Every.DAILY, time(23)))
    assert held(choice, news(FAR), BERLIN, NOW, its_digest=True) is None


def test_an_unknown_zone_is_that_of_the_airport() -> None:
    assert zone_of("Europe/Berlin", "EWR").key == "Europe/Berlin"
    for wrong in (None, "", "Mars/Base", "../etc/passwd", "Europe", "\0"):
        assert zone_of(wrong, "EWR").key == "America/New_York"
    assert zone_of(None, "???").key == "UTC"


def test_the_day_is_the_persons_own() -> None:
    assert local_day(ZoneInfo("Pacific/Auckland"), datetime(2026, 12, 1, 12, tzinfo=UTC)) == "2026-12-02"
