"""What the fuzz meets: one site whose database is the same before every case, and those who ask."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any

import schemathesis
from pymongo.database import Database
from pymongo.monitoring import CommandListener, CommandStartedEvent
from twilio.request_validator import RequestValidator
from werkzeug.wrappers import Request

from app.bus.log_reader import Entry
from app.settings import Settings
from app.store.phone_codes import PhoneCodes
from app.store.rate_limits import COUNTERS
from app.web.access import Scope
from tests.api.conftest import DAY, Asking, Document, Site
from tests.web.changes import FARE, NOTICE, UA1545, change

CALLBACK_KEY = "gck_of_a_mail_service"
TWILIO_TOKEN = "a token of twilio"
PUBLIC_URL = "http://localhost"

# What there is, so that cases get beyond "there is no such thing".
PERSON, FLIGHT, BOOKING, IMPORTED, FOLLOWING, EVENT = "pax-1", "f1", "bk-own", "bk-1", "fo-1", "e1"
ALERT = "al-1"
KEY_ID = "gca_00000000"
NOTIFICATION = "ZmxpZ2h0OmYxfHBheC0xfGVtYWlsQDAwMDE"
"""The row flight:f1|pax-1|email@0001, as the API writes ids into addresses."""
SMS_ID = "SM" + "a" * 32
CODE = "042817"
"""What was sent to the person's phone, as the document's example has it."""

_WRITES = frozenset({"insert", "update", "delete", "findAndModify"})


@dataclass(frozen=True)
class Asker:
    """How somebody asks. signs: as Twilio does, whatever the case sends."""

    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    signs: bool = False


class Written(CommandListener):
    """The collections that were written to."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in _WRITES:
            self.names.add(event.command[event.command_name])

    def succeeded(self, event: Any) -> None:
        """Nothing to note."""

    failed = succeeded


