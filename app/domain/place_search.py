"""Airports by what people call them: a code, a city, a name; with accents or without, begun or misspelt.

Cities with several airports come from IATA's list of metropolitan areas ("Moscow" is SVO, DME and VKO), all others
from the airports' own cities.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import airportsdata
from anyascii import anyascii
from rapidfuzz import process
from rapidfuzz.distance import OSA

from app.domain import places

LONGEST = 80
"""Characters of a name that is looked for."""

# Of four letters one may be wrong, of eight two; two that changed places are one.
_LIKE = 0.75
_NEAR = 0.55
_SHORTEST_MISSPELT = 4
# Airports that are called by one city's name and lie so close to each other serve that city, miles.
_ONE_CITY = 60
_IN_BRACKETS = re.compile(r"\(([A-Za-z]{3})\)\s*$")

# Newark belongs to the area in IATA's list, not in the package's.
_MORE_OF_AREAS = {"NYC": ("EWR",)}
_OWN_NAMES = {
    "munchen": "munich", "muenchen": "munich", "koln": "cologne", "wien": "vienna", "genf": "geneva",
    "roma": "rome", "milano": "milan", "firenze": "florence", "venezia": "venice", "napoli": "naples",
    "lisboa": "lisbon", "praha": "prague", "warszawa": "warsaw", "kobenhavn": "copenhagen",
    "moskva": "moscow", "athina": "athens", "bruxelles": "brussels", "zuerich": "zurich",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """An airport. iata: three capitals. name, city: as travellers say them. zone: an IANA name."""

    iata: str
    name: str
    city: str
    country: str
    zone: str


class PlaceError(ValueError):
    """A text that names no airport, or several; its words say which ones are near."""


def load() -> None:
    """Make the index now, which takes a second or two, and not with the first question."""
    _index()


def search(text: str, limit: int = 10) -> list[Place]:
    """Airports that a text names, the best match first; [] when it is like nothing.

    What is written right comes first, then what begins so, and only where there is neither what is spelt like it.
    """
    wanted = _key(text)
    if not wanted or len(text) > LONGEST:
        return []
    wanted = _OWN_NAMES.get(wanted, wanted)
    index = _index()
    found: dict[str, None] = {}
    for codes in (
        index.codes.get(wanted, ()),
        index.cities.get(wanted, ()),
        index.names.get(wanted, ()),
        _beginning(index.cities, wanted),
        _beginning(index.words, wanted),
        _with_all_words(index, wanted.split()),
    ):
        found |= dict.fromkeys(codes)
    if not found:
        found = dict.fromkeys(_alike(wanted, _LIKE, limit))
    return [_place(code) for code in list(found)[:limit]]


def suggestions(text: str, limit: int = 3) -> list[str]:
    """What may have been meant, as "Moscow (DME, SVO, VKO)"; the nearest first, perhaps none."""
    by_city: dict[str, list[str]] = {}
    for place in _near(text, limit):
        by_city.setdefault(place.city, []).append(place.iata)
    return [f"{city} ({', '.join(some)})" for city, some in list(by_city.items())[:limit]]


def choices(text: str, limit: int = 6) -> list[Place]:
    """What to choose from when a text names no single airport: those that it names, else the nearest, perhaps none."""
    named = _named(text)
    return [_place(code) for code in named[:limit]] if named else _near(text, limit)


def one_airport(text: str) -> str:
    """The code of the one airport that a text names by code, city or name, or with its code in brackets at the end:
    "Moscow Sheremetyevo (SVO)".

    Raises PlaceError when it names none, naming the nearest, or several, naming them.
    """
    exact = _named(text)
    if len(exact) == 1:
        return exact[0]
    if exact:
        raise PlaceError(f'"{text}" has several airports; write one of {", ".join(exact[:10])}')
    near = suggestions(text)
    remedy = f"is it {' or '.join(near)}?" if near else 'write a code like "EWR", or a city like "Newark"'
    raise PlaceError(f'there is no airport "{text[:LONGEST]}"; {remedy}')


def airports(text: str) -> Sequence[str]:
    """Codes of the airport that a text names, or of all airports of the city that it names: "New York" is JFK, LGA and
    EWR.

    Raises PlaceError when it names nothing, naming the nearest, or several cities of one name, naming their airports.
    """
    wanted = _key(text)
    named = _index().areas.get(_OWN_NAMES.get(wanted, wanted)) or _named(text)
    first = named[0] if named else ""
    far = [code for code in named if (places.distance_miles(first, code) or 0) > _ONE_CITY]
    return named if named and not far else [one_airport(text)]


def _named(text: str) -> Sequence[str]:
    """Codes of the airports that a text names exactly; () when it names none."""
    index = _index()
    in_brackets = _IN_BRACKETS.search(text[:LONGEST])
    wanted = _key(in_brackets[1] if in_brackets else text)
    codes = index.codes.get(wanted, ())
    if len(codes) == 1:
        return codes
    wanted = _OWN_NAMES.get(wanted, wanted)
    return index.cities.get(wanted) or index.names.get(wanted) or codes


def _near(text: str, limit: int) -> list[Place]:
    wanted = _key(text)[:LONGEST]
    found = search(text, limit)
    return found or [_place(code) for code in (_alike(wanted, _NEAR, limit) if wanted else ())]


@dataclass(frozen=True, slots=True)
class _Index:
    """Codes of airports by code (also of a metropolitan area), city, whole name, and words of the name. areas: those of
    a metropolitan area by its code and its name, where no other city counts."""

    codes: Mapping[str, Sequence[str]]
    cities: Mapping[str, Sequence[str]]
    names: Mapping[str, Sequence[str]]
    words: Mapping[str, Sequence[str]]
    areas: Mapping[str, Sequence[str]]


@cache
def _index() -> _Index:
    codes: dict[str, list[str]] = {}
    cities: dict[str, list[str]] = {}
    names: dict[str, list[str]] = {}
    words: dict[str, list[str]] = {}
    areas: dict[tuple[str, str], list[str]] = {}
    whole: dict[str, list[str]] = {}
    for code, area in airportsdata.load_iata_macs().items():
        own = [*sorted(area["airports"]), *_MORE_OF_AREAS.get(code, ())]
        codes[_key(code)] = own
        cities[_key(area["name"])] = list(own)
        areas[_key(area["name"]), area["country"]] = own
        whole[_key(area["name"])] = own
        if places.airport(code) is None:  # DXB is Dubai's area, and an airport
            whole[_key(code)] = own
    airports = [airport for code in places.codes() if (airport := places.airport(code)) is not None]
    for airport in sorted(airports, key=lambda airport: ("International" not in airport.name, airport.iata)):
        code = airport.iata
        codes[_key(code)] = [code]
        for name in {_key(places.city(code)), _key(airport.city)} - {""}:
            if (name, airport.country) not in areas:  # the area says which of its airports count
                cities.setdefault(name, []).append(code)
        for name in {_key(places.short_name(code)), _key(airport.name)} - {""}:
            names.setdefault(name, []).append(code)
        said = f"{places.short_name(code)} {airport.name} {places.city(code)} {airport.city}"
        for word in set(_key(said).split()) - _PLAIN_WORDS:
            words.setdefault(word, []).append(code)
    return _Index(codes, cities, names, words, whole)


_PLAIN_WORDS = frozenset({"airport", "international", "regional", "municipal", "the", "de", "of", "field"})


def _beginning(names: Mapping[str, Sequence[str]], start: str) -> list[str]:
    """Codes under all names that begin so, the shortest name first. One letter begins too much."""
    if len(start) < 2:
        return []
    found = sorted((name for name in names if name.startswith(start)), key=lambda name: (len(name), name))
    return [code for name in found for code in names[name]]


def _with_all_words(index: _Index, starts: Sequence[str]) -> list[str]:
    """Codes of airports in whose name or city a word begins with each of these, if there are several."""
    if len(starts) < 2:
        return []
    each = [_beginning(index.words, start) for start in starts if start not in _PLAIN_WORDS]
    return [code for code in each[0] if all(code in some for some in each[1:])] if each else []


def _alike(wanted: str, least: float, limit: int) -> list[str]:
    """Codes of what is spelt like it, the most alike first."""
    if len(wanted) < _SHORTEST_MISSPELT:
        return []
    index = _index()
    scored: dict[str, float] = {}
    for names in (index.cities, index.words):
        for name, score, _ in process.extract(
            wanted, names.keys(), scorer=OSA.normalized_similarity, score_cutoff=least, limit=limit
        ):
            for code in names[name]:
                scored[code] = max(score, scored.get(code, 0.0))
    return sorted(scored, key=lambda code: -scored[code])[:limit]


def _place(code: str) -> Place:
    airport = places.airport(code)
    assert airport is not None, "codes come from the same list"
    return Place(code, places.short_name(code), places.city(code), airport.country, airport.zone)


def _key(text: str) -> str:
    """Small letters and digits, single spaces: "Zürich", "ZURICH" and "zu-rich" agree but for the dash."""
    plain = "".join(c if c.isalnum() else " " for c in anyascii(text).casefold().replace("'", ""))
    return " ".join(plain.split())
