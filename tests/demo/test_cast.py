"""The demo's people with names: the storm makes their choices show, and an inbox that shows something else is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.domain import alert
from app.domain.airport_day import AirportDay, Level
from app.domain.alert_value import AlertValue, nothing
from app.domain.clock import DomainClock
from app.domain.flight import parse
from app.domain.news import Kind
from scripts.demo import cast, cast_checks, data, fare_alerts, fares, people, plan
from scripts.demo.cast import Member
from scripts.demo.cast_checks import Scene
from scripts.demo.evidence import Evidence
from scripts.demo.fares import Fares
from scripts.demo.plan import STARTS, Plan
from scripts.demo.story import Identity
from tests.demo.test_people import FICTION

Document = dict[str, Any]

BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)
CLOCK = DomainClock(STARTS.astimezone(UTC), BEGAN, 60.0)
NEWARK = AirportDay("EWR", "2013-02-08", flights=380, cancelled=210, level=Level.SEVERE)
NIGHT, MORNING = "2013-02-08T23:00-05:00", "2013-02-09T07:00-05:00"


@pytest.fixture(scope="module")
def storm() -> Plan:
    return plan.make(data.load())


@pytest.fixture(scope="module")
def members(storm: Plan) -> dict[str, Member]:
    return {one.key: one for one in cast.make(data.load(), storm, _fares(storm))}


def _fares(storm: Plan) -> Fares:
    return fares.make(data.load(), STARTS, storm.edits[-1].at)


def test_they_are_the_same_in_every_run(storm: Plan, members: dict[str, Member]) -> None:
    assert cast.make(data.load(), storm, _fares(storm)) == list(members.values())


def test_their_choices_can_be_chosen_and_their_addresses_are_nobody_s(members: dict[str, Member]) -> None:
    crowd = people.make(data.load(), STARTS)
    everybody = cast.joined(crowd, members.values()).users
    assert len(everybody) == len(crowd.users) + len(members)
    for name in ("_id", "email", "phone"):
        values = [user[name] for user in everybody if name in user]
        assert len(set(values)) == len(values)
    users = [one.user() for one in members.values()]
    assert all(user["email"].endswith("@example.org") for user in users if "email" in user)
    assert all(FICTION.fullmatch(user["phone"]) for user in users if "phone" in user)
    assert sum("preferences" in user for user in users) == 5


def test_each_holds_or_follows_flights_to_which_something_happens(
    storm: Plan, members: dict[str, Member]
) -> None:
    happens = {(edit.identity, edit.what) for edit in storm.edits}
    wanted = {"maya": 12, "bjorn": 0, "priya": 9, "kelechi": 4, "paloma": 8, "tobi": 4, "asa": 1, "ines": 0}
    assert {key: len(one.followed) for key, one in members.items()} == wanted
    for one in members.values():
        assert all((flight, "cancelled") in happens for flight in one.booked)
        assert all((flight, "arrived") in happens for flight in (*one.followed, *one.muted))
    assert [len(members[key].booked) for key in ("maya", "bjorn", "priya", "tobi", "asa")] == [1, 3, 1, 1, 1]
    assert len(members["tobi"].muted) == 1
    assert not {*members["tobi"].muted} & {*members["tobi"].followed}


def test_with_few_flights_there_are_the_same_people() -> None:
    few = data.load()[::30]
    made = cast.make(few, plan.make(few), fares.make(few, STARTS, STARTS + timedelta(days=1)))
    assert [one.key for one in made] == ["maya", "bjorn", "priya", "kelechi", "paloma", "tobi", "asa", "ines"]


def test_one_alert_fires_and_the_fare_of_the_other_falls_twice_below_its_price(
    storm: Plan, members: dict[str, Member]
) -> None:
    falling, wavering = members["ines"].alerts
    assert (falling["name"], wavering["name"]) == (fare_alerts.FIRES, fare_alerts.WAVERS)
    made = [alert.read(body, STARTS.astimezone(UTC)) for body in (falling, wavering)]
    assert all(one.condition.words.startswith("below $") for one in made)
    for body, falls in ((falling, 1), (wavering, 2)):
        limit, step = Decimal(body["condition"]["amount"]), Decimal(body.get("min_step", "1"))
        amounts = fare_alerts._cheapest(_fares(storm))[body["origins"][0], body["destinations"][0]]
        assert fare_alerts.falls_and_told(amounts, limit, step) == (falls, 1)


# What the checks find ----------------------------------------------------------------------------------------------


class Inboxes:
    """What a run left behind for these people, made row by row."""

    def __init__(self, members: dict[str, Member], storm: Plan) -> None:
        self.members, self.storm = members, storm
        self.rows: list[Document] = []
        self.receipts: list[Document] = []
        self.held: list[Document] = []
        self.users = {str(one.id): one.user() for one in members.values()}

    def told(
        self,
        key: str,
        about: Identity | AirportDay | AlertValue,
        kinds: str,
        at: str,
        *,
        channel: str = "email",
        role: str = "follower",
        digest: str | None = None,
    ) -> None:
        """A message, alone or a part of a digest; at: by the demo's clock."""
        one = self.members[key]
        name = digest or str(len(self.rows))
        if isinstance(about, AirportDay | AlertValue):
            subject, to = about.subject, about.to_document()
        else:
            subject, to = f"flight:{'-'.join(about)}", parse(self.storm.final[about]).to_document()
        row = {
            "person": str(one.id),
            "subject": subject,
            "conversation": f"{subject}|{one.id}|{channel}",
            "order": name,
            "status": "sent",
            "channel": channel,
            "role": role,
            "kinds": kinds.split(),
            "to": to,
            "decided_at": CLOCK.system_time_of(datetime.fromisoformat(at)),
            "attempts": [{"provider_id": name}],
        }
        self.rows.append(row | {"digest": digest} if digest else row)
        address = one.email if channel == "email" else one.phone
        if name not in {receipt["id"] for receipt in self.receipts}:
            language = one.language if channel == "email" else ""
            self.receipts.append({"channel": channel, "address": address, "id": name, "language": language})

    def scene(self) -> Scene:
        rest: Document = dict.fromkeys(
            ("flights", "conversations", "bookings", "followings", "dead_letters"), ()
        )
        tobi = self.members["tobi"]
        (muted,) = tobi.muted
        rest["followings"] = [{"user_id": tobi.id, "flight_id": "-".join(muted), "muted": True}]
        found = Evidence(
            **rest,
            known={},
            notifications=self.rows,
            users=self.users,
            announcements=0,
            receipts=self.receipts,
            held=self.held,
        )
        return Scene(found, CLOCK)

    def bad(self) -> set[str]:
        """Whose finding is not well."""
        return {f.name for f in cast_checks.judge(list(self.members.values()), self.scene()) if not f.well}


