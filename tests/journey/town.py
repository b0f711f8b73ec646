"""A whole small system for a browser: pages with a feed out of a real broker, a notifier, a delivery that sends to a
real SMTP server, and a clock that tests move."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from pymongo.database import Database

from app.bus import envelope
from app.bus.consumer import Received
from app.bus.publisher import Publisher, Sent
from app.channels.email import EmailChannel
from app.domain import order
from app.domain.clock import DomainClock, system_now
from app.domain.events import ChangeEvent, Op, changed_fields
from app.runtime import Health, StopFlag
from app.settings import Settings
from app.web import create_app
from app.web.feed import Feed
from app.web.services import Services
from consumers.delivery.process import shared_terms
from consumers.delivery.service_messages import senders_of
from consumers.delivery.worker import Worker
from tests.notifier.world import World as Notifying
from tests.providers import Mailbox

STAFF_KEY = "gck_for_the_journey"
ORIGIN_ZONE = ZoneInfo("America/New_York")
KEY = "UA407"


class MovedClock:
    """The real present, and as far ahead of it as a test moves it."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return system_now() + self.ahead


class Town:
    """Everything between an edit and a screen, in this process."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        settings: Settings,
        feed: Feed,
        publisher: Publisher,
        mailbox: Mailbox,
    ) -> None:
        self.database = database
        self.settings = settings
        self.address = settings.public_url
        self.mailbox = mailbox
        self.clock = MovedClock()
        self._publisher = publisher
        self._notifying = Notifying(database, channels=("email",))
        self._offset = 0
        begin = system_now()
        domain = DomainClock(begin, begin, 1.0, system=self.clock)
        services = Services(settings, database, feed, Health(), domain, self.clock)
        self.app: Flask = create_app(services)
        terms = shared_terms(settings, database, EmailChannel(settings))
        self._terms = replace(terms, now=self.clock, domain_clock=domain)
        self._worker = Worker(self._terms, StopFlag())
        (self._service,) = senders_of(settings, database, {"email": self._terms}, StopFlag()).values()

    def close(self) -> None:
        """Close the senders' connections."""
        self._worker.close()
        self._service.close()

    # What happens ------------------------------------------------------------------------------------

    def enter(self) -> dict[str, Any]:
        """A flight that leaves tomorrow afternoon from Newark, there before anybody looks."""
        day = (self.clock().astimezone(ORIGIN_ZONE) + timedelta(days=1)).date().isoformat()
        flight = {
            "_id": "f407", "flight_number": KEY, "airline": "UA", "origin": "EWR", "destination": "DEN",
            "departure_date": day, "departure_time": "14:45", "arrival_date": day, "arrival_time": "17:05",
            "status": "scheduled", "gate": "C94", "terminal": "C",
        }  # fmt: skip
        self.database["flights"].insert_one(dict(flight))
        self._tell("flights", Op.SNAPSHOT, "f407", None, flight)
        return flight

    def save(self, flight: dict[str, Any], **fields: Any) -> None:
        """What an admin saves: the pages hear of it through the broker, people by the notifier."""
        before = dict(flight)
        flight.update(fields)
        self.database["flights"].replace_one({"_id": flight["_id"]}, flight)
        event = self._tell("flights", Op.UPDATE, str(flight["_id"]), before, flight)
        sent = Sent()
        self._publisher.send(event, envelope.encode(event), sent)
        self._publisher.flush(10)
        assert not self._publisher.refused(sent, 10)

    def notice_followings(self) -> None:
        """What the watcher of followings sees, and the notifier then knows."""
        for row in self.database["followings"].find():
            values = {"user_id": row["user_id"], "flight_id": row["flight_id"]}
            self._tell("followings", Op.INSERT, str(row["flight_id"]), None, values, document=str(row["_id"]))

    def deliver(self) -> None:
        """All that is due: sign-in links, and news."""
        while self._service.send_next():
            pass
        while self._worker.deliver_due():
            pass

    def link_in_mail(self, path: str, number: int = -1) -> str:
        """The first link of a mail that begins with this path."""
        message = self.mailbox.mails[number].message
        body = message.get_body(("plain",))
        assert body is not None
        text = str(message.get("List-Unsubscribe", "")) + "\n" + body.get_content()
        found = re.search(re.escape(self.address + path) + r"[^\s>]+", text)
        assert found, text
        return found[0]

    def _tell(
        self,
        collection: str,
        op: Op,
        key: str,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any],
        *,
        document: str | None = None,
    ) -> ChangeEvent:
        self._offset += 1
        moment = self.clock()
        when = (int(moment.timestamp()), self._offset)
        is_read = op is Op.SNAPSHOT
        place = (
            order.of_snapshot_read(0, when) if is_read else order.of_event(0, when, f"82{self._offset:06x}")
        )
        old, new = ({k: v for k, v in d.items() if k != "_id"} if d else None for d in (before, after))
        event = ChangeEvent(
            id=f"e{self._offset}",
            op=op,
            namespace=f"db.{collection}",
            key=key,
            document_key=document or key,
            order=place,
            cluster_time=when,
            wall_time=moment.astimezone(UTC),
            before=old,
            after=new,
            changed=changed_fields(old, new),
        )
        self._notifying.now = moment
        topic = f"{collection}.changes"
        self._notifying.handle(Received(topic, 0, self._offset, key, event))
        return event
