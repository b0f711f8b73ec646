"""An address that was suppressed stays so, whatever becomes of SECRET_KEY."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo.database import Database

from app.domain.reports import Refusal
from app.settings import Settings, load
from app.store.suppressions import Suppression, Suppressions

Documents = Database[dict[str, Any]]
ADA = "ada@example.org"
OLD, NEW = "a" * 32, "b" * 32


def with_key(database: Documents, uri: str, key: str | None, earlier: str | None = None) -> Suppressions:
    """The store as a process has it that was started with these settings."""
    base: Settings = load(mongodb_uri=uri, kafka_bootstrap_servers="127.0.0.1:9")
    more = {
        "secret_key": SecretStr(key) if key else None,
        "secret_key_fallbacks": SecretStr(earlier) if earlier else None,
    }
    return Suppressions(database, base.model_copy(update=more))


def suppress(store: Suppressions, id_: str | None = None) -> None:
    id_ = id_ or store.id_of("email", ADA)
    store.add([Suppression(id_, "email", Refusal.BOUNCED, None, None, "p1", datetime.now(UTC))])


def is_suppressed(store: Suppressions) -> bool:
    own, _ = store.concerning("email", store.ids_of("email", ADA.upper()), [])
    return bool(own)


def id_as_secret_key_made_it(secret: str) -> str:
    """Until ids had a key of their own."""
    key = hashlib.sha256(f"gatecall addresses {secret}".encode()).digest()
    return "email:" + hmac.new(key, f"email {ADA}".encode(), hashlib.sha256).hexdigest()[:32]


@pytest.mark.parametrize(("then", "now"), [(OLD, NEW), (None, NEW), (OLD, None)])
def test_no_change_of_the_secret_key_makes_an_address_usable_again(
    database: Documents, database_uri: str, then: str | None, now: str | None
) -> None:
    suppress(with_key(database, database_uri, then))
    assert is_suppressed(with_key(database, database_uri, now))


def test_what_was_suppressed_under_a_secret_key_is_found_after_that_key_is_gone(
    database: Documents, database_uri: str
) -> None:
    suppress(with_key(database, database_uri, OLD), id_as_secret_key_made_it(OLD))
    assert is_suppressed(with_key(database, database_uri, OLD))
    assert is_suppressed(with_key(database, database_uri, NEW, OLD))
    assert is_suppressed(with_key(database, database_uri, NEW))
    # also one that a bounce names later: the ledger's rows keep their ids
    assert id_as_secret_key_made_it(OLD) in with_key(database, database_uri, None).ids_of("email", ADA)


def test_a_rotation_under_way_while_the_program_is_upgraded_loses_nothing(
    database: Documents, database_uri: str
) -> None:
    suppress(with_key(database, database_uri, OLD), id_as_secret_key_made_it(OLD))
    assert not is_suppressed(with_key(database, database_uri, None)), "nobody knows the key yet"
    assert is_suppressed(with_key(database, database_uri, NEW, OLD))
    assert is_suppressed(with_key(database, database_uri, NEW))


def test_the_id_of_an_address_on_a_new_system_is_one_and_tells_nothing(
    database: Documents, database_uri: str
) -> None:
    one, other = (with_key(database, database_uri, key) for key in (OLD, NEW))
    assert one.ids_of("email", ADA) == other.ids_of("email", ADA)
    assert len(one.ids_of("email", ADA)) == 1
    assert one.id_of("sms", ADA) != one.id_of("email", ADA)
    database["suppressions"].drop()
    assert with_key(database, database_uri, OLD).id_of("email", ADA) != one.id_of("email", ADA)