class Signed:
    """The site as Twilio calls it: what comes is signed on its way."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._validator = RequestValidator(TWILIO_TOKEN)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        sent = environ["wsgi.input"].read()
        asked = Request(environ | {"wsgi.input": BytesIO(sent)})
        query = asked.query_string.decode("ascii", "replace")
        url = f"{PUBLIC_URL}{asked.path}" + (f"?{query}" if query else "")
        signature = self._validator.compute_signature(url, asked.form)
        signed = {"wsgi.input": BytesIO(sent), "HTTP_X_TWILIO_SIGNATURE": signature}
        answer: Iterable[bytes] = self._app(environ | signed, start_response)
        return answer


class World:
    """The site, and what is in its database before every case. written: listens to the database's client."""

    def __init__(self, settings: Settings, database: Database[Document], written: Written) -> None:
        self.site = Site(settings, database)
        self._database = database
        self._written = written
        self._fill_feed()
        person = self.site.person(PERSON, email="ada@example.org", verified={"email": "ada@example.org"})
        staff = self.site.person("root", name="Root", email="root@example.org", roles=["admin"])
        program = self.site.program(*(str(scope) for scope in Scope))
        self.askers = {
            "stranger": Asker(),
            "person": _browser(person),
            "program": Asker(program.headers),
            "staff": _browser(staff),
            "provider": Asker({"Authorization": f"Bearer {CALLBACK_KEY}"}, signs=True),
        }
        self._store()
        self._rows = {name: list(database[name].find()) for name in written.names}
        written.names.clear()

    def answer(self, case: schemathesis.Case, who: str) -> int:
        """Send a case, and undo what it changed; the status. Raises FailureGroup when the answer is wrong."""
        asker = self.askers[who]
        how: dict[str, Any] = {
            "app": Signed(self.site.app) if asker.signs else self.site.app,
            "headers": dict(asker.headers),
            "cookies": dict(asker.cookies),
        }
        answer = case.call(**how)
        self._undo()
        case.validate_response(answer, headers=how["headers"], transport_kwargs=how)
        return answer.status_code

    def _undo(self) -> None:
        for name in self._written.names - {COUNTERS}:
            self._database[name].delete_many({})
            if rows := self._rows.get(name):
                self._database[name].insert_many(rows)
        self._written.names.clear()

    def _fill_feed(self) -> None:
        feed = self.site.feed
        feed.begin(["a log"], [0, 0, 0])
        events = [
            (0, change(UA1545, UA1545 | {"gate": "C71"})),
            (1, change(FARE, FARE | {"amount": 1}, key="f", collection="prices")),
            (2, change(None, NOTICE, key="n", collection="notices")),
        ]
        feed.take([Entry(partition, 0, event) for partition, event in events], [1, 1, 1])
        feed.current_as_of(time.monotonic())

    def _store(self) -> None:
        """What cases are about: a flight, a booking, a following, a message, a key."""
        database, now = self._database, self.site.now()
        self.site.flight(_id=FLIGHT)
        self.site.flight(_id="f2", number="UA407", origin="SFO")
        own = {"user_id": PERSON, "status": "confirmed", "booked_at": now, "version": 1}
        database.bookings.insert_many(
            [
                {"_id": BOOKING, "flight_id": FLIGHT, "added_by": "person"} | own,
                {"_id": IMPORTED, "flight_id": "f2", "added_by": "program"} | own,
            ]
        )
        following = {"_id": FOLLOWING, "user_id": PERSON, "flight_id": "f2", "created_at": now, "version": 1}
        database.followings.insert_one(following)
        database.alerts.insert_one(
            {
                "_id": ALERT, "user_id": PERSON, "status": "active", "created_at": now, "version": 1, "asks": 1,
                "origins": ["JFK"], "destinations": ["SFO"], "dates": {"from": DAY, "until": DAY}, "currency": "USD",
                "condition": {"kind": "below", "amount": "220.00"}, "repeat": "again",
                "tell_now": True, "paused": False, "keys": ["JFK-SFO 2026-12"],
            }
        )  # fmt: skip
        database.api_keys.insert_one(
            {
                "_id": KEY_ID, "hash": "none", "name": "Calendar", "scopes": ["feed:read"], "owner": PERSON,
                "created_by": "tests", "created_at": now,
            }
        )  # fmt: skip
        self._expect_code()
        link = {"address": "https://example.org/gatecall", "since": now}
        database.users.update_one({"_id": PERSON}, {"$set": {"linked.webhook": link}})
        for channel, provider_id in (("email", "<m1@example.org>"), ("sms", SMS_ID)):
            database.notifications.insert_one(self._message(channel, provider_id))
        database.event_decisions.insert_one(
            {
                "_id": EVENT, "key": FLIGHT, "subject": f"flight:{FLIGHT}", "order": "0001", "outcome": "news",
                "changes": [{"field": "gate", "from": "C70", "to": "C71"}], "changed_at": now, "decided_at": now,
            }
        )  # fmt: skip

    def _expect_code(self) -> None:
        """A code that can be entered; it was sent so long ago that another may be."""
        now, key = self.site.now(), self.site.settings.signing_keys[0]
        codes = PhoneCodes(self._database, key, timedelta(minutes=10))
        codes.begin(PERSON, "+15550104217", now - timedelta(minutes=5))
        changes = {"code": codes._hash(PERSON, CODE)}
        self._database.phone_codes.update_one({"_id": PERSON}, {"$set": changes})

    def _message(self, channel: str, provider_id: str) -> Document:
        now, conversation = self.site.now(), f"flight:{FLIGHT}|{PERSON}|{channel}"
        attempt = {
            "id": "t/1",
            "outcome": "accepted",
            "provider_id": provider_id,
            "address": f"{channel}:hash",
        }
        return {
            "_id": f"{conversation}@0001", "conversation": conversation, "person": PERSON, "channel": channel,
            "subject": f"flight:{FLIGHT}", "order": "0001", "event_id": EVENT, "kinds": ["gate"],
            "status": "sent", "title": "Gate C71", "to": {"flight_number": "UA1545", "departure_date": DAY},
            "created_at": now, "changed_at": now, "expires_at": now + timedelta(days=30),
            "attempts": [attempt | {"started_at": now, "ended_at": now}],
        }  # fmt: skip


def _browser(asking: Asking) -> Asker:
    cookies = {cookie.key: cookie.value for cookie in asking.client._cookies.values()}
    return Asker(asking.headers, cookies)
