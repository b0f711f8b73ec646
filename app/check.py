"""What `gatecall check` finds: one line for each part, and the remedy where it is not well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kafka.errors import KafkaError
from pymongo.database import Database
from pymongo.errors import PyMongoError

from app.bus import clients
from app.bus import topics as bus_topics
from app.channels import registry
from app.channels.findings import BAD, OK, TIMEOUT_S, WARN, Finding, Look
from app.domain.channels import CHANNELS
from app.domain.errors import GatecallError
from app.settings import Settings
from app.store import client as mongo
from app.store import schema, schema_steps

__all__ = ["BAD", "OK", "WARN", "Finding", "of_channel", "run"]

_OPLOG_ENOUGH_H = 24
_LEAST_SECRET = 32


def run(settings: Settings) -> list[Finding]:
    """Look at everything, one part after the other; a part that fails does not hide the next."""
    return [
        *_found(_BASE, settings),
        *(one for channel in CHANNELS for one in of_channel(channel, settings)),
    ]


def of_channel(channel: str, settings: Settings) -> list[Finding]:
    """Whether a channel is on, and what it says is to be looked at (`app/channels/registry.py`)."""
    entry, is_on = registry.ENTRIES[channel], channel in settings.channels
    looks = [look for look in registry.looks(channel) if is_on or look.when_off]
    found = _found(looks, settings)
    if not is_on:
        remedy = f"set {entry.turned_on_by} to turn it on" if entry.turned_on_by else None
        return [Finding(channel, WARN, "off", remedy), *found]
    return found or [Finding(channel, OK, "on")]


def _found(looks: Iterable[Look], settings: Settings) -> list[Finding]:
    found: list[Finding] = []
    for look in looks:
        try:
            found += look.look(settings)
        except (GatecallError, PyMongoError, KafkaError, OSError) as error:
            # our own errors are sentences; those of others need their name
            kind = "" if isinstance(error, GatecallError) else f"{type(error).__name__}: "
            first = (str(error) or "no answer").splitlines()[0]
            words = f"{kind}{first}".partition(" (configured timeouts")[0]
            found.append(Finding(look.name, BAD, words[:160], look.remedy))
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
    with mongo.connect(settings, app_name="gatecall-check", timeout_s=TIMEOUT_S) as client:
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


_BASE = (
    Look("settings", _settings),
    Look("mongodb", _mongodb, "look at MONGODB_URI; `make servers` starts a replica set on this machine"),
    Look(
        "kafka",
        _kafka,
        "look at KAFKA_BOOTSTRAP_SERVERS; `make servers` starts a broker on this machine",
    ),
)
