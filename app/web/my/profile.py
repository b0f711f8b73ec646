"""Who I am: name, language, zone, clock and currency; and the addresses that messages go to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from zoneinfo import available_timezones

from flask import request
from pymongo.client_session import ClientSession
from werkzeug.wrappers import Response

from app.domain import channels, people, speech
from app.domain.speech import say
from app.store.client import in_transaction
from app.store.users import ChangedMeanwhileError, Users
from app.web import access, choosing, preferences_form
from app.web.api.me import ProfileChange
from app.web.api.requests import validated
from app.web.my import frame, telegram
from app.web.my.frame import Answer, Fields
from app.web.problems import Problem
from app.web.services import services

_FORM = ("name", "language", "time_zone", "clock", "currency")
LANGUAGES = tuple((language.tag, language.name) for language in speech.LANGUAGES.values())
"""Offered in the form; the API takes any tag."""

Zones = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Address:
    """Where messages of a channel go. shown: masked; "" when there is none. counts: messages go there."""

    channel: str
    name: str
    shown: str
    is_verified: bool
    counts: bool


def view() -> Answer:
    """The profile as it stands."""
    user = frame.own()
    return _page(user, Fields(_standing(user), {}))


def save() -> Answer | Response:
    """Keep the profile, all of it or, with anything wrong, nothing. An empty field is not chosen."""
    user = frame.own()
    sent = {name: request.form.get(name, "").strip() for name in _FORM}
    try:
        changes = _changes(sent)
    except Problem as problem:
        return _page(user, Fields(sent, frame.faults_of(problem)), 422)
    version = preferences_form.version_in(request.form.to_dict())
    try:
        Users(services().database).set_fields(access.own(), changes, version)
    except ChangedMeanwhileError:
        user = frame.own()
        return _page(user, Fields(_standing(user), {}), 409)
    if changes["time_zone"] != user.get("time_zone"):
        choosing.zone_changed(services(), access.own())
    return frame.back("my.profile", "profile")


def remove_phone() -> Response:
    """Take the phone out of the profile; nothing is sent there any more."""
    parts, user = services(), frame.own()
    version = preferences_form.version_in(request.form.to_dict())
    changes = {"phone": None} | ({"verified.phone": None} if isinstance(user.get("verified"), dict) else {})

    def both(session: ClientSession) -> None:
        Users(parts.database).set_fields(access.own(), changes, version, session)
        if user.get("phone"):
            words = say("Remove the phone")
            choosing.prove(parts, user, "sms", given=False, way="page", words=words, session=session)

    try:
        in_transaction(parts.database.client, both)
    except ChangedMeanwhileError:
        return frame.back("my.profile", "changed-meanwhile")
    choosing.look_again(parts, access.own())
    return frame.back("my.profile", "phone-removed")


def addresses(user: Mapping[str, Any]) -> tuple[Address, ...]:
    """Both channels, with whether the person's address on it is verified and counts."""
    found = people.parse(user)
    verified = user.get("verified")
    proved = verified if isinstance(verified, Mapping) else {}
    email, phone = str(user.get("email") or ""), str(user.get("phone") or "")
    return (
        Address(
            "email",
            channels.title("email"),
            people.masked_email(email) if email else "",
            bool(proved.get("email")) and found.email is not None,
            found.email is not None,
        ),
        Address(
            "sms",
            say("Phone"),
            people.shown_phone(phone) if phone else "",
            bool(proved.get("phone")) and found.phone is not None,
            found.phone is not None,
        ),
    )


def _changes(sent: Mapping[str, str]) -> dict[str, Any]:
    """Raises Problem with every field at fault."""
    clock = int(sent["clock"]) if sent["clock"] in ("12", "24") else sent["clock"] or None
    given = {name: sent[name] or None for name in _FORM if name != "name"}
    currency = sent["currency"].upper() or None
    found = validated(ProfileChange, given | {"name": sent["name"], "clock": clock, "currency": currency})
    return {name: getattr(found, name) for name in _FORM}


def _standing(user: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(user.get(name) or "") for name in _FORM}


def _zones(present: str) -> Zones:
    """Zones by continent; those that are no place's, like Etc/GMT+1, only when one is chosen already."""
    offered = {
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))
    }
    named = sorted(offered | ({present} if present else set()))
    return tuple((area, tuple(names)) for area, names in groupby(named, lambda name: name.partition("/")[0]))


def _page(user: Mapping[str, Any], form: Fields, status: int = 200) -> Answer:
    return frame.draw(
        "profile.html",
        status,
        form=form,
        version=choosing.version_of(user),
        is_stale=status == 409,
        zones=_zones(form.values["time_zone"]),
        languages=LANGUAGES,
        addresses=addresses(user),
        channels=services().settings.channels,
        linked=frozenset(user.get("linked") or ()),  # what is off may be unlinked, too
        telegram=telegram.standing(user),
    )
