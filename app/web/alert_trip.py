"""The trip of a fare alert as people write it: cities and airports by name, days, any day of a month."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Sequence

from app.domain import place_search, places
from app.web.airport_field import words

MOST_NAMES = 100
_MONTH = re.compile(r"([12][0-9]{3})-(0[1-9]|1[0-2])")


def airports(names: Iterable[str]) -> list[str]:
    """Codes of the airports that are meant, each once; a city means all of its airports.

    Raises PlaceError for a name that is none, naming the nearest, or that several cities have.
    """
    return list(dict.fromkeys(code for name in names for code in place_search.airports(name)))


def in_text(text: str) -> list[str]:
    """The names in a field that may hold several, with commas between them; a name that has a comma itself is one."""
    if "," not in text or _is_one(text):
        return [text]
    return [name for part in text.split(",")[:MOST_NAMES] if (name := part.strip())] or [text]


def written(codes: Sequence[str]) -> str:
    """Airports as the field shows them, and understands them: "Newark Liberty (EWR)", "New York", "EWR, JFK"."""
    if len(codes) == 1:
        return words(codes[0])
    for name in dict.fromkeys(places.city(code) for code in codes):
        if _is_all_of(name, codes):
            return name
    return ", ".join(codes)


def month_days(text: str) -> dict[str, str]:
    """The first and the last day of a month that is written "2013-03". Raises ValueError with a sentence."""
    found = _MONTH.fullmatch(text)
    if found is None:
        raise ValueError('write a month like "2013-03"')
    last = monthrange(int(found[1]), int(found[2]))[1]
    return {"from": f"{text}-01", "until": f"{text}-{last}"}


def _is_one(text: str) -> bool:
    try:
        place_search.airports(text)
    except place_search.PlaceError:
        return False
    return True


def _is_all_of(name: str, codes: Sequence[str]) -> bool:
    try:
        return sorted(place_search.airports(name)) == sorted(codes)
    except place_search.PlaceError:
        return False
