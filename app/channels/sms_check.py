"""What `gatecall check` looks at of SMS: the account, and whether it has the numbers that send."""

from __future__ import annotations

from collections.abc import Iterator

import requests

from app.channels.findings import BAD, OK, TIMEOUT_S, WARN, Finding, Look
from app.settings import Settings

_MESSAGING = "https://messaging.twilio.com"


def _account(settings: Settings) -> Iterator[Finding]:
    """Raises OSError."""
    answer = _of_account(settings, ".json")
    if answer.status_code != requests.codes.ok:
        refused = answer.status_code in (401, 403)
        remedy = "look at TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN" if refused else None
        yield Finding("sms", BAD, f"Twilio answers {answer.status_code}", remedy)
        return
    yield Finding("sms", OK, "Twilio knows the account")
    yield _sender(settings, "sms sender", settings.twilio_from or "", "look at TWILIO_FROM")
    if not settings.is_public:
        words = "Twilio cannot call PUBLIC_URL: nothing tells whether texts arrive"
        yield Finding("sms reports", WARN, words, "set PUBLIC_URL to an address that the internet reaches")


def _second(settings: Settings) -> Iterator[Finding]:
    """Raises OSError."""
    sender = settings.twilio_from_fallback
    if sender is not None and settings.twilio_account_sid is None:
        yield Finding("sms-fallback", WARN, "not used, for SMS is off", "set TWILIO_ACCOUNT_SID too")
    elif sender is not None:
        yield _sender(settings, "sms-fallback", sender, "look at TWILIO_FROM_FALLBACK")


def _sender(settings: Settings, name: str, sender: str, remedy: str) -> Finding:
    """Whether the account has the number (IncomingPhoneNumber resource) or the messaging service (Service resource
    of https://www.twilio.com/docs/messaging/api/service-resource). Raises OSError."""
    if sender.startswith("MG"):
        base = settings.twilio_api_base_url or _MESSAGING
        answer = _asked(settings, f"{base}/v1/Services/{sender}")
        known = {requests.codes.ok: True, requests.codes.not_found: False}.get(answer.status_code)
    elif sender.startswith("+"):
        answer = _of_account(settings, "/IncomingPhoneNumbers.json", PhoneNumber=sender)
        try:
            known = bool(answer.json()["incoming_phone_numbers"])
        except (ValueError, KeyError, TypeError):
            known = None
    else:
        return Finding(name, WARN, f"{sender} cannot be looked up: it is neither +number nor MG...")
    if known is None:
        return Finding(name, WARN, f"Twilio does not say whether it knows {sender}", remedy)
    words = f"Twilio knows {sender}" if known else f"the account has no {sender}"
    return Finding(name, OK if known else BAD, words, None if known else remedy)


def _of_account(settings: Settings, rest: str, **asked: str) -> requests.Response:
    base = settings.twilio_api_base_url or "https://api.twilio.com"
    return _asked(settings, f"{base}/2010-04-01/Accounts/{settings.twilio_account_sid}{rest}", **asked)


def _asked(settings: Settings, url: str, **asked: str) -> requests.Response:
    token = settings.twilio_auth_token
    auth = (settings.twilio_account_sid or "", token.get_secret_value() if token else "")
    return requests.get(url, params=asked, auth=auth, timeout=TIMEOUT_S)


LOOKS = (
    Look("sms", _account, "look at the TWILIO_* settings"),
    Look("sms-fallback", _second, "look at TWILIO_FROM_FALLBACK", when_off=True),
)
