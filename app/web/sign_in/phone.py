"""Adding a phone number: six digits go there, and whoever sends them back has the phone. Refusals are in the language
of the page; the API, where no language is spoken, says them in English."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog
from pymongo.client_session import ClientSession

from app.domain import people
from app.domain.errors import PermanentError
from app.domain.speech import plural, say
from app.store import ids
from app.store.client import in_transaction
from app.store.phone_codes import PhoneCodes, Tried, Verdict, Waiting
from app.store.service_messages import Kind, ServiceMessages
from app.store.tries import Tries
from app.store.users import ChangedMeanwhileError, Users
from app.web import choosing, refusals
from app.web.problems import Fault, Problem
from app.web.services import Services
from app.web.sign_in.lasting import phone_code_lasts

log = structlog.get_logger()

PER_PERSON, PER_NUMBER, WINDOW = 5, 5, timedelta(hours=1)
AGAIN_AFTER = timedelta(seconds=60)

_LONGEST = 40
_CODE = re.compile(r"[0-9]{6}")
_ATTEMPTS = 5


def send_code(parts: Services, person: str, number: str) -> Waiting:
    """Send six digits to the number, and expect them from the person.

    Raises Problem: 400 when it is no number with its country code, 403 when texts are off, 429 when one was sent
    within a minute or too many within an hour.
    """
    if "sms" not in parts.settings.channels or not parts.settings.signing_keys:
        raise Problem(403, say("Texts are off"), say("This system sends no text messages. E-mail works."))
    try:
        phone = people.phone_number(number.strip()[:_LONGEST])
    except PermanentError as error:
        fault = Fault("phone", f"{error}")
        raise Problem(
            400, say("Not a phone number"), refusals.as_sentence(f"{error}"), faults=[fault]
        ) from error
    now, store = parts.now(), _codes(parts)
    if wait_s := wait_of(store.waiting(person, now), parts):
        raise _too_many(_wait(wait_s), wait_s)
    of_person = Tries(parts.database, "phone-code-person", PER_PERSON, WINDOW)
    of_number = Tries(parts.database, "phone-code-number", PER_NUMBER, WINDOW)
    if not (of_person.take(person, now) and of_number.take(phone, now)):
        raise _too_many(say("Too many codes were sent. Wait an hour."), int(WINDOW.total_seconds()))
    digits = store.begin(person, phone, now)
    lasting = phone_code_lasts(parts.settings)
    details = {"code": digits, "minutes": str(parts.settings.phone_code_minutes)}
    messages = ServiceMessages(parts.database, parts.settings.signing_keys)
    with people.speaking_as_chosen(Users(parts.database).get(person) or {}):
        messages.post(Kind.PHONE_CODE, "sms", phone, details, now, lasting)
    log.info("code for a phone asked for", person=person)
    return Waiting(phone, now, now + lasting)


def enter_code(parts: Services, person: str, digits: str) -> Tried:
    """Compare what the person entered; when it is right, the number is theirs, and verified.

    What cannot be a code costs no try. Raises Problem 409 when the person was changed again and again meanwhile.
    """
    digits = "".join(digits.split())
    if not _CODE.fullmatch(digits):
        there = _codes(parts).waiting(person, parts.now()) is not None
        return Tried(Verdict.WRONG if there else Verdict.OVER, left=-1)
    tried = _codes(parts).try_code(person, digits, parts.now())
    if tried.verdict is Verdict.RIGHT and tried.phone is not None:
        _keep(parts, person, tried.phone)
        log.info("phone verified", person=person)
    return tried


def expected(parts: Services, person: str) -> Waiting | None:
    """The code that the person can still enter; None when there is none."""
    return _codes(parts).waiting(person, parts.now())


def wait_of(waiting: Waiting | None, parts: Services) -> int:
    """Seconds until another code may be sent; 0 when it may now."""
    if waiting is None:
        return 0
    return max(0, math.ceil((waiting.sent_at + AGAIN_AFTER - parts.now()).total_seconds()))


def _keep(parts: Services, person: str, phone: str) -> None:
    for _ in range(_ATTEMPTS):
        user = Users(parts.database).get(person)
        if user is None:
            return  # erased meanwhile
        try:
            _keep_with_proof(parts, user, phone)
        except ChangedMeanwhileError:
            continue
        choosing.reached_again(parts, person, "sms")
        return
    raise Problem(
        409, say("Changed meanwhile"), say("Your data was changed at the same moment. Enter the code again.")
    )


def _keep_with_proof(parts: Services, user: Mapping[str, Any], phone: str) -> None:
    """The number, and that the person agreed to texts there: both or neither. Raises ChangedMeanwhileError."""
    changes = {"phone": phone, "verified.phone": phone}
    if not isinstance(user.get("verified"), dict) and isinstance(user.get("email"), str):
        # An import's person signed in by this address; from here on only what is in `verified` counts.
        changes["verified.email"] = user["email"]
    proved = {**user, "phone": phone, "verified": {"phone": phone}}

    def both(session: ClientSession) -> None:
        version = int(user.get("version") or 0)
        Users(parts.database).set_fields(ids.text(user["_id"]), changes, version, session)
        words = say(choosing.PHONE_WORDS)
        choosing.prove(parts, proved, "sms", given=True, way="phone_code", words=words, session=session)

    in_transaction(parts.database.client, both)


def _codes(parts: Services) -> PhoneCodes:
    return PhoneCodes(parts.database, parts.settings.signing_keys[0], phone_code_lasts(parts.settings))


def _wait(seconds: int) -> str:
    return plural(
        "A code was sent. Another one goes in {number} seconds.",
        "A code was sent. Another one goes in {number} seconds.",
        seconds,
    )


def _too_many(detail: str, wait_s: int) -> Problem:
    return Problem(429, say("Too many codes"), detail, headers={"Retry-After": str(wait_s)})
