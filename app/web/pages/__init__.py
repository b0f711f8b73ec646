"""The pages people look at: drawn whole by the server, kept fresh by a little JavaScript.

Nothing here decides anything about a message; pages read collections and the feed, and say what they find.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any

from flask import Blueprint

from app.domain import places, why_words
from app.store.overview import Overview
from app.web import access
from app.web.pages import board, errors, fares, flight, health, home, language, why, words
from app.web.pages.kept import Kept
from app.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """All pages, and the pages that errors become."""
    boards: Kept[board.Board] = Kept(services.feed.version)
    busiest: Kept[str | None] = Kept(_only_time)
    told: Kept[flight.ToldByEvent] = Kept(_only_time)
    overviews: Kept[Overview] = Kept(_only_time)
    pages = Blueprint("pages", __name__)
    access.of_blueprint(pages, access.PUBLIC)
    pages.add_url_rule("/", view_func=home.view, endpoint="home")
    pages.add_url_rule("/board", view_func=_with(board.view, boards, busiest), endpoint="board")
    pages.add_url_rule("/f/<flight_number>", view_func=flight.next_view, endpoint="flight_next")
    pages.add_url_rule("/f/<flight_number>/<date>", view_func=_with(flight.view, told), endpoint="flight")
    pages.add_url_rule(
        "/f/<flight_number>/<date>.ics", view_func=flight.calendar_view, endpoint="flight_calendar"
    )
    pages.add_url_rule("/fares", view_func=fares.view, endpoint="fares")
    pages.add_url_rule("/health", view_func=_with(health.view, overviews), endpoint="health")
    pages.add_url_rule("/why/<token>", view_func=why.of_mail, endpoint="why_mail")
    pages.add_url_rule("/w/<token>", view_func=why.of_text, endpoint="why_text")
    pages.add_url_rule("/language", view_func=language.choose, endpoint="language", methods=["POST"])
    pages.add_url_rule("/help", view_func=home.help_view, endpoint="help_page")
    filters: dict[str, Callable[..., Any]] = {
        "clock": words.clock,
        "clock_zone": words.clock_zone,
        "day": words.day,
        "long_day": words.long_day,
        "short_day": words.short_day,
        "long_date": words.long_date,
        "short_date": words.short_date,
        "city": places.city,
        "channel": why_words.channel_name,
        "number": words.number,
        "duration": words.duration,
        "zone": places.zone_name,
        "offset": places.utc_offset,
    }
    for name, function in filters.items():
        pages.add_app_template_filter(function, name)
    errors.register(pages)
    return pages


def _with(view: Callable[..., Any], *kept: Kept[Any]) -> Callable[..., Any]:
    """The view with what it keeps, under its own name: libraries ask views for theirs."""
    return update_wrapper(partial(view, *kept), view)


def _only_time() -> int:
    """The version of what nothing but time makes old."""
    return 0
