"""Texts that people send to our number: one word stops our texts, another brings them back, a third explains.

Who answers: to the words of its own lists Twilio answers itself, for long codes and toll-free numbers, and after STOP
it lets nothing through (https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out and "Support for opt-out
keywords"); with Advanced Opt-Out, which marks such texts with OptOutType, it does so for every kind of number. A second
answer would be one too many, so ours is empty there. For a short code of one's own Twilio answers nothing, so we do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

import structlog
from twilio.twiml.messaging_response import MessagingResponse

from app import metrics
from app.domain import gsm
from app.domain.errors import PermanentError
from app.domain.people import phone_number, speaking_as_chosen
from app.domain.speech import say
from app.store.opt_outs import OptOuts
from app.store.tries import Tries
from app.web import choosing
from app.web.services import Services

log = structlog.get_logger()


class Asked(StrEnum):
    """What a text asks for."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    OTHER = "other"


_ASKS = {
    **dict.fromkeys(
        ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), Asked.STOP
    ),
    **dict.fromkeys(("START", "UNSTOP", "YES"), Asked.START),
    **dict.fromkeys(("HELP", "INFO"), Asked.HELP),
}
# A single word, whatever blanks, quotes and points are around it. "Stop the delays" is no request to stop.
_SINGLE = re.compile(r"[\W_]*([A-Za-z]+)[\W_]*")
_SHORT_CODE = re.compile(r"\d{3,8}")
# Machines that answer every text would talk to ours for ever.
_ANSWERS, _WITHIN = 3, timedelta(days=1)


def asked_in(form: Mapping[str, str]) -> Asked:
    """What a text asks for. Advanced Opt-Out says it itself: its words may be in other languages."""
    marked = form.get("OptOutType", "").upper()
    if marked in {"STOP", "START", "HELP"}:
        return _ASKS[marked]
    found = _SINGLE.fullmatch(form.get("Body", "")[:200])
    return _ASKS.get(found[1].upper(), Asked.OTHER) if found else Asked.OTHER


def taken(parts: Services, form: Mapping[str, str]) -> str:
    """Do what a text asks for; the answer to it as TwiML. Nothing of other texts is kept. Raises PyMongoError."""
    asked = asked_in(form)
    metrics.INBOUND_TEXTS.labels(asked).inc()
    sender = form.get("From", "")
    try:
        number = phone_number(sender if sender.startswith("+") else "")  # not "whatsapp:+1..."
    except PermanentError:
        log.warning("a text came from what is no phone number")
        return _said(None)
    opt_outs = OptOuts(parts.database, parts.settings)
    words, message, now = form.get("Body", "").strip()[:40], form.get("MessageSid", "")[:64], parts.now()
    if asked is Asked.STOP:
        persons = opt_outs.stop(number, words, message, now)
        log.info("a number said STOP", persons=len(persons), message=message)
    elif asked is Asked.START:
        persons = opt_outs.start(number, words, message, now)
        log.info("a number said START", persons=len(persons), message=message)
        for person in persons:
            choosing.reached_again(parts, person, "sms")
    return _said(_answer(parts, asked, form, number, opt_outs))


def _answer(
    parts: Services, asked: Asked, form: Mapping[str, str], number: str, opt_outs: OptOuts
) -> str | None:
    """None where Twilio answers, where nothing may be sent, and where enough was said."""
    if asked is not Asked.OTHER and ("OptOutType" in form or not _SHORT_CODE.fullmatch(form.get("To", ""))):
        return None
    if asked is Asked.OTHER and opt_outs.is_stopped(number):
        return None
    if not Tries(parts.database, "sms-answer", _ANSWERS, _WITHIN).take(number, parts.now()):
        return None
    with speaking_as_chosen(opt_outs.holder(number)):
        return gsm.written(_words(asked, parts.settings.public_url))


def _words(asked: Asked, public_url: str) -> str:
    """The words that a text is answered with; those to answer with are the ones Twilio knows, in every language."""
    site = urlsplit(public_url)
    address = f"{site.netloc}{site.path}"
    if asked is Asked.STOP:
        return say("Gatecall: no more SMS to this number. E-mail goes on. Reply START to hear from us again.")
    if asked is Asked.START:
        return say("Gatecall: you get our SMS again. Reply STOP to end them, HELP for help.")
    if asked is Asked.HELP:
        return say(
            "Gatecall tells you when your flight changes. Reply STOP to end SMS. Help: {address}/help",
            address=address,
        )
    return say(
        "Gatecall: nobody reads answers to this number. Your flight: {address}/board. Reply STOP to end SMS, HELP for "
        "help.",
        address=address,
    )


def _said(words: str | None) -> str:
    response = MessagingResponse()
    if words is not None:
        response.message(words)
    return str(response)
