"""The SMS side of the inbox: the part of Twilio's Messages resource that a sender of SMS uses.

Shapes as in Twilio's manual, "Messages resource" (API 2010-04-01). Numbers that are no E.164 numbers are
refused with error 21211, as Twilio does.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any

from scripts.inbox.store import Inbox, Stored

Answer = tuple[int, dict[str, Any]]

PATH = re.compile(
    r"/2010-04-01/Accounts/(?P<account>[A-Za-z0-9]+)/Messages(?:/(?P<sid>SM[0-9a-f]{32}))?\.json"
)
_E164 = re.compile(r"\+[1-9]\d{6,14}")


def authorised(account: str, authorization: str | None) -> bool:
    """Whether the request carries HTTP basic authentication in the name of the account; any token will do."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        name, colon, token = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    return bool(colon and token) and name == account


def send(inbox: Inbox, account: str, form: Mapping[str, str]) -> Answer:
    """Accept a message: 201 and the resource; 400 and Twilio's error where it would refuse."""
    to, body = form.get("To", ""), form.get("Body", "")
    sender = form.get("From") or form.get("MessagingServiceSid", "")
    if not _E164.fullmatch(to):
        return 400, _error(21211, f"Invalid 'To' Phone Number: {to[:20]}")
    if not sender:
        return 400, _error(21603, "A 'From' phone number is required")
    if not body:
        return 400, _error(21602, "Message body is required")
    if len(body) > 1600:
        return 400, _error(21617, "The concatenated message body exceeds the 1600 character limit")
    sid = f"SM{secrets.token_hex(16)}"
    number = inbox.add_sms(sender, to, sid, body)
    stored = inbox.whole(number)
    assert stored is not None
    return 201, resource(account, stored, status="queued")


def fetch(inbox: Inbox, account: str, sid: str) -> Answer:
    """One message by its sid; 404 with Twilio's error 20404 when there is none."""
    for stored in inbox.newest(after=0, limit=10**9, channel="sms"):
        if stored.receipt.id == sid:
            return 200, resource(account, stored, status="delivered")
    return 404, _error(20404, f"The requested resource {sid} was not found", status=404)


def listing(inbox: Inbox, account: str, query: Mapping[str, str]) -> Answer:
    """Messages to a number (`To`), or all that are kept, newest first; one page."""
    if "To" in query:
        found = inbox.sms_to(query["To"])
    else:
        found = inbox.newest(after=0, limit=1000, channel="sms")
    size = (
        max(1, min(1000, int(query.get("PageSize", "50")))) if query.get("PageSize", "50").isdigit() else 50
    )
    messages = [resource(account, stored, status="delivered") for stored in found[:size]]
    uri = f"/2010-04-01/Accounts/{account}/Messages.json"
    page = {"uri": uri, "first_page_uri": uri, "next_page_uri": None, "previous_page_uri": None}
    return 200, {"messages": messages, "page": 0, "page_size": size, "start": 0, "end": len(messages), **page}


def resource(account: str, stored: Stored, *, status: str) -> dict[str, Any]:
    """A message as Twilio shows it."""
    receipt, body = stored.receipt, stored.text
    at = format_datetime(receipt.received_at)
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": body,
        "date_created": at,
        "date_sent": at if status != "queued" else None,
        "date_updated": at,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": stored.sender,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1" if len(body) <= 160 else str(-(-len(body) // 153)),
        "price": None,
        "price_unit": "USD",
        "sid": receipt.id,
        "status": status,
        "subresource_uris": {},
        "to": receipt.address,
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{receipt.id}.json",
    }


def unauthorised() -> Answer:
    """What Twilio answers to a wrong account or token."""
    return 401, _error(20003, "Authenticate", status=401)


def _error(code: int, message: str, *, status: int = 400) -> dict[str, Any]:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return {"code": code, "message": message, "more_info": more, "status": status}
