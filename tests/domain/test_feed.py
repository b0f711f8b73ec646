"""What the feed shows of a change event, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.errors import BadEventError
from app.domain.events import Op
from app.domain.feed import History, Update
from tests.web.changes import FARE, NOTICE, UA1545, change


def taken(history: History, *args: Any, **kwargs: Any) -> Update:
    update = history.take(change(*args, **kwargs))
    assert update is not None
    return update


def words(before: dict[str, Any], **changed: Any) -> str:
    return taken(History(100), before, before | changed).message


def test_an_edit_is_told_with_the_old_value() -> None:
    update = taken(History(100), UA1545, UA1545 | {"gate": "c71"})
    assert update.message == "UA1545 EWR-IAH: gate C71, was C70"
    document = update.to_document()
    assert document["type"] == "flight"
    assert document["changes"] == [{"field": "gate", "from": "C70", "to": "C71"}]
    assert document["subject"] == {
        "id": "k1",
        "flight_number": "UA1545",
        "origin": "EWR",
        "destination": "IAH",
        "departure_date": "2013-02-08",
    }
    assert document["now"]["gate"] == "C71"
    assert document["at"].endswith("Z")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": "cancelled"}, "cancelled"),
        ({"status": "cancelled", "status_reason": "snow"}, "cancelled (snow)"),
        ({"status": "boarding"}, "boarding"),
        ({"status": "diverted", "diverted_to": "ORD"}, "diverted to ORD"),
        ({"estimated_departure_time": "06:10"}, "leaves 06:10 EST, was 05:15"),
        ({"status": "delayed", "estimated_departure_time": "06:10"}, "leaves 06:10 EST, was 05:15"),
        ({"status": "delayed"}, "delayed"),
        ({"departure_time": "06:00"}, "scheduled 8 Feb 06:00 EST, was 8 Feb 05:15 EST"),
        ({"departure_date": "2013-02-09"}, "scheduled 9 Feb 05:15 EST, was 8 Feb 05:15 EST"),
        ({"gate": None}, "gate not known any more, was C70"),
        ({"belt": 7}, "belt 7"),
        ({"gate": "C71", "terminal": "B"}, "gate C71, was C70; terminal B"),
        ({"arrival_time": "08:30"}, "arrives 8 Feb 08:30 CST"),
        ({"flight_number": "UA1546"}, "flight number UA1546, was UA1545"),
    ],
)
def test_every_change_of_a_flight_has_words(changed: dict[str, Any], said: str) -> None:
    number = changed.get("flight_number", "UA1545")
    assert words(UA1545, **changed) == f"{number} EWR-IAH: {said}"


def test_a_cancelled_flight_that_flies_again_says_so() -> None:
    assert words(UA1545 | {"status": "cancelled"}, status="scheduled") == "UA1545 EWR-IAH: flies again"


def test_new_and_deleted_flights() -> None:
    history = History(100)
    new = taken(history, None, UA1545)
    assert new.message == "UA1545 EWR-IAH: new in the schedule, leaves 8 Feb 05:15 EST"
    gone = taken(history, UA1545, None)
    assert gone.message == "UA1545 EWR-IAH: no longer in the schedule"
    assert gone.now is not None
    assert gone.now["status"] == "removed"
    assert history.take(change(UA1545, None)) is None


def test_fares_say_what_they_cost_and_cost_before() -> None:
    history = History(100)
    cheaper = taken(history, FARE, FARE | {"amount": "204.00"}, collection="prices")
    assert cheaper.message == "JFK-SFO 2013-03-05, UA407 economy: USD 204, was USD 231"
    assert [(c.field, c.old, c.new) for c in cheaper.changes] == [("amount", "231.00", "204.00")]
    gone = taken(history, FARE | {"amount": 204}, None, collection="prices")
    assert gone.message == "JFK-SFO 2013-03-05, UA407 economy: no longer offered, was USD 204"
    assert gone.now is None


def test_a_fare_that_was_only_looked_at_again_is_no_news() -> None:
    seen = FARE | {"seen_at": "2013-02-08T10:00:00Z", "link": "https://example.org/new"}
    assert History(100).take(change(FARE, seen, collection="prices")) is None


def test_a_notice_is_its_sentence() -> None:
    history = History(100)
    assert taken(history, None, NOTICE, collection="notices").message == "Snow at Newark."
    assert taken(history, NOTICE, None, collection="notices").message == "Withdrawn: Snow at Newark."


def test_repeated_and_older_events_are_not_shown_again() -> None:
    history = History(100)
    later = UA1545 | {"gate": "C71"}
    assert history.take(change(UA1545, later, number=10)) is not None
    assert history.take(change(UA1545, later, number=10)) is None
    assert history.take(change(UA1545, UA1545 | {"gate": "C69"}, number=9)) is None


def test_edits_that_a_reader_cannot_see_are_not_shown() -> None:
    assert History(100).take(change(UA1545, UA1545 | {"gate": " c70 "})) is None


def test_a_snapshot_shows_only_what_differs_from_what_was_known() -> None:
    history = History(100)
    assert history.take(change(None, UA1545, op=Op.SNAPSHOT)) is None, "first sight is no change"
    assert history.take(change(None, UA1545, op=Op.SNAPSHOT)) is None
    found = taken(history, None, UA1545 | {"gate": "C75"}, op=Op.SNAPSHOT)
    assert found.message == "UA1545 EWR-IAH: gate C75, was C70"


def test_without_the_state_before_it_says_how_things_are() -> None:
    found = taken(History(100), None, UA1545, op=Op.UPDATE)
    assert found.message == "UA1545 EWR-IAH: as scheduled, leaves 8 Feb 05:15 EST, gate C70"
    assert found.changes == ()


def test_what_is_said_to_have_been_is_what_was_shown_last() -> None:
    history = History(100)
    history.take(change(UA1545, UA1545 | {"gate": "C71"}))
    # An edit in between was lost; MongoDB's pre-image says C72, the reader knows C71.
    found = taken(history, UA1545 | {"gate": "C72"}, UA1545 | {"gate": "C73"})
    assert found.message == "UA1545 EWR-IAH: gate C73, was C71"


def test_a_document_nobody_understands_is_refused_and_its_mending_shown() -> None:
    history = History(100)
    history.take(change(UA1545, UA1545 | {"gate": "C71"}))
    bad = UA1545 | {"departure_time": "2400"}
    with pytest.raises(BadEventError):
        history.take(change(UA1545, bad))
    mended = taken(history, bad, UA1545 | {"gate": "C72"})
    assert mended.message == "UA1545 EWR-IAH: as scheduled, leaves 8 Feb 05:15 EST, gate C72"


def test_an_unreadable_event_leaves_the_state_unknown() -> None:
    history = History(100)
    history.take(change(UA1545, UA1545 | {"gate": "C71"}))
    assert history.take(change(None, None, op=Op.UNREADABLE)) is None
    found = taken(history, None, UA1545, op=Op.SNAPSHOT)
    assert found.message == "UA1545 EWR-IAH: as scheduled, leaves 8 Feb 05:15 EST, gate C70"


def test_a_snapshot_that_differs_in_nothing_from_what_was_shown_last_is_not_shown() -> None:
    history = History(100)
    history.take(change(UA1545, UA1545 | {"gate": "C71"}))
    history.take(change(None, None, op=Op.UNREADABLE))
    assert history.take(change(None, UA1545 | {"gate": "C71"}, op=Op.SNAPSHOT)) is None


def test_a_snapshot_after_a_document_nobody_understood_shows_how_things_are() -> None:
    history = History(100)
    history.take(change(UA1545, UA1545 | {"gate": "C71"}))
    with pytest.raises(BadEventError):
        history.take(change(UA1545, UA1545 | {"status": 7}))
    mended = taken(history, None, UA1545 | {"gate": "C72"}, op=Op.SNAPSHOT)
    assert mended.message == "UA1545 EWR-IAH: as scheduled, leaves 8 Feb 05:15 EST, gate C72"


def test_markers_and_private_collections_are_never_shown() -> None:
    history = History(100)
    booking = {"user_id": "u1", "flight_id": "k1", "status": "confirmed"}
    assert history.take(change(None, None, op=Op.MARKER, key="")) is None
    assert history.take(change(None, booking, collection="bookings")) is None


def test_a_flight_moved_to_another_day_is_found_under_both() -> None:
    update = taken(History(100), UA1545, UA1545 | {"departure_date": "2013-02-09"})
    assert update.tags.dates == {"2013-02-08", "2013-02-09"}


def test_only_allowed_fields_are_shown() -> None:
    update = taken(
        History(100),
        UA1545,
        UA1545 | {"gate": "C71", "crew_phone": "+1 202 555 0142", "note": "m@example.org"},
    )
    assert "202 555" not in str(update.to_document())
    assert "@" not in str(update.to_document())


def test_memory_is_bounded() -> None:
    history = History(10)
    for number in range(50):
        history.take(change(UA1545, UA1545 | {"gate": "C71"}, key=f"k{number}"))
    assert len(history._known) == 10
