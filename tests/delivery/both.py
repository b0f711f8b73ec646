"""A person with two channels, mail and text, by one clock: for what is told on one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.flight import Flight, Status
from app.domain.reports import Refusal, Report, State
from tests.delivery.choosers import FAR_A
from tests.delivery.clocks import Clock
from tests.delivery.world import World, flight, order
from tests.providers import Mailbox, Twilio

CANCELLED = flight(departure_date=FAR_A.departure_date, status=Status.CANCELLED)
MAIL_FIRST = {"steps": [{"channel": "email", "minutes": 10}, {"channel": "sms"}]}
TEXT_FIRST = {"steps": [{"channel": "sms", "minutes": 10}, {"channel": "email"}]}


@dataclass
class Both:
    """A person, two channels and what came by each. mail, text: the worlds of the two."""

    mail: World
    text: World
    clock: Clock
    mailbox: Mailbox
    twilio: Twilio

    def person(self, routing: dict[str, Any] | None = None, **preferences: Any) -> str:
        chosen = preferences | ({"routing": routing} if routing else {})
        return self.mail.person(1, time_zone="UTC", preferences=chosen)

    def news(self, heard: Flight = FAR_A, want: Flight = CANCELLED) -> None:
        """What the notifier would write: due on both."""
        for world in (self.mail, self.text):
            world.conversation(1, heard, want, due_at=self.clock(), changed_at=self.clock(), priority=0)

    def mails(self) -> int:
        """Deliver what is due by mail; how many mails there are."""
        return self._delivered(self.mail, self.mailbox.mails)

    def texts(self) -> int:
        """The same by text."""
        return self._delivered(self.text, self.twilio.messages)

    def _delivered(self, world: World, got: list[Any]) -> int:
        worker = world.worker()
        while worker.deliver_due():
            pass
        return len(got)

    def told(self) -> tuple[int, int]:
        """Deliver all that is due, the texts first, so that they find the mails unsent; mails and texts."""
        self.texts()
        return self.mails(), self.texts()

    def reported(self, state: State, at: int = 1) -> None:
        """The SMS provider says what became of the last text."""
        report = Report(
            "sms", self.twilio.messages[-at]["sid"], state, "30003" if state != "delivered" else None
        )
        self.text.terms.callbacks.take(report, self.clock())

    def waits(self, world: World) -> tuple[str, datetime | None]:
        stored = world.stored()
        return stored.get("reason", ""), stored.get("due_at")

    def wants(self, value: Flight, number: int) -> None:
        """What the notifier writes next: what differs from what was heard is due on both."""
        for world in (self.mail, self.text):
            world.wants(value, number)
        self.mail.database["conversations"].update_many(
            {"due_at": {"$exists": True}}, {"$set": {"due_at": self.clock()}}
        )

    def seen(self, number: int) -> None:
        """The person opened the link in the mail of this order."""
        self.mail.terms.ranks.seen(f"flight:f1|p1|email@{order(number)}", self.clock())

    def mail_came_back(self, at: int = 1) -> None:
        """The last mail, or one before it, bounced."""
        name = str(self.mailbox.mails[-at].message["Message-ID"]).strip("<>")
        bounce = Report("email", name, State.UNDELIVERED, "5.1.1", "no such user", Refusal.BOUNCED)
        self.mail.terms.callbacks.take(bounce, self.clock())
