"""The inbox as every channel is held to its contract: MongoDB itself, behind a way that misbehaves."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient

from app.domain.people import Person
from app.settings import Settings, load
from tests.inbox.proxy import Proxy, proxy_to

KEY = "a secret key for tests, long enough to sign"
NO_ROOM = {"ok": 0.0, "code": 14031, "codeName": "OutOfDiskSpace", "errmsg": "the disk is full"}
REFUSED = {
    "ok": 1.0,
    "n": 0,
    "writeErrors": [{"index": 0, "code": 121, "errmsg": "Document failed validation"}],
}


class InboxStand:
    name = "inbox"
    person = Person("p1", "Ada", linked={"inbox": "p1"})
    user: Mapping[str, Any] = {"linked": {"inbox": {"address": "p1"}}}

    def __init__(self, proxy: Proxy, client: MongoClient[dict[str, Any]], uri: str) -> None:
        self._proxy = proxy
        self._client = client
        self._uri = uri
        self.database = client.get_default_database()

    def settings(self, **more: Any) -> Settings:
        uri = more.pop("mongodb_uri", self._uri)
        self.database = self._client[uri.rpartition("/")[2].partition("?")[0]]
        own: dict[str, Any] = {"kafka_bootstrap_servers": "127.0.0.1:9", "secret_key": KEY}
        own |= {"mail_server": "localhost", "inbox_connections": 1}
        return load(**{"mongodb_uri": self._proxy.uri(uri)} | own | more)

    def taken(self) -> int:
        return self.database["inbox"].count_documents({})

    def asked(self) -> int:
        return self._proxy.inserts

    def refuse_now(self) -> None:
        self._proxy.answers.append(NO_ROOM)

    def refuse_for_good(self) -> None:
        self._proxy.answers.append(REFUSED)

    def lose_answer(self) -> None:
        self._proxy.drop = 1

    def dawdle(self) -> None:
        self._proxy.silent = True


@contextmanager
def inbox_stand(mongo_uri: str) -> Iterator[InboxStand]:
    """A stand with a database of its own, dropped afterwards."""
    name = f"test_inbox_{uuid.uuid4().hex[:12]}"
    uri = mongo_uri.replace("/?", f"/{name}?")
    with proxy_to(mongo_uri) as proxy, MongoClient[dict[str, Any]](uri, tz_aware=True) as client:
        try:
            yield InboxStand(proxy, client, uri)
        finally:
            client.drop_database(name)
