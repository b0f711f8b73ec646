"""Who may use a view: every one says so, and what says nothing is refused.

A rule stands at the view's function (`@access.person`, below the route), or holds for a whole blueprint
(`access.of_blueprint`). It is looked at before the view, for every request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar, cast
from urllib.parse import quote

import structlog
from flask import Blueprint, Flask, Request, Response, current_app, g, redirect, request
from werkzeug.exceptions import Forbidden

from app.domain.speech import say
from app.store.api_keys import ApiKeys
from app.store.users import ADMIN, STAFF, TRAVELLER, Users, roles_of
from app.web import csrf, person_cookie, staff_key
from app.web.problems import Problem
from app.web.problems import response as problem_response
from app.web.services import services

log = structlog.get_logger()

View = TypeVar("View", bound=Callable[..., Any])
SIGN_IN, STAFF_SIGN_IN = "/sign-in", "/staff/sign-in"

_UNCHANGING = frozenset({"GET", "HEAD", "OPTIONS"})
_STAFF = frozenset({STAFF, ADMIN})
_ATTRIBUTE = "gatecall_rule"
_EXTENSION = "gatecall_access"


class Scope(StrEnum):
    """What an API key may do."""

    FEED_READ = "feed:read"
    BOOKINGS_WRITE = "bookings:write"
    FLIGHTS_WRITE = "flights:write"
    NOTICES_WRITE = "notices:write"
    STAFF = "staff"


class Who(StrEnum):
    """The kinds of rules."""

    PUBLIC = "public"
    PERSON = "person"
    STAFF = "staff"
    SIGNED = "signed"
    SCOPE = "scope"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may use a view. scope: of the kind SCOPE alone."""

    who: Who
    needs: Scope | None = None


PUBLIC, PERSON, STAFF_ALONE, SIGNED = Rule(Who.PUBLIC), Rule(Who.PERSON), Rule(Who.STAFF), Rule(Who.SIGNED)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who makes a request. person: a person's id as text, None for a program without one, and for nobody. roles: of
    the person, or of the key. scopes: what it may do as a program. label: for logs and records. of_person: it is the
    person at a browser, perhaps with a staff key besides, which others have as well."""

    person: str | None
    roles: frozenset[str]
    scopes: frozenset[Scope]
    label: str
    of_person: bool = False

    @property
    def owner(self) -> str:
        """Whose answers are kept, and whose requests are counted, together."""
        return f"person:{self.person}" if self.of_person else self.label


NOBODY = Asker(None, frozenset(), frozenset(), "anonymous")


def public(view: View) -> View:
    """Anybody."""
    return _with(view, PUBLIC)


def person(view: View) -> View:
    """A person who is signed in, about their own things alone."""
    return _with(view, PERSON)


def staff(view: View) -> View:
    """A staff key, staff signed in with it, a person with the role staff or admin, an API key with the scope staff."""
    return _with(view, STAFF_ALONE)


def signed(view: View) -> View:
    """Whoever has a link or a signature; the view checks it."""
    return _with(view, SIGNED)


def scope(needs: Scope) -> Callable[[View], View]:
    """A program whose key has the scope; a person whose role it stands for; a staff key."""
    return lambda view: _with(view, Rule(Who.SCOPE, needs))


def of_blueprint(blueprint: Blueprint, rule: Rule) -> None:
    """The rule of every view of the blueprint that has none of its own, its static files too."""
    blueprint.record(lambda state: _blueprints(state.app).update({state.name: rule}))


def scopes_of(roles: frozenset[str]) -> frozenset[Scope]:
    """What people with these roles may do, and give to keys of theirs."""
    if roles & _STAFF:
        return frozenset(Scope)
    return frozenset({Scope.FEED_READ}) if TRAVELLER in roles else frozenset()


def rule_of(app: Flask, endpoint: str) -> Rule | None:
    """The rule of an endpoint; None when nobody declared one."""
    if endpoint == "static":
        return PUBLIC  # Flask's own view of app/web/static
    own: Rule | None = getattr(app.view_functions[endpoint], _ATTRIBUTE, None)
    return own or _blueprints(app).get(endpoint.rpartition(".")[0])


def register(app: Flask, is_page: Callable[[Request], bool]) -> None:
    """Look at the rule before every view. is_page: whether a request is for a page: then it is sent to the sign-in."""

    @app.before_request
    def check() -> Response | None:
        if request.endpoint is None or request.method == "OPTIONS":
            return None  # there is no view, or it is not asked: 404, 405, and what methods there are
        try:
            return _check(rule_of(current_app, request.endpoint), is_page(request))
        except Problem as problem:
            # Not by a blueprint's handlers: those of pages would make a page, and a fault, of it.
            return problem_response(problem)


def _check(rule: Rule | None, is_page: bool) -> Response | None:
    """None when the view may go on. Raises Problem, Forbidden, PyMongoError."""
    if rule is None:
        log.error("a view without a rule of access is refused", endpoint=request.endpoint)
        raise Problem(403, "Forbidden", "Nobody may use this address: its view does not say who may.")
    if not _allows(rule):
        return _refuse(rule, is_page)
    if request.method not in _UNCHANGING and rule.who is not Who.SIGNED and not _has_key():
        _check_token(rule)
    return None


def asker() -> Asker:
    """Who makes the present request: by key, as a person, as staff, or nobody. Raises PyMongoError."""
    if "asker" not in g:
        g.asker = _by_key() if _has_key() else _by_cookie()
    return cast(Asker, g.asker)


def own() -> str:
    """The id of the person who asks, in a view for persons. Raises Problem 401 for anybody else."""
    found = asker().person
    if found is None:
        raise _unauthorized("Sign in as a person.")
    return found


def _with(view: View, rule: Rule) -> View:
    setattr(view, _ATTRIBUTE, rule)
    return view


def _blueprints(app: Any) -> dict[str, Rule]:
    found: dict[str, Rule] = app.extensions.setdefault(_EXTENSION, {})
    return found


def _allows(rule: Rule) -> bool:
    if rule.who in (Who.PUBLIC, Who.SIGNED):
        return True
    who = asker()
    if rule.who is Who.PERSON:
        # A key is for what its scopes name, never for everything its owner has.
        return who.person is not None and not _has_key()
    if rule.who is Who.STAFF:
        return bool(who.roles & _STAFF) or Scope.STAFF in who.scopes
    return rule.needs in who.scopes


def _has_key() -> bool:
    """A request with a Bearer token is a program's: its cookies count for nothing."""
    return request.headers.get("Authorization", "").partition(" ")[0].lower() == "bearer"


