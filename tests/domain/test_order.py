"""The order of events: one string that sorts as its three parts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain import order

times = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
tokens = st.text("0123456789ABCDEF", min_size=2, max_size=40)
incarnations = st.integers(0, 0xFFFF)


@given(st.tuples(incarnations, times, tokens), st.tuples(incarnations, times, tokens))
def test_orders_sort_as_their_parts(
    one: tuple[int, order.ClusterTime, str], other: tuple[int, order.ClusterTime, str]
) -> None:
    assert (order.of_event(*one) < order.of_event(*other)) == (one < other)


@given(incarnations, times, tokens)
def test_a_marker_is_before_and_a_snapshot_read_after_every_event_of_its_time(
    incarnation: int, time: order.ClusterTime, token: str
) -> None:
    event = order.of_event(incarnation, time, token)
    assert (
        order.NEVER < order.of_marker(incarnation, time) < event < order.of_snapshot_read(incarnation, time)
    )


@given(incarnations, times, tokens)
def test_an_order_gives_back_its_incarnation_and_time(
    incarnation: int, time: order.ClusterTime, token: str
) -> None:
    event = order.of_event(incarnation, time, token)
    assert order.incarnation_of(event) == incarnation
    assert order.cluster_time_of(event) == time


def test_never_is_before_everything() -> None:
    assert order.incarnation_of(order.NEVER) == 0
    assert order.cluster_time_of(order.NEVER) == (0, 0)
