from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from bson import Decimal128
from pymongo import MongoClient

from app.store import flight_log, flights, overview, schema
from app.web import create_app
from app.web.services import Services
from tests.pages.conftest import NOW, UA407, World
from tests.pages.test_board import text_of

PAGES = ("/board?airport=EWR", "/board?airport=EWR&dir=arr", "/board?airport=EWR&q=nothing", "/f/UA407/2013-02-08",
         "/fares", "/health", "/help")  # fmt: skip
FARE: dict[str, Any] = {
    "origin": "JFK",
    "destination": "SFO",
    "departure_date": "2013-03-01",
    "airline": "VX",
    "flight_number": "VX27",
    "cabin": "economy",
    "stops": 0,
    "amount": Decimal128("204.00"),
    "currency": "USD",
}


@pytest.mark.parametrize("address", PAGES)
def test_pages_keep_the_content_security_policy(world: World, address: str) -> None:
    world.flight(status="cancelled", status_reason="winter storm")
    answer = world.client.get(address, headers={"Accept": "text/html"})
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    page = answer.text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page), "no inline script"
    assert not re.search(r"\sstyle\s*=|<style", page), "no inline style"
    assert not re.search(r"\son[a-z]+\s*=", page), "no inline handler"
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!gatecall\.example)', page), (
        "nothing from other hosts"
    )


@pytest.mark.parametrize("address", PAGES)
def test_pages_have_one_heading_a_language_and_a_way_past_the_header(world: World, address: str) -> None:
    world.flight()
    page = world.get(address)
    assert page.count("<h1") == 1
    assert '<html lang="en">' in page
    assert page.index('class="skip"') < page.index("<header")
    levels = [int(level) for level in re.findall(r"<h(\d)", page)]
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels)), levels


@pytest.mark.parametrize("address", PAGES)
def test_no_link_of_a_page_is_dead(world: World, address: str) -> None:
    world.flight(status="cancelled")
    page = world.get(address)
    links = {link.replace("&amp;", "&") for link in re.findall(r'(?:href|src)="(/[^"#]*)', page)}
    assert "/docs" in links
    for link in sorted(links):
        with world.client.get(link, headers={"Accept": "text/html"}, follow_redirects=True) as answer:
            assert answer.status_code == 200, link


def test_an_unknown_address_has_a_page(world: World) -> None:
    page = world.get("/nowhere", 404)
    assert "There is no such page" in page
    assert "Go to the board" in page


def test_mongodb_down_has_a_page_that_says_what_still_works(world: World) -> None:
    nobody: MongoClient[dict[str, Any]] = MongoClient(
        "127.0.0.1:1", serverSelectionTimeoutMS=50, tz_aware=True
    )
    with nobody:
        old = world.services
        services = Services(old.settings, nobody["gone"], old.feed, old.health, old.clock, old.now)
        client = create_app(services).test_client()
        for address in ("/board?airport=EWR", "/board", "/f/UA407/2013-02-08", "/f/UA407", "/fares"):
            answer = client.get(address, headers={"Accept": "text/html"})
            assert answer.status_code == 503, address
            assert answer.headers["Retry-After"]
            assert "Nothing is known to be wrong with your flight" in answer.text
            assert "Reference:" in answer.text
        health = client.get("/health", headers={"Accept": "text/html"})
        assert health.status_code == 200
        assert "MongoDB is down" in health.text
        assert client.get("/help").status_code == 200


def test_fares_are_listed_cheapest_first_in_their_currency(world: World) -> None:
    world.database.prices.insert_many(
        [
            {"_id": "a", **FARE},
            {"_id": "b", **FARE, "amount": "199.50", "flight_number": "B6915", "airline": "B6"},
            {"_id": "c", **FARE, "amount": 180, "currency": "EUR", "seen_at": NOW - timedelta(minutes=12)},
        ]
    )
    said = text_of(world.get("/fares"))
    assert said.index("€180") < said.index("$199.50") < said.index("$204")
    assert "New York JFK to San Francisco SFO" in said
    assert "12 min ago" in said
    assert "Virgin America" in said
    assert "Fri 1 Mar 2013" in said


def test_fares_can_be_filtered_and_say_when_none_matches(world: World) -> None:
    world.database.prices.insert_one({"_id": "a", **FARE})
    assert "$204" in world.get("/fares?origin=JFK&destination=SFO&date=2013-03-01")
    assert "No fare matches" in world.get("/fares?origin=JFK&destination=LAX")
    assert "No fare matches" in world.get("/fares?origin[$ne]=x&origin=ZZZ")


def test_without_fares_the_page_says_how_they_come(world: World) -> None:
    assert "No fares yet" in world.get("/fares")


def test_a_fare_that_changed_shows_both_prices(world: World) -> None:
    before, after = FARE | {"amount": "224.00"}, FARE | {"amount": "204.00"}
    world.tell("prices", "a", before, after)
    said = text_of(world.get("/fares"))
    assert "Just changed" in said
    assert "was $224 now $204" in said


def test_a_fare_with_a_dangerous_link_is_no_link(world: World) -> None:
    world.database.prices.insert_one(
        {"_id": "a", **FARE, "link": "javascript:alert(1)"}, bypass_document_validation=True
    )
    page = world.get("/fares")
    assert "javascript:" not in page


