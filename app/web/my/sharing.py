"""Trips that I share: a link for those who wait at home, which ends by itself, and people who pick me up, whom we ask
whether they want to hear when I arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from flask import Blueprint, request
from pydantic import BaseModel, Field
from werkzeug.wrappers import Response

from app.domain import airlines
from app.domain.errors import BadEventError
from app.domain.flight import parse
from app.domain.speech import plural, say
from app.store import ids, shown
from app.store.audience import is_held
from app.store.own_bookings import OwnBookings
from app.store.shares import Shares
from app.web import access, picking_up, refusals
from app.web.api.requests import STRICT, is_id, validated
from app.web.my import flights, frame, sharing_pickups
from app.web.my.frame import Answer, Document, Fields
from app.web.picking_up import NewPickup
from app.web.problems import Fault, Problem
from app.web.services import services

MOST = 20
"""Links that one person has at a time, and flights of one."""
_ASKED = ("booking", "name", "email")
DAYS = (1, 7, 30)
"""How many days a link may work."""


class NewShare(BaseModel):
    """What is shared, and for how long."""

    model_config = STRICT

    bookings: Annotated[list[str], Field(min_length=1, max_length=MOST)]
    days: int


@dataclass(frozen=True, slots=True)
class Shared:
    """A link as the list shows it."""

    id: str
    flights: str
    until: str


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.add_url_rule("/shares", view_func=view, endpoint="shares", methods=["GET"])
    blueprint.add_url_rule("/shares", view_func=make, endpoint="share", methods=["POST"])
    blueprint.add_url_rule("/shares/<share>/end", view_func=end, endpoint="end_share", methods=["POST"])
    blueprint.add_url_rule("/pickups", view_func=ask, endpoint="ask_pickup", methods=["POST"])
    blueprint.add_url_rule(
        "/pickups/<pickup>/end", view_func=withdraw, endpoint="end_pickup", methods=["POST"]
    )


def view() -> Answer:
    """What can be shared, and what is."""
    return _page(Fields({}, {}))


def make() -> Answer:
    """Share some bookings. The link is on the page that answers, and nowhere afterwards; so there is no redirect."""
    parts = services()
    chosen, days = request.form.getlist("bookings"), request.form.get("days", "")
    try:
        sent = {"bookings": chosen, "days": int(days) if days.isdecimal() and len(days) < 5 else 0}
        wanted = validated(NewShare, sent)
        keys = _keys(wanted)
    except Problem as problem:
        faults = {name.partition(".")[0]: said for name, said in frame.faults_of(problem).items()}
        if not chosen:
            faults["bookings"] = say("Choose at least one booking.")
        return _page(Fields({"days": days[:5]}, faults), 422, chosen=frozenset(chosen))
    now = parts.now()
    secret = Shares(parts.database).create(access.own(), keys, now, now + timedelta(days=wanted.days))
    return _page(Fields({}, {}), made=f"{parts.settings.public_url}/trip/{secret}")


def end(share: str) -> Response:
    """End a link at once."""
    if not Shares(services().database).end(access.own(), share[:100]):
        raise frame.not_yours("shared trip")
    return frame.back("my.shares", "share-ended")


def ask() -> Answer | Response:
    """Ask somebody whether they want to hear when I arrive. Whether a mail goes out is not said, nor known."""
    sent = {name: request.form.get(name, "").strip() for name in _ASKED}
    try:
        filled = {name: text for name, text in sent.items() if text}
        picking_up.ask(services(), frame.own(), validated(NewPickup, filled))
    except Problem as problem:
        faults = frame.faults_of(problem) or {"email": refusals.as_sentence(problem.detail)}
        return _page(Fields({}, {}), 422, asking=Fields(sent, faults))
    return frame.back("my.shares", "pickup-asked")


def withdraw(pickup: str) -> Response:
    """Take a question, or an agreement, back."""
    if not picking_up.withdraw(services(), access.own(), pickup[:100]):
        raise frame.not_yours("pick-up")
    return frame.back("my.shares", "pickup-ended")


def _page(
    form: Fields,
    status: int = 200,
    *,
    made: str | None = None,
    chosen: frozenset[str] = frozenset(),
    asking: Fields | None = None,
) -> Answer:
    """made: the link that was made just now. chosen: bookings that are ticked. asking: the form of those who pick me
    up, None for an empty one."""
    return frame.draw(
        "shares.html",
        status,
        form=form,
        asking=asking or Fields(dict.fromkeys(_ASKED, ""), {}),
        pickups=sharing_pickups.listed(frame.own()),
        bookings=flights.to_share(access.own()),
        shares=_standing(frame.own()),
        days=DAYS,
        made=made,
        chosen=chosen,
    )


def _standing(user: Document) -> Sequence[Shared]:
    """What I share now."""
    parts = services()
    found = Shares(parts.database).of(access.own(), parts.now())
    documents = shown.by_ids(parts.database, {key for one in found for key in one.flights})
    return [
        Shared(
            one.id,
            ", ".join(_name(documents.get(key)) for key in one.flights),
            frame.shown_moment(parts.clock.at(one.expires_at), user),
        )
        for one in found
    ]


def _keys(wanted: NewShare) -> list[str]:
    """The flights of these bookings. Raises Problem 422 where one is not mine, or there are too many links."""
    parts, person = services(), access.own()
    if wanted.days not in DAYS:
        words = ", ".join(plural("{number} day", "{number} days", days) for days in DAYS)
        raise _refused("days", say("Choose {values}.", values=words))
    if len(Shares(parts.database).of(person, parts.now())) >= MOST:
        raise _refused("bookings", say("You share {number} trips already; end one first.", number=MOST))
    rows = OwnBookings(parts.database).those(person, list(filter(is_id, wanted.bookings)))
    mine = {ids.text(row["_id"]): ids.text(row["flight_id"]) for row in rows if is_held(row.get("status"))}
    if not set(wanted.bookings) <= mine.keys():
        words = say("One of these bookings is not there any more; look at the list again.")
        raise _refused("bookings", words)
    return list(dict.fromkeys(mine[booking] for booking in wanted.bookings))


def _refused(field: str, words: str) -> Problem:
    return Problem(422, "Refused", words, faults=[Fault(field, words)])


def _name(document: Document | None) -> str:
    try:
        return airlines.written(parse(document or {}).flight_number)
    except (BadEventError, KeyError):
        return say("a flight that is gone")
