"""What the API refuses with, in the language of a page: its own words are English, for programs read them.

A sentence that people can meet on a page stands here once more, whole, with places for what differs. What is not
here is shown as it is; so are sentences that were said already.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from app.domain.speech import say, to_say

_FIELD: Final = to_say("Fill in this field.")
_EMPTY: Final = frozenset({"It is required.", "It is empty."})
_ENDS: Final = (".", "?", "!", "।", "…", "⟧")

_TEXTS: Final = (
    _FIELD,
    to_say("String should have at least 1 character."),
    to_say("String should have at most {number} characters."),
    to_say("At most {number} characters."),
    to_say("Remove the control characters."),
    to_say("Write a name without control characters."),
)
_FLIGHTS: Final = (
    to_say('Write it like "UA407".'),
    to_say('Write a date like "2026-12-01".'),
    to_say("There is no such day."),
    to_say("Write a year from {first} to {last}."),
    to_say('Letters and digits, like "K7Q2MD".'),
    to_say('"{name}" has several airports; write one of {codes}.'),
    # Translators: near is a list of cities with the codes of their airports.
    to_say('There is no airport "{name}"; is it {near}?'),
    to_say('There is no airport "{name}"; write a code like "EWR", or a city like "Newark".'),
    to_say("{flight} leaves from several airports that day; write one of {codes}."),
    to_say("{flight} leaves from {codes} on {day}, not from {origin}."),
    to_say("{flight} does not fly on {day}; near it: {days}."),
    to_say(
        "No flight {flight} is known. Look at the number on the booking: airline and digits, like UA1545."
    ),
    to_say("No such flight"),
    to_say("The request cannot be understood"),
)
_PROFILE: Final = (
    to_say('Write a tag like "en" or "de-CH".'),
    to_say('Write an IANA name like "Europe/Zurich".'),
    to_say('Write an ISO 4217 code like "EUR".'),
    to_say("Input should be 12 or 24."),
)
_CHOICES: Final = (
    to_say("Write a whole number of minutes from {least} to {most}."),
    to_say("Write a whole number of hours from {least} to {most}."),
    to_say("Write a whole number of messages from {least} to {most}."),
    to_say('Write an amount above zero as text, like "{example}".'),
    to_say('Write a time of 24 hours like "{example}".'),
    to_say("Quiet hours must end at another time than they begin; use paused_until for whole days."),
    to_say('Write "none", "daily" or "weekly".'),
    to_say("Write 1 for Monday to 7 for Sunday."),
    to_say('Write a time with its offset, like "{example}".'),
    to_say("Each channel has one place; take another one here."),
    to_say("Write a list of 2 to {most} channels, the first one first."),
)
_ALERTS: Final = (
    to_say('Write a month like "2013-03".'),
    to_say('Write a date like "2013-03-01".'),
    to_say("A person has at most {most} alerts; delete or end one first."),
    to_say("{code} is not the code of an airport. Write it like JFK."),
    to_say("The last day is before the first. Choose {day} or later."),
    to_say("These are more than {most} days. Choose an earlier last day."),
    to_say("Write a whole number of stops from 0 to 9; 0 is direct only."),
    to_say('Write a list of at most {most} codes of airlines, like ["UA"].'),
    to_say('Write codes of two or three letters and digits, like ["UA"].'),
    to_say('Write it like "economy".'),
    to_say('Write its ISO 4217 code, like "USD".'),
    to_say("Write one of {values}."),
    to_say("Write a list of channels; there are {channels}."),
    to_say("Write at most {most} characters in one line."),
    to_say("Choose an airport that is not where the trip begins."),
    to_say("These are {number} routes; choose fewer airports, for at most {most}."),
    to_say("The last day is over. Choose today or later."),
    to_say("Write a number from 0.1 to 99.9, with at most one decimal."),
    to_say("Write a whole number of days from 1 to {most}."),
    to_say('Write an amount above zero in {currency} as text, like "{example}".'),
    to_say("It is more than the drop: write at most {amount}."),
)
_LEAVING: Final = (
    to_say("Too Many Requests"),
    to_say("An export is made once in {minutes} min. Ask again later."),
    to_say("Not yet"),
    to_say(
        "A message to you is being handed over just now. Your bookings and followings are gone; ask again."
    ),
    to_say("There is no such channel"),
    to_say("Name one of {channels}."),
    to_say("Nothing was sent"),
    to_say("There is no verified address for it: {reason}."),
    to_say("Too many tests"),
    to_say("{number} tests an hour are enough. Try again later."),
)
_PHONES: Final = (
    to_say("The phone number needs its country code, like +15550100142."),
    to_say("The phone number has too few or too many digits."),
)
_ADDRESSES: Final = (
    to_say("The address is too long, or has characters that an address cannot have."),
    to_say("The address cannot be understood."),
    to_say("The address must begin with https://."),
    to_say("The address may not hold a user, a password or a fragment."),
    to_say("The address names no server."),
    to_say("The address leads into a private network."),
    to_say("The address names no server on the internet."),
    to_say("The name leads into a private network."),
    to_say("The address is empty, too long, or has characters that an address cannot have."),
    to_say("That is no address that Apprise understands."),
    to_say("Services of this kind cannot be linked here."),
    to_say("The address may not name files."),
    to_say("The address lacks something that its service needs, or something in it is wrong."),
    to_say("The address names several targets. Link one."),
)
_WEBHOOKS: Final = (
    to_say("Webhooks are off"),
    to_say("This system sends none. E-mail works."),
    to_say("Too many in an hour"),
    to_say("At most {number} in an hour. Wait a little."),
    to_say("Not sent again"),
    to_say("Its conversation has ended, long after the flight."),
    to_say("Its channel is switched off."),
    to_say("The person is not known any more."),
    to_say("The person has no usable address for this channel."),
    to_say("The person's address on this channel is of no use any more: the provider said so."),
    to_say("The person neither holds a booking on it nor follows it."),
    to_say("It is waiting to be sent, or just being sent."),
    to_say("Nothing is known of the flight that could be told."),
    to_say("It is over, or the flight has left: nothing about it is worth a message any more."),
    to_say("The flight changed at this moment; look again."),
)
_OF_STAFF: Final = (
    to_say("There is no such notification."),
    to_say("It was sent already."),
    to_say("The person knows already how the flight stands, by another message."),
    to_say("What differs is too little, too early or of no interest for this person."),
    # Translators: pattern is a regular expression.
    to_say("String should match pattern '{pattern}'."),
    to_say("It is not the IATA code of an airport."),
)
SENTENCES: Final = (
    *_TEXTS,
    *_FLIGHTS,
    *_PROFILE,
    *_CHOICES,
    *_ALERTS,
    *_LEAVING,
    *_PHONES,
    *_ADDRESSES,
    *_WEBHOOKS,
    *_OF_STAFF,
)
"""All of them, in English."""


def said(words: str) -> str:
    """The words in the current language, if they are one of SENTENCES; else as they are."""
    if words in SENTENCES:
        return say(words)
    for text, pattern in _patterns():
        if found := pattern.fullmatch(words):
            return say(text, **found.groupdict())
    return words


def as_sentence(words: str) -> str:
    """The words as a sentence, with a capital and a full stop or its own mark, in the current language."""
    whole = f"{words[:1].upper()}{words[1:]}{'' if words.endswith(_ENDS) else '.'}"
    return said(_FIELD if whole in _EMPTY else whole)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The sentences with places, each with what it looks like when they are filled; the most literal text first."""
    with_places = sorted((text for text in SENTENCES if "{" in text), key=lambda text: -len(_literal(text)))
    return tuple((text, re.compile(_pattern(text), re.DOTALL)) for text in with_places)


def _literal(text: str) -> str:
    return re.sub(r"\{\w+\}", "", text)


def _pattern(text: str) -> str:
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(text))