@pytest.fixture
def inboxes(members: dict[str, Member], storm: Plan) -> Inboxes:
    """A run in which all went well."""
    made = Inboxes(members, storm)
    for key, reason in (("maya", "quiet_hours"), ("bjorn", "quiet_hours")):
        one = members[key]
        flight = (one.followed or one.booked)[-1]
        until = CLOCK.system_time_of(datetime.fromisoformat(MORNING))
        made.held.append(
            {
                "person": str(one.id),
                "conversation": f"flight:{'-'.join(flight)}|{one.id}|email",
                "order": "held",
                "reason": reason,
                "decided_at": until - timedelta(minutes=5),
                "until": until,
            }
        )
        made.told(key, flight, "arrived" if key == "maya" else "cancelled", "2013-02-09T07:01-05:00")
    made.told("maya", members["maya"].booked[0], "cancelled", NIGHT, role="traveller")
    for flight in members["priya"].followed[:2]:
        made.told("priya", flight, "rescheduled", "2013-02-08T20:00-05:00", digest="d1")
    made.told("priya", members["priya"].booked[0], "cancelled", "2013-02-08T11:45-05:00", role="traveller")
    for flight in members["kelechi"].followed:
        made.told("kelechi", flight, "arrived belt", "2013-02-08T16:00-05:00")
    made.told("kelechi", NEWARK, "airport_severe", "2013-02-08T09:00-05:00")
    for flight in members["paloma"].followed[:3]:
        made.told("paloma", flight, "departed", "2013-02-08T12:00-05:00")
    made.told("paloma", members["paloma"].followed[3], "arrived", "2013-02-08T20:00-05:00", digest="d2")
    made.told("tobi", members["tobi"].followed[0], "arrived", "2013-02-08T16:00-05:00", channel="sms")
    for number in (0, 1):
        made.told("ines", _fare(members["ines"], number), "fare", "2013-02-08T13:00-05:00", role="alert")
    made.told("asa", members["asa"].booked[0], "cancelled", "2013-02-08T12:00-05:00", channel="sms")
    return made


def _fare(ines: Member, number: int, n: int = 1) -> AlertValue:
    """The n-th news of one of her alerts."""
    asked = replace(alert.read(ines.alerts[number], STARTS.astimezone(UTC)), id=f"a{number}")
    return replace(nothing(asked), n=n, kind=Kind.FARE)


def test_inboxes_that_show_what_was_chosen_are_judged_well(inboxes: Inboxes) -> None:
    found = cast_checks.judge(list(inboxes.members.values()), inboxes.scene())
    assert [f.problems for f in found if not f.well] == []
    assert "1 held, 1 of them told afterwards, 1 urgent ones passed" in found[0].words


def _wake_maya(run: Inboxes) -> None:
    run.told("maya", run.members["maya"].followed[-2], "arrived", NIGHT)


def _wake_bjorn(run: Inboxes) -> None:
    run.told("bjorn", run.members["bjorn"].booked[0], "cancelled", "2013-02-08T19:00-05:00", role="traveller")


