"""The question whether somebody wants to hear when a flight arrives: looked at and answered by the link in its mail.

Opening it changes nothing, because scanners open every link. Each answer is one click, and can be taken back by the
same link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from flask import render_template, request

from app.domain import airlines, places
from app.domain.errors import BadEventError
from app.domain.flight import Flight, parse
from app.domain.mail_lists import MailList
from app.domain.speech import current, say
from app.store import ids, pickups, shown
from app.store.pickup_questions import PickupQuestions
from app.store.pickups import Pickup, Pickups, State
from app.store.suppressions import Suppressions
from app.store.users import Users
from app.web import choosing, picking_up
from app.web.pages import words
from app.web.services import Services, services
from app.web.stopping.link import DeadLinkError, dead

log = structlog.get_logger()

Answer = tuple[str, int]
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """The flight as the page has it. lands: None where it is not known."""

    number: str
    origin: str
    destination: str
    lands: str | None
    url: str


def view(token: str) -> Answer:
    """The question, or how it stands. Changes nothing."""
    try:
        return _page(token, _found(services(), token))
    except DeadLinkError as error:
        return dead(error)


def answer(token: str) -> Answer:
    """`answer`: agree, no, or never (and never ask again); safe to repeat, and each takes back the other."""
    parts, said = services(), request.form.get("answer", "")
    try:
        found = _found(parts, token)
        if said == "agree" and found.state_at(parts.now()) is State.EXPIRED:
            raise DeadLinkError(is_over=True)
        if said == "agree" and found.state is not State.AGREED:
            _agree(parts, found)
        elif said in {"no", "never"}:
            _refuse(parts, found, for_ever=said == "never")
        return _page(token, _found(parts, token), never=said == "never")
    except DeadLinkError as error:
        return dead(error)


def agreement(who: str, number: str) -> str:
    """What somebody agrees to; shown beside the button and kept with the consent."""
    return say(
        "I want to hear when {number} arrives, because {who} asked me: when it lands, if it lands elsewhere or not at "
        "all, and where the bags are. I can stop it with one click.",
        number=number,
        who=who,
    )


def _found(parts: Services, token: str) -> Pickup:
    """What the link is about. Raises DeadLinkError when nothing is, or its address is somebody else's by now."""
    found = Pickups(parts.database).find(token)
    if found is None:
        raise DeadLinkError(is_over=False)
    if found.user is not None and _own(parts, found) is None:
        raise DeadLinkError(is_over=True)
    return picking_up.as_it_stands(parts, found)


def _own(parts: Services, found: Pickup) -> Document | None:
    """The document of who answered, while the address that was asked is theirs."""
    user = Users(parts.database).get(found.user or "")
    email = user.get("email") if user else None
    if not isinstance(email, str):
        return None
    return (
        user if found.address in Suppressions(parts.database, parts.settings).ids_of("email", email) else None
    )


def _agree(parts: Services, found: Pickup) -> None:
    """They hear from now on. Whoever reads the mailbox has the link, so the address is proven."""
    document = _document(parts, found)
    if document is None:
        raise DeadLinkError(is_over=True)
    users, asked_by = Users(parts.database), _asker(parts, found)
    user = _own(parts, found) if found.user else None
    if user is None:
        address = pickups.opened(found.sealed, parts.settings.signing_keys) if found.sealed else None
        if address is None:
            raise DeadLinkError(is_over=True)
        known = users.by_email(address)
        user = known[0] if known else users.create(address, "", language=current().language)
        users.note_verified_email(user, address)
    person, text = ids.text(user["_id"]), agreement(asked_by, _number(document))
    if not Pickups(parts.database).agree(found, user["_id"], _followed(found, document), parts.now()):
        raise DeadLinkError(is_over=False)
    choosing.prove(parts, user, MailList.PICKUPS, given=True, way="page", words=text)
    if MailList.PICKUPS in choosing.chosen(user).stopped:
        # The list comes again for this flight; what they had stopped with it stays stopped.
        Pickups(parts.database).stop_others(person, found.id, parts.now())
        choosing.set_stopped(parts, person, [MailList.PICKUPS], stopped=False, way="page", words=text)
    log.info("somebody agreed to hear of an arrival", person=person, pickup=found.id)


def _refuse(parts: Services, found: Pickup, *, for_ever: bool) -> None:
    """They say no, or stop; where they had agreed, with the proof of it."""
    now = parts.now()
    had_agreed = found.state is State.AGREED
    state = State.STOPPED if had_agreed or found.state is State.STOPPED else State.DECLINED
    if not Pickups(parts.database).answer(found, state, now, for_ever=for_ever):
        raise DeadLinkError(is_over=False)
    user = _own(parts, found) if found.user else None
    if had_agreed and user is not None:
        choosing.prove(parts, user, MailList.PICKUPS, given=False, way="page", words=say("Tell me no more"))
        choosing.look_again(parts, ids.text(user["_id"]))
    if for_ever:
        hashes = Suppressions(parts.database, parts.settings)
        client = hashes.id_of("client", request.remote_addr) if request.remote_addr else None
        questions = PickupQuestions(parts.database, hashes)
        questions.never_again([found.address], say("No, and never ask me again"), client, now)
    log.info("somebody does not want to hear of an arrival", pickup=found.id, state=str(state))


def _page(token: str, found: Pickup, *, never: bool = False) -> Answer:
    parts = services()
    document = _document(parts, found)
    flight, who = _shown(document), _asker(parts, found)
    state = found.state_at(parts.now())
    page = render_template(
        "stopping/pickup.html",
        token=token,
        state=str(state),
        who=who,
        flight=flight,
        mailbox=found.mailbox,
        agreement=agreement(who, flight.number) if flight else "",
        may_return=bool(flight and (found.sealed or found.user)) and not never,
        never=never,
    )
    return page, 410 if state is State.EXPIRED else 200


def _asker(parts: Services, found: Pickup) -> str:
    return picking_up.first_name(Users(parts.database).get(found.person) or {})


def _document(parts: Services, found: Pickup) -> Document | None:
    return next(iter(shown.by_ids(parts.database, [found.flight]).values()), None)


def _followed(found: Pickup, document: Mapping[str, Any]) -> Any:
    """The flight's `_id` that the following has: by the key of the pick-up it is found when that ends, also where
    another document carries the flight on."""
    return document["_id"] if ids.text(document["_id"]) == found.flight else found.flight


def _number(document: Mapping[str, Any]) -> str:
    return airlines.written(str(document.get("flight_number", "")))


def _shown(document: Mapping[str, Any] | None) -> Shown | None:
    try:
        flight = parse(document or {})
        return _of_flight(flight)
    except (BadEventError, KeyError, OverflowError):
        return None


def _of_flight(flight: Flight) -> Shown:
    lands = places.utc_to_local(flight.lands_at, flight.destination) if flight.lands_at else None
    return Shown(
        number=airlines.written(flight.flight_number),
        origin=f"{places.city(flight.origin)} ({flight.origin})",
        destination=f"{places.city(flight.destination)} ({flight.destination})",
        lands=f"{words.day(lands)}, {words.clock_zone(lands)}" if lands else None,
        url=f"/f/{flight.flight_number}/{flight.departure_date}?from={flight.origin}",
    )
