"""Fares from New York to San Francisco in March 2013, people with alerts, and the consumer at hand."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database

from app.bus.consumer import Received
from app.domain import alert as alerts_of
from app.domain import order, places
from app.domain.alert import Alert
from app.domain.clock import system_now
from app.domain.events import ChangeEvent, Op, changed_fields
from app.settings import Settings
from app.store.alerts import Alerts, OwnAlert
from consumers.alerts.asking import TOPICS, Asking
from consumers.alerts.evaluating import Evaluating
from consumers.alerts.rules import Rules
from consumers.alerts.stores import Stores

CHANNELS = ("email", "sms")
TOPIC = TOPICS[0].topic
COLLECTIONS = {topic.topic: topic.collection for topic in TOPICS}
BELOW_200: dict[str, Any] = {
    "origins": ["JFK"],
    "destinations": ["SFO"],
    "dates": {"from": "2013-03-01", "until": "2013-03-31"},
    "currency": "USD",
    "condition": {"kind": "below", "amount": "200.00"},
}


class Fares:
    """Says what happens; `read` does what follows."""

    def __init__(self, database: Database[dict[str, Any]], settings: Settings) -> None:
        places.load()
        self.db = database
        self.stores = Stores.of(database)
        # A second more settles nothing that a test waits for.
        self.rules = replace(Rules.of(settings, self.now), settle=timedelta())
        self.alerts = Alerts(database)
        self.incarnation = 1
        self.later = timedelta()
        self._times = itertools.count(1)
        self._offsets = itertools.count(1)
        self.asking = Asking(self.stores, self.rules, COLLECTIONS, lambda: self.incarnation)
        self.evaluating = Evaluating(self.stores, self.rules, CHANNELS, lambda: self.incarnation)

    def now(self) -> datetime:
        """The system clock, which a test can put forward."""
        return system_now() + self.later

    def alert(self, person: str = "ada", **fields: Any) -> str:
        """The person, if new, and an alert of theirs: below 200 unless fields say otherwise; its id."""
        user = {"name": f"Name of {person}", "email": f"{person}@example.org"}
        self.db.users.update_one({"_id": person}, {"$setOnInsert": user}, upsert=True)
        wanted = alerts_of.read(BELOW_200 | fields, self.rules.domain_now())
        return self.alerts.create(person, wanted, self.now(), most=50).alert.id

    def own(self, alert: str, person: str = "ada") -> OwnAlert:
        """As its person sees it."""
        found = self.alerts.get(person, alert)
        assert found is not None
        return found

    def change(self, alert: str, *, most: int = 50, **fields: Any) -> OwnAlert:
        """Its person wants something else, and may have so many."""
        own = self.own(alert)
        wanted = alerts_of.read(own.alert.to_request() | fields, self.rules.domain_now())
        changed: Alert = replace(wanted, id=alert)
        return self.alerts.change("ada", changed, own.version, self.now(), most=most)

    def fare(self, key: str, amount: Any, **fields: Any) -> Received:
        """The offer costs so much now, JFK to SFO on 10 March unless fields say otherwise; its event."""
        before = self.db.prices.find_one({"_id": key}, {"_id": 0})
        base = {"origin": "JFK", "destination": "SFO", "departure_date": "2013-03-10", "currency": "USD"}
        row = (before or base) | {"amount": amount} | fields
        self.db.prices.replace_one({"_id": key}, row, upsert=True)
        return self.event(key, Op.REPLACE if before else Op.INSERT, before, row)

    def gone(self, key: str) -> Received:
        """The offer is deleted; the event."""
        before = self.db.prices.find_one_and_delete({"_id": key}, {"_id": 0})
        assert before is not None
        return self.event(key, Op.DELETE, before, None)

    def event(
        self,
        key: str,
        op: Op,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
        *,
        incarnation: int | None = None,
    ) -> Received:
        """What the topic has of it. Its order lies before what is really read."""
        time = next(self._times)
        when = (1_500_000_000 + time, 1)
        number = self.incarnation if incarnation is None else incarnation
        place = order.of_event(number, when, f"82{time:06x}01")
        if op is Op.MARKER:
            place = order.of_marker(number, when)
        event = ChangeEvent(
            id=f"{op}-{time}",
            op=op,
            namespace="db.prices",
            key=key,
            document_key=key,
            order=place,
            cluster_time=when,
            wall_time=system_now(),
            before=before,
            after=after,
            changed=changed_fields(before, after),
        )
        return Received(TOPIC, 0, next(self._offsets), key, event)

    def handle(self, *received: Received) -> None:
        """The messages, and all that follows from them."""
        self.asking.handle(list(received))
        self.read()

    def read(self) -> int:
        """All that is due; how many alerts were."""
        total = 0
        while some := self.evaluating.evaluate_due():
            total += some
        return total

    def row(self, alert: str) -> dict[str, Any]:
        """As it is stored."""
        found = self.db.alerts.find_one({"_id": alert})
        assert found is not None
        return found

    def take_again(self) -> None:
        """What died had taken alerts for a while; that is over."""
        self.db.alerts.update_many({"due_at": {"$exists": True}}, {"$set": {"due_at": self.now()}})

    def due(self, channel: str = "email") -> list[tuple[str, str | None]]:
        """Person and what is to be told of all that is due by the channel, sorted: the amount, "gone", or the kind."""
        rows = self.db.conversations.find({"due_at": {"$exists": True}, "channel": channel})
        return sorted((row["person"], _said(row["want"])) for row in rows)

    def settle(self) -> None:
        """Everybody heard what they should know, as if delivered."""
        for row in self.db.conversations.find({"due_at": {"$exists": True}}):
            self.db.conversations.update_one(
                {"_id": row["_id"]}, {"$set": {"heard": row["want"]}, "$unset": {"due_at": ""}}
            )

    def told(self) -> list[tuple[str, str | None]]:
        """What is due by mail, which everybody has heard then."""
        found = self.due()
        self.settle()
        return found


def _said(want: Mapping[str, Any]) -> str | None:
    if want["lapsed"]:
        return "gone"
    if want["kind"] != "fare" or not want["offer"]:
        return str(want["kind"])
    return str(want["offer"]["amount"])
