"""What all my pages share: the person's document, the line that says what was done, times as the person reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app.domain import places, speech
from app.domain.speech import say, to_say
from app.store.users import Users
from app.web import access, preferences_form, refusals
from app.web.airport_field import Choice
from app.web.problems import Problem
from app.web.services import services

Document = dict[str, Any]
Answer = tuple[str, int]

SECTIONS = (
    ("my.notifications", to_say("Notifications")),
    ("my.preferences", to_say("What you hear")),
    ("my.flights", to_say("Bookings and follows")),
    ("my.alerts", to_say("Fare alerts")),
    ("my.profile", to_say("Profile")),
    ("my.sessions", to_say("Sign-ins and keys")),
    ("my.data", to_say("Your data")),
)
"""Endpoint and name of each of my pages."""

SAID: Mapping[str, str] = {
    "preferences": to_say("Saved. It counts from the next message on, and for what waited."),
    "profile": to_say("Saved."),
    "booked": to_say("The booking is added. You hear its news from now on."),
    "booked-before": to_say("You had this booking already, and nothing was changed."),
    "unbooked": to_say("The booking is removed. You hear no more of it."),
    "followed": to_say("You follow this flight from now on."),
    "followed-airport": to_say("You follow this airport from now on."),
    "followed-before": to_say("You followed this airport already, and nothing was changed."),
    "unfollowed": to_say("You follow it no more."),
    "muted": to_say("Muted. You stay a follower and hear nothing until you unmute it."),
    "unmuted": to_say("You hear its news again."),
    "alert-made": to_say("The alert is saved. The fares are looked at for it within seconds."),
    "alert-saved": to_say("Saved. The fares are looked at anew within seconds."),
    "alert-paused": to_say("Paused. You hear nothing of it until you resume it."),
    "alert-resumed": to_say("It is at work again. What happened meanwhile is not made up for."),
    "alert-deleted": to_say("The alert is deleted. You hear no more of it."),
    "pickup-asked": to_say("We ask them by e-mail. Nothing else goes to them before they agree."),
    "pickup-ended": to_say("They hear no more of it. Nothing tells them so."),
    "share-ended": to_say("The link does not work any more."),
    "session-ended": to_say("That browser is signed out."),
    "key-revoked": to_say("The key does not work any more."),
    "phone": to_say("Your phone is verified. Texts go there from now on."),
    "telegram-ended": to_say("Telegram is unlinked. Nothing comes to that chat any more."),
    "webhook-ended": to_say("The webhook is unlinked. Nothing goes there any more."),
    "apprise-linked": to_say("The test arrived, and the service is linked. News goes there from now on."),
    "apprise-ended": to_say("The service is unlinked. Nothing goes there any more."),
    "webhook-again": to_say("It is sent again, as it stands now."),
    "phone-removed": to_say("Your phone is removed. No texts go there any more."),
    "inbox-seen": to_say("Everything in your inbox counts as read."),
    "inbox-on": to_say("Your inbox is on. What you are told appears here from now on."),
    "inbox-off": to_say("Your inbox is off. Nothing more comes to it."),
    "test": to_say(
        "A test message is on its way. It arrives within a minute, or your mailbox or phone does not take it."
    ),
    "changed-meanwhile": to_say("Nothing was done: it was changed meanwhile. This is how it stands now."),
}
"""What a page says was done, by the word that the address carries (`?done=`)."""
NOT_YOURS: Mapping[str, str] = {
    "alert": to_say("There is no such alert of yours."),
    "booking": to_say("There is no such booking of yours."),
    "following": to_say("There is no such following of yours."),
    "key that works": to_say("There is no such key that works of yours."),
    "message": to_say("There is no such message of yours."),
    "person": to_say("There is no such person of yours."),
    "pick-up": to_say("There is no such pick-up of yours."),
    "session": to_say("There is no such session of yours."),
    "shared trip": to_say("There is no such shared trip of yours."),
    "webhook": to_say("There is no such webhook of yours."),
}
"""What a page says of what is not there, by the word for it."""
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
        raise NotFound(say("There is no such person any more."))
    return found


def not_yours(what: str) -> NotFound:
    """For what is not there, and for what is somebody else's: nobody learns which. what: one of NOT_YOURS."""
    return NotFound(say(NOT_YOURS[what]))


def draw(template: str, status: int = 200, **values: Any) -> Answer:
    """One of my pages, with the line that says what was done before it."""
    word = request.args.get("done", "")
    done = Done(say(SAID[word]), word in _WARNINGS) if word in SAID and status == 200 else None
    return render_template(f"my/{template}", sections=SECTIONS, done=done, **values), status


def back(endpoint: str, done: str, **values: Any) -> Response:
    """To a page after a change; done: one of SAID."""
    assert done in SAID
    return redirect(url_for(endpoint, done=done, **values), 303)


def problem(found: Problem) -> Answer:
    """The page for what the functions of the API refuse."""
    title, words = refusals.said(found.title), refusals.said(found.detail)
    body = render_template("error.html", title=title, words=words, reference=None, again=False, sign_in=False)
    return body, found.status


def faults_of(found: Problem) -> dict[str, str]:
    """A sentence by field, in the person's language; of several about one field the first."""
    said: dict[str, str] = {}
    for fault in found.faults:
        said.setdefault(fault.field, refusals.as_sentence(fault.message))
    return said


def shown_time(moment: datetime, user: Mapping[str, Any]) -> str:
    """A time of the domain clock as the person reads clocks: "14:42 EST", or "2:42 PM EST"."""
    local = moment.astimezone(preferences_form.zone_of(user))
    with speech.speaking(speech.current().language, user.get("clock")):
        return f"{speech.clock_time(local)} {places.zone_name(local)}"


def shown_day(moment: datetime, user: Mapping[str, Any]) -> str:
    """The day in the person's zone: "Friday 8 February 2013"."""
    return speech.long_day(moment.astimezone(preferences_form.zone_of(user)))


def shown_moment(moment: datetime, user: Mapping[str, Any]) -> str:
    """Day and time: "Fri 8 Feb 2013, 14:42 EST"."""
    local = moment.astimezone(preferences_form.zone_of(user))
    return f"{speech.day(local, year=True)}, {shown_time(moment, user)}"
