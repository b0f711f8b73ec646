"""What of an alert's news is told to its person, and what its kind of subject says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain import preferences, subjects, timing
from app.domain.alert_conditions import AnyChange
from app.domain.alert_value import AlertValue, decide, goes_by, settled
from app.domain.mail_lists import MailList, about, list_of
from app.domain.news import TOLD_BY_DEFAULT, Action, Kind, Role, Rules, Steps
from app.domain.preferences import KINDS, Group, Preferences
from app.domain.why import differing
from tests.domain.wording_alert_examples import BELOW, DAILY, EXAMPLES, NOW, at, news, value

RULES = Rules(Steps(timedelta(minutes=15), timedelta(hours=3)), timedelta(hours=24))
HEARD = value(BELOW, 0, None, offer=None)
WANT = value(BELOW)


def off(channel: str = "sms") -> Rules:
    """The rules of somebody who wants no fares by SMS."""
    chosen = Preferences(channels={"sms": {Group.FARE: False}})
    return preferences.rules(chosen, channel, RULES)


@pytest.mark.parametrize(
    ("heard", "want", "rules", "action", "reason"),
    [
        (HEARD, WANT, RULES, Action.TELL, None),
        (WANT, replace(WANT, n=2), RULES, Action.TELL, None),
        (WANT, WANT, RULES, Action.SETTLE, "nothing_new"),
        (WANT, replace(WANT, offer=at(WANT.offer.fare.price)), RULES, Action.SETTLE, "below_threshold"),  # type: ignore[union-attr]
        (HEARD, replace(WANT, lapsed=True, offer=None), RULES, Action.SETTLE, "fare_gone"),
        (HEARD, WANT, off(), Action.SETTLE, "not_wanted"),
        (HEARD, WANT, off("email"), Action.TELL, None),
        (HEARD, replace(WANT, channels=("sms",)), off(), Action.TELL, None),
        (HEARD, HEARD, RULES, Action.SETTLE, "nothing_new"),
        (HEARD, value(DAILY, kind=Kind.FARE_REPORT, offer=None), RULES, Action.TELL, None),
    ],
)
def test_only_another_number_is_news_while_it_is_so(
    heard: AlertValue, want: AlertValue, rules: Rules, action: Action, reason: str | None
) -> None:
    found = decide(heard, want, Role.ALERT, rules, NOW)
    assert (found.action, found.reason) == (action, reason)
    assert found.kinds == ((want.kind,) if action is Action.TELL else ())


def test_nobody_else_hears_of_an_alert() -> None:
    for role in (Role.TRAVELLER, Role.FOLLOWER):
        assert decide(HEARD, WANT, role, RULES, NOW).reason == "not_wanted"


def test_after_its_last_day_a_fare_is_no_use_but_the_end_is() -> None:
    over = datetime.fromisoformat("2013-03-15T04:00Z")
    assert decide(HEARD, WANT, Role.ALERT, RULES, over - timedelta(seconds=1)).action is Action.TELL
    found = decide(HEARD, WANT, Role.ALERT, RULES, over)
    assert (found.action, found.reason, found.kinds) == (Action.SKIP, "past", (Kind.FARE,))
    end = replace(WANT, kind=Kind.FARE_ENDED)
    assert decide(HEARD, end, Role.ALERT, RULES, over).action is Action.TELL
    assert decide(HEARD, end, Role.ALERT, RULES, over + timedelta(days=8)).action is Action.SKIP


def test_a_change_that_was_taken_back_before_it_was_told_is_none() -> None:
    heard = value(AnyChange(), 1, step=100)
    same = replace(heard, n=3)
    assert decide(heard, same, Role.ALERT, RULES, NOW).reason == "below_threshold"
    price = replace(heard.offer.fare.price, amount_minor=20200)  # type: ignore[union-attr]
    assert decide(heard, replace(same, offer=at(price)), Role.ALERT, RULES, NOW).action is Action.TELL
    # Below the limit, above it, and below it again is told twice, though the fare is the same.
    assert decide(WANT, replace(WANT, n=2), Role.ALERT, RULES, NOW).action is Action.TELL


def test_what_lapsed_before_it_was_told_was_not_heard() -> None:
    lapsed = replace(WANT, lapsed=True, offer=None)
    assert settled(HEARD, lapsed) == HEARD
    assert settled(WANT, lapsed) == lapsed


def test_its_channels_are_those_that_were_chosen_for_it() -> None:
    assert goes_by(WANT, "sms")
    assert [goes_by(replace(WANT, channels=("email",)), one) for one in ("email", "sms")] == [True, False]


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_stored_is_read_again(name: str) -> None:
    one = EXAMPLES[name].want
    assert subjects.ALERT.parse(one.to_document()) == one
    assert hash(subjects.ALERT.parse(one.to_document())) == hash(one)


def test_the_kind_of_subject() -> None:
    kind: Any = subjects.of("alert:a1")
    assert kind is subjects.ALERT
    assert kind.is_counted
    assert kind.key("alert:a1") == "a1"
    assert kind.path(WANT) == "/my/alerts/a1"
    assert kind.title(WANT) == "Fare alert JFK to SFO, below $220"
    assert kind.line(replace(WANT, name="Mum")) == "Fares JFK to SFO, below $220", "staff see no name"
    assert kind.short_name(WANT) == "JFK to SFO"
    assert (kind.iata(WANT), kind.iata(HEARD)) == ("JFK", "JFK")
    assert kind.leaves_at(WANT) is None
    assert kind.too_late(WANT, NOW) == "past"
    assert kind.too_late(replace(WANT, lapsed=True), NOW) == "fare_gone"
    assert kind.compose(news(WANT)).subject == "JFK to SFO for $201, below your $220"


def test_it_is_never_urgent() -> None:
    for one in KINDS[Group.FARE]:
        assert not timing.is_urgent(Preferences(), timing.News((one,), None, None), NOW)


def test_its_kinds_are_told_to_those_whose_alert_it_is_alone() -> None:
    assert {kind for kind, roles in TOLD_BY_DEFAULT.items() if Role.ALERT in roles} == KINDS[Group.FARE]
    assert KINDS[Group.FARE] == {Kind.FARE, Kind.FARE_REPORT, Kind.FARE_ENDED}


def test_its_mails_are_a_list_of_their_own() -> None:
    assert list_of(Role.ALERT) is MailList.ALERTS
    assert about(MailList.ALERTS) == "your fare alerts"
    assert set(preferences.LISTS) == {str(one) for one in MailList}
    assert preferences.read({"stopped": ["alerts"]}).stopped == {"alerts"}


def test_a_list_of_changes_shows_the_fares_alone() -> None:
    assert differing(HEARD, WANT) == [
        {"field": "offer", "from": None, "to": "JFK to SFO, 2013-03-09, USD 201"},
    ]
