"""/api/v1/me/webhook: the server of a person's own that messages go to, and what was sent there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, Field

from app.channels.webhook_guard import LONGEST_URL, NotAllowedError
from app.channels.webhook_secrets import SecretSeal
from app.domain.errors import GatecallError
from app.domain.people import masked_words
from app.store.own_notifications import OwnNotifications
from app.web import access, webhooks
from app.web.api import described
from app.web.api.answers import (
    Mark,
    as_json,
    changed_meanwhile,
    cursor_after,
    done,
    entity_tag,
    must_match,
    opaque,
    text_or_none,
    transparent,
    wanted_page,
    written,
)
from app.web.api.me import own_document
from app.web.api.repeats import idempotent, kept_as
from app.web.api.requests import STRICT, body, not_found, parameters, refused
from app.web.problems import Fault
from app.web.services import services

_OUT = ConfigDict(extra="forbid")
PATH = "/api/v1/me/webhook"
_WAY = "api"
_LINKED, _ENDED = "PUT /api/v1/me/webhook", "DELETE /api/v1/me/webhook"
_AGAIN = "asked for by the API"


class NewWebhook(BaseModel):
    """An address to link, in place of the one that is linked."""

    model_config = STRICT

    url: Annotated[
        str,
        Field(
            max_length=LONGEST_URL,
            description="An https address that the internet reaches.",
            examples=["https://example.org/gatecall"],
        ),
    ]


class Trial(BaseModel):
    """What a test came to. words: the server's answer, or why there is none."""

    model_config = _OUT

    worked: bool
    words: Annotated[str, Field(examples=["200 OK"])]


class Webhook(BaseModel):
    """The server that is linked. Times: RFC 3339 in UTC."""

    model_config = _OUT

    url: str
    since: str | None
    status: Annotated[
        Literal["works", "failing", "stopped", "off"],
        Field(
            description="`stopped`: nothing goes there until it is linked again. `off`: this system sends none now."
        ),
    ]
    words: Annotated[str | None, Field(description="What the server answered last, where it does not work.")]
    failing_since: str | None
    next_try_at: str | None
    stopped_at: str | None
    stopped_because: Annotated[
        Literal["gone", "failing"] | None, Field(description="It answered 410, or failed for too long.")
    ]
    old_secret_until: Annotated[str | None, Field(description="Until when all secrets before sign along.")]


class LinkedWebhook(Webhook):
    """A server that was linked just now. secret: signatures are checked with it; shown this once. test: what became of
    the message that went there."""

    secret: str
    test: Trial


class NewSecret(BaseModel):
    """A secret that was made just now; the old ones sign along until then. secret: shown this once; null in a repeat of
    the request."""

    model_config = _OUT

    secret: str | None
    old_secret_until: str | None


class WebhookDelivery(BaseModel):
    """One message to the server. words: of its last answer. tries: how often it was handed over."""

    model_config = _OUT

    id: str
    at: str
    title: str | None
    kinds: list[str]
    status: Annotated[str, Field(examples=["sent", "failed", "skipped", "unknown", "retrying"])]
    words: str | None
    tries: int


class WebhookDeliveries(BaseModel):
    """A page, newest first. next: the cursor of the next page, null at the end."""

    model_config = _OUT

    deliveries: list[WebhookDelivery]
    next: str | None


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.get("/me/webhook", endpoint="webhook_one")(one)
    blueprint.put("/me/webhook", endpoint="webhook_link")(link)
    blueprint.delete("/me/webhook", endpoint="webhook_end")(end)
    blueprint.post("/me/webhook/secret", endpoint="webhook_rotate")(rotate)
    blueprint.post("/me/webhook/test", endpoint="webhook_test")(test)
    blueprint.get("/me/webhook/deliveries", endpoint="webhook_deliveries")(deliveries)
    blueprint.post("/me/webhook/deliveries/<delivery>/resend", endpoint="webhook_resend")(resend)


@access.person
def one() -> Response:
    """What is linked, and how it does."""
    parameters()
    row = _own()
    return as_json(_model(row), etag=tag(row))


