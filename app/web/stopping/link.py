"""Who a link is for: the person, if the link is ours and the address it was sent to is still theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import render_template

from app.channels.links import LinkError, LinkExpiredError, Links, PersonToken
from app.store import ids
from app.store.users import Users
from app.web.services import Services

Document = Mapping[str, Any]


class DeadLinkError(Exception):
    """A link that does nothing. is_over: it worked once."""

    def __init__(self, *, is_over: bool) -> None:
        super().__init__("is over" if is_over else "is none of ours")
        self.is_over = is_over


@dataclass(frozen=True, slots=True)
class Holder:
    """The person a link is for. email: as it stands in their document."""

    token: PersonToken
    user: Document
    email: str

    @property
    def person(self) -> str:
        """The id as text."""
        return ids.text(self.user["_id"])


def holder_of_unsubscribe(parts: Services, text: str) -> Holder:
    """From what follows /unsubscribe/. Raises DeadLinkError, PyMongoError."""
    links = _links(parts)
    try:
        return _holder(parts, links, links.read_unsubscribe(text))
    except LinkError as error:
        raise DeadLinkError(is_over=False) from error


def holder_of_preferences(parts: Services, text: str) -> Holder:
    """From what follows /preferences/. Raises DeadLinkError, PyMongoError."""
    links = _links(parts)
    try:
        return _holder(parts, links, links.read_preferences(text, parts.now()))
    except LinkExpiredError as error:
        raise DeadLinkError(is_over=True) from error
    except LinkError as error:
        raise DeadLinkError(is_over=False) from error


def holder_of_calendar(parts: Services, text: str) -> Holder:
    """From what stands between /calendar/ and .ics. Raises DeadLinkError, PyMongoError."""
    links = _links(parts)
    try:
        return _holder(parts, links, links.read_calendar(text))
    except LinkError as error:
        raise DeadLinkError(is_over=False) from error


def dead(error: DeadLinkError) -> tuple[str, int]:
    """The page for it: 410 for one that worked once, 404 for one that never did."""
    return render_template("stopping/dead.html", is_over=error.is_over), 410 if error.is_over else 404


def _links(parts: Services) -> Links:
    links = Links.of(parts.settings)
    if links is None:
        raise DeadLinkError(is_over=False)
    return links


def _holder(parts: Services, links: Links, token: PersonToken) -> Holder:
    user = Users(parts.database).get(token.person)
    email = user.get("email") if user else None
    # It dies with the address it was sent to: whoever reads that mailbox now is perhaps somebody else.
    if user is None or not isinstance(email, str) or not links.is_for(token, email):
        raise DeadLinkError(is_over=True)
    return Holder(token, user, email)
