"""What the header Retry-After asks for, in every form it has, and in none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels.retry_after import retry_after_s

NOW = datetime(2013, 2, 8, 19, 42, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 7\t", 7.0),
        ("0", 0.0),
        ("9" * 400, 86_400.0),
        ("Fri, 08 Feb 2013 19:44:00 GMT", 120.0),  # IMF-fixdate
        ("Friday, 08-Feb-13 19:44:00 GMT", 120.0),  # RFC 850
        ("Fri Feb  8 19:44:00 2013", 120.0),  # asctime
        ("Fri, 08 Feb 2013 19:44:00 -0000", 120.0),
        ("Fri, 08 Feb 2013 19:41:00 GMT", 0.0),
        ("Fri, 08 Feb 2019 19:41:00 GMT", 86_400.0),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
    ],
)
def test_seconds_and_dates_are_understood(header: str, seconds: float) -> None:
    assert retry_after_s(header, NOW) == seconds


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        "soon",
        "-5",
        "+5",
        "5.5",
        "1e3",
        "1_000",
        "²",
        "٣٠",
        "120 s",
        "Fri, 32 Feb 2013 19:44:00 GMT",
        "Fri, 08 Feb 2013 25:44:00 GMT",
        "Fri, 08 Feb 99999 19:44:00 GMT",
        ",",
        "Fri,",
    ],
)
def test_rubbish_asks_for_nothing(header: str | None) -> None:
    assert retry_after_s(header, NOW) is None


@given(
    st.text() | st.from_regex(r"[A-Za-z]{3},? [0-9+:-]{1,9} [A-Za-z0-9]{1,5} [0-9:+-]{1,9}( [0-9:+-]{1,9})*")
)
def test_no_header_raises_and_none_asks_for_more_than_a_day(header: str) -> None:
    found = retry_after_s(header, NOW)
    assert found is None or 0.0 <= found <= 86_400.0
