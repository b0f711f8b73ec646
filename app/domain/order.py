"""The order of change events, as one string that sorts as the three parts it is made of.

An order is (incarnation, cluster time, token). `clusterTime` alone is not enough: all writes of one
transaction share it. The resume token's `_data` is a hexadecimal string whose plain comparison follows the
oplog (MongoDB manual, "Change Streams", resume tokens; feature compatibility version 4.0 and later).
Incarnation counts restores of the database from a backup: after one, MongoDB's past is another past.
"""

from __future__ import annotations

from typing import NewType

Order = NewType("Order", str)

ClusterTime = tuple[int, int]
"""Seconds since the epoch and the increment within that second: a BSON timestamp."""

# '~' sorts after, '' sorts before every hexadecimal digit.
_AFTER_ALL = "~"
_BEFORE_ALL = ""

NEVER: Order = Order("")
"""Sorts before every order: nothing has happened yet."""


def of_event(incarnation: int, cluster_time: ClusterTime, token_data: str) -> Order:
    """Order of one change stream event; token_data is the `_data` of its resume token."""
    return _join(incarnation, cluster_time, token_data)


def of_snapshot_read(incarnation: int, cluster_time: ClusterTime) -> Order:
    """Order of a document read at cluster_time: after every event of that time."""
    return _join(incarnation, cluster_time, _AFTER_ALL)


def is_snapshot_read(order: Order) -> bool:
    """Whether this is the order of a document that was read, or looked for."""
    return order.endswith(_AFTER_ALL)


def of_marker(incarnation: int, cluster_time: ClusterTime) -> Order:
    """Order of an end-of-snapshot marker: before every event of its time."""
    return _join(incarnation, cluster_time, _BEFORE_ALL)


def first_of(incarnation: int) -> Order:
    """Sorts before everything of this incarnation and after everything of those before it."""
    return _join(incarnation, (0, 0), _BEFORE_ALL)


def raised(incarnation: int, order: Order) -> Order:
    """An order of an older incarnation as one of this one: before all of its events, and sorted as they were.

    What a restored database holds gets such orders, so that nothing of the lost past can follow it.
    """
    return Order(first_of(incarnation) + order)


def is_raised(order: Order) -> bool:
    """Whether the order was `raised`: nothing of its incarnation has happened yet."""
    return order != NEVER and cluster_time_of(order) == (0, 0)


def incarnation_of(order: Order) -> int:
    """The incarnation an order belongs to; 0 for NEVER."""
    return int(order.split(".", 1)[0], 16) if order else 0


def cluster_time_of(order: Order) -> ClusterTime:
    """The cluster time inside an order; (0, 0) for NEVER."""
    if not order:
        return (0, 0)
    middle = order.split(".", 2)[1]
    return (int(middle[:8], 16), int(middle[8:], 16))


def _join(incarnation: int, cluster_time: ClusterTime, last: str) -> Order:
    seconds, increment = cluster_time
    return Order(f"{incarnation:04x}.{seconds:08x}{increment:08x}.{last}")
