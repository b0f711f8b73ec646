"""My webhook: where it leads, its secret, shown once, and what was sent there lately."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, request
from werkzeug.wrappers import Response

from app.channels.webhook_guard import NotAllowedError
from app.channels.webhook_secrets import SecretSeal
from app.domain.errors import GatecallError
from app.domain.people import masked_words
from app.domain.speech import say, to_say
from app.store import resending
from app.web import access, refusals, webhooks
from app.web.my import frame
from app.web.my.endpoint_words import said_to_fail, said_to_stop
from app.web.my.frame import Answer, Fields
from app.web.problems import Problem
from app.web.services import services
from app.web.webhooks import CHANNEL, Outcome

_SHOWN = 25
_LINKED = "Linked on the page Webhook"
_ENDED = "Unlinked on the page Webhook"
_STATES: Mapping[str, tuple[str, str]] = {
    "sent": ("ok", to_say("Taken")),
    "failed": ("failed", to_say("Failed")),
    "skipped": ("skipped", to_say("Skipped")),
    "unknown": ("held", to_say("No answer")),
    "retrying": ("held", to_say("Tried again later")),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How the webhook stands. address, since: None while none is linked. stopped: why nothing goes there any more.

    failing: since when and why it does not work now; None when it does. old_until: so long all earlier secrets sign
    along; None when none does. mark: of the present secret.
    """

    is_on: bool
    address: str | None = None
    since: str | None = None
    stopped: str | None = None
    failing: str | None = None
    old_until: str | None = None
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to it. shape: of its status. words: of the server's last answer, "" without."""

    id: str
    at: str
    title: str
    shape: str
    status: str
    words: str
    tries: int


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    rule = blueprint.add_url_rule
    rule("/webhook", view_func=view, endpoint="webhook", methods=["GET"])
    rule("/webhook/link", view_func=link, endpoint="link_webhook", methods=["POST"])
    rule("/webhook/secret", view_func=rotate, endpoint="rotate_webhook", methods=["POST"])
    rule("/webhook/test", view_func=test, endpoint="test_webhook", methods=["POST"])
    rule("/webhook/end", view_func=end, endpoint="unlink_webhook", methods=["POST"])
    rule("/webhook/again", view_func=again, endpoint="webhook_again", methods=["POST"])


def view() -> Answer:
    """What is linked, and what was sent there lately."""
    return _page(Fields({"url": ""}, {}))


def link() -> Answer:
    """Link an address, with a new secret that this answer alone shows; a test goes there at once.

    The test need not work: whoever checks signatures needs the secret first. Raises Problem: 403 while webhooks are
    off, 429 after too many tests.
    """
    url = request.form.get("url", "").strip()
    try:
        linked = webhooks.link(url, "page", _LINKED)
    except NotAllowedError as error:
        return _page(Fields({"url": url}, {"url": refusals.said(str(error))}), 422)
    if linked is None:
        raise frame.not_yours("person")
    return _page(Fields({"url": ""}, {}), secret=linked.secret, outcome=linked.outcome)


def rotate() -> Answer:
    """A new secret, which this answer alone shows; the old one signs along for a day. Raises Problem 409 when the
    webhook was changed since the page was drawn: the answer, loaded again, makes no other secret."""
    row = _own_link()
    secret = webhooks.rotate(row) if request.form.get("mark") == _mark(row) else None
    if secret is None:
        raise Problem(
            409, say("Nothing was done"), say("The webhook was changed meanwhile. Look at it again.")
        )
    return _page(Fields({"url": ""}, {}), secret=secret)


def test() -> Answer:
    """Send a test there now, and say what came of it. Raises Problem 429 after too many."""
    return _page(Fields({"url": ""}, {}), outcome=webhooks.test(_own_link()))


def end() -> Response:
    """Nothing more goes there; what is open on it settles in silence."""
    webhooks.end("page", _ENDED)
    return frame.back("my.webhook", "webhook-ended")


def again() -> Response:
    """Send one of the messages again, as things stand now.

    Raises NotFound for what is not there or somebody else's, Problem 409 with the reason when it would be pointless,
    429 after too many.
    """
    if not webhooks.again(request.form.get("id", ""), "asked for on the page Webhook"):
        raise frame.not_yours("message")
    return frame.back("my.webhook", "webhook-again")


def standing(user: Mapping[str, Any]) -> Standing:
    """How the webhook of the person who asks stands."""
    parts = services()
    is_on, row = webhooks.is_on(), webhooks.found()
    if row is None:
        return Standing(is_on)
    found = Standing(is_on, str(row.get("address")), _moment(row.get("since"), user), mark=_mark(row))
    if stopped := row.get("stopped"):
        words = said_to_stop(stopped.get("reason"), _moment(stopped.get("at"), user))
        if stopped.get("words"):
            answer = masked_words(stopped["words"])
            words = " ".join((words, say("Its last answer: {answer}", answer=answer)))
        return replace(found, stopped=words)
    if since := row.get("failing_since"):
        until, words = _moment(row.get("rests_until"), user), masked_words(row.get("words") or "")
        found = replace(found, failing=said_to_fail(_moment(since, user), words or say("no answer"), until))
    try:
        own = SecretSeal(parts.settings.signing_keys).opened(bytes(row.get("sealed") or b""))
    except (GatecallError, ValueError):
        return found
    return replace(found, old_until=_moment(own.all_until(parts.now()), user))


def _page(
    form: Fields, status: int = 200, *, secret: str | None = None, outcome: Outcome | None = None
) -> Answer:
    user, parts = frame.own(), services()
    wanted = resending.query(person=access.own(), channel=CHANNEL)
    rows = resending.find(parts.database, wanted, None, skip=0, limit=_SHOWN)
    deliveries = tuple(_delivery(row, user) for row in rows)
    values = {"secret": secret, "outcome": outcome, "deliveries": deliveries}
    return frame.draw("webhook.html", status, form=form, standing=standing(user), **values)


def _delivery(row: Mapping[str, Any], user: Mapping[str, Any]) -> Delivery:
    attempts = row.get("attempts") or ()
    last = attempts[-1] if attempts else {}
    shape, status = _STATES.get(str(row["status"]), ("held", str(row["status"]).capitalize()))
    return Delivery(
        id=row["_id"],
        at=_moment(last.get("ended_at") or row["created_at"], user) or "",
        title=row.get("title") or say("No message"),
        shape=shape,
        status=say(status),
        words=masked_words(str(last.get("words") or "")),
        tries=len(attempts),
    )


def _own_link() -> Mapping[str, Any]:
    row = webhooks.found()
    if row is None or row.get("stopped") or not row.get("sealed"):
        raise frame.not_yours("webhook")
    return row


def _mark(row: Mapping[str, Any]) -> str:
    """Another one for each secret; it says nothing of it."""
    return hashlib.sha256(bytes(row.get("sealed") or b"")).hexdigest()[:16]


def _moment(at: object, user: Mapping[str, Any]) -> str | None:
    return frame.shown_moment(services().clock.at(at), user) if isinstance(at, datetime) else None
