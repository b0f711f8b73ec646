"""The pages of the public in a made-up language: with everything on them, they say nothing in English."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain import speech
from app.domain.speech import speaking
from app.store.shares import Shares
from app.web import script_words
from app.web.pages import words
from tests.domain import pseudo
from tests.languages.pseudo_pages import forgotten
from tests.my.conftest import Web

VALUES = (
    "UA DL United Airlines Delta UA407 EWR DEN ORD SVO Newark Liberty Denver Chicago Moscow Sheremetyevo",
    "EST MST CST MSK STALE",
    "MongoDB Kafka flights prices STOP",
    "/health/ready /metrics",
)
"""Names, codes and zones: they are the same in every language."""
_DATA = ("airports", "share")
"""Ids of elements that hold nothing but data."""
DAY = "2013-02-08"


@pytest.fixture
def reader(web: Web) -> Iterator[FlaskClient]:
    """A browser whose language is the made-up one."""
    client = web.app.test_client()
    client.set_cookie("language", pseudo.TAG)
    with pseudo.spoken():
        yield client


def left(client: FlaskClient, path: str, status: int = 200, **form: str) -> list[str]:
    """What a page says that is neither said in the language nor a value."""
    headers = {"Accept": "text/html"}
    answer = client.post(path, data=form, headers=headers) if form else client.get(path, headers=headers)
    assert answer.status_code == status, (path, answer.status_code, answer.text[:300])
    assert answer.headers["Content-Language"] == pseudo.TAG
    return forgotten(answer.text, VALUES, _DATA)


def flights(web: Web) -> None:
    """One in each state."""
    changes: tuple[dict[str, Any], ...] = (
        {},
        {"estimated_departure_time": "16:30"},
        {"status": "delayed", "status_reason": "2013"},
        {"status": "boarding", "gate": "C94", "terminal": "C"},
        {"status": "gate_closed", "gate": "C94", "estimated_departure_time": "16:00"},
        {"status": "departed", "departure_time": "13:00", "estimated_departure_time": "13:40"},
        {"status": "landed", "departure_time": "09:00", "arrival_time": "11:00", "belt": "4"},
        {
            "status": "arrived",
            "departure_time": "09:10",
            "arrival_time": "11:10",
            "estimated_arrival_time": "11:30",
        },
        {"status": "diverted", "departure_time": "12:00", "diverted_to": "ORD"},
        {"status": "cancelled", "gate": "C94", "aircraft": "320"},
    )
    for number, fields in enumerate(changes, start=401):
        web.flight(_id=f"f{number}", flight_number=f"UA{number}", **fields)


@pytest.mark.parametrize("path", ["/board", "/fares", "/health", "/help", "/sign-in"])
def test_a_page_with_nothing_on_it_is_said_whole(reader: FlaskClient, path: str) -> None:
    assert left(reader, path) == []


@pytest.mark.parametrize(
    "path",
    [
        "/board?airport=EWR",
        f"/board?airport=EWR&date={DAY}&from=00:00",
        f"/board?airport=DEN&dir=arr&date={DAY}&from=00:00",
        "/board?airport=EWR&q=nothing",
        "/board?airport=EWR&q=UA401&status=cancelled",
        "/board?airport=EWR&date=2013-02-10",
        "/board?airport=DEN&dir=arr&date=2013-02-20",
    ],
)
def test_a_board_is_said_whole_in_every_state_of_its_flights(
    web: Web, reader: FlaskClient, path: str
) -> None:
    flights(web)
    assert left(reader, path) in ([], ["UA401"])


def test_the_page_of_a_flight_is_said_whole_in_every_state(web: Web, reader: FlaskClient) -> None:
    flights(web)
    for number in range(401, 411):
        assert left(reader, f"/f/UA{number}/{DAY}") == [], number


def test_flights_that_are_not_there_or_several_are_said_whole(web: Web, reader: FlaskClient) -> None:
    flights(web)
    web.flight(_id="other", flight_number="UA401", origin="ORD")
    assert left(reader, f"/f/UA401/{DAY}") == []
    assert left(reader, "/f/UA402/2013-03-01", 404) == []
    assert left(reader, "/f/UA999/2013-03-01", 404) == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nowhere", 404),
        ("/f/!!/2013-02-08", 404),
        ("/board?airport=EWR&date=never", 400),
        ("/board?airport=EWR&from=never", 400),
        ("/board?airport=EWR&date=1066-10-14", 400),
        ("/unsubscribe/none", 404),
        ("/trip/none", 404),
        ("/why/none", 404),
        ("/sign-in/none", 404),
    ],
)
def test_what_is_wrong_is_said_whole(reader: FlaskClient, path: str, status: int) -> None:
    assert left(reader, path, status) == []


def test_fares_are_said_whole(web: Web, reader: FlaskClient) -> None:
    fare = {
        "origin": "EWR", "destination": "DEN", "departure_date": "2013-03-01", "amount": "204.50", "currency": "USD",
        "airline": "UA", "flight_number": "UA407", "cabin": "premium_economy", "seen_at": web.now(),
    }  # fmt: skip
    for stops in (0, 1, 2):
        web.database["prices"].insert_one(fare | {"_id": f"p{stops}", "stops": stops})
    web.database["prices"].insert_one({"_id": "broken", "origin": "EWR"}, bypass_document_validation=True)
    for path in ("/fares", "/fares?origin=EWR&destination=DEN&date=2013-03-01", "/fares?origin=SVO"):
        assert [text for text in left(reader, path) if text != "USD"] == [], path


def test_a_board_of_a_name_that_several_airports_have_is_said_whole(reader: FlaskClient) -> None:
    page = reader.get("/board?airport=Moscow", headers={"Accept": "text/html"})
    assert page.status_code == 422
    found = forgotten(page.text, VALUES, _DATA)
    assert [text for text in found if not text.endswith(")")] == [], "but for the names of airports"


def test_a_shared_trip_is_said_whole(web: Web, reader: FlaskClient) -> None:
    web.flight()
    shares, until = Shares(web.database), web.now() + timedelta(days=7)
    for keys in (["f407", "gone"], ["gone"]):
        secret = shares.create("p1", keys, web.now(), until)
        assert left(reader, f"/trip/{secret}") == []


def test_the_sign_in_is_said_whole(web: Web, reader: FlaskClient) -> None:
    page = reader.get("/sign-in", headers={"Accept": "text/html"}).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    assert left(reader, "/sign-in", 400, csrf_token=unescape(token[1]), email="nobody") == []


def test_every_state_of_a_flight_has_words_of_its_own() -> None:
    with pseudo.spoken():
        assert pseudo.untranslated((speech.say(text) for text in words.STATUSES.values()), ()) == []


@pytest.mark.parametrize("language", list(speech.LANGUAGES))
def test_scripts_have_every_form_of_a_counted_sentence(language: str) -> None:
    with speaking(language):
        said = json.loads(script_words.as_json())
    for name in ("more", "missed", "show", "cancelled", "gates", "times", "others"):
        assert "other" in said[name], name
        assert all("{number}" in text for text in said[name].values()), (name, said[name])
    assert {"one", "few", "many"} <= set(said["missed"]) or language != "ru"


def test_scripts_have_no_words_of_their_own(web: Web, reader: FlaskClient) -> None:
    page = reader.get("/health", headers={"Accept": "text/html"}).text
    found = re.search(r'data-words="([^"]+)"', page)
    assert found is not None
    said = json.loads(unescape(found[1]))
    texts = [
        text for value in said.values() for text in (value.values() if isinstance(value, dict) else [value])
    ]
    plain = [re.sub(r"\{\w+\}", "", text) for text in texts if isinstance(text, str) and text != pseudo.TAG]
    assert pseudo.untranslated(plain, ("Ctrl+C",)) == []
