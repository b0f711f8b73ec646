"""Whose turn it is: a table, and a clock that ticks as the oracle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.channels import NAMES
from app.domain.news import Kind
from app.domain.preferences import DEFAULTS, Group, in_turn, read
from app.domain.routing import Other, Rank, Routing, Row, Standing, State, Turn, standing, turn

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
MIN = timedelta(minutes=1)
CANCELLED = (Kind.CANCELLED,)
OPEN, OUT, REACHED = Standing(State.OPEN), Standing(State.OUT), Standing(State.REACHED)


def at(minutes: float) -> datetime:
    return NOON + minutes * MIN


def ranks(*minutes: int) -> tuple[Rank, ...]:
    return tuple(Rank(name, wait) for name, wait in zip(NAMES, minutes, strict=False))


def asked(minutes: tuple[int, ...], standings: list[Standing], now: float, since: float = 0) -> Turn:
    before = ranks(*minutes)
    return turn(before, dict(zip(NAMES, standings, strict=False)), at(since), at(now))


@pytest.mark.parametrize(
    ("minutes", "standings", "now", "answer"),
    [
        pytest.param((10,), [OPEN], 0, Turn(at(10), "email"), id="the first may still reach them"),
        pytest.param((10,), [OPEN], 10, Turn(), id="its time is up"),
        pytest.param((10,), [OUT], 0, Turn(), id="the first does not reach them"),
        pytest.param((10,), [Standing(State.OUT, at(3))], 4, Turn(), id="it came back"),
        pytest.param((10,), [REACHED], 0, Turn(None, "email", True), id="it was delivered"),
        pytest.param((10,), [REACHED], 60, Turn(None, "email", True), id="however late it is"),
        pytest.param((10, 5), [OPEN, OPEN], 12, Turn(at(15), "sms"), id="the third waits for the second"),
        pytest.param((10, 5), [OPEN, OPEN], 2, Turn(at(15), "email"), id="and before for the first"),
        pytest.param((10, 5), [OUT, OPEN], 2, Turn(at(5), "sms"), id="which may be none"),
        pytest.param(
            (10, 5), [Standing(State.OUT, at(4)), OPEN], 4, Turn(at(9), "sms"), id="the second from its turn"
        ),
        pytest.param((10, 5), [OPEN, REACHED], 2, Turn(None, "sms", True), id="the second was quicker"),
        pytest.param((10, 5), [OPEN, OUT], 10, Turn(), id="the second does not reach them"),
        pytest.param(
            (10,), [Standing(State.OPEN, at(480))], 0, Turn(at(490), "email"), id="held for their own sake"
        ),
        pytest.param((10,), [Standing(State.OPEN, at(-5))], 0, Turn(at(10), "email"), id="held no more"),
    ],
)
def test_whose_turn_it_is(
    minutes: tuple[int, ...], standings: list[Standing], now: float, answer: Turn
) -> None:
    assert asked(minutes, standings, now) == answer


def test_a_beginning_that_a_fast_clock_wrote_is_now() -> None:
    assert asked((10,), [OUT], 0, since=5) == Turn()
    assert asked((10,), [OPEN], 0, since=5) == Turn(at(10), "email")


stands = st.one_of(
    st.just(REACHED),
    st.builds(lambda m: Standing(State.OPEN, None if m is None else at(m)), st.none() | st.integers(0, 40)),
    st.builds(lambda m: Standing(State.OUT, None if m is None else at(m)), st.none() | st.integers(0, 20)),
)


def by_the_clock(minutes: list[int], standings: list[Standing], now: int) -> tuple[str, int | None]:
    """The oracle: a clock ticks from the beginning, and the turn passes on. What is told, and at which minute."""
    if any(one.state is State.REACHED for one in standings):
        return "reached", None
    whose, ticks_left = 0, None
    for minute in range(10_000):
        while whose < len(standings):
            one, wait = standings[whose], minutes[whose]
            if one.state is State.OUT:
                # what is known at this moment is known, though the minute of it may be yet to tick by
                if one.at is not None and minute < min((one.at - NOON) // MIN, now):
                    break
            else:
                if ticks_left is None and one.at is not None and at(minute) < one.at:
                    break
                ticks_left = wait if ticks_left is None else ticks_left - 1
                if ticks_left > 0:
                    break
            whose, ticks_left = whose + 1, None
        if whose == len(standings):
            return ("now", None) if minute <= now else ("later", minute)
    raise AssertionError("every turn ends")


@given(st.lists(st.tuples(st.integers(1, 30), stands), min_size=1, max_size=5), st.integers(0, 90))
def test_the_turn_passes_as_a_ticking_clock_passes_it(ranked: list[tuple[int, Standing]], now: int) -> None:
    minutes, standings = [one for one, _ in ranked], [one for _, one in ranked]
    found = asked(tuple(minutes), standings, now)
    says, minute = by_the_clock(minutes, standings, now)
    assert found.reached == (says == "reached")
    if not found.reached:
        assert found.until == (None if says == "now" else at(minute or 0))
    if found.until is not None:
        assert found.channel in NAMES[: len(minutes)]


@given(st.lists(st.tuples(st.integers(1, 30), stands), min_size=2, max_size=5), st.integers(0, 200))
def test_nobody_is_told_before_those_who_come_first(ranked: list[tuple[int, Standing]], now: int) -> None:
    minutes, standings = tuple(one for one, _ in ranked), [one for _, one in ranked]
    later, sooner = asked(minutes, standings, now), asked(minutes[:-1], standings[:-1], now)
    if not later.reached:
        assert (sooner.until or at(now)) <= (later.until or at(now))


def other(order: str = "2", *, waiting: bool = False, failed: bool = False, **row: Any) -> Other:
    values: dict[str, Any] = {"kinds": CANCELLED, "to": "cancelled"} | row
    return Other(order, waiting, failed, rows=[Row(**values)] if row else [], heard=values["to"])


def left(value: Any) -> tuple[Kind, ...]:
    """What is still to be heard of a cancellation by who heard this."""
    return () if value == "cancelled" else CANCELLED


SENT: dict[str, Any] = {"was_sent": True}


@pytest.mark.parametrize(
    ("found", "answer"),
    [
        pytest.param(None, OUT, id="no conversation"),
        pytest.param(other(waiting=True), OPEN, id="due"),
        pytest.param(other("1"), OPEN, id="it has not learned of it yet"),
        pytest.param(other("1", failed=True), OPEN, id="nor one that failed before"),
        pytest.param(other(), OUT, id="settled without a message"),
        pytest.param(other(failed=True), OUT, id="failed"),
        pytest.param(
            other(failed=True, was_sent=False, at=at(3)), Standing(State.OUT, at(3)), id="since then"
        ),
        pytest.param(other(**SENT), OPEN, id="accepted is not seen"),
        pytest.param(other(**SENT, reached=True), REACHED, id="delivered or seen"),
        pytest.param(other(**SENT, came_back=True, at=at(4)), Standing(State.OUT, at(4)), id="came back"),
        pytest.param(other(**SENT, reached=True, came_back=True), REACHED, id="seen, whatever came back"),
        pytest.param(other(**SENT, reached=True, to="delayed"), OUT, id="it said something else"),
        pytest.param(other(**SENT, waiting=True, reached=True, to="delayed"), OPEN, id="and will say this"),
        pytest.param(other(**SENT, reached=True, kinds=(Kind.GATE,)), OUT, id="other news"),
    ],
)
def test_how_a_channel_stands(found: Other | None, answer: Standing) -> None:
    assert standing(found, CANCELLED, "2", left) == answer


@pytest.mark.parametrize(
    ("heard", "rows", "answer"),
    [
        pytest.param("cancelled", ["on time", "cancelled"], OPEN, id="it was told that it flies"),
        pytest.param("on time", ["cancelled"], OPEN, id="they heard elsewhere that it flies"),
        pytest.param("cancelled", ["cancelled", "on time"], REACHED, id="told this time"),
    ],
)
def test_what_was_told_before_something_else_was_is_of_an_earlier_time(
    heard: Any, rows: list[Any], answer: Standing
) -> None:
    told = [Row(CANCELLED, to, was_sent=True, reached=True) for to in rows]
    found = Other("2", is_waiting=True, has_failed=False, rows=told, heard=heard)
    assert standing(found, CANCELLED, "2", left) == answer


LATE, GATED, BOTH = (Kind.DELAYED,), (Kind.GATE,), (Kind.DELAYED, Kind.GATE)
DONE, BACK, WENT = {"reached": True}, {"came_back": True, "at": at(3)}, dict[str, Any]()


@pytest.mark.parametrize(
    ("rows", "answer"),
    [
        pytest.param([(LATE, BOTH, DONE)], OUT, id="told a part"),
        pytest.param([(LATE, BOTH, DONE), (GATED, GATED, DONE)], REACHED, id="told in two parts"),
        pytest.param([(LATE, BOTH, DONE), (GATED, GATED, WENT)], OPEN, id="the first may be seen yet"),
        pytest.param(
            [(LATE, BOTH, DONE), (GATED, GATED, BACK)], Standing(State.OUT, at(3)), id="the first came back"
        ),
        pytest.param([(BOTH, BOTH, DONE), (GATED, GATED, BACK)], REACHED, id="but was told again"),
        pytest.param([(BOTH, BOTH, WENT), (GATED, GATED, BACK)], OPEN, id="or may be"),
        pytest.param([((Kind.EARLIER,), BOTH, DONE), (BOTH, GATED, DONE)], REACHED, id="a third time"),
        pytest.param([((Kind.EARLIER,), BOTH, WENT), (BOTH, GATED, DONE)], OPEN, id="on its way"),
        pytest.param([(GATED, GATED, DONE)], OUT, id="and no more"),
    ],
)
def test_a_channel_has_reached_somebody_who_heard_all_of_the_news(rows: list[Any], answer: Standing) -> None:
    told = [Row(kinds, to, was_sent=True, **more) for kinds, to, more in rows]
    found = Other("2", is_waiting=False, has_failed=False, rows=told, heard=rows[0][1])
    assert standing(found, BOTH, "2", lambda said: set(BOTH) - set(said)) == answer  # type: ignore[call-overload]


def routed(**routing: Any) -> Any:
    return read({"routing": {"steps": [{"channel": "sms"}, {"channel": "email"}], **routing}})


def test_the_order_is_for_the_groups_that_were_chosen() -> None:
    chosen = routed()
    assert in_turn(chosen, CANCELLED) == Routing((Rank("sms"), Rank("email")))
    assert in_turn(chosen, (Kind.CANCELLED, Kind.DIVERTED)) is not None
    assert in_turn(chosen, (Kind.GATE,)) is None
    assert in_turn(routed(news=list(Group)), (Kind.GATE, Kind.BELT)) is not None
    assert in_turn(DEFAULTS, CANCELLED) is None


def test_news_of_several_groups_comes_at_once_as_soon_as_one_of_them_does() -> None:
    assert in_turn(routed(news=["cancelled"]), (Kind.CANCELLED, Kind.GATE)) is None


def test_who_waits_for_whom() -> None:
    chosen = Routing((Rank("sms", 3), Rank("telegram", 5), Rank("email")))
    assert [rank.channel for rank in chosen.before("email")] == ["sms", "telegram"]
    assert chosen.before("sms") == chosen.before("webhook") == ()
    assert chosen.after("sms") == ("telegram", "email")
    assert chosen.after("email") == chosen.after("webhook") == ()
