"""What somebody hears who picks up: whether, when and where the flight arrives. Decided and sent by real delivery."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pymongo.database import Database
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from app.channels.base import Channel
from app.channels.email import EmailChannel
from app.channels.sms import SmsChannel
from app.domain import flapping
from app.domain.flapping import Flapping, Telling
from app.domain.flight import Flight, Status
from app.domain.news import Kind
from app.settings import Settings, load
from tests.delivery.choosers import digester
from tests.delivery.world import A, World, flight
from tests.providers import Mailbox, Twilio

LANDS = (A.leaves_at + timedelta(hours=9)).strftime("%H:%M")
EXPECTED = flight(arrival_time=LANDS)
IN_THE_AIR = replace(EXPECTED, status=Status.DEPARTED)
ARRIVAL: list[tuple[str, Flight, Flight, str]] = [
    ("diverted", IN_THE_AIR, replace(IN_THE_AIR, status=Status.DIVERTED, diverted_to="CYS"), "Cheyenne"),
    ("landed", IN_THE_AIR, replace(IN_THE_AIR, status=Status.LANDED, arrival_terminal="W"), "has landed"),
    (
        "arrived",
        replace(IN_THE_AIR, status=Status.LANDED),
        replace(IN_THE_AIR, status=Status.ARRIVED),
        "has arrived",
    ),
    (
        "belt",
        replace(IN_THE_AIR, status=Status.LANDED),
        replace(IN_THE_AIR, status=Status.LANDED, belt="7"),
        "belt 7",
    ),
    ("cancelled", EXPECTED, replace(EXPECTED, status=Status.CANCELLED), "is cancelled"),
    ("reinstated", replace(EXPECTED, status=Status.CANCELLED), EXPECTED, "flies after all"),
    ("removed", EXPECTED, EXPECTED.removed(), "no longer in the schedule"),
]
DEPARTURE: list[tuple[str, Flight, Flight]] = [
    ("gate", EXPECTED, replace(EXPECTED, gate="C71")),
    ("terminal", replace(EXPECTED, terminal="1"), replace(EXPECTED, terminal="2")),
    ("boarding", EXPECTED, replace(EXPECTED, status=Status.BOARDING)),
    ("departed", EXPECTED, IN_THE_AIR),
    ("delayed, nobody knows until when", EXPECTED, replace(EXPECTED, status=Status.DELAYED)),
    ("aircraft", replace(EXPECTED, aircraft="B738"), replace(EXPECTED, aircraft="A320")),
]


def world_of(database: Database[dict[str, Any]], settings: Settings, channel: Channel) -> World:
    majority = database.with_options(
        write_concern=WriteConcern("majority"), read_concern=ReadConcern("majority")
    )
    return World(majority, settings, channel)


@pytest.fixture
def world(database: Database[dict[str, Any]], database_uri: str, mailbox: Mailbox) -> Iterator[World]:
    settings = load(
        mongodb_uri=database_uri,
        kafka_bootstrap_servers="127.0.0.1:9",
        health_port=0,
        secret_key="k" * 40,
        mail_server="127.0.0.1",
        mail_port=mailbox.port,
        mail_connections=1,
    )
    made = world_of(database, settings, EmailChannel(settings))
    yield made
    made.close()


@pytest.fixture
def sms_world(database: Database[dict[str, Any]], database_uri: str, twilio: Twilio) -> Iterator[World]:
    settings = load(
        mongodb_uri=database_uri,
        kafka_bootstrap_servers="127.0.0.1:9",
        health_port=0,
        twilio_account_sid="AC1",
        twilio_auth_token="token",
        twilio_from="+15550100000",
        twilio_api_base_url=twilio.url,
        twilio_connections=1,
    )
    made = world_of(database, settings, SmsChannel(settings))
    yield made
    made.close()


def picks_up(world: World, **following: Any) -> None:
    """p1 has agreed, and no booking."""
    world.person()
    world.database.bookings.delete_many({})
    world.database.followings.insert_one({"user_id": "p1", "flight_id": "f1", "pickup": True} | following)


def told(world: World, heard: Flight, want: Flight, **fields: Any) -> str:
    """What delivery makes of it: the reason of what it said nothing about, else "sent"."""
    world.conversation(1, heard, want, **fields)
    world.worker().deliver_due()
    row = world.row()
    return str(row["status"]) if row else str(world.stored()["reason"])


@pytest.mark.parametrize(
    ("heard", "want", "words"), [row[1:] for row in ARRIVAL], ids=[r[0] for r in ARRIVAL]
)
def test_the_arrival_is_told(world: World, mailbox: Mailbox, heard: Flight, want: Flight, words: str) -> None:
    picks_up(world)
    assert told(world, heard, want) == "sent"
    (mail,) = mailbox.mails
    body = mail.message.get_body(("plain",))
    assert body is not None
    text = " ".join(body.get_content().split())
    assert words in text
    assert "You get this because you agreed to hear when UA 407 arrives." in text
    assert "C70" not in text, "the gate it leaves from is nothing to them"
    row = world.row()
    assert row is not None
    assert row["role"] == "pickup"


@pytest.mark.parametrize(("heard", "want"), [row[1:] for row in DEPARTURE], ids=[r[0] for r in DEPARTURE])
def test_what_is_of_the_departure_alone_is_not_told(
    world: World, mailbox: Mailbox, heard: Flight, want: Flight
) -> None:
    picks_up(world)
    assert told(world, heard, want) == "not_wanted"
    assert mailbox.mails == []


def test_a_delay_is_told_as_the_arrival_that_moves_with_it(world: World, mailbox: Mailbox) -> None:
    picks_up(world)
    later = (A.leaves_at + timedelta(minutes=40)).strftime("%H:%M")
    assert told(world, EXPECTED, replace(EXPECTED, estimated_departure_time=later)) == "sent"
    (mail,) = mailbox.mails
    assert "lands in Denver" in mail.message["Subject"]
    body = mail.message.get_body(("plain",))
    assert body is not None
    assert "late" not in body.get_content().split(), "how late it leaves is nothing to them"


def test_another_time_of_arrival_in_the_air_is_told_to_them_alone(world: World, mailbox: Mailbox) -> None:
    picks_up(world)
    world.person(2)
    moved = (A.leaves_at + timedelta(hours=9, minutes=25)).strftime("%H:%M")
    want = replace(IN_THE_AIR, estimated_arrival_time=moved)
    world.conversation(2, IN_THE_AIR, want)
    assert told(world, IN_THE_AIR, want) == "sent"
    assert mailbox.recipients() == ["p1@example.org"]
    assert world.stored(2)["reason"] == "not_wanted"


def test_little_is_no_news(world: World, mailbox: Mailbox) -> None:
    picks_up(world)
    moved = (A.leaves_at + timedelta(hours=9, minutes=14)).strftime("%H:%M")
    assert told(world, IN_THE_AIR, replace(IN_THE_AIR, estimated_arrival_time=moved)) == "below_threshold"
    assert mailbox.mails == []


def test_without_an_agreement_nothing_is_told(world: World, mailbox: Mailbox) -> None:
    picks_up(world)
    world.database.followings.delete_many({})
    assert told(world, IN_THE_AIR, replace(IN_THE_AIR, status=Status.LANDED)) == "booking_gone"
    assert mailbox.mails == []


def test_choosing_all_news_brings_no_more_than_was_agreed_to(world: World, mailbox: Mailbox) -> None:
    picks_up(world)
    every = {"gate": True, "boarding": True, "delayed": True, "progress": True}
    world.database.users.update_one({"_id": "p1"}, {"$set": {"preferences": {"channels": {"email": every}}}})
    assert told(world, EXPECTED, replace(EXPECTED, gate="C71", status=Status.BOARDING)) == "not_wanted"
    assert mailbox.mails == []


@pytest.mark.parametrize("also", ["traveller", "follower"])
def test_who_is_more_than_that_hears_as_that(world: World, mailbox: Mailbox, also: str) -> None:
    picks_up(world)
    if also == "traveller":
        world.database.bookings.insert_one(
            {"_id": "b", "user_id": "p1", "flight_id": "f1", "status": "confirmed"}
        )
    else:
        world.database.followings.update_one({}, {"$unset": {"pickup": ""}})
    assert told(world, EXPECTED, replace(EXPECTED, gate="C71")) == "sent"
    row = world.row()
    assert row is not None
    assert row["role"] == also


def test_their_mails_are_a_list_of_its_own_with_its_own_stop(world: World, mailbox: Mailbox) -> None:
    picks_up(world)
    told(world, IN_THE_AIR, replace(IN_THE_AIR, status=Status.LANDED))
    message = mailbox.mails[0].message
    assert message["List-Id"].startswith("Gatecall pickups <pickups.")
    assert "/unsubscribe/" in message["List-Unsubscribe"]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    body = message.get_body(("plain",))
    assert body is not None
    assert "people you pick up" in " ".join(body.get_content().split())
    assert not list(message.iter_attachments()), "it is not their flight"


@pytest.mark.parametrize("stopped", [["pickups"], ["followings"]])
def test_a_stopped_list_is_settled_in_silence_and_no_other_one(
    world: World, mailbox: Mailbox, stopped: list[str]
) -> None:
    picks_up(world)
    world.database.users.update_one({"_id": "p1"}, {"$set": {"preferences": {"stopped": stopped}}})
    outcome = told(world, IN_THE_AIR, replace(IN_THE_AIR, status=Status.LANDED))
    assert outcome == ("stopped" if stopped == ["pickups"] else "sent")
    assert len(mailbox.mails) == (0 if stopped == ["pickups"] else 1)


def test_who_stopped_by_mail_hears_nothing_by_text_either(sms_world: World, twilio: Twilio) -> None:
    picks_up(sms_world)
    landed = replace(IN_THE_AIR, status=Status.LANDED)
    sms_world.database.users.update_one({"_id": "p1"}, {"$set": {"preferences": {"stopped": ["pickups"]}}})
    assert told(sms_world, IN_THE_AIR, landed) == "stopped"
    assert twilio.bodies() == []
    sms_world.database.users.update_one({"_id": "p1"}, {"$unset": {"preferences": ""}})
    sms_world.wants(replace(landed, belt="7"), 2)
    sms_world.worker().deliver_due()
    (text,) = twilio.bodies()
    assert "Bags: belt 7." in text


def test_an_arrival_that_goes_to_and_fro_is_held_like_a_delay() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    before = [Telling(now - timedelta(minutes=20 + n), (Kind.ARRIVAL,), "0") for n in range(3)]
    held = flapping.held(Flapping(3, timedelta(minutes=10)), before, [Kind.ARRIVAL], now, now, hurry=False)
    assert held is not None
    assert held.until == now + timedelta(minutes=10)


def test_a_muted_pick_up_is_silent(world: World, mailbox: Mailbox) -> None:
    picks_up(world, muted=True)
    assert told(world, IN_THE_AIR, replace(IN_THE_AIR, status=Status.LANDED)) == "muted"
    assert mailbox.mails == []


@pytest.mark.parametrize(("here", "is_held"), [("MDT", True), ("EDT", False)])
def test_quiet_hours_without_a_zone_go_by_the_clocks_of_the_destination(
    world: World, mailbox: Mailbox, here: str, is_held: bool
) -> None:
    picks_up(world)
    zone = ZoneInfo("America/Denver" if here == "MDT" else "America/New_York")
    now = world.terms.domain_clock().astimezone(zone)
    quiet = {"from": f"{now - timedelta(minutes=30):%H:%M}", "until": f"{now + timedelta(minutes=30):%H:%M}"}
    chosen = {"preferences": {"quiet": quiet, "urgent_h": 0}}
    world.database.users.update_one({"_id": "p1"}, {"$set": chosen, "$unset": {"time_zone": ""}})
    landed = replace(IN_THE_AIR, status=Status.LANDED)
    world.conversation(1, IN_THE_AIR, landed)
    world.worker().deliver_due()
    assert (world.row() is None) is is_held
    assert len(mailbox.mails) == (0 if is_held else 1)


def test_a_digest_without_a_zone_is_dated_by_the_clocks_of_the_destination(
    world: World, mailbox: Mailbox
) -> None:
    picks_up(world)
    chosen = {"preferences": {"digest": {"every": "daily", "at": "12:00"}, "urgent_h": 0}}
    world.database.users.update_one({"_id": "p1"}, {"$set": chosen, "$unset": {"time_zone": ""}})
    world.conversation(1, IN_THE_AIR, replace(IN_THE_AIR, status=Status.LANDED))
    world.worker().deliver_due()
    past = {"fold": datetime(2020, 1, 1, tzinfo=UTC)}
    held = world.database.conversations.update_one({"reason": "digest"}, {"$set": past})
    assert held.modified_count == 1
    assert digester(world).send_due() == 1
    body = mailbox.mails[0].message.get_body(("plain",))
    assert body is not None
    sent = re.search(r"Sent at \S+ (\S+)\.", body.get_content())
    assert sent is not None
    assert sent[1] in {"MST", "MDT"}, "Denver's, where it lands; Newark's are EST and EDT"


def test_a_diversion_comes_in_quiet_hours_too(world: World, mailbox: Mailbox) -> None:
    picks_up(world)
    quiet = {"quiet": {"from": "00:00", "until": "23:59"}, "urgent_h": 0}
    world.database.users.update_one({"_id": "p1"}, {"$set": {"preferences": quiet, "time_zone": "Etc/UTC"}})
    assert told(world, IN_THE_AIR, replace(IN_THE_AIR, status=Status.DIVERTED, diverted_to="CYS")) == "sent"
    assert len(mailbox.mails) == 1