@access.person
def link() -> Response:
    """Link an address, in place of what is linked; a test goes there at once."""
    parameters()
    own_document()
    sent = body(NewWebhook)
    before = webhooks.found()
    if before is not None:
        must_match(tag(before))
    elif "If-Match" in request.headers:
        raise changed_meanwhile()
    as_read = {"address": None} if before is None else _as_read(before)
    try:
        linked = webhooks.link(sent.url.strip(), _WAY, _LINKED, as_read)
    except NotAllowedError as error:
        raise refused([Fault("url", str(error))]) from error
    row = webhooks.found()
    if linked is None or row is None:
        raise changed_meanwhile()
    trial = Trial(worked=linked.outcome.worked, words=linked.outcome.words)
    made = LinkedWebhook(**_model(row).model_dump(), secret=linked.secret, test=trial)
    is_new = before is None
    return as_json(made, 201 if is_new else 200, etag=tag(row), location=PATH if is_new else None)


@access.person
def end() -> Response:
    """Nothing more goes there. It works while webhooks are off, too."""
    parameters()
    row = _own()
    must_match(tag(row))
    if not webhooks.end(_WAY, _ENDED, row["address"]):
        raise changed_meanwhile()
    return done()


@access.person
@idempotent
def rotate() -> Response:
    """A new secret. It is in this answer alone: what is kept for a repeat is without it."""
    parameters()
    secret = webhooks.rotate(_working())
    if secret is None:
        raise changed_meanwhile()
    row = _own()
    made = NewSecret(secret=secret, old_secret_until=_old_until(row))
    kept = made.model_copy(update={"secret": None}).model_dump_json().encode()
    return kept_as(as_json(made, 201, etag=tag(row)), kept)


@access.person
@idempotent
def test() -> Response:
    """Send a test there now, and say what came of it."""
    parameters()
    outcome = webhooks.test(_working())
    return as_json(Trial(worked=outcome.worked, words=outcome.words))


@access.person
def deliveries() -> Response:
    """What was sent there, newest first, a page at a time."""
    wanted = wanted_page(parameters("limit", "cursor"))
    before = (wanted.after.at, wanted.after.id) if wanted.after else None
    store = OwnNotifications(services().database)
    rows = store.messages(access.own(), webhooks.CHANNEL, before, wanted.limit + 1)
    following = cursor_after([Mark(row["created_at"], row["_id"]) for row in rows], wanted.limit)
    found = [_delivery(row) for row in rows[: wanted.limit]]
    return as_json(WebhookDeliveries(deliveries=found, next=following))


@access.person
@idempotent
def resend(delivery: str) -> Response:
    """Send one of them again, as things stand now."""
    parameters()
    id_ = transparent(delivery)
    if id_ is None or not webhooks.again(id_, _AGAIN):
        raise not_found("delivery")
    row = OwnNotifications(services().database).get(access.own(), id_)
    if row is None:
        raise not_found("delivery")
    return as_json(_delivery(row[2]), 202)


def tag(row: Mapping[str, Any]) -> str:
    """The tag of what is linked: of address and secret, and of whether it was stopped. How it does moves without it."""
    return entity_tag(row.get("address"), bytes(row.get("sealed") or b"").hex(), "stopped" in row)


def _as_read(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in ("address", "sealed", "stopped")}


def _own() -> Mapping[str, Any]:
    row = webhooks.found()
    if row is None:
        raise not_found("webhook")
    return row


def _working() -> Mapping[str, Any]:
    row = _own()
    if row.get("stopped") or not row.get("sealed"):
        raise not_found("webhook")
    return row


def _model(row: Mapping[str, Any]) -> Webhook:
    stopped, failing = row.get("stopped") or {}, row.get("failing_since")
    status = "stopped" if stopped else "off" if not webhooks.is_on() else "failing" if failing else "works"
    said = stopped.get("words") or (row.get("words") if failing else None)
    return Webhook(
        url=str(row.get("address")),
        since=_time(row.get("since")),
        status=status,
        words=masked_words(said) if isinstance(said, str) else None,
        failing_since=_time(failing),
        next_try_at=_time(row.get("rests_until")),
        stopped_at=_time(stopped.get("at")),
        stopped_because=("gone" if stopped.get("reason") == "gone" else "failing") if stopped else None,
        old_secret_until=_old_until(row),
    )


