"""A browser's name in the language of the block around."""

from __future__ import annotations

from app.domain.speech import say

UNKNOWN = "A browser"


def in_words(name: str) -> str:
    """A name as it is kept, like "Firefox on Linux", "A browser on Windows" or "Firefox", in words for a person."""
    browser, _, system = name.partition(" on ")
    if browser in ("", UNKNOWN):
        browser = say("A browser")
    return say("{browser} on {system}", browser=browser, system=system) if system else browser
