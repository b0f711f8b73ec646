"""What providers report about messages they accepted (Twilio's status callbacks, bounces, mail services' events), and
texts that people send to our number.

Closed by default: without a valid signature or key the answer is 403 and nothing is written. What is not
understood is answered 204 all the same, or the provider would send it for days.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import structlog
from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pymongo.errors import PyMongoError
from twilio.request_validator import (
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)

from app import metrics
from app.channels.dsn import is_ours, reports_of
from app.channels.twilio_errors import STATES, refusal_of
from app.domain.reports import Refusal, Report, State, enhanced_status, mail_refusal, without_addresses
from app.store.callbacks import Callbacks
from app.store.suppressions import Suppressions
from app.web import access, callback_key
from app.web.problems import Problem
from app.web.services import Services, services
from app.web.stopping import texts

log = structlog.get_logger()

PREFIX = "/callbacks/"
_MAX_BYTES = 1024 * 1024
"""Of what mail services send: a bounce with the mail in it, or many events at once."""
_MAX_EVENTS = 500

callbacks = Blueprint("callbacks", __name__)
access.of_blueprint(callbacks, access.SIGNED)


class MailEvent(BaseModel):
    """What became of one mail, in the words that mail services share."""

    model_config = ConfigDict(extra="ignore")

    message_id: Annotated[
        str, Field(max_length=250, description="Message-ID of the mail, with or without angle brackets.")
    ]
    event: Annotated[
        Literal["delivered", "deferred", "bounced", "complained"],
        Field(description="complained: the person marked it as spam."),
    ]
    status: Annotated[
        str | None, Field(max_length=20, description="Enhanced status (RFC 3463).", examples=["5.1.1"])
    ] = None
    words: Annotated[str | None, Field(max_length=2000, description="What the mail server said.")] = None

    def report(self) -> Report:
        """As the ledger takes it. A bounce of class 4 is none of the address."""
        status = enhanced_status(self.status or "") or enhanced_status(self.words or "")
        states = {"delivered": State.DELIVERED, "deferred": State.DELAYED}
        refusal = None
        if self.event == "complained":
            refusal = Refusal.COMPLAINED
        elif self.event == "bounced":
            refusal = mail_refusal(status)
        state = State.DELIVERED if self.event == "complained" else states.get(self.event, State.UNDELIVERED)
        words = without_addresses(self.words) if self.words else None
        return Report("email", self.message_id.strip(" <>"), state, status, words, refusal)


class MailEvents(BaseModel):
    """Events of a mail service."""

    model_config = ConfigDict(extra="ignore")

    events: Annotated[list[MailEvent], Field(max_length=_MAX_EVENTS)]


@callbacks.post("/callbacks/twilio/status")
def twilio_status() -> Response:
    """Twilio says what became of a text.

    :raise 403: SMS is off here, or the signature is not Twilio's. :raise 503: no database.
    """
    parts = services()
    _require_twilio(parts)
    form = request.form
    sid, status = form.get("MessageSid", ""), form.get("MessageStatus", "").lower()
    state = STATES.get(status)
    if not sid or state is None:
        log.warning("status callback was not understood", status=status[:30])
        return Response(status=204)
    code = form.get("ErrorCode", "")
    number = int(code) if code.isascii() and code.isdigit() else None
    words = without_addresses(form.get("ErrorMessage", "")) or None
    refusal = refusal_of(number) if state is State.UNDELIVERED else None
    shown = code if number else None
    return _taken(parts, [Report("sms", sid[:64], state, shown, words, refusal, _reference())])


@callbacks.post("/callbacks/twilio/inbound")
def twilio_inbound() -> Response:
    """Somebody sent a text to our number: STOP and its family, START, HELP. The answer is TwiML.

    :raise 403: SMS is off here, or the signature is not Twilio's. :raise 503: no database.
    """
    parts = services()
    _require_twilio(parts)
    try:
        answer = texts.taken(parts, request.form)
    except PyMongoError as error:
        log.error("a text could not be dealt with", why=type(error).__name__)
        raise Problem(503, "Not stored", "Send it again.", headers={"Retry-After": "10"}) from error
    return Response(answer, content_type="text/xml; charset=utf-8")


@callbacks.post("/callbacks/mail/dsn")
def bounce() -> Response:
    """A bounce, as the mail that it is (message/rfc822).

    :raise 403: no key, or a wrong one. :raise 413: larger than 1 MB. :raise 503: no database.
    """
    parts = services()
    callback_key.require(request, parts.settings)
    request.max_content_length = _MAX_BYTES
    return _taken(parts, reports_of(request.get_data()))


@callbacks.post("/callbacks/mail/events")
def mail_events() -> Response:
    """Events of a mail service, as JSON.

    :raise 400: the body is not what it should be. :raise 403: no key, or a wrong one. :raise 413: larger than 1 MB.
    :raise 503: no database.
    """
    parts = services()
    callback_key.require(request, parts.settings)
    request.max_content_length = _MAX_BYTES
    try:
        events = MailEvents.model_validate_json(request.get_data()).events
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:100]
        raise Problem(400, "The body cannot be understood", f"{where or 'body'}: {first['msg']}") from error
    reports = [event.report() for event in events]
    # A mail service tells of everything that is sent through it. What is of others would be kept for days, and
    # in the way of ours.
    return _taken(parts, [report for report in reports if is_ours(report.provider_id)])


def _require_twilio(parts: Services) -> None:
    """The signature covers the address exactly as Twilio called it, which is PUBLIC_URL and what follows, whatever
    the proxies before us made of it, and every field of the form
    (https://www.twilio.com/docs/usage/webhooks/webhooks-security)."""
    token = parts.settings.twilio_auth_token
    signature = request.headers.get(SIGNATURE_HEADER, "")
    query = request.query_string.decode("ascii", "replace")
    url = f"{parts.settings.public_url}{request.path}" + (f"?{query}" if query else "")
    algorithm = get_signature_algorithm(request.headers.get(SIGNATURE_SETTINGS_HEADER))
    valid = token is not None and RequestValidator(token.get_secret_value()).validate(
        url, request.form, signature, algorithm
    )
    if not valid:
        raise Problem(
            403,
            "The signature is not valid",
            "X-Twilio-Signature does not fit this request. PUBLIC_URL must be the address that Twilio calls.",
        )


def _reference() -> str | None:
    given = request.args.get("ref", "")
    return given if len(given) == 32 and given.isalnum() else None


def _taken(parts: Services, reports: list[Report]) -> Response:
    """Write them. Raises Problem 503, so that they are sent again."""
    store = Callbacks(parts.database, Suppressions(parts.database, parts.settings))
    try:
        for report in reports:
            taken = store.take(report, parts.now())
            metrics.REPORTS.labels(report.channel, report.state).inc()
            log.info(
                "provider reported",
                trace=taken.trace,
                channel=report.channel,
                state=str(report.state),
                code=report.code,
                fate=str(taken.fate),
                refusal=str(report.refusal) if report.refusal else None,
            )
    except PyMongoError as error:
        log.error("report could not be stored", why=type(error).__name__)
        raise Problem(503, "Not stored", "Send it again.", headers={"Retry-After": "10"}) from error
    return Response(status=204)


def described() -> dict[str, dict[str, Any]]:
    """The paths of the OpenAPI document that are served here."""

    def operation(name: str, summary: str, media: str, schema: dict[str, Any], *more: int) -> dict[str, Any]:
        words = {
            400: "Not understood",
            403: "No valid signature or key",
            413: "Too large",
            503: "Send it again",
        }
        answers = {str(code): {"description": words[code]} for code in (403, *more, 503)}
        return {
            "post": {
                "operationId": name,
                "summary": summary,
                "requestBody": {"required": True, "content": {media: {"schema": schema}}},
                "responses": {"204": {"description": "Taken"}, **answers},
            }
        }

    text = {"type": "string"}
    form = {"type": "object", "properties": {"MessageSid": text, "MessageStatus": text, "ErrorCode": text}}
    status = operation("twilio_status", "What became of a text", "application/x-www-form-urlencoded", form)
    inbound = operation(
        "twilio_inbound",
        "A text to our number: STOP and its family, START, HELP",
        "application/x-www-form-urlencoded",
        {
            "type": "object",
            "properties": dict.fromkeys(("MessageSid", "From", "To", "Body", "OptOutType"), text),
        },
    )
    del inbound["post"]["responses"]["204"]
    said = {
        "description": "TwiML; empty where Twilio answers itself",
        "content": {"text/xml": {"schema": text}},
    }
    inbound["post"]["responses"]["200"] = said
    key: dict[str, Any] = {"security": [{"callbackKey": []}]}
    dsn = operation("mail_bounce", "A bounce (RFC 3464)", "message/rfc822", {}, 413)
    events = {"$ref": "#/components/schemas/MailEvents"}
    mail = operation("mail_events", "What became of mails", "application/json", events, 400, 413)
    for paths in (dsn, mail):
        paths["post"].update(key)
    for paths in (status, inbound, dsn):
        paths["post"]["requestBody"]["required"] = False  # what says nothing is taken, too, and means nothing
    return {
        f"{PREFIX}twilio/status": status,
        f"{PREFIX}twilio/inbound": inbound,
        f"{PREFIX}mail/dsn": dsn,
        f"{PREFIX}mail/events": mail,
    }
