"""The steps of a chain in a made-up language: whatever the pipeline wrote down, nothing of it is said in English."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain import why_fields, why_nouns, why_states
from app.domain.airport_day import Level
from app.domain.clock import DomainClock
from app.domain.flight import Status
from app.domain.news import Kind, Role
from app.domain.speech import speaking
from app.domain.why import (
    Attempt,
    Chain,
    Changed,
    DeadLetter,
    Event,
    Noted,
    Notification,
    Place,
    Quiet,
    Talk,
    Thread,
    differing,
)
from app.domain.why_reasons import HELD, REASONS
from app.domain.why_view import View, view
from app.domain.why_words import OUTCOMES
from app.store import why_rows
from tests.delivery.world import B
from tests.domain.pseudo import spoken, untranslated

AT = datetime(2026, 7, 2, 11, tzinfo=UTC)
FLIGHT = replace(B, origin="EWR")
CLOCK = DomainClock(start=AT, origin=AT, system=lambda: AT + timedelta(days=400))
GATE = (Changed("gate", "C70", "C71"), Changed("estimated_departure_time", None, "10:40"))
EVENT = Event(
    *("e1", "f1", "flight:f1", "1", "1", "news", AT, AT),
    kinds=("gate", "delayed"),
    changes=GATE,
    topic="gatecall.flights.changes",
    partition=0,
    offset=1200,
    published_at=AT + timedelta(seconds=1),
    read_at=AT + timedelta(seconds=2),
)
ROW = Notification(
    *("n1", "1", "e1", "sent", None, None, Role.TRAVELLER, AT, AT),
    *(AT + timedelta(seconds=9), AT + timedelta(hours=3), AT, ("gate",), GATE),
    (),
)
VALUES = (
    "C70 C71 UA Denver DEN EWR EDT UTC",
    "e1 gatecall flights changes prices airports",
    "Telegram Apprise SMS",
)
"""Names, codes, zones and what programs are called."""


def told(shown: View) -> list[str]:
    found = [shown.flight, shown.place or ""]
    for one in shown.channels:
        found += [one.name, one.state.words]
    every = [*shown.lines, *(line for one in shown.channels for line in one.lines)]
    return [*found, *(text for line in every for text in (line.time, line.title, line.words))]


def left(chain: Chain, *values: str) -> list[str]:
    city = tuple(str(value) for value in FLIGHT.to_document().values() if value)
    with spoken():
        texts = [text for you in (True, False) for text in told(view(chain, CLOCK, you=you))]
    assert any("⟦" in text for text in texts)
    return untranslated(texts, (*VALUES, *city, "Houston Denver", *values))


def chain(
    *items: Quiet | Notification, event: Event = EVENT, place: Place | None = None, **thread: object
) -> Chain:
    usual = {"channel": "email", "items": items, "earlier": (), "folded": (), "undone_at": None, "talk": None}
    return Chain(event, FLIGHT, "p1", place, (Thread(**(usual | thread)),))  # type: ignore[arg-type]


@pytest.mark.parametrize("outcome", [*OUTCOMES, "no_news", None])
def test_every_outcome_of_a_change_is_said(outcome: str | None) -> None:
    letter = DeadLetter("flights", "4711", "1 2 3", "waiting", AT)
    event = replace(EVENT, kinds=(), outcome=outcome, found_late=True)
    assert not left(Chain(event, FLIGHT))
    assert not left(Chain(replace(event, changes=GATE[1:]), FLIGHT))
    assert not left(
        Chain(replace(event, topic="gatecall.prices.changes", dead_letter=letter), None), "waiting"
    )


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("role", list(Role))
def test_every_reason_to_say_nothing_is_said(reason: str, role: Role) -> None:
    quiet = Quiet("1", "e1", "settle", reason, role, AT, None, ("gate",), GATE)
    waits = replace(quiet, action="wait", until=AT + timedelta(days=2))
    skipped = replace(ROW, status="skipped", reason=reason, role=role)
    for item in (quiet, waits, skipped):
        assert not left(chain(item)), item
    if reason in HELD:
        with spoken(), speaking("ru"):
            shown = view(chain(waits), CLOCK, you=True).channels[0]
            assert shown.state.words.startswith("⟦")


@pytest.mark.parametrize("channel", ["email", "sms", "telegram", "webhook", "apprise", "inbox"])
def test_every_attempt_and_its_end_is_said(channel: str) -> None:
    for outcome in ("accepted", "later", "never", "unknown"):
        attempts = (Attempt(AT, AT, outcome, "4711", "250 2.0.0"),)
        for status in ("sent", "failed", "retrying", "unknown"):
            for delivery in (None, "delivered", "undelivered"):
                row = replace(ROW, status=status, attempts=attempts, reason="550", delivery=delivery)
                assert not left(chain(row, channel=channel)), (outcome, status)


@pytest.mark.parametrize("state", ["delivered", "read", "undelivered", "4711"])
def test_reports_and_repeats_are_said(state: str) -> None:
    report = {"at": AT, "state": state, "words": "250", "code": "1"}
    row = {
        "digest": "d1",
        "decided_at": AT,
        "attempts": [{"reports": [report]}],
        "again": [{"at": AT, "why": "7"}],
    }
    with spoken():
        noted = (*why_rows._folded(row), *why_rows._reports(row), *why_rows._repeats(row))
    assert len(noted) == 3
    assert all(isinstance(one, Noted) for one in noted)
    assert not left(chain(replace(ROW, noted=noted)))


def test_how_a_conversation_stands_is_said() -> None:
    talk = Talk("1", "", "due", AT, None, False, False, None)
    talks = (
        *(talk, replace(talk, is_claimed=True), replace(talk, not_before=AT, reason="451")),
        *(replace(talk, due_at=None), replace(talk, due_at=None, agrees=True)),
        *(replace(talk, due_at=None, start="2"), replace(talk, due_at=None, order="0")),
        replace(talk, due_at=None, reason="daily_maximum"),
    )
    for one in talks:
        assert not left(chain(talk=one)), one
    assert not left(chain(talk=talk, undone_at=AT))
    assert not left(chain(ROW, earlier=(EVENT,), folded=(EVENT,)))


@pytest.mark.parametrize("booking", [None, "confirmed", "cancelled"])
@pytest.mark.parametrize("is_held", [False, True])
@pytest.mark.parametrize("follows", [False, True])
def test_how_a_person_stands_to_it_is_said(booking: str | None, is_held: bool, follows: bool) -> None:
    place = Place(booking, is_held, follows)
    for event in (EVENT, replace(EVENT, kinds=(), outcome="same")):
        assert not left(chain(event=event, place=place))


@pytest.mark.parametrize("noun", ["flight", "airport", "fare alert", "notice", "flight or airport"])
def test_every_noun_has_sentences(noun: str) -> None:
    with spoken():
        said = [
            why_nouns.unknown(noun),
            why_nouns.news(noun),
            why_nouns.as_it_is(noun),
            why_nouns.all_news(noun),
        ]
        for you in (False, True):
            said += [why_nouns.follows(noun, you=you), why_nouns.follows_not(noun, you=you)]
            said += [why_nouns.because(role, noun, you=you) for role in (*Role, None)]
    assert not untranslated(said, ())
    assert why_nouns.because("follower", "airport", you=True) == "because you follow the airport."
    assert why_nouns.not_told("traveller", "flight") == "Those who hold a booking are not told of it."


def test_every_field_kind_and_state_is_said() -> None:
    later = replace(FLIGHT, gate="Z9", status=Status.DIVERTED, diverted_to="DEN")
    fields = [one["field"] for one in differing(FLIGHT, later)]
    assert "diverted_to" in fields
    assert set(why_fields._KINDS) == set(Kind)
    assert set(why_fields._STATES) == {*Status, *Level}
    with spoken():
        said = [why_fields.label(field) for field in why_fields._LABELS]
        said += [why_fields.kind_words(kind) for kind in Kind]
        said += [why_fields.value_words("status", status) for status in (*Status, *Level)]
        said += [
            why_fields.changes((Changed("gate", old, new),)) for old in ("1", None) for new in ("2", None)
        ]
        offer = why_fields.value_words("offer", "JFK to SFO, 2013-03-01, USD 204")
    assert not untranslated(said, ())
    assert not untranslated([offer], ("JFK SFO USD",))


def test_a_title_keeps_its_capital_where_the_language_writes_nouns_so() -> None:
    with speaking("de"):
        assert why_states._inside("Eine Pause") == "Eine Pause"
    with speaking("es"):
        assert why_states._inside("Una pausa") == "una pausa"
