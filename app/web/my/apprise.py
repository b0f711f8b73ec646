"""My Apprise: the service that messages go to besides, by its address, which is shown to nobody afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import Blueprint, request
from werkzeug.wrappers import Response

from app.channels.apprise import AppriseChannel
from app.channels.apprise_address import AddressSeal
from app.channels.webhook_guard import NotAllowedError
from app.domain import wording_service
from app.domain.errors import GatecallError
from app.domain.people import Person
from app.domain.speech import say
from app.store.linked import LinkedChannels
from app.store.suppressions import Suppressions
from app.store.tries import Tries
from app.web import access, choosing, refusals
from app.web.my import frame
from app.web.my.endpoint_words import said_to_fail, said_to_stop
from app.web.my.frame import Answer, Fields
from app.web.problems import Problem
from app.web.services import Services, services

log = structlog.get_logger()

CHANNEL = "apprise"
TESTS_AN_HOUR = 10
_WITHIN_S = 8.0
_LINKED = "Linked on the page Apprise"
_ENDED = "Unlinked on the page Apprise"


@dataclass(frozen=True, slots=True)
class Standing:
    """How Apprise stands. schemas: that may be linked. label, since: of the service that is linked; None while none is.
    stopped: why nothing goes there any more. failing: since when and why it does not work now; None when it does."""

    is_on: bool
    schemas: tuple[str, ...] = ()
    label: str | None = None
    since: str | None = None
    stopped: str | None = None
    failing: str | None = None


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.add_url_rule("/apprise", view_func=view, endpoint="apprise", methods=["GET"])
    blueprint.add_url_rule("/apprise/link", view_func=link, endpoint="link_apprise", methods=["POST"])
    blueprint.add_url_rule("/apprise/end", view_func=end, endpoint="unlink_apprise", methods=["POST"])


def view() -> Answer:
    """What is linked, and the field for an address. What was typed is never in it again: it is a secret."""
    return _page({})


def link() -> Answer | Response:
    """Link the service behind an address, if a test arrives there now; else nothing changes.

    Raises Problem: 403 while Apprise is off, 429 after too many tests.
    """
    parts, url = services(), request.form.get("url", "").strip()
    if CHANNEL not in parts.settings.channels:
        raise Problem(403, say("Apprise is off"), say("This system sends nothing by it. E-mail works."))
    if not url:
        return _page({"url": say("Fill in this field.")}, 422)
    tries = Tries(parts.database, "apprise-test", TESTS_AN_HOUR, timedelta(hours=1))
    if not tries.take(access.own(), parts.now()):
        words = say("At most {number} in an hour. Wait a little.", number=TESTS_AN_HOUR)
        raise Problem(429, say("Too many tests"), words)
    try:
        address, label = _tested(parts, url)
    except NotAllowedError as error:
        return _page({"url": refusals.said(str(error))}, 422)
    except GatecallError as error:
        words = say("The test did not arrive, so nothing was linked: {answer}.", answer=error)
        return _page({"url": words}, 422)
    more = {"sealed": AddressSeal(parts.settings.signing_keys).sealed(url), "label": label}
    if not _links(parts).link(access.own(), CHANNEL, address, parts.now(), more):
        raise frame.not_yours("person")
    choosing.prove(parts, frame.own(), CHANNEL, given=True, way="apprise", words=_LINKED)
    log.info("apprise linked", person=access.own(), schema=address.partition(":")[0])
    return frame.back("my.apprise", "apprise-linked")


def end() -> Response:
    """Nothing more goes there; what is open on it settles in silence."""
    parts, user = services(), frame.own()
    choosing.prove(parts, user, CHANNEL, given=False, way="apprise", words=_ENDED)
    _links(parts).unlink(access.own(), CHANNEL)
    log.info("apprise unlinked", person=access.own())
    return frame.back("my.apprise", "apprise-ended")


def standing(user: Mapping[str, Any]) -> Standing:
    """How Apprise of the person who asks stands."""
    parts = services()
    row = _links(parts).get(access.own(), CHANNEL)
    found = Standing(CHANNEL in parts.settings.channels, tuple(sorted(parts.settings.apprise_allowed)))
    if row is None:
        return found
    found = replace(
        found, label=str(row.get("label") or say("A service")), since=_moment(row.get("since"), user)
    )
    if stopped := row.get("stopped"):
        return replace(found, stopped=said_to_stop(stopped.get("reason"), _moment(stopped.get("at"), user)))
    if since := row.get("failing_since"):
        until, words = _moment(row.get("rests_until"), user), row.get("words") or say("no answer")
        found = replace(found, failing=said_to_fail(_moment(since, user), words, until))
    return found


def _tested(parts: Services, url: str) -> tuple[str, str]:
    """The name of the address, and what is shown of it, once a test has arrived. Raises what `Sender.send` does."""
    channel = AppriseChannel(parts.settings)
    seal = AddressSeal(parts.settings.signing_keys)
    sender = channel.open()
    try:
        service = sender.service(url)
        address = seal.name_of(service.schema, url)
        person = Person(access.own(), "", linked={CHANNEL: address}, sealed={CHANNEL: seal.sealed(url)})
        message = wording_service.test_message(CHANNEL, parts.settings.public_url)
        sender.send(channel.pack(f"test {secrets.token_hex(8)}", person, message), _WITHIN_S)
    finally:
        sender.close()
    return address, f"{service.name} at {sender.last_host}"


def _page(faults: Mapping[str, str], status: int = 200) -> Answer:
    return frame.draw(
        "apprise.html", status, form=Fields({"url": ""}, faults), standing=standing(frame.own())
    )


def _links(parts: Services) -> LinkedChannels:
    return LinkedChannels(parts.database, Suppressions(parts.database, parts.settings))


def _moment(at: object, user: Mapping[str, Any]) -> str | None:
    return frame.shown_moment(services().clock.at(at), user) if isinstance(at, datetime) else None
