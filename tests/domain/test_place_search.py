"""Airports by what people call them."""

from __future__ import annotations

import pytest

from app.domain import place_search
from app.domain.place_search import PlaceError, airports, one_airport, search, suggestions


def found(text: str, limit: int = 10) -> list[str]:
    return [place.iata for place in search(text, limit)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Moscow", ["DME", "SVO", "VKO"]),
        ("moskva", ["DME", "SVO", "VKO"]),
        ("MOW", ["DME", "SVO", "VKO"]),
        ("Mosc", ["DME", "SVO", "VKO"]),
        ("EWR", ["EWR"]),
        ("ewr", ["EWR"]),
        ("Newark", ["EWR"]),
        ("newark lib", ["EWR"]),
        ("New York", ["JFK", "LGA", "EWR"]),
        ("São Paulo", ["CGH", "GRU"]),
        ("sao paulo", ["CGH", "GRU"]),
        ("Zürich", ["ZRH"]),
        ("Zurich", ["ZRH"]),
        ("München", ["MUC"]),
        ("Heathrow", ["LHR"]),
        ("Sheremetyevo", ["SVO"]),
        ("O'Hare", ["ORD"]),
        ("St. Louis", ["STL"]),
        ("Houston", ["IAH", "HOU"]),
        ("Copenhagn", ["CPH"]),
        ("Frankfrut", ["FRA"]),
        ("Domodedvo", ["DME"]),
    ],
)
def test_a_place_is_found_by_what_people_call_it(text: str, first: list[str]) -> None:
    got = found(text)
    assert sorted(got[: len(first)]) == sorted(first), got


@pytest.mark.parametrize("text", ["", "  ", "!!!", "zzzzqqqq", "x" * 200, "\x00", "$"])
def test_what_is_like_nothing_finds_nothing(text: str) -> None:
    assert found(text) == []


def test_an_answer_is_never_longer_than_asked() -> None:
    assert len(found("san", 3)) == 3
    assert len(found("san", 10)) == 10


def test_a_place_has_the_names_that_travellers_say() -> None:
    place = search("JFK")[0]
    assert (place.iata, place.name, place.city) == ("JFK", "Kennedy", "New York")
    assert (place.country, place.zone) == ("US", "America/New_York")


@pytest.mark.parametrize(
    ("text", "code"), [("EWR", "EWR"), ("newark", "EWR"), ("Kennedy", "JFK"), (" ewr ", "EWR")]
)
def test_one_airport_by_code_city_or_name(text: str, code: str) -> None:
    assert one_airport(text) == code


def test_a_city_with_several_airports_names_them() -> None:
    with pytest.raises(PlaceError, match="has several airports; write one of DME, SVO, VKO"):
        one_airport("Moscow")


@pytest.mark.parametrize(
    ("text", "near"),
    [("Moscwo", "Moscow (DME, SVO, VKO)"), ("Newrak", "Newark (EWR)"), ("Zurrich", "Zurich")],
)
def test_a_wrong_name_names_the_nearest(text: str, near: str) -> None:
    with pytest.raises(PlaceError) as raised:
        one_airport(text)
    assert near in str(raised.value)


def test_what_is_near_to_nothing_says_how_to_write_it() -> None:
    with pytest.raises(PlaceError, match='write a code like "EWR"'):
        one_airport("qqqqqqqqqqqq")
    assert suggestions("") == []


def test_every_airport_is_found_by_its_code() -> None:
    index = place_search._index()
    codes = {code for some in index.codes.values() for code in some}
    assert len(codes) > 7000
    for code in sorted(codes)[::500]:
        assert found(code)[:1] == [code] or len(found(code)) > 1


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("New York", ["EWR", "JFK", "LGA"]),
        ("nyc", ["EWR", "JFK", "LGA"]),
        ("JFK", ["JFK"]),
        ("DXB", ["DXB"]),
        ("Newark Liberty (EWR)", ["EWR"]),
        ("Houston", ["HOU", "IAH"]),
        ("London", ["LCY", "LGW", "LHR", "LTN", "STN"]),
        ("moskva", ["DME", "SVO", "VKO"]),
    ],
)
def test_a_city_means_all_of_its_airports(text: str, codes: list[str]) -> None:
    assert sorted(airports(text)) == codes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("San Jose", "several airports; write one of SJC, SJO"),
        ("Columbus", "several airports; write one of CMH"),
        ("Nwark", "is it Newark"),
        ("", "no airport"),
        ("zzzzqqqq", "write a code like"),
    ],
)
def test_several_cities_of_one_name_and_wrong_names_are_no_guess(text: str, words: str) -> None:
    with pytest.raises(PlaceError, match=words):
        airports(text)
