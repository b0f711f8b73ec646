"""Where I am signed in, and the programs that act for me; both can be ended."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint
from werkzeug.wrappers import Response

from app.domain import browser_names
from app.store.api_keys import ApiKeys
from app.store.sessions import Session
from app.web import access, person_cookie
from app.web.api.keys import MOST_KEYS
from app.web.api.requests import is_id
from app.web.my import frame
from app.web.my.frame import Answer, Document, Fields
from app.web.services import services
from app.web.sign_in import leaving


@dataclass(frozen=True, slots=True)
class Browser:
    """One session. is_here: the one that asks."""

    id: str
    name: str
    began: str
    seen: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a program. used: when it was used last, None when never."""

    id: str
    name: str
    scopes: str
    made: str
    used: str | None
    is_over: bool


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.add_url_rule("/sessions", view_func=view, endpoint="sessions", methods=["GET"])
    blueprint.add_url_rule("/sessions/<session>/end", view_func=end, endpoint="end_session", methods=["POST"])


def view() -> Answer:
    """Sessions and keys."""
    return page(Fields({"name": ""}, {}))


def end(session: str) -> Response:
    """Sign one browser out; this one, too."""
    here = person_cookie.present()
    if not is_id(session) or not person_cookie.sessions(services()).end_one(access.own(), session):
        raise frame.not_yours("session")
    if here is not None and here.id == session:
        return leaving.left()
    return frame.back("my.sessions", "session-ended")


def page(
    form: Fields, status: int = 200, *, chosen: frozenset[str] = frozenset(), made: str | None = None
) -> Answer:
    """The page. form: of a new key; chosen: its scopes; made: the key that was made just now, shown this once."""
    parts, user = services(), frame.own()
    here = person_cookie.present()
    sessions = person_cookie.sessions(parts).of_person(access.own(), parts.now())
    keys = ApiKeys(parts.database).all(access.own())
    scopes = sorted(access.scopes_of(access.asker().roles))
    return frame.draw(
        "sessions.html",
        status,
        browsers=[_browser(one, here, user) for one in sessions],
        keys=[
            Key(
                id=key.prefix,
                name=key.name,
                scopes=", ".join(sorted(key.scopes)),
                made=frame.shown_moment(key.created_at, user),
                used=frame.shown_moment(key.last_used_at, user) if key.last_used_at else None,
                is_over=key.revoked_at is not None,
            )
            for key in keys
        ],
        form=form,
        scopes=scopes,
        chosen=chosen or frozenset(scopes if len(scopes) == 1 else ()),
        made=made,
        is_full=sum(key.revoked_at is None for key in keys) >= MOST_KEYS,
        most=MOST_KEYS,
    )


def _browser(one: Session, here: Session | None, user: Document) -> Browser:
    return Browser(
        id=one.id,
        name=browser_names.in_words(one.browser),
        began=frame.shown_moment(one.created_at, user),
        seen=frame.shown_moment(one.seen_at, user),
        is_here=here is not None and here.id == one.id,
    )
