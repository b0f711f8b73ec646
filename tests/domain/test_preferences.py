"""Choices: lenient with what is stored, strict with what is sent."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels import registry
from app.domain.news import TOLD_BY_DEFAULT, Kind, Role, Rules, Steps
from app.domain.preferences import (
    CHANNELS,
    DEFAULTS,
    KINDS,
    Digest,
    Every,
    Group,
    Preferences,
    PreferencesError,
    QuietHours,
    parse,
    read,
    rules,
)
from app.domain.routing import Rank, Routing

MIN = timedelta(minutes=1)
BASE = Rules(Steps(15 * MIN, 10 * MIN), timedelta(hours=24))
FULL: dict[str, Any] = {
    "channels": {"email": {"gate": False}, "sms": {"progress": True}},
    "delay_min": 5,
    "gate_h": 168,
    "fare_change": "12.50",
    "quiet": {"from": "22:00", "until": "07:00"},
    "urgent_passes": False,
    "urgent_h": 0,
    "digest": {"every": "weekly", "at": "08:15", "weekday": 7},
    "daily_max": 100,
    "routing": {
        "steps": [
            {"channel": "telegram", "minutes": 5},
            {"channel": "sms", "minutes": 240},
            {"channel": "email"},
        ],
        "news": ["cancelled", "notice"],
    },
    "paused_until": datetime(2026, 12, 1, 8, tzinfo=UTC),
    "stopped": ["bookings", "followings"],
}

times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
minutes = st.lists(st.integers(1, 240), min_size=len(CHANNELS), max_size=len(CHANNELS))
news = st.frozensets(st.sampled_from(list(Group)).map(str), min_size=1)


def ordered(channels: list[str], count: int, minutes: list[int], news: frozenset[str]) -> Routing:
    ranks = [Rank(*one) for one in zip(channels, minutes, strict=True)][:count]
    return Routing((*ranks[:-1], Rank(ranks[-1].channel)), news)


chosen = st.builds(
    Preferences,
    channels=st.dictionaries(
        st.sampled_from(CHANNELS), st.dictionaries(st.sampled_from(list(Group)), st.booleans(), min_size=1)
    ),
    delay_min=st.none() | st.integers(5, 1440),
    gate_h=st.none() | st.integers(1, 168),
    fare_change=st.none() | st.decimals("0.001", 9999999, places=3),
    quiet=st.none() | st.tuples(times, times).filter(lambda t: t[0] != t[1]).map(lambda t: QuietHours(*t)),
    urgent_passes=st.booleans(),
    urgent_h=st.integers(0, 48),
    digest=st.none() | st.builds(Digest, st.sampled_from(Every), times, st.integers(1, 7)),
    daily_max=st.none() | st.integers(1, 100),
    routing=st.none()
    | st.builds(ordered, st.permutations(CHANNELS), st.integers(2, len(CHANNELS)), minutes, news),
    paused_until=st.none()
    | st.integers(0, 200 * 365 * 24).map(lambda h: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(hours=h)),
    stopped=st.frozensets(st.sampled_from(["bookings", "followings"])),
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.datetimes()
    | st.sampled_from(["22:00", "daily", "email", "bookings"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=5) | st.sampled_from(["email", "gate", "from", "until", "every"]), inner
        )
    ),
    max_leaves=8,
)


def faults(document: Any) -> dict[str, str]:
    with pytest.raises(PreferencesError) as caught:
        read(document)
    return dict(caught.value.faults)


def test_every_field_is_read_and_written_as_it_was() -> None:
    preferences = read(FULL)
    assert preferences.quiet == QuietHours(time(22), time(7))
    assert preferences.digest == Digest(Every.WEEKLY, time(8, 15), 7)
    assert preferences.fare_change == Decimal("12.50")
    assert preferences.to_document() == FULL


@given(chosen)
def test_what_is_written_reads_the_same_strictly_and_leniently(preferences: Preferences) -> None:
    document = preferences.to_document()
    assert read(document) == preferences
    assert parse(document) == preferences


def test_nothing_chosen_is_an_empty_document() -> None:
    assert DEFAULTS.to_document() == {}
    assert read({}) == parse(None) == parse({}) == DEFAULTS
    assert read({"delay_min": None, "quiet": None, "digest": {"every": "none"}}) == DEFAULTS


@given(anything, st.dictionaries(st.sampled_from(list(FULL)), anything))
def test_no_stored_document_stops_a_message(garbage: Any, fields: dict[str, Any]) -> None:
    parse(garbage)
    rules(parse(fields), "email", BASE)


@given(anything, st.dictionaries(st.sampled_from([*FULL, "pause"]), anything))
def test_what_is_sent_is_read_or_refused_by_field(garbage: Any, fields: dict[str, Any]) -> None:
    for document in (garbage, fields):
        try:
            found = read(document)
        except PreferencesError as error:
            named = error.faults
        else:
            named = [("none", "")]
            assert read(found.to_document()) == found
        assert named


def test_one_wrong_field_in_the_database_leaves_the_others() -> None:
    stored = FULL | {"quiet": {"from": "late"}, "daily_max": 0}
    found = parse(stored)
    assert (found.quiet, found.daily_max) == (None, None)
    assert (found.delay_min, found.urgent_h, found.urgent_passes) == (5, 0, False)


def test_a_wrong_group_in_the_database_leaves_the_other_groups() -> None:
    found = parse({"channels": {"email": {"gates": True, "gate": False}, "fax": {"gate": True}}})
    assert found.channels == {"email": {Group.GATE: False}}


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("delay_min", 4, "delay_min"),
        ("delay_min", 5.5, "delay_min"),
        ("delay_min", True, "delay_min"),
        ("delay_min", "15", "delay_min"),
        ("delay_min", float("nan"), "delay_min"),
        ("gate_h", 0, "gate_h"),
        ("gate_h", 169, "gate_h"),
        ("urgent_h", -1, "urgent_h"),
        ("urgent_h", 49, "urgent_h"),
        ("daily_max", 0, "daily_max"),
        ("daily_max", 101, "daily_max"),
        ("fare_change", "0.00", "fare_change"),
        ("fare_change", "-1", "fare_change"),
        ("fare_change", "1e3", "fare_change"),
        ("fare_change", 12.5, "fare_change"),
        ("quiet", "22:00-07:00", "quiet"),
        ("quiet", {"from": "24:00", "until": "07:00"}, "quiet.from"),
        ("quiet", {"from": "22:00"}, "quiet.until"),
        ("quiet", {"from": "22:00", "until": "22:00"}, "quiet"),
        ("quiet", {"from": "22:00", "until": "07:00", "zone": "UTC"}, "quiet.zone"),
        ("urgent_passes", 1, "urgent_passes"),
        ("digest", {"every": "hourly"}, "digest.every"),
        ("digest", {"every": "daily", "at": "8"}, "digest.at"),
        ("digest", {"every": "weekly", "weekday": 8}, "digest.weekday"),
        ("digest", {"every": "weekly", "weekday": 0}, "digest.weekday"),
        ("digest", {"every": "weekly", "weekday": True}, "digest.weekday"),
        ("paused_until", "2026-12-01T08:00:00", "paused_until"),
        ("paused_until", "tomorrow", "paused_until"),
        ("paused_until", "9999-12-31T23:59:59-10:00", "paused_until"),
        ("stopped", ["sms"], "stopped"),
        ("routing", "email", "routing"),
        ("routing", {}, "routing.steps"),
        ("routing", {"steps": [{"channel": "email"}]}, "routing.steps"),
        ("routing", {"steps": [{"channel": "email"}, 7]}, "routing.steps.1"),
        ("routing", {"steps": [{"channel": "email"}, {"channel": "fax"}]}, "routing.steps.1.channel"),
        ("routing", {"steps": [{"channel": "sms"}, {"channel": "sms"}]}, "routing.steps.1.channel"),
        (
            "routing",
            {"steps": [{"channel": "sms", "minutes": 0}, {"channel": "email"}]},
            "routing.steps.0.minutes",
        ),
        (
            "routing",
            {"steps": [{"channel": "sms", "after": 3}, {"channel": "email"}]},
            "routing.steps.0.after",
        ),
        ("routing", {"steps": [{"channel": "sms"}, {"channel": "email"}], "news": []}, "routing.news"),
        ("routing", {"steps": [{"channel": "sms"}, {"channel": "email"}], "news": ["all"]}, "routing.news"),
        ("routing", {"steps": [{"channel": "sms"}, {"channel": "email"}], "for": 1}, "routing.for"),
        ("stopped", "bookings", "stopped"),
        ("channels", {"fax": {"gate": True}}, "channels.fax"),
        ("channels", {"email": {"gates": True}}, "channels.email.gates"),
        ("channels", {"email": {"gate": 1}}, "channels.email.gate"),
        ("channels", [], "channels"),
        ("colour", "blue", "colour"),
    ],
)
def test_a_wrong_value_is_named_with_its_remedy(field: str, value: Any, named: str) -> None:
    found = faults({field: value})
    assert list(found) == [named]
    assert found[named].endswith(".")


def test_all_wrong_fields_are_named_at_once() -> None:
    found = faults({"delay_min": 1, "gate_h": 999, "quiet": {"from": "x"}, "nonsense": 1})
    assert set(found) == {"delay_min", "gate_h", "quiet.from", "nonsense"}


def test_a_pause_may_be_text_with_an_offset() -> None:
    assert read({"paused_until": "2026-12-01T09:00:00+01:00"}).paused_until == datetime(
        2026, 12, 1, 8, tzinfo=UTC
    )


def test_every_kind_of_news_is_in_one_group() -> None:
    grouped = [kind for kinds in KINDS.values() for kind in kinds]
    assert sorted(grouped) == sorted(Kind)


def test_the_channels_are_those_of_delivery() -> None:
    assert tuple(registry.ENTRIES) == CHANNELS


def test_who_chose_nothing_is_told_as_by_default() -> None:
    assert rules(DEFAULTS, "email", BASE) == BASE


def test_a_group_switched_on_is_for_both_roles_and_off_for_nobody() -> None:
    mine = rules(read({"channels": {"email": {"progress": True, "gate": False}}}), "email", BASE)
    assert mine.told[Kind.DEPARTED] == frozenset(Role)
    assert mine.told[Kind.GATE] == mine.told[Kind.TERMINAL] == frozenset()
    assert mine.told[Kind.BELT] == TOLD_BY_DEFAULT[Kind.BELT]


def test_a_choice_for_one_channel_leaves_the_other() -> None:
    assert rules(read({"channels": {"email": {"gate": False}}}), "sms", BASE) == BASE


def test_ones_own_steps_take_the_place_of_the_services() -> None:
    mine = rules(read({"delay_min": 45, "gate_h": 3}), "sms", BASE)
    assert mine.steps == Steps(45 * MIN, 10 * MIN)
    assert mine.gate_window == timedelta(hours=3)
