"""Every sentence a person reads in a message about a notice by staff, around the sentence that staff wrote.

That sentence is somebody's own text: it is one line without control marks here, and whoever draws it escapes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlencode

from app.domain import airlines, gsm, places
from app.domain.news import Role
from app.domain.notice_value import NoticeValue
from app.domain.speech import clock_time, say, speaking, to_say
from app.domain.wording_lead import ended
from app.domain.wording_shapes import LINK_SLOT, Highlight, Message, NoticeNews
from app.domain.wording_terms import as_sentence, day_of

_SUBJECT: Final = 110
"""Characters of the sentence in the subject of a mail; the rest is left to the mail."""
_LARGE: Final = 90
"""Characters of the sentence that is set large; a longer one stands below in full."""
_LEAST: Final = 40
"""Units of the sentence that an SMS of one part must have room for; else it has more parts."""

# Translators: goes after "for": "Notice for all travellers".
FOR_ALL: Final = to_say("all travellers")

_ABOUT: Final[Mapping[str, str]] = {
    "": to_say("{flight} notice"),
    "withdrawn": to_say("{flight} notice, no longer so"),
    "now": to_say("{flight} notice now"),
    "corrected": to_say("{flight} notice, corrected"),
}
"""What an SMS begins with, by how the notice stands; its place may be an airport, too."""
_ABOUT_ALL: Final[Mapping[str, str]] = {
    "": to_say("Notice"),
    "withdrawn": to_say("Notice, no longer so"),
    "now": to_say("Notice now"),
    "corrected": to_say("Notice, corrected"),
}


def compose(news: NoticeNews) -> Message:
    """The message for one person about one notice. Raises nothing."""
    to_the_minute = news.now.replace(second=0, microsecond=0)
    return _compose(replace(news, now=to_the_minute, changed_at=min(news.changed_at, to_the_minute)))


def place(value: NoticeValue) -> str:
    """What it is about, as people name it: "UA 407 at Newark (EWR)", "Newark (EWR)", "all travellers"."""
    airport = _airport(value.airport) if value.airport else None
    if value.flight is None:
        return airport or say(FOR_ALL)
    number = airlines.written(value.flight)
    # Translators: what a notice is about: "UA 407 at Newark (EWR)".
    return say("{flight} at {airport}", flight=number, airport=airport) if airport else number


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
    with speaking(news.language, news.clock):
        return _composed(news)


def _composed(news: NoticeNews) -> Message:
    want, said = news.want, plain(news.want.message)
    url = f"{news.public_url}{path(want)}"
    large = cut(said, _LARGE)
    more = () if large == said or want.is_withdrawn else (as_sentence(said),)
    headline = _headline(news)
    opening = ended(headline) if more or want.is_withdrawn else f"{headline}: {as_sentence(said)}"
    return Message(
        subject=_subject(news, said),
        headline=headline,
        preheader=cut(said, 200),
        opening=opening,
        highlight=Highlight(
            label=_label(news),
            old=_old(news),
            new=say("No longer so") if want.is_withdrawn else large,
            note=say("It said: {sentence}", sentence=as_sentence(said)) if want.is_withdrawn else None,
            tone="change",
        ),
        facts=((say("About"), _about(want)), (say("Until"), _moment(want.over_at, want, news.now))),
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
        return say("The notice for {place} is withdrawn", place=about)
    if news.doubtful:
        return say("Notice for {place}, as it is now", place=about)
    if _is_correction(news):
        return say("Corrected notice for {place}", place=about)
    return say("Notice for {place}", place=about)


def _subject(news: NoticeNews, said: str) -> str:
    given = {"place": _about(news.want), "sentence": cut(said, _SUBJECT)}
    if news.want.is_withdrawn:
        return say("{place}: no longer so: {sentence}", **given)
    if news.doubtful:
        return say("{place}: now: {sentence}", **given)
    if _is_correction(news):
        return say("{place}: corrected: {sentence}", **given)
    return f"{given['place']}: {given['sentence']}"


def _about(want: NoticeValue) -> str:
    """What it is about, at the beginning of a line."""
    return place(want) if want.flight or want.airport else say("All travellers")


def _label(news: NoticeNews) -> str:
    if news.want.is_withdrawn:
        return say("What was said")
    return say("Now") if news.doubtful else say("The notice")


def _old(news: NoticeNews) -> str | None:
    """The sentence that the person heard, beside the new one."""
    if news.doubtful or news.want.is_withdrawn or not _is_correction(news):
        return None
    return cut(plain(news.heard.message), _LARGE)


def _advice(want: NoticeValue) -> str:
    if want.is_withdrawn:
        return say("You need not act on it any more.")
    return say("Look at your flight before you leave for the airport.")


def _link_words(want: NoticeValue) -> str:
    if want.flight:
        return say("Open {flight}", flight=airlines.written(want.flight))
    if want.airport:
        return say("Open the board of {airport}", airport=want.airport)
    return say("Open Gatecall")


def _footer(news: NoticeNews) -> tuple[str, ...]:
    want = news.want
    times = {"time": _clock(news.changed_at, want, news.now), "sent": _clock(news.now, want, news.now)}
    since = (
        say("Withdrawn at {time}, sent at {sent}.", **times)
        if want.is_withdrawn
        else say("Published at {time}, sent at {sent}.", **times)
    )
    return _concern(news), since, say("Staff wrote the notice; Gatecall passes it on.")


def _concern(news: NoticeNews) -> str:
    heard, want, role = news.heard, news.want, news.role
    if heard.message and heard.place != want.place:
        return say("You get this because you were told this notice for {place}.", place=place(heard))
    if role is Role.FOLLOWER and want.flight:
        return say("You get this because you follow {flight}.", flight=airlines.written(want.flight))
    if role is Role.FOLLOWER:
        return say("You get this because you follow {airport}.", airport=place(want))
    if want.flight:
        number = airlines.written(want.flight)
        return say("You get this because you hold a booking on {flight}.", flight=number)
    return say(
        "You get this because you hold a booking on a flight from or to {airport}.", airport=place(want)
    )


def _sms(news: NoticeNews, said: str, url: str) -> str:
    """The whole text: one part where the sentence fits, else cut at a word with the link to all of it. Where even that
    leaves no room, it has more than one part."""
    want = news.want
    about = airlines.written(want.flight) if want.flight else want.airport
    words = say(_ABOUT[_state(news)], flight=about) if about else say(_ABOUT_ALL[_state(news)])
    head, link = gsm.written(f"Gatecall: {words}:"), gsm.written(url.partition("://")[2])
    sentence = gsm.written(said)
    tries: Iterable[str] = (f"{head} {sentence} {link}", f"{head} {sentence}")
    for text in tries:
        if gsm.fits(text):
            return text
    room = gsm.most() - gsm.length(f"{head}  {link}")
    if room < _LEAST:
        return f"{head} {sentence}"
    return f"{head} {_cut_to(sentence, room)} {link}"


def _state(news: NoticeNews) -> str:
    """How the notice stands, as a key of the words of an SMS."""
    if news.want.is_withdrawn:
        return "withdrawn"
    if news.doubtful:
        return "now"
    return "corrected" if _is_correction(news) else ""


def _cut_to(text: str, room: int) -> str:
    """The text of the alphabet cut at a word to so many of its units."""
    longest = room
    while gsm.length(found := cut(text, longest, "...")) > room:
        longest -= 1
    return found


def _airport(iata: str) -> str:
    return f"{places.city(iata)} ({iata})"


def _moment(instant: datetime, want: NoticeValue, now: datetime) -> str:
    there, today = _local(instant, want), _local(now, want).date()
    return f"{day_of(there.date(), today)}, {clock_time(there)} {_zone(there, want)}"


def _clock(instant: datetime, want: NoticeValue, now: datetime) -> str:
    """The time of today by the clock alone."""
    there = _local(instant, want)
    if there.date() != _local(now, want).date():
        return _moment(instant, want, now)
    return f"{clock_time(there)} {_zone(there, want)}"


def _local(instant: datetime, want: NoticeValue) -> datetime:
    return places.utc_to_local(instant, want.local_to) if want.local_to else instant.astimezone(UTC)


def _zone(there: datetime, want: NoticeValue) -> str:
    return places.zone_name(there) if want.local_to else "UTC"
