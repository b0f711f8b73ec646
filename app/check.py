"""What `gatecall check` finds: one line for each part, and the remedy where it is not well."""

from __future__ import annotations

import os
import smtplib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from kafka.errors import KafkaError
from pymongo.database import Database
from pymongo.errors import PyMongoError

from app.bus import clients
from app.bus import topics as bus_topics
from app.channels.deadline import Deadline
from app.channels.email import Server, first_server, second_server
from app.channels.smtp import open_session
from app.domain.errors import GatecallError
from app.settings import Settings
from app.store import client as mongo
from app.store import schema, schema_steps

OK, WARN, BAD = "ok", "warn", "bad"

_TIMEOUT_S = 5.0
_OPLOG_ENOUGH_H = 24
_LEAST_SECRET = 32
_MESSAGING = "https://messaging.twilio.com"
_REMEDIES = {
    "mongodb": "look at MONGODB_URI; `make servers` starts a replica set on this machine",
    "kafka": "look at KAFKA_BOOTSTRAP_SERVERS; `make servers` starts a broker on this machine",
    "email": "look at the MAIL_* settings and at the server",
    "email-fallback": "look at the MAIL_FALLBACK_* settings and at the server",
    "bounces": "look at MAIL_BOUNCE_MAILDIR",
    "sms": "look at the TWILIO_* settings",
    "sms-fallback": "look at TWILIO_FROM_FALLBACK",
    "telegram": "look at the TELEGRAM_* settings",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """state: OK, WARN (works, but look at it) or BAD. remedy: what to do, None when nothing."""

    name: str
    state: str
    words: str
    remedy: str | None = None


def run(settings: Settings) -> list[Finding]:
    """Look at everything, one part after the other; a part that fails does not hide the next."""
    parts: dict[str, Callable[[Settings], Iterator[Finding]]] = {
        "settings": _settings,
        "mongodb": _mongodb,
        "kafka": _kafka,
        "email": _email,
        "email-fallback": _second_email,
        "bounces": _bounces,
        "sms": _sms,
        "sms-fallback": _second_sms,
        "telegram": _telegram,
    }
    found: list[Finding] = []
    for name, look in parts.items():
        try:
            found += look(settings)
        except (GatecallError, PyMongoError, KafkaError, OSError, smtplib.SMTPException) as error:
            # our own errors are sentences; those of others need their name
            kind = "" if isinstance(error, GatecallError) else f"{type(error).__name__}: "
            words = f"{kind}{(str(error) or 'no answer').splitlines()[0]}".partition(" (configured timeouts")[
                0
            ]
            found.append(Finding(name, BAD, words[:160], _REMEDIES.get(name)))
    return found


def _settings(settings: Settings) -> Iterator[Finding]:
    yield Finding("settings", OK, "every setting is understood")
    if not settings.channels:
        yield Finding(
            "channels", WARN, "no channel is on: nobody can be told", "set MAIL_SERVER or TWILIO_ACCOUNT_SID"
        )
    if not settings.staff_key_hashes:
        yield Finding("staff key", WARN, "none: POST /update is closed", "gatecall staff-key")
    yield _secret_key(settings)
    if settings.public_url.startswith("http://") and "localhost" not in settings.public_url:
        yield Finding("public url", WARN, f"{settings.public_url} is not https", "set PUBLIC_URL")
    if settings.demo:
        yield Finding("demo", WARN, "DEMO=1: the clock may not be real", "unset DEMO in production")


def _secret_key(settings: Settings) -> Finding:
    remedy = "set SECRET_KEY to 32 random characters or more"
    if not settings.signing_keys:
        words = 'none: messages have no link "Why this message?", and staff cannot sign in to the pages'
        return Finding("secret key", WARN, words, remedy)
    shortest = min(len(key) for key in settings.signing_keys)
    if len(settings.signing_keys[0]) < _LEAST_SECRET:
        words = f"shorter than {_LEAST_SECRET} characters: staff cannot sign in, and links may be forged"
        return Finding("secret key", WARN, words, remedy)
    if shortest < _LEAST_SECRET:
        words = f"one of SECRET_KEY_FALLBACKS is shorter than {_LEAST_SECRET} characters: links may be forged"
        return Finding("secret key", WARN, words, "take it out as soon as its links may stop working")
    earlier = len(settings.signing_keys) - 1
    return Finding("secret key", OK, "long enough" + (f", {earlier} earlier" if earlier else ""))


def _mongodb(settings: Settings) -> Iterator[Finding]:
    with mongo.connect(settings, app_name="gatecall-check", timeout_s=_TIMEOUT_S) as client:
        version = client.server_info()["version"]
        mongo.check_replica_set(client)
        yield Finding("mongodb", OK, f"version {version}, a replica set, database {settings.database}")
        yield from _schema(mongo.database(client, settings))
        yield _oplog(mongo.oplog_window_s(client))


def _oplog(window_s: float | None) -> Finding:
    if window_s is None:
        return Finding(
            "oplog", WARN, "may not be read, so its window is not known", "grant find on local.oplog.rs"
        )
    words = f"holds {window_s / 3600:.1f} h of changes"
    if window_s >= _OPLOG_ENOUGH_H * 3600:
        return Finding("oplog", OK, words)
    return Finding(
        "oplog",
        WARN,
        words,
        "fine while it is young; watchers that stop for longer read their collections again",
    )


def _schema(database: Database[dict[str, Any]]) -> Iterator[Finding]:
    missing = schema.check(database)
    if missing:
        yield Finding(
            "schema", BAD, "; ".join(missing[:3]) + (" ..." if len(missing) > 3 else ""), "gatecall schema"
        )
    else:
        yield Finding("schema", OK, "collections, validators, indexes and pre-images are there")
    yield _steps(database)


def _steps(database: Database[dict[str, Any]]) -> Finding:
    try:
        missing = schema_steps.lacking(database)
    except GatecallError as error:
        told = str(error).splitlines()
        return Finding("schema steps", BAD, told[0], told[-1])
    if missing:
        numbers = ", ".join(map(str, missing))
        return Finding("schema steps", WARN, f"not taken: {numbers}", "gatecall schema")
    return Finding("schema steps", OK, "all taken")


def _kafka(settings: Settings) -> Iterator[Finding]:
    admin = clients.admin(settings)
    try:
        brokers = len(admin.describe_cluster()["brokers"])
        yield Finding("kafka", OK, f"{brokers} broker{'s' if brokers != 1 else ''}")
        missing = bus_topics.missing(admin, settings)
        if missing:
            yield Finding("topics", BAD, f"missing: {', '.join(missing)}", "gatecall topics")
        else:
            yield Finding("topics", OK, "all there")
    finally:
        admin.close()


def _email(settings: Settings) -> Iterator[Finding]:
    if settings.mail_server is None:
        yield Finding("email", WARN, "off", "set MAIL_SERVER to turn it on")
    else:
        yield _mail_server("email", first_server(settings))


def _second_email(settings: Settings) -> Iterator[Finding]:
    server = second_server(settings)
    if server is not None and settings.mail_server is None:
        yield Finding("email-fallback", WARN, "not used, for e-mail is off", "set MAIL_SERVER too")
    elif server is not None:
        yield _mail_server("email-fallback", server)


def _mail_server(name: str, server: Server) -> Finding:
    """The very connection that delivery makes. Raises ChannelDownError."""
    within = Deadline()
    within.restart(_TIMEOUT_S)
    login = (server.username, server.password) if server.username and server.password else None
    session = open_session(
        server.host or "",
        server.port,
        within=within,
        use_ssl=server.use_ssl,
        use_tls=server.use_tls,
        login=login,
    )
    session.leave()
    let_in = " and lets us in" if login else ""
    return Finding(name, OK, f"{server.host}:{server.port} answers{let_in}")


def _bounces(settings: Settings) -> Iterator[Finding]:
    """What tells that a mail came back. Raises OSError."""
    if settings.mail_server is None:
        return
    keys = len(settings.callback_key_hashes)
    by_key = f"{keys} key{'s' if keys != 1 else ''} may report" if keys else ""
    if settings.mail_bounce_maildir is None:
        if by_key:
            yield Finding("bounces", OK, by_key)
        else:
            words = "nothing tells when a mail comes back: such addresses are tried again and again"
            yield Finding("bounces", WARN, words, "set MAIL_BOUNCE_MAILDIR or CALLBACK_KEY_HASHES")
        return
    maildir = Path(settings.mail_bounce_maildir)
    waiting = 0
    for part in (maildir / "cur", maildir / "new"):
        waiting = len(list(part.iterdir()))
        if not os.access(part, os.W_OK | os.X_OK):
            raise PermissionError(f"{part} may not be written: what was read could not be moved")
    yield Finding("bounces", OK, f"{maildir} can be read, {waiting} wait" + (f"; {by_key}" if by_key else ""))


def _sms(settings: Settings) -> Iterator[Finding]:
    if settings.twilio_account_sid is None:
        yield Finding("sms", WARN, "off", "set TWILIO_ACCOUNT_SID to turn it on")
        return
    answer = _of_account(settings, ".json")
    if answer.status_code != requests.codes.ok:
        refused = answer.status_code in (401, 403)
        remedy = "look at TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN" if refused else None
        yield Finding("sms", BAD, f"Twilio answers {answer.status_code}", remedy)
        return
    yield Finding("sms", OK, "Twilio knows the account")
    yield _sms_sender(settings, "sms sender", settings.twilio_from or "", "look at TWILIO_FROM")
    if not settings.is_public:
        words = "Twilio cannot call PUBLIC_URL: nothing tells whether texts arrive"
        yield Finding("sms reports", WARN, words, "set PUBLIC_URL to an address that the internet reaches")


def _second_sms(settings: Settings) -> Iterator[Finding]:
    sender = settings.twilio_from_fallback
    if sender is not None and settings.twilio_account_sid is None:
        yield Finding("sms-fallback", WARN, "not used, for SMS is off", "set TWILIO_ACCOUNT_SID too")
    elif sender is not None:
        yield _sms_sender(settings, "sms-fallback", sender, "look at TWILIO_FROM_FALLBACK")


def _telegram(settings: Settings) -> Iterator[Finding]:
    if settings.telegram_bot_token is None:
        yield Finding("telegram", WARN, "off", "set TELEGRAM_BOT_TOKEN to turn it on")
        return
    # Its library takes most of a second to import.
    from app.channels.telegram_api import Bot

    with closing(Bot(settings)) as bot:
        name = bot.within(_TIMEOUT_S).name()
    yield Finding("telegram", OK, f"Telegram knows the bot as @{name}")
    if not settings.signing_keys:
        yield Finding("telegram", WARN, "its messages have no buttons", "set SECRET_KEY")


def _sms_sender(settings: Settings, name: str, sender: str, remedy: str) -> Finding:
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
    return requests.get(url, params=asked, auth=auth, timeout=_TIMEOUT_S)
