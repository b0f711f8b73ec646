"""What `gatecall check` finds: one line for each part, and the remedy where it is not well."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import requests
from kafka.errors import KafkaError
from pymongo.database import Database
from pymongo.errors import PyMongoError

from app.bus import clients
from app.bus import topics as bus_topics
from app.domain.errors import GatecallError
from app.settings import Settings
from app.store import client as mongo
from app.store import schema

OK, WARN, BAD = "ok", "warn", "bad"

_TIMEOUT_S = 5.0
_OPLOG_ENOUGH_H = 24
_REMEDIES = {
    "mongodb": "look at MONGODB_URI; `make servers` starts a replica set on this machine",
    "kafka": "look at KAFKA_BOOTSTRAP_SERVERS; `make servers` starts a broker on this machine",
    "email": "look at the MAIL_* settings and at the server",
    "sms": "look at the TWILIO_* settings",
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
        "sms": _sms,
    }
    found: list[Finding] = []
    for name, look in parts.items():
        try:
            found += look(settings)
        except (GatecallError, PyMongoError, KafkaError, OSError, smtplib.SMTPException) as error:
            words = f"{type(error).__name__}: {str(error).splitlines()[0]}".partition(
                " (configured timeouts"
            )[0]
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
    if settings.public_url.startswith("http://") and "localhost" not in settings.public_url:
        yield Finding("public url", WARN, f"{settings.public_url} is not https", "set PUBLIC_URL")
    if settings.demo:
        yield Finding("demo", WARN, "DEMO=1: the clock may not be real", "unset DEMO in production")


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


def _schema(database: Database[dict[str, object]]) -> Iterator[Finding]:
    missing = schema.check(database)
    if missing:
        yield Finding(
            "schema", BAD, "; ".join(missing[:3]) + (" ..." if len(missing) > 3 else ""), "gatecall schema"
        )
    else:
        yield Finding("schema", OK, "collections, validators, indexes and pre-images are there")


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
        return
    connect = smtplib.SMTP_SSL if settings.mail_use_ssl else smtplib.SMTP
    with connect(settings.mail_server, settings.mail_port, timeout=_TIMEOUT_S) as server:
        if settings.mail_use_tls:
            server.starttls(context=ssl.create_default_context())
        if settings.mail_username and settings.mail_password:
            server.login(settings.mail_username, settings.mail_password.get_secret_value())
        code, _ = server.noop()
    state = OK if code == 250 else BAD
    yield Finding("email", state, f"{settings.mail_server}:{settings.mail_port} answers {code}")


def _sms(settings: Settings) -> Iterator[Finding]:
    sid, token = settings.twilio_account_sid, settings.twilio_auth_token
    if sid is None or token is None:
        yield Finding("sms", WARN, "off", "set TWILIO_ACCOUNT_SID to turn it on")
        return
    base = settings.twilio_api_base_url or "https://api.twilio.com"
    answer = requests.get(
        f"{base}/2010-04-01/Accounts/{sid}.json", auth=(sid, token.get_secret_value()), timeout=_TIMEOUT_S
    )
    if answer.status_code == requests.codes.ok:
        yield Finding("sms", OK, "Twilio knows the account")
    else:
        remedy = (
            "look at TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN" if answer.status_code in (401, 403) else None
        )
        yield Finding("sms", BAD, f"Twilio answers {answer.status_code}", remedy)
