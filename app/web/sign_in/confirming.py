"""The link from the mail: a page with a button, because scanners follow links; the button signs in."""

from __future__ import annotations

import structlog
from flask import Response, redirect, render_template, request, session

from app.domain import speech
from app.domain.speech import say
from app.store.sign_ins import SignIn, SignIns
from app.store.users import Document, Users
from app.web import access, choosing, inbox, person_cookie, speaking
from app.web.services import Services, services
from app.web.sign_in import asking, browsers, known_browser
from app.web.sign_in.asking import Answer, why_closed
from app.web.sign_in.lasting import sign_in_lasts
from app.web.sign_in.own_paths import own_path

log = structlog.get_logger()

_LONGEST_NAME = 80


@access.public
def link(token: str) -> Answer:
    """GET shows what the link would do and changes nothing. POST signs in, once."""
    parts = services()
    if closed := why_closed(parts.settings):
        return render_template("sign_in/start.html", closed=closed), 403
    links = SignIns(parts.database, sign_in_lasts(parts.settings))
    found = links.find(token)
    if refusal := _why_not(found, parts):
        return refusal
    assert found is not None, "a link that is none is refused"
    known = Users(parts.database).by_email(found.address)
    if request.method != "POST":
        return _page(found, known)
    return _enter(links, token, found, known, parts)


def _enter(links: SignIns, token: str, found: SignIn, known: list[Document], parts: Services) -> Answer:
    """The button: whom it signs in is settled before the link is used up, so that a slip does not cost it."""
    name = _name(request.form.get("name", ""))
    chosen = _chosen(known, request.form.get("person", ""))
    if known and chosen is None:
        return _page(found, known, say("Choose who you are."))
    if not known and not name:
        return _page(found, known, say("Write the name that we may call you by."))
    if links.use(token, asking.nonce(), parts.now()) is None:
        refusal = _why_not(links.find(token), parts)
        return refusal or _refused("used", None, 410)
    users = Users(parts.database)
    if chosen is None:
        chosen = users.create(
            found.address,
            name,
            language=speaking.of_browser(request) or browsers.language_of(request),
            time_zone=browsers.time_zone(request.form.get("time_zone", "")),
        )
        log.info("a person signed up", person=str(chosen["_id"]))
    users.note_verified_email(chosen, found.address)
    if not known:
        choosing.prove(parts, chosen, "email", given=True, way="sign_up", words=say(choosing.SIGN_UP_WORDS))
    return _begin(chosen, found, parts)


def _begin(user: Document, found: SignIn, parts: Services) -> Response:
    """A session of its own: whatever the browser brought, its session and its form tokens, is replaced."""
    inbox.at_sign_in(parts, user)
    store = person_cookie.sessions(parts)
    if before := person_cookie.value():
        store.end(before)
    value = store.begin(user, browsers.name_of(request), parts.now())
    session.clear()
    answer: Response = redirect(own_path(found.wanted), 303)  # type: ignore[assignment]
    person_cookie.give(answer, value)
    known_browser.remember(answer, found.address)
    asking.forget(answer)
    log.info("a person signed in", person=str(user["_id"]))
    return answer


def _why_not(found: SignIn | None, parts: Services) -> Answer | None:
    """The page that says why the link does not work here; None when it does."""
    if found is None:
        return _refused("unknown", None, 404)
    if found.used_at is not None:
        return _refused("used", found, 410)
    if found.expires_at <= parts.now():
        return _refused("expired", found, 410)
    if not found.is_of(asking.nonce()):
        return _refused("other", found, 403)
    return None


def _refused(why: str, found: SignIn | None, status: int) -> Answer:
    minutes = services().settings.sign_in_minutes
    used_at = speech.clock_time(found.used_at) if found and found.used_at else None
    return render_template("sign_in/refused.html", why=why, minutes=minutes, used_at=used_at), status


def _page(found: SignIn, known: list[Document], wrong: str | None = None) -> Answer:
    people = [(str(user["_id"]), str(user.get("name", ""))) for user in known]
    page = render_template(
        "sign_in/confirm.html",
        address=found.address,
        people=people,
        wrong=wrong,
        name=request.form.get("name"),
        consent=say(choosing.SIGN_UP_WORDS),
    )
    return page, 400 if wrong else 200


def _chosen(known: list[Document], person: str) -> Document | None:
    """Whom of those with this address the form names; the only one needs no naming."""
    if len(known) == 1:
        return known[0]
    return next((user for user in known if str(user["_id"]) == person), None)


def _name(given: str) -> str:
    """One line without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in given).split())[:_LONGEST_NAME]