def _by_key() -> Asker:
    """A staff key is known without MongoDB. A key does what its owner may do at this moment, and no more."""
    parts = services()
    key = request.headers["Authorization"].partition(" ")[2].strip()
    who = staff_key.who_has(key, parts.settings)
    if who is not None:
        return Asker(None, frozenset({STAFF}), frozenset(Scope), who)
    found = ApiKeys(parts.database).find(key, parts.now())
    if found is None:
        return NOBODY
    scopes = frozenset(Scope(name) for name in found.scopes if name in set(Scope))
    if found.owner is not None:
        owner = Users(parts.database).get(found.owner)
        if owner is None:
            return NOBODY
        scopes &= scopes_of(roles_of(owner))
    return Asker(found.owner, frozenset(), scopes, f"key:{found.prefix}")


def _by_cookie() -> Asker:
    parts = services()
    if not csrf.is_possible(parts.settings):
        return NOBODY
    with_key = staff_key.remembered(parts.settings, parts.now())
    found = None if with_key and request.blueprint == "staff" else person_cookie.present()
    roles = roles_of(found.user) if found else frozenset()
    if with_key is not None:
        roles |= {STAFF}
    if not roles:
        return NOBODY
    who = found.person if found else None
    label = with_key or f"person:{who}"
    return Asker(who, roles, scopes_of(roles), label, of_person=who is not None)


def _refuse(rule: Rule, is_page: bool) -> Response:
    of_staff = request.blueprint == "staff"
    to_sign_in = is_page and (rule.who is Who.PERSON or asker().person is None)
    if asker() is not NOBODY and not (to_sign_in or of_staff):
        raise Problem(403, "Forbidden", _MISSING[rule.who].format(scope=rule.needs))
    if of_staff or to_sign_in:
        if request.method not in _UNCHANGING:
            raise Forbidden(say("Your session has ended, and nothing was changed. Sign in and do it again."))
        wanted = request.full_path.rstrip("?")
        door = STAFF_SIGN_IN if of_staff else SIGN_IN
        return cast(Response, redirect(f"{door}?next={quote(wanted, safe='/?')}", 303))
    if rule.who is not Who.PERSON and not services().settings.staff_key_hashes:
        raise Problem(
            403,
            "No staff key is configured",
            "`gatecall staff-key` makes a key and its hash; put the hash into STAFF_KEY_HASHES and restart. "
            "`gatecall api-key create` makes a key for a program.",
        )
    if rule.who is Who.PERSON:
        raise _unauthorized("Sign in as a person, and send the cookie.")
    raise _unauthorized("Send a key that works in the header: Authorization: Bearer KEY.")


_MISSING = {
    Who.PERSON: "This is about a person's own things, and a key is nobody. Sign in as a person.",
    Who.STAFF: "This is for staff. Ask an administrator for the role, or for a key with the scope staff.",
    Who.SCOPE: "This needs a key with the scope {scope}.",
}


def _unauthorized(detail: str) -> Problem:
    return Problem(
        401, "Sign in, or send a key", detail, headers={"WWW-Authenticate": 'Bearer realm="gatecall"'}
    )


def _check_token(rule: Rule) -> None:
    if rule.who is Who.PUBLIC and not csrf.is_possible(services().settings):
        return  # nothing can be changed without a session; the sign-in says what is missing
    csrf.check()