def _delivery(row: Mapping[str, Any]) -> WebhookDelivery:
    attempts = row.get("attempts") or ()
    words = attempts[-1].get("words") if attempts else None
    return WebhookDelivery(
        id=opaque(row["_id"]),
        at=written(row["created_at"]) or "",
        title=text_or_none(row.get("title")),
        kinds=[str(kind) for kind in row.get("kinds") or ()],
        status=str(row["status"]),
        words=masked_words(words) if isinstance(words, str) else None,
        tries=len(attempts),
    )


def _old_until(row: Mapping[str, Any]) -> str | None:
    parts = services()
    try:
        own = SecretSeal(parts.settings.signing_keys).opened(bytes(row.get("sealed") or b""))
    except (GatecallError, ValueError):
        return None
    return written(own.all_until(parts.now()))


def _time(at: object) -> str | None:
    return written(at) if isinstance(at, datetime) else None


OUT = (Trial, Webhook, LinkedWebhook, NewSecret, WebhookDelivery, WebhookDeliveries)
IN = (NewWebhook,)


def paths() -> dict[str, Any]:
    """The routes for the OpenAPI document."""
    person = described.PERSON
    once: dict[str, Any] = {"who": person, "parameters": [described.KEY]}
    optional = described.IF_MATCH | {
        "required": False,
        "description": "The ETag of what was read, where something is linked; without it 428.",
    }
    return {
        PATH: {
            "get": described.operation(
                "read_webhook", "My webhook, and how it does",
                {200: described.answer("It", Webhook, etag=True)}, 400, 401, 403, 404, who=person,
                words="404 when none is linked. The ETag is of address and secret; how it does moves without it.",
            ),
            "put": described.operation(
                "link_webhook", "Link a server of mine",
                {
                    201: described.answer("Linked; a test went there", LinkedWebhook, etag=True, located=True),
                    200: described.answer("Linked in place of the one before", LinkedWebhook, etag=True),
                },
                400, 401, 403, 404, 412, 413, 415, 428, who=person, parameters=[optional], body=NewWebhook,
                words="A test goes there at once; it need not be taken. The secret is new, and in this answer alone: "
                "when the answer is lost, have another made. 403 where this system sends no webhooks, 429 after ten "
                "tests in an hour.",
            ),
            "delete": described.operation(
                "unlink_webhook", "End it", {204: described.answer("Nothing goes there any more")},
                400, 401, 403, 404, 412, 428, who=person, parameters=[described.IF_MATCH],
            ),
        },
        f"{PATH}/secret": {
            "post": described.operation(
                "rotate_webhook_secret", "A new secret",
                {201: described.answer("The old one signs along for a day", NewSecret, etag=True)},
                400, 401, 403, 404, 409, 412, 422, **once, words="404 where none is linked, or it was stopped.",
            ),
        },
        f"{PATH}/test": {
            "post": described.operation(
                "test_webhook", "Send a test there", {200: described.answer("What came of it", Trial)},
                400, 401, 403, 404, 409, 422, **once,
                words="404 where none is linked, or it was stopped; 429 after ten tests in an hour.",
            ),
        },
        **_deliveries(),
    }  # fmt: skip


def _deliveries() -> dict[str, Any]:
    person = described.PERSON
    id_ = described.in_path("delivery", "Its id in the list.")
    return {
        f"{PATH}/deliveries": {
            "get": described.operation(
                "list_webhook_deliveries", "What was sent there, and what it answered",
                {200: described.answer("A page, newest first", WebhookDeliveries)},
                400, 401, 403, who=person, parameters=described.PAGED,
            ),
        },
        f"{PATH}/deliveries/{{delivery}}/resend": {
            "post": described.operation(
                "resend_webhook_delivery", "Send one of them again, as things stand now",
                {202: described.answer("It is about to be sent", WebhookDelivery)},
                400, 401, 403, 404, 409, 422, who=person, parameters=[id_, described.KEY],
                words="409 with the reason when it would be pointless; 429 after twenty in an hour.",
            ),
        },
    }  # fmt: skip
