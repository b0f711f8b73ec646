"""What all my pages share: the person's document, the line that says what was done, times as the person reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app.domain import places
from app.store.users import Users
from app.web import access, preferences_form
from app.web.airport_field import Choice
from app.web.pages import words
from app.web.problems import Problem
from app.web.services import services

Document = dict[str, Any]
Answer = tuple[str, int]

SECTIONS = (
    ("my.notifications", "Notifications"),
    ("my.preferences", "What you hear"),
    ("my.flights", "Bookings and follows"),
    ("my.alerts", "Fare alerts"),
    ("my.profile", "Profile"),
    ("my.sessions", "Sign-ins and keys"),
    ("my.data", "Your data"),
)
"""Endpoint and name of each of my pages."""

SAID: Mapping[str, str] = {
    "preferences": "Saved. It counts from the next message on, and for what waited.",
    "profile": "Saved.",
    "booked": "The booking is added. You hear its news from now on.",
    "booked-before": "You had this booking already, and nothing was changed.",
    "unbooked": "The booking is removed. You hear no more of it.",
    "followed": "You follow this flight from now on.",
    "followed-airport": "You follow this airport from now on.",
    "followed-before": "You followed this airport already, and nothing was changed.",
    "unfollowed": "You follow it no more.",
    "muted": "Muted. You stay a follower and hear nothing until you unmute it.",
    "unmuted": "You hear its news again.",
    "alert-made": "The alert is saved. The fares are looked at for it within seconds.",
    "alert-saved": "Saved. The fares are looked at anew within seconds.",
    "alert-paused": "Paused. You hear nothing of it until you resume it.",
    "alert-resumed": "It is at work again. What happened meanwhile is not made up for.",
    "alert-deleted": "The alert is deleted. You hear no more of it.",
    "pickup-asked": "We ask them by e-mail. Nothing else goes to them before they agree.",
    "pickup-ended": "They hear no more of it. Nothing tells them so.",
    "share-ended": "The link does not work any more.",
    "session-ended": "That browser is signed out.",
    "key-revoked": "The key does not work any more.",
    "phone": "Your phone is verified. Texts go there from now on.",
    "telegram-ended": "Telegram is unlinked. Nothing comes to that chat any more.",
    "webhook-ended": "The webhook is unlinked. Nothing goes there any more.",
    "apprise-linked": "The test arrived, and the service is linked. News goes there from now on.",
    "apprise-ended": "The service is unlinked. Nothing goes there any more.",
    "webhook-again": "It is sent again, as it stands now.",
    "phone-removed": "Your phone is removed. No texts go there any more.",
    "test": "A test message is on its way. It arrives within a minute, or your mailbox or phone does not take it.",
    "changed-meanwhile": "Nothing was done: it was changed meanwhile. This is how it stands now.",
}
"""What a page says was done, by the word that the address carries (`?done=`)."""
_EMPTY = frozenset({"it is required", "it is empty"})
_WARNINGS = frozenset({"changed-meanwhile"})


@dataclass(frozen=True, slots=True)
class Done:
    """The line at the top of a page after a change."""

    words: str
    is_warning: bool


@dataclass(frozen=True, slots=True)
class Fields:
    """A form as it is shown. values: as typed, or as they stand; faults: a sentence by field; choices: airports to
    choose from, by the field whose text means none or several."""

    values: Mapping[str, str]
    faults: Mapping[str, str]
    choices: Mapping[str, Sequence[Choice]] = field(default_factory=dict)


def own() -> Document:
    """The document of the person who asks. Raises NotFound when it is gone."""
    found = Users(services().database).get(access.own())
    if found is None:
        raise NotFound("There is no such person any more.")
    return found


def not_yours(what: str) -> NotFound:
    """For what is not there, and for what is somebody else's: nobody learns which."""
    return NotFound(f"There is no such {what} of yours.")


def draw(template: str, status: int = 200, **values: Any) -> Answer:
    """One of my pages, with the line that says what was done before it."""
    word = request.args.get("done", "")
    done = Done(SAID[word], word in _WARNINGS) if word in SAID and status == 200 else None
    return render_template(f"my/{template}", sections=SECTIONS, done=done, **values), status


def back(endpoint: str, done: str, **values: Any) -> Response:
    """To a page after a change; done: one of SAID."""
    assert done in SAID
    return redirect(url_for(endpoint, done=done, **values), 303)


def problem(found: Problem) -> Answer:
    """The page for what the functions of the API refuse."""
    body = render_template(
        "error.html", title=found.title, words=found.detail, reference=None, again=False, sign_in=False
    )
    return body, found.status


def faults_of(found: Problem) -> dict[str, str]:
    """A sentence by field, beginning with a capital; of several about one field the first."""
    said: dict[str, str] = {}
    for fault in found.faults:
        words = "fill in this field" if fault.message in _EMPTY else fault.message
        said.setdefault(fault.field, as_sentence(words))
    return said


def as_sentence(words: str) -> str:
    """With a capital at the beginning, and a full stop or its own mark at the end."""
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith(('.', '?')) else '.'}"


def shown_time(moment: datetime, user: Mapping[str, Any]) -> str:
    """A time of the domain clock as the person reads clocks: "14:42 EST", or "2:42 PM EST"."""
    local = moment.astimezone(preferences_form.zone_of(user))
    if user.get("clock") == 12:
        return f"{local.hour % 12 or 12}:{local:%M} {'AM' if local.hour < 12 else 'PM'} {places.zone_name(local)}"
    return words.clock_zone(local)


def shown_day(moment: datetime, user: Mapping[str, Any]) -> str:
    """The day in the person's zone: "Friday 8 February 2013"."""
    return words.long_day(moment.astimezone(preferences_form.zone_of(user)))


def shown_moment(moment: datetime, user: Mapping[str, Any]) -> str:
    """Day and time: "Fri 8 Feb 2013, 14:42 EST"."""
    local = moment.astimezone(preferences_form.zone_of(user))
    return f"{words.day(local)} {local.year}, {shown_time(moment, user)}"
