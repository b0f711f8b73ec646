"""The board of an airport: `/board?airport=EWR&dir=dep&date=2013-02-08&from=15:17&q=&airline=&status=`.

Without a date it is the board of the present and follows the domain clock. Filters work in the query string, so
every board has an address and works without JavaScript.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from flask import redirect, render_template, request
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response

from app.domain import airlines, place_search, places
from app.domain.place_search import PlaceError
from app.domain.speech import current, say, say_as
from app.store import flights as flights_store
from app.web import airport_field
from app.web.pages import board_rows, board_words, changes, follow, live, words
from app.web.pages.board_rows import ARRIVALS, DEPARTURES, Entry, Row, Summary
from app.web.pages.board_words import Heads, Nothing
from app.web.pages.kept import Kept
from app.web.services import Services, services

_ALL = ""
_GROUPS = ("boarding", "delayed", "cancelled")
_LONGEST_SEARCH = 60
_MOST_UPDATES = 5_000  # of a day at a large airport; older ones have no mark and no time in "Changed"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a board asks for. on: None for today; start: None for around now."""

    airport: str
    arrival: bool
    on: date | None = None
    start: time | None = None
    text: str = ""
    airline: str = ""
    group: str = ""

    @property
    def filtered(self) -> bool:
        """Whether only some flights are asked for."""
        return bool(self.text or self.airline or self.group)

    @property
    def url(self) -> str:
        """The address of this board."""
        parts = {
            "airport": self.airport,
            "dir": ARRIVALS if self.arrival else DEPARTURES,
            "date": self.on.isoformat() if self.on else "",
            "from": f"{self.start:%H:%M}" if self.start else "",
            "q": self.text,
            "airline": self.airline,
            "status": self.group,
        }
        return "/board?" + urlencode({name: value for name, value in parts.items() if value})


@dataclass(frozen=True, slots=True)
class Board:
    """Everything the template shows."""

    asked: Asked
    name: str
    city: str
    on: date
    today: bool
    summary: Summary
    rows: Sequence[Row]
    heads: Heads
    caption: str
    no_match: str
    none_left: Nothing
    none_known: Nothing
    earlier: tuple[str, str] | None
    later: tuple[str, str] | None
    unreadable: int
    airports: Sequence[str]
    airlines: Sequence[tuple[str, str]]
    ages: changes.Ages
    numbered: Sequence[tuple[str, str]]


def view(kept: Kept[Board], busiest: Kept[str | None]) -> str | tuple[str, int] | Response:
    """A board, whole without JavaScript. busiest: the airport that is shown when none is asked for.

    An airport may be written by name: one is sent on to its board, of several one is chosen (422).

    :raise 400: a date or time that cannot be understood.
    :raise 404: what is like no airport's code or name.
    """
    parts = services()
    following = live.of(parts)  # its cursor is taken before MongoDB is read, so that no change falls between
    written = request.args.get("airport", "").strip()
    code = written.upper()
    if written and places.airport(code) is None:
        try:
            code = place_search.one_airport(written)
        except PlaceError:
            return _which(written)
        return redirect(_asked(request.args, code).url, 302)
    if not code:
        today = parts.clock().date().isoformat()
        found = busiest.get(today, parts.now(), lambda: flights_store.busiest_origin(parts.database, today))
        if found is None:
            return render_template("board_none.html", live=following)
        code = found
    asked = _asked(request.args, code)
    board = kept.get((asked, current()), parts.now(), lambda: _board(asked, parts))
    now = places.utc_to_local(parts.clock(), asked.airport)
    since = None
    if following.age is not None:
        heard = parts.clock.at(parts.now() - timedelta(seconds=following.age_s))
        since = words.clock_zone(places.utc_to_local(heard, asked.airport))
    return render_template(
        "board.html",
        board=board,
        now=now,
        since=since,
        live=following,
        statuses=_statuses(),
        written=airport_field.words(asked.airport),
        follow=follow.airport_button(parts, asked.airport),
    )


