from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

import pytest

from tests.pages.conftest import World


def text_of(page: str) -> str:
    """What a reader sees, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def row_of(page: str, number: str) -> str:
    """One line of the board, as HTML."""
    rows = re.findall(r"<tr[^>]*data-row.*?</tr>", page, re.S)
    return next(row for row in rows if f">{number}</a>" in row)


def test_the_front_door_is_the_board(world: World) -> None:
    answer = world.client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/board")


def test_the_board_shows_flights_with_the_zone_of_their_airport(world: World) -> None:
    world.flight()
    page = world.get("/board?airport=EWR")
    said = text_of(page)
    assert "Newark Liberty EWR" in said
    assert "14:42" in said
    assert "EST, UTC−5" in said
    assert "Departures, Friday 8 February 2013" in said
    row = text_of(row_of(page, "UA 407"))
    assert row == "14:45 UA 407 United Denver DEN C94 On time"


def test_without_an_airport_the_busiest_one_of_today_is_shown(world: World) -> None:
    world.flight(origin="JFK", destination="SFO", flight_number="UA1")
    world.flight()
    world.flight(flight_number="UA408")
    assert "Newark Liberty" in world.get("/board")


@pytest.mark.parametrize(("others", "shown"), [("2013-02-11", "Newark Liberty"), ("2013-02-01", "Kennedy")])
def test_without_flights_today_the_busiest_airport_of_the_nearest_day_is_shown(
    world: World, others: str, shown: str
) -> None:
    world.flight(departure_date=others)
    for number, day in enumerate(("2013-02-02", "2013-02-12", "2013-02-12"), 1):
        world.flight(origin="JFK", destination="SFO", flight_number=f"UA{number}", departure_date=day)
    if others < "2013-02-08":
        world.database.flights.delete_many({"departure_date": {"$gt": "2013-02-08"}})
    assert shown in world.get("/board")


def test_an_empty_collection_has_a_page_that_says_so(world: World) -> None:
    assert "No flights yet" in world.get("/board")


def test_an_airport_without_flights_says_so_and_offers_the_other_direction(world: World) -> None:
    world.flight()
    page = world.get("/board?airport=EWR&dir=arr")
    assert "No arrivals known for 8 February" in page
    assert "Show departures" in page


def test_arrivals_show_the_time_at_the_destination(world: World) -> None:
    world.flight(estimated_departure_time="15:13")
    page = world.get("/board?airport=DEN&dir=arr")
    assert "MST" in page
    assert text_of(row_of(page, "UA 407")) == "was 17:05 now 17:33 UA 407 United Newark EWR Delayed 28 min"


def test_a_change_is_marked_with_its_old_value_and_grows_old(world: World) -> None:
    flight = world.flight()
    world.edit(flight, estimated_departure_time="15:13", status="delayed")
    row = row_of(world.get("/board?airport=EWR"), "UA 407")
    assert 'class="chg is-new"' in row
    assert "was </span>14:45</del>" in row
    assert "now </span>15:13</ins>" in row
    assert "Delayed 28 min" in row
    world.pass_time(minutes=2)
    row = row_of(world.get("/board?airport=EWR"), "UA 407")
    assert 'class="chg"' in row
    assert "is-new" not in row
    assert "2 min ago" in row
    world.pass_time(minutes=14)
    row = row_of(world.get("/board?airport=EWR"), "UA 407")
    assert "chg" not in row
    assert "15:13" in row, "the new time stays"
    assert "ago" not in row


def test_a_new_gate_is_marked_but_a_first_gate_is_not(world: World) -> None:
    moved, first = world.flight(), world.flight(flight_number="UA408", gate=None)
    world.edit(moved, gate="C71")
    world.edit(first, gate="C80")
    page = world.get("/board?airport=EWR")
    assert "was </span>C94</del>" in row_of(page, "UA 407")
    assert "C80" in row_of(page, "UA 408")
    assert "chg" not in row_of(page, "UA 408")


@pytest.mark.parametrize("status", ["boarding", "gate_closed", "departed"])
def test_progress_as_planned_is_no_change(world: World, status: str) -> None:
    flight = world.flight()
    world.edit(flight, status=status)
    assert "chg" not in row_of(world.get("/board?airport=EWR"), "UA 407")


def test_a_cancelled_flight_says_what_it_was_and_has_no_gate(world: World) -> None:
    flight = world.flight()
    world.edit(flight, status="cancelled")
    row = row_of(world.get("/board?airport=EWR"), "UA 407")
    assert "is-off" in row
    assert "On time</del>" in row
    assert "C94" not in row


def test_the_summary_counts_cancelled_and_late_flights_of_the_day(world: World) -> None:
    world.flight(status="cancelled")
    world.flight(flight_number="UA408", estimated_departure_time="15:00")
    world.flight(flight_number="UA409", estimated_departure_time="14:50")
    world.flight(flight_number="UA410", departure_date="2013-02-09", arrival_date="2013-02-09")
    page = world.get("/board?airport=EWR")
    assert 'aria-label="1 cancelled, 1 late by 15 minutes or more, 1 others"' in page


def test_the_board_of_now_leaves_out_what_is_over_and_keeps_what_still_waits(world: World) -> None:
    world.flight(flight_number="UA1", departure_time="09:00", status="departed")
    world.flight(flight_number="UA2", departure_time="09:05", estimated_departure_time="16:00")
    world.flight(
        flight_number="UA3", departure_time="23:50", departure_date="2013-02-07",
        estimated_departure_date="2013-02-08", estimated_departure_time="15:30", arrival_date=None,
    )  # fmt: skip
    page = world.get("/board?airport=EWR")
    assert "UA 1<" not in page
    assert "UA 2<" in page
    assert "+1 day" in row_of(page, "UA 3"), "a flight of yesterday that has not left yet"
    assert "UA 1<" in world.get("/board?airport=EWR&date=2013-02-08&from=00:00")


def test_long_boards_have_pages_without_gaps(world: World) -> None:
    for minute in range(90):
        world.flight(
            flight_number=f"UA{minute + 1}",
            departure_time=f"{15 + minute // 60}:{minute % 60:02d}",
            arrival_time="21:00",
        )
    seen: list[str] = []
    address: str | None = "/board?airport=EWR"
    while address:
        page = world.get(address)
        seen += re.findall(r'data-row="(UA\d+)', page)
        later = re.search(r'href="([^"]+)">Later departures', page)
        address = unescape(later[1]) if later else None
    assert sorted(set(seen), key=lambda n: int(n[2:])) == [f"UA{n + 1}" for n in range(90)]
    assert len(seen) == 90


@pytest.mark.parametrize(
    ("query", "found"),
    [("q=ua+408", True), ("q=UA408", True), ("q=denver", True), ("q=c71", True), ("airline=UA", True),
     ("status=delayed", True), ("q=paris", False), ("airline=B6", False), ("status=cancelled", False)],
)  # fmt: skip
def test_filters_work_in_the_address(world: World, query: str, found: bool) -> None:
    world.flight(flight_number="UA408", gate="C71", estimated_departure_time="15:30")
    page = world.get(f"/board?airport=EWR&{query}")
    assert ("UA 408</a>" in page) is found
    assert ("No flight matches" in page) is not found


def test_a_number_that_flies_another_day_is_offered(world: World) -> None:
    world.flight()
    world.flight(flight_number="UA500", departure_date="2013-02-10", arrival_date="2013-02-10")
    page = unescape(world.get("/board?airport=EWR&q=UA+500"))
    assert "/f/UA500/2013-02-10?from=EWR" in page
    assert "UA 500 from Newark, 10 February" in page


def test_a_record_that_cannot_be_read_is_counted_not_guessed(world: World) -> None:
    world.flight()
    world.flight(flight_number="UA666", departure_time="half past two")
    page = world.get("/board?airport=EWR")
    assert "UA 666" not in page
    assert "1 flight is not shown: the record cannot be read." in page


def test_old_data_is_called_stale_and_says_whom_to_trust(world: World) -> None:
    world.flight()
    assert "<b>Live</b>, 0 s ago" in world.get("/board?airport=EWR")
    world.fall_silent(minutes=3)
    page = world.get("/board?airport=EWR")
    assert "<b>STALE</b>: no data for 3 min" in page
    assert 'class="is-frozen"' in page
    assert re.search(r"data-stale-banner>", page), "the banner is not hidden"
    assert "No new data<span data-stale-since> since 14:42 EST</span>." in page
    assert "trust the screens at the airport" in page


def test_values_from_mongodb_are_escaped(world: World) -> None:
    evil = '<script>alert("x")</script>'
    world.flight(status_reason=evil, status="cancelled")
    for address in ("/board?airport=EWR", "/f/UA407/2013-02-08", f"/board?airport=EWR&q={evil}"):
        page = world.get(address)
        assert "<script>alert" not in page
    assert "&lt;script&gt;" in world.get("/f/UA407/2013-02-08")


@pytest.mark.parametrize(
    ("address", "status"),
    [("/board?airport=XXX", 404), ("/board?airport=<zq>", 404), ("/board?airport=EWR&date=2013-02-31", 400),
     ("/board?airport=EWR&from=2500", 400), ("/board?airport=EWR&date=0001-01-01", 400)],
)  # fmt: skip
def test_an_address_that_cannot_be_understood_says_how_to_write_it(
    world: World, address: str, status: int
) -> None:
    page = world.get(address, status)
    assert "Go to the board" in page
    assert "<zq>" not in page


@pytest.mark.parametrize("written", ["Newark", "newark liberty", "Newark Liberty (EWR)"])
def test_an_airport_by_name_leads_to_its_board_with_the_rest_of_what_was_asked(
    world: World, written: str
) -> None:
    world.flight()
    answer = world.client.get(f"/board?airport={quote(written)}&dir=dep&date=2013-02-08&q=Denver")
    assert answer.status_code == 302
    assert answer.location == "/board?airport=EWR&dir=dep&date=2013-02-08&q=Denver"
    assert 'value="Newark Liberty (EWR)"' in world.get(answer.location)


def test_a_city_with_several_airports_is_answered_with_their_boards_to_choose_from(world: World) -> None:
    page = world.get("/board?airport=Moscow&dir=arr", 422)
    assert re.findall(r'href="/board\?airport=([A-Z]{3})&amp;dir=arr"', page) == ["DME", "SVO", "VKO"]
    assert "Moscow Sheremetyevo (SVO)" in page


def test_a_name_is_only_text_on_the_page_that_asks_which_airport(world: World) -> None:
    page = world.get("/board?airport=<script>", 422)
    assert "&lt;script&gt;” names no single airport" in page
    assert "<script>" not in page
