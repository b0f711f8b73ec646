"""Every sentence a person reads in a message about a notice by staff, around the sentence that staff wrote.

That sentence is somebody's own text: it is one line without control marks here, and whoever draws it escapes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlencode

from app.domain import airlines, gsm, places
from app.domain.news import Role
from app.domain.notice_value import NoticeValue
from app.domain.wording_shapes import LINK_SLOT, Highlight, Message, NoticeNews
from app.domain.wording_terms import as_sentence, day_of

_SUBJECT: Final = 110
"""Characters of the sentence in the subject of a mail; the rest is left to the mail."""
_LARGE: Final = 90
"""Characters of the sentence that is set large; a longer one stands below in full."""
_LEAST: Final = 40
"""Septets of the sentence that an SMS of one part must have room for; else it has more parts."""

FOR_ALL: Final = "all travellers"


def compose(news: NoticeNews) -> Message:
    """The message for one person about one notice. Raises nothing."""
    to_the_minute = news.now.replace(second=0, microsecond=0)
    return _compose(replace(news, now=to_the_minute, changed_at=min(news.changed_at, to_the_minute)))


def place(value: NoticeValue) -> str:
    """What it is about, as people name it: "UA 407 at Newark (EWR)", "Newark (EWR)", "all travellers"."""
    airport = _airport(value.airport) if value.airport else None
    if value.flight is None:
        return airport or FOR_ALL
    number = airlines.written(value.flight)
    return f"{number} at {airport}" if airport else number


def path(value: NoticeValue) -> str:
    """The flight's page, or the airport's board, from "/" on."""
    if value.flight:
        return f"/f/{quote(value.flight, safe='')}"
    return f"/board?{urlencode({'airport': value.airport})}" if value.airport else "/"


def cut(text: str, longest: int, mark: str = "…") -> str:
    """The text, cut at a word where it is longer than this, with the mark at its end."""
    if len(text) <= longest:
        return text
    kept = text[: longest - len(mark) + 1].rpartition(" ")[0] or text[: longest - len(mark)]
    return kept.rstrip(" ,;:-.") + mark


@lru_cache(maxsize=256)
def _compose(news: NoticeNews) -> Message:
    want, said = news.want, plain(news.want.message)
    url = f"{news.public_url}{path(want)}"
    large = cut(said, _LARGE)
    more = () if large == said or want.is_withdrawn else (as_sentence(said),)
    opening = (
        f"{_headline(news)}." if more or want.is_withdrawn else f"{_headline(news)}: {as_sentence(said)}"
    )
    return Message(
        subject=_subject(news, said),
        headline=_headline(news),
        preheader=cut(said, 200),
        opening=opening,
        highlight=Highlight(
            label=_label(news),
            old=_old(news),
            new="No longer so" if want.is_withdrawn else large,
            note=f"It said: {as_sentence(said)}" if want.is_withdrawn else None,
            tone="change",
        ),
        facts=(("About", _capital(place(want))), ("Until", _moment(want.over_at, want, news.now))),
        advice=(_advice(want),),
        link=(_link_words(want), url),
        footer=_footer(news),
        sms=_sms(news, said, f"{news.public_url}/w/{LINK_SLOT}" if news.short_link else url),
        more=more,
    )


def plain(text: str) -> str:
    """The text on one line, without control and formatting marks, those that turn the direction of writing included."""
    return " ".join("".join(c if c.isprintable() or c.isspace() else "" for c in text).split())


def _is_correction(news: NoticeNews) -> bool:
    """Whether the person has heard another sentence, as far as anybody knows."""
    heard = news.heard
    return bool(heard.message) and not heard.is_withdrawn and heard.message != news.want.message


def _headline(news: NoticeNews) -> str:
    about = place(news.want)
    if news.want.is_withdrawn:
        return f"The notice for {about} is withdrawn"
    if news.doubtful:
        return f"Notice for {about}, as it is now"
    return f"Corrected notice for {about}" if _is_correction(news) else f"Notice for {about}"


def _subject(news: NoticeNews, said: str) -> str:
    about = _capital(place(news.want))
    if news.want.is_withdrawn:
        return f"{about}: no longer so: {cut(said, _SUBJECT)}"
    corrected = "corrected: " if _is_correction(news) and not news.doubtful else ""
    return f"{about}: {'now: ' if news.doubtful else corrected}{cut(said, _SUBJECT)}"


def _label(news: NoticeNews) -> str:
    if news.want.is_withdrawn:
        return "What was said"
    return "Now" if news.doubtful else "The notice"


def _old(news: NoticeNews) -> str | None:
    """The sentence that the person heard, beside the new one."""
    if news.doubtful or news.want.is_withdrawn or not _is_correction(news):
        return None
    return cut(plain(news.heard.message), _LARGE)


def _advice(want: NoticeValue) -> str:
    if want.is_withdrawn:
        return "You need not act on it any more."
    return "Look at your flight before you leave for the airport."


def _link_words(want: NoticeValue) -> str:
    if want.flight:
        return f"Open {airlines.written(want.flight)}"
    return f"Open the board of {want.airport}" if want.airport else "Open Gatecall"


def _footer(news: NoticeNews) -> tuple[str, ...]:
    want = news.want
    changed, sent = _clock(news.changed_at, want, news.now), _clock(news.now, want, news.now)
    return (
        f"You get this because you {_concern(want, news.role)}.",
        f"{'Withdrawn' if want.is_withdrawn else 'Published'} at {changed}, sent at {sent}.",
        "Staff wrote the notice; Gatecall passes it on.",
    )


def _concern(want: NoticeValue, role: Role) -> str:
    if role is Role.FOLLOWER:
        return f"follow {airlines.written(want.flight) if want.flight else place(want)}"
    if want.flight:
        return f"hold a booking on {airlines.written(want.flight)}"
    return f"hold a booking on a flight from or to {place(want)}"


def _sms(news: NoticeNews, said: str, url: str) -> str:
    """The whole text: one part where the sentence fits, else cut at a word with the link to all of it. Where even that
    leaves no room, it has more than one part."""
    want = news.want
    about = airlines.written(want.flight) if want.flight else want.airport
    words = f"{about} notice" if about else "Notice"
    head, link = gsm.written(f"Gatecall: {words}{_state(news)}:"), gsm.written(url.partition("://")[2])
    sentence = gsm.written(said)
    tries: Iterable[str] = (f"{head} {sentence} {link}", f"{head} {sentence}")
    for text in tries:
        if gsm.fits(text):
            return text
    room = gsm.ONE_PART - gsm.septets(f"{head}  {link}")
    if room < _LEAST:
        return f"{head} {sentence}"
    return f"{head} {_cut_septets(sentence, room)} {link}"


def _state(news: NoticeNews) -> str:
    if news.want.is_withdrawn:
        return ", no longer so"
    if news.doubtful:
        return " now"
    return ", corrected" if _is_correction(news) else ""


def _cut_septets(text: str, room: int) -> str:
    """The text of the alphabet cut at a word to so many septets."""
    longest = room
    while gsm.septets(found := cut(text, longest, "...")) > room:
        longest -= 1
    return found


def _airport(iata: str) -> str:
    return f"{places.city(iata)} ({iata})"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _moment(instant: datetime, want: NoticeValue, now: datetime) -> str:
    there, today = _local(instant, want), _local(now, want).date()
    return f"{day_of(there.date(), today)}, {there:%H:%M} {_zone(there, want)}"


def _clock(instant: datetime, want: NoticeValue, now: datetime) -> str:
    """The time of today by the clock alone."""
    there = _local(instant, want)
    if there.date() != _local(now, want).date():
        return _moment(instant, want, now)
    return f"{there:%H:%M} {_zone(there, want)}"


def _local(instant: datetime, want: NoticeValue) -> datetime:
    return places.utc_to_local(instant, want.local_to) if want.local_to else instant.astimezone(UTC)


def _zone(there: datetime, want: NoticeValue) -> str:
    return places.zone_name(there) if want.local_to else "UTC"
