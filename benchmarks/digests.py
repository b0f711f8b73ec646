"""Digests of 500 people with 20 held conversations each, to smtp-sink: claims, decisions, wording, ledger and
conversations included.

Against Flask-Mail in a bare loop that sends as many ready mails on one connection, as digests have one.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import flask_mail
from flask import Flask as Application
from pymongo.database import Database

from app.channels import rendering
from app.channels.email import EmailChannel
from app.domain import airlines
from app.domain.flight import Flight
from app.domain.news import Kind, Role
from app.domain.order import of_event
from app.domain.preferences import parse
from app.domain.timing import zone_of
from app.domain.wording import FlightNews, Message, compose
from app.domain.wording_digest import Item, digest
from app.runtime import StopFlag
from app.settings import Settings
from app.store import client as mongo
from app.store import schema
from app.store.leases import Leases
from benchmarks.report import Row, ratios
from benchmarks.stack import Stack, smtp_sink
from consumers.delivery.digesting import Digester
from consumers.delivery.process import shared_terms

PEOPLE = 500
FLIGHTS = 20
ROUNDS = 3
GOAL = 0.05

_CHOSEN = {"digest": {"every": "daily", "at": "20:00"}}

Docs = Database[dict[str, Any]]


def run(stack: Stack) -> list[Row]:
    """Three rounds. Raises FileNotFoundError where smtp-sink is missing."""
    with smtp_sink() as port:
        settings = stack.settings(mail_server="127.0.0.1", mail_port=port, log_level="ERROR")
        with mongo.connect(settings, app_name="bench-digests") as client:
            database = mongo.database(client, settings)
            schema.ensure(database)
            database["users"].insert_many(
                [
                    {
                        "_id": f"p{n}",
                        "name": f"P {n}",
                        "email": f"p{n}@example.org",
                        "time_zone": "America/New_York",
                        "preferences": _CHOSEN,
                    }
                    for n in range(PEOPLE)
                ]
            )
            news = _news(settings)
            row = ratios(
                f"digests of {PEOPLE} people, {FLIGHTS} flights each",
                lambda: _ours(database, settings, news),
                lambda: _bare(settings, news),
                rounds=ROUNDS,
                goal=GOAL,
                unit="mails/s",
            )
            client.drop_database(database.name)
    return [row]


def _news(settings: Settings) -> list[list[FlightNews]]:
    """What waits for each of the people: flights of the day after tomorrow have moved by half an hour."""
    now = datetime.now(UTC)
    day = (now + timedelta(days=2)).strftime("%Y-%m-%d")
    news = []
    for person in range(PEOPLE):
        theirs = []
        for number in range(FLIGHTS):
            heard = Flight(
                flight_number=f"UA{(person * 7 + number) % 3000 + 1}",
                airline="UA",
                origin="EWR",
                destination="SFO",
                departure_date=day,
                departure_time="10:00",
            )
            want = replace(heard, departure_time="10:30")
            theirs.append(
                FlightNews(
                    heard,
                    want,
                    (Kind.RESCHEDULED,),
                    Role.TRAVELLER,
                    False,
                    False,
                    now,
                    now,
                    settings.public_url,
                )
            )
        news.append(theirs)
    return news


def _fill(database: Docs, news: list[list[FlightNews]]) -> None:
    """Bookings, and conversations whose digest is due."""
    for name in ("bookings", "conversations", "notifications", "leases"):
        database[name].delete_many({})
    now = datetime.now(UTC)
    order = of_event(0, (int(now.timestamp()), 1), "82")
    rows = [(f"p{person}", one) for person, theirs in enumerate(news) for one in theirs]
    database["bookings"].insert_many(
        [
            {"_id": f"b{n}", "user_id": who, "flight_id": one.want.flight_number, "status": "confirmed"}
            for n, (who, one) in enumerate(rows)
        ]
    )
    database["conversations"].insert_many(
        [
            {
                "_id": f"flight:{one.want.flight_number}|{who}|email",
                "subject": f"flight:{one.want.flight_number}",
                "person": who,
                "channel": "email",
                "heard": one.heard.to_document(),
                "want": one.want.to_document(),
                "order": order,
                "event_id": "e",
                "changed_at": now,
                "found_late": False,
                "fold": now - timedelta(seconds=1),
                "reason": "digest",
                "priority": 1,
                "status": "open",
                "attempts": 0,
                "ends_at": now + timedelta(days=30),
            }
            for who, one in rows
        ]
    )


def _ours(database: Docs, settings: Settings, news: list[list[FlightNews]]) -> float:
    """Digests per second of delivery's own."""
    _fill(database, news)
    terms = shared_terms(settings, database, EmailChannel(settings))
    leases = Leases(database, "bench")
    digester = Digester(terms, leases, settings.lease_s, StopFlag(), settings.public_url)
    started = time.perf_counter()
    while digester.send_due():
        pass
    took = time.perf_counter() - started
    digester.close()
    sent = len(database["notifications"].distinct("digest", {"status": "sent"}))
    told = database["notifications"].count_documents({"status": "sent"})
    if (sent, told) != (PEOPLE, PEOPLE * FLIGHTS):
        raise RuntimeError(f"{sent} digests about {told} flights were sent: {terms.providers.words()}")
    return PEOPLE / took


def _bare(settings: Settings, news: list[list[FlightNews]]) -> float:
    """Mails per second of Flask-Mail in a bare loop; what they say is made before."""
    application = Application("bench")
    application.config.update(
        MAIL_SERVER=settings.mail_server,
        MAIL_PORT=settings.mail_port,
        MAIL_DEFAULT_SENDER=settings.mail_default_sender,
    )
    ready = [
        (message.subject, rendering.as_text(message), rendering.as_html(message))
        for message in (_digest(theirs, settings) for theirs in news)
    ]
    mail = flask_mail.Mail(application)
    with application.app_context(), mail.connect() as connection:
        started = time.perf_counter()
        for number, (subject, text, html) in enumerate(ready):
            connection.send(
                flask_mail.Message(
                    subject=subject,
                    recipients=[f"p{number}@example.org"],
                    body=text,
                    html=html,
                    extra_headers={"Auto-Submitted": "auto-generated"},
                )
            )
        return len(ready) / (time.perf_counter() - started)


def _digest(theirs: list[FlightNews], settings: Settings) -> Message:
    items = [Item(airlines.written(one.want.flight_number), compose(one), None) for one in theirs]
    zone = zone_of("America/New_York", "EWR")
    return digest(items, parse(_CHOSEN), zone, datetime.now(UTC), settings.public_url)
