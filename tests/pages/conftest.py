"""The pages on a real MongoDB, with the real feed, and a clock that tests move."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database

from app.bus.log_reader import Entry
from app.domain.clock import DomainClock
from app.domain.events import ChangeEvent, Op, changed_fields
from app.domain.order import of_event
from app.runtime import Health
from app.settings import Settings
from app.web import create_app
from app.web.feed import Feed
from app.web.services import Services

NOW = datetime(2013, 2, 8, 19, 42, tzinfo=UTC)
"""14:42 EST on the day of the storm."""

UA407: dict[str, Any] = {
    "flight_number": "UA407",
    "airline": "UA",
    "origin": "EWR",
    "destination": "DEN",
    "departure_date": "2013-02-08",
    "departure_time": "14:45",
    "arrival_date": "2013-02-08",
    "arrival_time": "17:05",
    "status": "scheduled",
    "gate": "C94",
    "terminal": "C",
}


class World:
    """Everything a page sees, and what tests do to it."""

    def __init__(self, database: Database[dict[str, Any]], settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self.moment = NOW
        self.silent_s = 0.0
        self.feed = Feed(settings, self.now, monotonic=self._monotonic)
        self.feed.begin(["a log"], [0])
        self._offset = 0
        self.feed.current_as_of(self._monotonic())
        clock = DomainClock(NOW, NOW, 1.0, system=self.now)
        self.services = Services(settings, database, self.feed, Health(), clock, self.now)
        self.app: Flask = create_app(self.services)
        self.client: FlaskClient = self.app.test_client()

    def now(self) -> datetime:
        """The system's present; the domain clock shows the same."""
        return self.moment

    def _monotonic(self) -> float:
        return (self.moment - NOW).total_seconds() + 1000

    def pass_time(self, **length: float) -> None:
        """Let time go by, while Kafka answers."""
        self.moment += timedelta(**length)
        self.feed.current_as_of(self._monotonic())

    def fall_silent(self, **length: float) -> None:
        """Let time go by, while Kafka does not answer."""
        self.moment += timedelta(**length)

    def flight(self, **fields: Any) -> dict[str, Any]:
        """A flight in MongoDB: UA 407, with other fields where given; None leaves a field out."""
        document = {name: value for name, value in (UA407 | fields).items() if value is not None}
        # Some tests write what the validator refuses, as an admin does who goes round it.
        inserted = self.database.flights.insert_one(document, bypass_document_validation=True)
        return document | {"_id": inserted.inserted_id}

    def edit(self, document: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """What an admin saves, and the feed then sees."""
        before = dict(document)
        document.update(fields)
        self.database.flights.update_one({"_id": document["_id"]}, {"$set": fields})
        self.tell("flights", document["_id"], before, document)
        return document

    def tell(
        self, collection: str, key: Any, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
    ) -> None:
        """An event in the feed."""
        self._offset += 1
        old, new = ({k: v for k, v in d.items() if k != "_id"} if d else None for d in (before, after))
        op = Op.UPDATE if before and after else Op.INSERT if after else Op.DELETE
        event = ChangeEvent(
            id=f"e{self._offset}",
            op=op,
            namespace=f"db.{collection}",
            key=str(key),
            document_key=str(key),
            order=of_event(0, (int(self.moment.timestamp()), self._offset), "ab"),
            cluster_time=(int(self.moment.timestamp()), self._offset),
            wall_time=self.moment,
            before=old,
            after=new,
            changed=changed_fields(old, new),
        )
        self.feed.take([Entry(0, self._offset - 1, event)], [self._offset])
        self.feed.current_as_of(self._monotonic())

    def get(self, address: str, status: int = 200) -> str:
        """The text of a page, which must have this status."""
        answer = self.client.get(address, headers={"Accept": "text/html"})
        assert answer.status_code == status, (address, answer.status_code, answer.text[:500])
        return answer.text


@pytest.fixture
def settings(mongo_uri: str) -> Settings:
    return Settings(
        mongodb_uri=mongo_uri.replace("/?", "/pages?"),
        kafka_bootstrap_servers="127.0.0.1:1",
        mail_server="mail.example.org",
        public_url="https://gatecall.example",
    )


@pytest.fixture
def world(prepared: Database[dict[str, Any]], settings: Settings) -> World:
    return World(prepared, settings)
