"""Delivery of 5,000 mails to smtp-sink: claims, decision, rendering, ledger and conversations included.

Against Flask-Mail in a bare loop that renders and sends the same mails, in one process on as many connections as
delivery has. Twice: 180 people on each flight, as in a storm; and a flight for each person, so that nothing
can be rendered once for many.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import flask_mail
from flask import Flask as Application
from pymongo.database import Database

from app.channels import rendering
from app.channels.email import EmailChannel
from app.domain.flight import Flight
from app.domain.news import Kind, Role
from app.domain.order import of_event
from app.domain.wording import FlightNews, compose
from app.runtime import StopFlag
from app.settings import Settings
from app.store import client as mongo
from app.store import schema
from benchmarks.report import Row, ratios
from benchmarks.stack import Stack, smtp_sink
from consumers.delivery.process import shared_terms
from consumers.delivery.worker import Worker

MAILS = 5_000
ROUNDS = 3
GOAL = 0.7

Docs = Database[dict[str, Any]]


def run(stack: Stack) -> list[Row]:
    """Three rounds of each case. Raises FileNotFoundError where smtp-sink is missing."""
    with smtp_sink() as port:
        settings = stack.settings(mail_server="127.0.0.1", mail_port=port, log_level="ERROR")
        rows = []
        with mongo.connect(settings, app_name="bench-delivery") as client:
            database = mongo.database(client, settings)
            schema.ensure(database)
            _people(database)
            for name, on_each in (("180 people a flight", 180), ("a flight for each person", 1)):
                news = _news(settings, on_each)
                rows.append(
                    ratios(
                        f"delivery of {MAILS:,} mails, {name}",
                        lambda news=news: _ours(database, settings, news),  # type: ignore[misc]
                        lambda news=news: _bare(settings, news),  # type: ignore[misc]
                        rounds=ROUNDS,
                        goal=GOAL,
                        unit="mails/s",
                    )
                )
            client.drop_database(database.name)
    return rows


def _news(settings: Settings, on_each: int) -> list[FlightNews]:
    """What each of the people is to be told: a new gate, of a flight later today."""
    now = datetime.now(UTC)
    day = (now + timedelta(hours=10)).strftime("%Y-%m-%d")
    news = []
    for number in range(MAILS):
        flight = number // on_each
        heard = Flight(
            flight_number=f"UA{flight % 9000 + 1}",
            airline="UA",
            origin="EWR",
            destination="SFO",
            departure_date=day,
            departure_time=(now + timedelta(hours=10)).strftime("%H:%M"),
            gate="C70",
        )
        want = replace(heard, gate=f"C{flight % 60 + 71}")
        news.append(
            FlightNews(heard, want, (Kind.GATE,), Role.TRAVELLER, False, False, now, now, settings.public_url)
        )
    return news


def _people(database: Docs) -> None:
    ids = range(MAILS)
    database["users"].insert_many(
        [{"_id": f"p{n}", "name": f"P {n}", "email": f"p{n}@example.org"} for n in ids]
    )


def _fill(database: Docs, news: Sequence[FlightNews]) -> None:
    """Bookings and due conversations, as the notifier leaves them."""
    for name in ("bookings", "conversations", "notifications"):
        database[name].delete_many({})
    now = datetime.now(UTC)
    order = of_event(0, (int(now.timestamp()), 1), "82")
    keys = [f"f{one.want.flight_number}" for one in news]
    database["bookings"].insert_many(
        [
            {"_id": f"b{n}", "user_id": f"p{n}", "flight_id": key, "status": "confirmed"}
            for n, key in enumerate(keys)
        ]
    )
    database["conversations"].insert_many(
        [
            {
                "_id": f"flight:{key}|p{n}|email",
                "subject": f"flight:{key}",
                "person": f"p{n}",
                "channel": "email",
                "heard": news[n].heard.to_document(),
                "want": news[n].want.to_document(),
                "order": order,
                "event_id": "e",
                "changed_at": now,
                "found_late": False,
                "due_at": now + timedelta(microseconds=n),
                "priority": 2,
                "status": "open",
                "attempts": 0,
                "ends_at": now + timedelta(days=30),
            }
            for n, key in enumerate(keys)
        ]
    )


def _ours(database: Docs, settings: Settings, news: Sequence[FlightNews]) -> float:
    """Mails per second of delivery's own workers."""
    _fill(database, news)
    terms = shared_terms(settings, database, EmailChannel(settings))
    workers = [Worker(terms, StopFlag()) for _ in range(terms.senders)]

    def drain(worker: Worker) -> None:
        while worker.deliver_due():
            pass
        worker.close()

    took = _timed([lambda worker=worker: drain(worker) for worker in workers])  # type: ignore[misc]
    sent = database["notifications"].count_documents({"status": "sent"})
    if sent != MAILS:
        raise RuntimeError(f"{sent} of {MAILS} mails were sent: {terms.providers.words()}")
    return MAILS / took


def _bare(settings: Settings, news: Sequence[FlightNews]) -> float:
    """Mails per second of Flask-Mail in a bare loop on as many connections."""
    application = Application("bench")
    application.config.update(
        MAIL_SERVER=settings.mail_server,
        MAIL_PORT=settings.mail_port,
        MAIL_DEFAULT_SENDER=settings.mail_default_sender,
    )
    mail = flask_mail.Mail(application)
    connections = settings.mail_connections

    def send(first: int) -> None:
        with application.app_context(), mail.connect() as connection:
            for number in range(first, len(news), connections):
                message = compose(news[number])
                connection.send(
                    flask_mail.Message(
                        subject=message.subject,
                        recipients=[f"p{number}@example.org"],
                        body=rendering.as_text(message),
                        html=rendering.as_html(message),
                        extra_headers={"Auto-Submitted": "auto-generated"},
                    )
                )

    return len(news) / _timed([lambda first=first: send(first) for first in range(connections)])  # type: ignore[misc]


def _timed(works: Sequence[Callable[[], None]]) -> float:
    """Seconds for all of them, each in a thread of its own."""
    threads = [threading.Thread(target=work) for work in works]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started