def _hold_for_ever(run: Inboxes) -> None:
    run.rows = [row for row in run.rows if row["conversation"] != run.held[0]["conversation"]]


def _lose_the_mail_of_the_morning(run: Inboxes) -> None:
    run.receipts = run.receipts[1:]


def _send_priya_one_alone(run: Inboxes) -> None:
    run.told("priya", run.members["priya"].followed[2], "rescheduled", "2013-02-08T15:00-05:00")


def _send_priya_no_digest(run: Inboxes) -> None:
    run.receipts = [receipt for receipt in run.receipts if receipt["id"] != "d1"]


def _forget_kelechi_s_landing(run: Inboxes) -> None:
    run.rows = [row for row in run.rows if "belt" not in row["kinds"]]


def _forget_kelechi_s_airport(run: Inboxes) -> None:
    run.rows = [row for row in run.rows if "airport_severe" not in row["kinds"]]


def _tell_paloma_too_often(run: Inboxes) -> None:
    run.told("paloma", run.members["paloma"].followed[4], "arrived", "2013-02-08T16:00-05:00")


def _fold_nothing(run: Inboxes) -> None:
    run.rows = [row for row in run.rows if row.get("digest") != "d2"]


def _mail_tobi(run: Inboxes) -> None:
    run.told("tobi", run.members["tobi"].followed[1], "arrived", "2013-02-08T16:00-05:00")


def _tell_what_is_muted(run: Inboxes) -> None:
    run.told("tobi", run.members["tobi"].muted[0], "arrived", "2013-02-08T16:00-05:00", channel="sms")


def _tell_ines_each_time(run: Inboxes) -> None:
    run.told("ines", _fare(run.members["ines"], 1, 2), "fare", "2013-02-08T15:00-05:00", role="alert")


def _miss_a_fare_of_ines(run: Inboxes) -> None:
    run.rows = [row for row in run.rows if not row["subject"].startswith("alert:a0")]


def _text_asa_nothing(run: Inboxes) -> None:
    run.receipts = run.receipts[:-1]


def _write_bjorn_in_english(run: Inboxes) -> None:
    run.told("bjorn", run.members["bjorn"].booked[1], "cancelled", "2013-02-09T07:30-05:00", role="traveller")
    run.receipts[-1]["language"] = "en"


def _write_priya_in_no_language(run: Inboxes) -> None:
    for receipt in run.receipts:
        if receipt["address"] == "priya@example.org":
            receipt["language"] = ""


@pytest.mark.parametrize(
    ("harm", "found_at"),
    [
        (_wake_maya, "maya"),
        (_wake_bjorn, "bjorn"),
        (_hold_for_ever, "maya"),
        (_lose_the_mail_of_the_morning, "maya"),
        (_send_priya_one_alone, "priya"),
        (_send_priya_no_digest, "priya"),
        (_forget_kelechi_s_landing, "kelechi"),
        (_forget_kelechi_s_airport, "kelechi"),
        (_tell_paloma_too_often, "paloma"),
        (_fold_nothing, "paloma"),
        (_mail_tobi, "tobi"),
        (_tell_what_is_muted, "tobi"),
        (_text_asa_nothing, "asa"),
        (_tell_ines_each_time, "ines"),
        (_miss_a_fare_of_ines, "ines"),
        (_write_bjorn_in_english, "languages"),
        (_write_priya_in_no_language, "languages"),
    ],
    ids=lambda value: getattr(value, "__name__", "").strip("_"),
)
def test_an_inbox_that_shows_something_else_is_found(
    inboxes: Inboxes, harm: Callable[[Inboxes], None], found_at: str
) -> None:
    harm(inboxes)
    assert inboxes.bad() == {found_at}


def test_a_run_too_fast_for_a_night_is_asked_for_nothing_that_must_come(inboxes: Inboxes) -> None:
    inboxes.rows, inboxes.receipts = [], []
    members = list(inboxes.members.values())
    assert inboxes.bad() == {one.key for one in members} | {"languages"}
    short = replace(inboxes.scene(), excuse="a reason")
    found = cast_checks.judge(members, short)
    assert all(finding.well for finding in found)
    assert found[0].words.startswith("a reason")


def test_a_slow_run_has_an_excuse_and_a_quick_one_none(inboxes: Inboxes) -> None:
    def excused(rate: float, late_s: float, *, some_flights: bool = False) -> bool:
        found = cast_checks.excuse(inboxes.scene().evidence, rate, late_s=late_s, some_flights=some_flights)
        return found is not None

    assert [excused(2856, 3), excused(2856, 30), excused(60, 30)] == [False, True, False]
    assert excused(60, 1, some_flights=True)


def test_who_chose_something_else_meanwhile_is_not_judged(inboxes: Inboxes) -> None:
    _wake_maya(inboxes)
    inboxes.users[str(inboxes.members["maya"].id)]["preferences"] = {"daily_max": 9}
    assert inboxes.bad() == set()
