"""The cookie of a browser in which somebody signed in: it may ask for links to that address when strangers used up what
an address gets.

Signed with SECRET_KEY or one of its fallbacks; it holds a random name of the browser and keyed digests of addresses,
and signs nobody in.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta

from flask import Response, request
from itsdangerous import BadData, URLSafeSerializer

from app.web import csrf
from app.web.services import services

NAME = "gatecall-known"
LASTS = timedelta(days=365)

_PURPOSE = "gatecall known browser"
_MOST_ADDRESSES = 5
_LONGEST = 1000
_ID_BYTES = 12
_TEXT = re.compile(r"[A-Za-z0-9_-]{1,64}")


def name_for(address: str) -> str | None:
    """The name of the browser that asks, when somebody signed in to the address there before; else None."""
    name, digests = _read()
    keys = services().settings.signing_keys
    known = name and any(hmac.compare_digest(_digest(address, key), one) for key in keys for one in digests)
    return name if known else None


def remember(answer: Response, address: str) -> None:
    """Note on the answer of a sign-in that this browser has the address; the last five are kept."""
    settings = services().settings
    name, digests = _read()
    own = _digest(address, settings.signing_keys[0])
    kept = [own, *(one for one in digests if one != own)][:_MOST_ADDRESSES]
    answer.set_cookie(
        csrf.cookie_name(settings, NAME),
        _signer().dumps([name or secrets.token_urlsafe(_ID_BYTES), *kept]),
        max_age=LASTS,
        secure=csrf.is_secure(settings),
        httponly=True,
        samesite="Lax",
        path="/",
    )


def _read() -> tuple[str, Sequence[str]]:
    """The browser's name and the digests; "" and nothing for a cookie that is missing or not ours."""
    sent = request.cookies.get(csrf.cookie_name(services().settings, NAME), "")
    if not sent or len(sent) > _LONGEST:
        return "", ()
    try:
        found = _signer().loads(sent)
    except BadData:
        return "", ()
    texts = found if isinstance(found, list) else []
    if not texts or not all(isinstance(one, str) and _TEXT.fullmatch(one) for one in texts):
        return "", ()
    return texts[0], texts[1:]


def _signer() -> URLSafeSerializer:
    keys = services().settings.signing_keys
    return URLSafeSerializer(
        [*reversed(keys)], salt=_PURPOSE, signer_kwargs={"digest_method": hashlib.sha256}
    )


def _digest(address: str, key: str) -> str:
    return hmac.new(key.encode(), f"{_PURPOSE} {address.lower()}".encode(), hashlib.sha256).hexdigest()[:32]
