"""A message in words as an e-mail (HTML and plain text of equal content) and as an SMS.

Adds no words of its own but "What to do" and those of its links, in the language of the message.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from app.domain.mail_lists import MailList, stopping
from app.domain.speech import say, speaking
from app.domain.speech_templates import FUNCTIONS
from app.domain.wording import Message
from app.domain.wording_digest import Digest, Item

WHY_IN_TEXT, WHY_IN_HTML = "GatecallWhyLinkInText", "GatecallWhyLinkInHtml"
"""Stand where the link "Why this message?" goes: links are all that differs between those who hear the same."""
STOP_IN_TEXT, STOP_IN_HTML = "GatecallStopLinkInText", "GatecallStopLinkInHtml"
CHOICES_IN_TEXT, CHOICES_IN_HTML = "GatecallChoicesLinkInText", "GatecallChoicesLinkInHtml"
"""Stand where the links go that stop the list and lead to the person's choices."""
LINK_PLACES = (WHY_IN_TEXT, WHY_IN_HTML, STOP_IN_TEXT, STOP_IN_HTML, CHOICES_IN_TEXT, CHOICES_IN_HTML)

WIDTH = 72
"""Characters of a line of the plain text; only an address may be longer."""


def load() -> None:
    """Read the templates now, and not with the first message."""
    _template()
    _digest_template()


def as_html(message: Message, *, has_why: bool = False, stops: MailList | None = None) -> str:
    """The HTML part of an e-mail: one document, every value escaped. has_why: with WHY_IN_HTML where the link goes.
    stops: the list that its other two links are about; None without."""
    with speaking(message.language):
        end: dict[str, str | None] = {"stop": None, "choices": None, "stop_words": None}
        if stops is not None:
            end = {"stop": STOP_IN_HTML, "choices": CHOICES_IN_HTML, "stop_words": stopping(stops)}
        if isinstance(message, Digest):
            return _digest_template().render(m=message, **end)
        return _template().render(
            m=message,
            mark=message.highlight,
            has_bad_news=_is_bad(message),
            why=WHY_IN_HTML if has_why else None,
            **end,
        )


def as_sms(message: Message) -> str:
    """The text of an SMS, in the alphabet of its language."""
    return message.sms


def as_text(message: Message, *, has_why: bool = False, stops: MailList | None = None) -> str:
    """The plain text part of an e-mail: lines of at most 72 characters, ended by a line feed. has_why: with a line
    WHY_IN_TEXT where the link goes. stops: as in `as_html`."""
    with speaking(message.language):
        return "\n".join(_lines(message, WHY_IN_TEXT if has_why else None, stops)) + "\n"


def _lines(message: Message, why: str | None, stops: MailList | None) -> Iterator[str]:
    yield from _wrapped(message.opening)
    if isinstance(message, Digest):
        for item in message.items:
            yield from _item_lines(item)
        yield from _ending(message, why, stops)
        return
    further = [*([message.highlight.note] if message.highlight.note else []), *message.more]
    if further:
        yield from _wrapped(" ".join(further))
    yield ""
    if message.facts:
        column = max(len(label) for label, _ in message.facts) + 2
        for label, value in message.facts:
            yield from _wrapped(value, first=label.ljust(column), rest=" " * column)
        yield ""
    if message.advice:
        if _is_bad(message):
            yield say("What to do")
        yield from _wrapped(" ".join(message.advice))
        yield ""
    yield message.link[1]
    yield from _ending(message, why, stops)


def _item_lines(item: Item) -> Iterator[str]:
    """One flight of a digest."""
    one = item.message
    note = [one.highlight.note] if one.highlight.note else []
    yield ""
    yield ""
    for text in (one.opening, " ".join([*note, *one.more, *one.advice])):
        if text:
            yield from _wrapped(text)
    yield one.link[1]
    if item.why is not None:
        yield say("Why this?")
        yield item.why


def _ending(message: Message, why: str | None, stops: MailList | None) -> Iterator[str]:
    if isinstance(message, Digest) and message.advice:
        yield ""
        yield from _wrapped(" ".join(message.advice))
    yield ""
    yield "--"
    for number, sentence in enumerate(message.footer):
        yield from _wrapped(sentence)
        if number == 0 and why is not None:
            yield say("Why this message? Every step it took:")
            yield why
    if stops is not None:
        yield f"{stopping(stops)}:"
        yield STOP_IN_TEXT
        yield say("Choose what you hear") + ":"
        yield CHOICES_IN_TEXT


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    if len(first) + len(text) <= WIDTH:  # the usual case, twenty times as fast
        return [first + text]
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=True,
        break_on_hyphens=False,
    )


@cache
def _template() -> Template:
    # Compiled at the first mail, not at import; every process sends more than one.
    return _environment().get_template("email.html")


@cache
def _digest_template() -> Template:
    return _environment().get_template("digest.html")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(FUNCTIONS)
    return made


def _is_bad(message: Message) -> bool:
    return message.highlight.tone == "bad"