def _statuses() -> tuple[tuple[str, str], ...]:
    """The choices of the filter; each word is about several flights."""
    words_of = (say_as("flights", "Boarding"), say_as("flights", "Delayed"), say_as("flights", "Cancelled"))
    return ((_ALL, say_as("flights", "All")), *zip(_GROUPS, words_of, strict=True))


def _which(written: str) -> tuple[str, int]:
    """The page to choose an airport on, each with the rest of what was asked. Raises NotFound when nothing is near."""
    near = airport_field.choices(written)
    if not near:
        raise NotFound(
            say(
                'There is no airport "{name}". Write a code like EWR, or a city like Newark.',
                name=written[:40],
            )
        )
    offered = [(one.words, _asked(request.args, one.code).url) for one in near]
    page = render_template("board_which.html", written=written[: place_search.LONGEST], offered=offered)
    return page, 422


def _asked(args: Mapping[str, str], airport: str) -> Asked:
    group = args.get("status", "")
    return Asked(
        airport=airport,
        arrival=args.get("dir") == ARRIVALS,
        on=_date(args.get("date", "")),
        start=_time(args.get("from", "")),
        text=" ".join(args.get("q", "").split())[:_LONGEST_SEARCH],
        airline=args.get("airline", "").strip().upper()[:3],
        group=group if group in _GROUPS else _ALL,
    )


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(say('The date of a board is written like "2013-02-08".')) from error
    if not 1900 < found.year < 9000:
        raise BadRequest(say("There are no boards that far away."))
    return found


def _time(text: str) -> time | None:
    if not text:
        return None
    try:
        return time.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError as error:
        raise BadRequest(say('The time a board begins at is written like "15:30".')) from error


def _board(asked: Asked, parts: Services) -> Board:
    now = places.utc_to_local(parts.clock(), asked.airport)
    on = asked.on or now.date()
    around_now = asked.start is None and on == now.date()
    found, unreadable = _entries(asked, on, parts, with_day_before=around_now)
    of_day = [entry for entry in found if entry.planned.date() == on]
    begin = datetime.combine(on, asked.start or time(), tzinfo=places.zone(asked.airport))
    pool = board_rows.around_now(found, now) if around_now else [e for e in of_day if e.planned >= begin]
    fitting = [e for e in pool if board_rows.matches(e, asked.text, asked.airline, asked.group)]
    shown = board_rows.page(fitting, board_rows.FILTERED_PAGE if asked.filtered else board_rows.PAGE)
    updates = parts.feed.recent(airport=asked.airport, type="flight", limit=_MOST_UPDATES)
    recent = changes.by_flight(updates, parts.clock, now)
    ages = changes.ages(parts.clock)
    summary = board_rows.summary(found, on)
    arrival, today = asked.arrival, on == now.date()
    span = (pool[0].planned, pool[-1].planned) if pool else None
    name = places.short_name(asked.airport)
    next_departure = _next_departure(asked, on, parts) if not pool and of_day else None
    return Board(
        asked=asked,
        name=name,
        city=places.city(asked.airport),
        on=on,
        today=today,
        summary=summary,
        rows=[board_rows.row(e, recent.get(e.flight.identity), now, ages) for e in shown],
        heads=board_words.heads(asked.airport, on, summary, arrival=arrival, today=today),
        caption=board_words.caption(name, on, *span, arrival=arrival) if span else "",
        no_match=board_words.no_match(on, span),
        none_left=board_words.none_left(on, summary, next_departure, arrival=arrival, today=today),
        none_known=board_words.none_known(asked.airport, on, arrival=arrival),
        earlier=_earlier(asked, on, of_day, pool),
        later=_later(asked, on, fitting, shown, parts),
        unreadable=unreadable,
        airports=_airports(asked, parts),
        airlines=sorted(
            {(e.flight.airline, airlines.name(e.flight.airline)) for e in found}, key=lambda a: a[1]
        ),
        ages=ages,
        numbered=_same_number(asked.text, parts) if asked.text and not shown else (),
    )


