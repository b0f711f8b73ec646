"""What a browser says about itself, as far as people should be shown it: a name, a language, a time zone."""

from __future__ import annotations

import re
from functools import cache
from zoneinfo import available_timezones

from flask import Request

from app.domain.browser_names import UNKNOWN
from app.web import speaking

# The first that fits; most browsers name others, too.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


def name_of(request: Request) -> str:
    """Like "Firefox on Linux", of words of our own alone; "A browser" when it says nothing known."""
    agent = request.headers.get("User-Agent", "")
    browser = next((name for mark, name in _BROWSERS if mark in agent), UNKNOWN)
    system = next((name for mark, name in _SYSTEMS if mark in agent), None)
    return f"{browser} on {system}" if system else browser


def language_of(request: Request) -> str | None:
    """The language it likes best of those spoken here, else of all, as a BCP 47 tag; None when it names none."""
    found = speaking.best_tag(request)
    best = found if found and found != "*" else request.accept_languages.best
    return best if best and _TAG.fullmatch(best) else None


def time_zone(given: str) -> str | None:
    """The IANA name if it is one, else None."""
    return given if given in _zones() else None


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