def well(world: World) -> None:
    """Everything as it is while all processes run."""
    for name in ("flights", "prices", "notices", "bookings", "followings"):
        world.database.resume_tokens.insert_one(
            {"_id": name, "token": None, "start_at": None, "saved_at": NOW}
        )


def test_the_title_of_the_health_page_is_the_finding(world: World) -> None:
    well(world)
    assert "SMS is off, all else is well" in world.get("/health")
    world.fall_silent(minutes=2)
    page = world.get("/health")
    assert "Watchers are behind, and 2 more need a look" in page
    assert "Kafka does not answer" in page
    assert "STALE" in page


def test_the_health_page_counts_what_is_due_and_since_when(world: World) -> None:
    well(world)
    world.database.conversations.insert_many(
        {
            "_id": f"flight:1|p{n}|email",
            "subject": "flight:1",
            "person": f"p{n}",
            "channel": "email",
            "priority": 1,
            "status": "open",
            "due_at": NOW - timedelta(seconds=90),
        }
        for n in range(3)
    )
    page = world.get("/health")
    assert "Behind" in page
    assert "due for 1 min" in page
    assert "flight:1" not in page


def test_the_health_page_shows_dead_letters_without_their_contents(world: World) -> None:
    well(world)
    world.database.dead_letters.insert_one(
        {
            "_id": "x",
            "source": "notifier",
            "collection": "flights",
            "key": "k",
            "reason": "bad_field",
            "field": "gate",
            "words": "gate: 'secret' cannot be understood",
            "document": {"gate": "secret"},
            "first_at": NOW - timedelta(minutes=3),
            "last_at": NOW - timedelta(minutes=3),
            "count": 2,
            "status": "waiting",
        }
    )
    page = world.get("/health")
    assert "1 dead letter waits" in page
    assert "notifier: bad field in flights, field gate" in page
    assert "secret" not in page


def test_more_messages_than_are_read_are_not_counted_short(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "MOST_ROWS", 5)
    row = {"channel": "email", "status": "sent", "created_at": NOW, "changed_at": NOW, "sent_at": NOW}
    world.database.notifications.insert_many([{"_id": str(n), **row} for n in range(5)])
    assert "Sent 5 Due" in text_of(world.get("/health"))
    world.database.notifications.insert_one({"_id": "another", **row})
    world.pass_time(seconds=2)
    said = text_of(world.get("/health"))
    assert "Sent at least 5 Due" in said
    assert "Notifications sent at least 5 last 15 minutes" in said


def test_a_message_that_came_back_counts_as_failed(world: World) -> None:
    row = {"channel": "email", "status": "sent", "created_at": NOW, "changed_at": NOW, "sent_at": NOW}
    back = {"delivery": {"state": "undelivered", "at": NOW, "rank": 4}}
    world.database.notifications.insert_many([{"_id": "1", **row}, {"_id": "2", **row, **back}])
    assert "1 message refused for good or returned." in world.get("/health")


def test_when_no_watcher_ever_ran_the_page_says_how_to_start_one(world: World) -> None:
    page = world.get("/health")
    assert "gatecall watch" in page


def test_every_query_of_the_board_is_served_by_an_index(world: World) -> None:
    world.flight()
    queries: list[dict[str, Any]] = [
        {"origin": {"$in": ["EWR", "ewr"]}, "departure_date": {"$gte": "2013-02-07", "$lte": "2013-02-08"}},
        {
            "destination": {"$in": ["DEN", "den"]},
            "departure_date": {"$gte": "2013-02-06", "$lte": "2013-02-09"},
        },
        {"flight_number": {"$in": ["UA407", "UA 407"]}, "departure_date": "2013-02-08"},
        {"departure_date": "2013-02-08", "origin": {"$type": "string"}},
    ]
    assert schema.check(world.database) == []
    for query in queries:
        plan = world.database.flights.find(query).explain()["queryPlanner"]["winningPlan"]
        assert "COLLSCAN" not in str(plan), query


def test_the_airport_of_a_board_is_looked_for_without_reading_flights(world: World) -> None:
    world.database.flights.insert_many([UA407 | {"flight_number": f"UA{n}"} for n in range(1, 40)])
    stages = [
        {"$match": {"departure_date": "2013-02-08", "origin": {"$type": "string"}}},
        {"$group": {"_id": "$origin", "flights": {"$sum": 1}}},
    ]
    command = {"aggregate": "flights", "pipeline": stages, "cursor": {}}
    assert "FETCH" not in str(world.database.command("explain", command, verbosity="queryPlanner"))


def test_what_costs_the_database_much_is_asked_once_a_second(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args: asked.append(name) or real(*args)

    monkeypatch.setattr(flights, "busiest_origin", counted("busiest", flights.busiest_origin))
    monkeypatch.setattr(flight_log, "told", counted("told", flight_log.told))
    world.flight()
    for _ in range(3):
        world.get("/board")
        world.get("/f/UA407/2013-02-08")
    assert sorted(asked) == ["busiest", "told"]
    world.pass_time(seconds=2)
    world.get("/board")
    world.get("/f/UA407/2013-02-08")
    assert len(asked) == 4


def test_the_health_page_counts_updates_without_reading_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = world.flight()
    for gate in ("C70", "C71"):
        world.edit(document, gate=gate)
    world.pass_time(seconds=7)
    monkeypatch.setattr("app.web.feed.orjson.loads", lambda _: pytest.fail("an update was read"))
    said = text_of(world.get("/health"))
    assert "Updates 2 Last one 7 s ago" in said