def _entries(asked: Asked, on: date, parts: Services, *, with_day_before: bool) -> tuple[list[Entry], int]:
    """Entries of the day; with those of the day before when yesterday's may still be on their way."""
    before = on - timedelta(days=1)
    if asked.arrival:
        first, *_, last = flights_store.departed_on(on.isoformat())  # landing dates are computed
        documents = flights_store.heading_to(parts.database, asked.airport, first, last)
    else:
        since = before if with_day_before else on
        documents = flights_store.departing(parts.database, asked.airport, since.isoformat(), on.isoformat())
    found, unreadable = board_rows.entries(documents, asked.airport, asked.arrival)
    days = {on, before} if with_day_before else {on}
    return [entry for entry in found if entry.planned.date() in days], unreadable


def _earlier(
    asked: Asked, on: date, of_day: Sequence[Entry], pool: Sequence[Entry]
) -> tuple[str, str] | None:
    """Address and time of the page before; None when the day begins here."""
    first = next((e.planned for e in pool if e.planned.date() == on), None)
    if first is None:
        first = of_day[-1].planned + timedelta(minutes=1) if of_day else None
    start = board_rows.page_before(of_day, first) if first else None
    if start is None:
        return None
    return replace(asked, on=on, start=start.time()).url, words.clock(start)


def _later(
    asked: Asked, on: date, fitting: Sequence[Entry], shown: Sequence[Entry], parts: Services
) -> tuple[str, str] | None:
    """Address and words of the page after: later on the day, else the next day; None when nothing is known."""
    if len(fitting) > len(shown):
        following = fitting[len(shown)].planned
        url, time = replace(asked, on=on, start=following.time()).url, words.clock(following)
        if asked.arrival:
            return url, say("Later arrivals, from {time}", time=time)
        return url, say("Later departures, from {time}", time=time)
    tomorrow = on + timedelta(days=1)
    if asked.arrival or not flights_store.has_departures(parts.database, asked.airport, tomorrow.isoformat()):
        return None
    return replace(asked, on=tomorrow, start=None).url, say(
        "Departures on {day}", day=words.short_day(tomorrow)
    )


def _next_departure(asked: Asked, on: date, parts: Services) -> str | None:
    """The first departure of the next day, in words; None when there is none or it is about arrivals."""
    if asked.arrival:
        return None
    tomorrow = on + timedelta(days=1)
    documents = flights_store.departing(
        parts.database, asked.airport, tomorrow.isoformat(), tomorrow.isoformat()
    )
    found, _ = board_rows.entries(documents, asked.airport, arrival=False)
    entry = next((e for e in found if not e.off), None)
    if entry is None:
        return None
    return say(
        "{time} on {day}, {flight} to {city}",
        time=words.clock_zone(entry.expected),
        day=words.short_day(tomorrow),
        flight=airlines.written(entry.flight.flight_number),
        city=places.city(entry.other),
    )


def _airports(asked: Asked, parts: Services) -> list[str]:
    listed = flights_store.destinations if asked.arrival else flights_store.origins
    codes = {code for code in listed(parts.database) if places.airport(code)} | {asked.airport}
    return sorted(airport_field.words(code) for code in codes)


def _same_number(text: str, parts: Services) -> list[tuple[str, str]]:
    """Where a flight number that is not on this board is found: addresses and words, at most three."""
    number = text.replace(" ", "").upper()
    if not (3 <= len(number) <= 7 and number.isalnum() and number[2:3].isdigit()):
        return []
    found = []
    for document in flights_store.numbered(parts.database, number, latest=True, most=3):
        day, origin = document.get("departure_date"), str(document.get("origin", "")).upper()
        if isinstance(day, str) and (on := words.parsed_date(day)) and places.airport(origin):
            url = f"/f/{number}/{day}?{urlencode({'from': origin})}"
            named = {
                "flight": airlines.written(number),
                "city": places.city(origin),
                "day": words.short_day(on),
            }
            found.append((url, say("{flight} from {city}, {day}", **named)))
    return found
