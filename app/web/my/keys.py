"""Keys for my programs: made here and shown once, revoked at once."""

from __future__ import annotations

from flask import Blueprint, request
from werkzeug.wrappers import Response

from app.domain.speech import say
from app.store.api_keys import ApiKeys
from app.web import access
from app.web.api.keys import MOST_KEYS, NewKey
from app.web.api.requests import is_id, validated
from app.web.my import frame, sessions
from app.web.my.frame import Answer, Fields
from app.web.problems import Fault, Problem
from app.web.services import services


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.add_url_rule("/keys", view_func=make, endpoint="make_key", methods=["POST"])
    blueprint.add_url_rule("/keys/<key>/revoke", view_func=revoke, endpoint="revoke_key", methods=["POST"])


def make() -> Answer:
    """Make a key. It is on the page that answers, and nowhere afterwards; so there is no redirect."""
    parts = services()
    sent = {"name": request.form.get("name", "").strip()}
    chosen = frozenset(request.form.getlist("scopes"))
    try:
        wanted = validated(NewKey, sent | {"scopes": sorted(chosen)})
        _check(wanted)
    except Problem as problem:
        return sessions.page(Fields(sent, _faults(problem)), 422, chosen=chosen)
    made, _ = ApiKeys(parts.database).create(
        wanted.name, wanted.scopes, access.own(), access.asker().label, parts.now()
    )
    return sessions.page(Fields({"name": ""}, {}), made=made)


def revoke(key: str) -> Response:
    """End a key at once."""
    parts = services()
    if not is_id(key) or not ApiKeys(parts.database).revoke(key, parts.now(), access.own()):
        raise frame.not_yours("key that works")
    return frame.back("my.sessions", "key-revoked")


def _check(wanted: NewKey) -> None:
    allowed = {str(scope) for scope in access.scopes_of(access.asker().roles)}
    if not set(wanted.scopes) <= allowed:
        raise _refused("scopes", say("You may give a key {scopes}.", scopes=", ".join(sorted(allowed))))
    working = [key for key in ApiKeys(services().database).all(access.own()) if key.revoked_at is None]
    if len(working) >= MOST_KEYS:
        raise _refused("name", say("You have {number} keys that work; revoke one first.", number=MOST_KEYS))


def _refused(field: str, words: str) -> Problem:
    return Problem(422, "Refused", words, faults=[Fault(field, words)])


def _faults(problem: Problem) -> dict[str, str]:
    found = frame.faults_of(problem)
    said = {name.partition(".")[0]: words for name, words in found.items()}
    if "name" in said and not request.form.get("name", "").strip():
        said["name"] = say("Write a name, so that you know the key again.")
    if "scopes" in said and not request.form.getlist("scopes"):
        said["scopes"] = say("Choose at least one thing that the key may do.")
    return said
