"""The demo's people: nobody real, reachable in different ways, and enough of them."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from app.domain import people as domain_people
from scripts.demo import data, people
from scripts.demo.people import People
from scripts.demo.plan import STARTS

# Kept for fiction: North America (NANPA), Britain (Ofcom), Sweden (PTS).
FICTION = re.compile(r"\+1[2-9]\d\d55501\d\d|\+447700900\d{3}|\+467017406(0[5-9]|[1-9]\d)")


@pytest.fixture(scope="module")
def crowd() -> People:
    return people.make(data.load(), STARTS)


def test_people_are_the_same_in_every_run(crowd: People) -> None:
    again = people.make(data.load(), STARTS)
    assert again == crowd


def test_phone_numbers_are_of_ranges_kept_for_fiction_and_of_one_person_each(crowd: People) -> None:
    numbers = [user["phone"] for user in crowd.users if "phone" in user]
    assert len(numbers) > 400
    assert [number for number in numbers if not FICTION.fullmatch(number)] == []
    assert len(set(numbers)) == len(numbers)
    assert [domain_people.phone_number(number) for number in numbers] == numbers


def test_addresses_are_of_example_org_and_of_one_person_each(crowd: People) -> None:
    addresses = [user["email"] for user in crowd.users if "email" in user]
    assert all(re.fullmatch(r"[a-z0-9.-]+@example\.org", address) for address in addresses)
    assert len(set(addresses)) == len(addresses)
    assert [domain_people.email_address(address) for address in addresses] == addresses


def test_some_have_no_address_some_one_and_some_two(crowd: People) -> None:
    ways = Counter(("email" in user, "phone" in user) for user in crowd.users)
    assert min(ways[True, True], ways[True, False], ways[False, True], ways[False, False]) > 20


def test_names_are_written_in_several_scripts(crowd: People) -> None:
    first_letters = {user["name"][0] for user in crowd.users}
    assert first_letters & set("ÅÖŞ")
    assert any("一" <= letter <= "鿿" for letter in first_letters)
    assert any("Ѐ" <= letter <= "ӿ" for letter in first_letters)
    assert len({user["language"] for user in crowd.users}) > 8


def test_flights_have_two_bookings_on_average_and_a_few_people_many_flights(crowd: People) -> None:
    assert 1.8 < len(crowd.bookings) / 1614 < 2.6
    held = Counter(booking.user for booking in crowd.bookings)
    assert sum(count >= 20 for count in held.values()) == 6
    assert max(Counter((b.user, b.flight) for b in crowd.bookings).values()) == 1
    assert 0.7 < sum(booking.seen for booking in crowd.bookings) / len(crowd.bookings) < 0.9


def test_some_withdraw_and_some_book_while_the_demo_runs(crowd: People) -> None:
    kinds = Counter(move.what for move in crowd.moves)
    assert min(kinds["withdraw"], kinds["remove"], kinds["book"], kinds["follow"]) >= 5
    assert [move.at for move in crowd.moves] == sorted(move.at for move in crowd.moves)
    assert all(move.at > STARTS for move in crowd.moves)
    new = {move.booking.id for move in crowd.moves if move.what == "book" and move.booking}
    assert not new & {booking.id for booking in crowd.bookings}
