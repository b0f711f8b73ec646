"""What of a notice is news, and the words around the sentence that staff wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import gsm, notice_value, subjects
from app.domain.news import TOLD_BY_DEFAULT, URGENT, Action, Decision, Kind, Role, Rules, Steps
from app.domain.notice_value import NoticeValue, Terms
from app.domain.notices import MAX_MESSAGE, Notice
from app.domain.wording_notice import cut
from app.domain.wording_shapes import LINK_SLOT, Message, NoticeNews
from tests.at_noon import NOON

HOUR = timedelta(hours=1)
RULES = Rules(Steps(timedelta(minutes=15), timedelta(minutes=10)), timedelta(hours=24))
GIVEN = NoticeValue("info", "Snow", "EWR", None, "2013-02-09T17:00:00.000Z", "EWR")
OTHER = replace(GIVEN, message="Ice")
URGENT_ONE = replace(GIVEN, type="urgent")
LATER = replace(GIVEN, expires_at="2013-02-10T17:00:00.000Z")


@pytest.mark.parametrize(
    ("heard", "want", "kinds"),
    [
        (GIVEN.unsaid(), GIVEN, (Kind.NOTICE,)),
        (GIVEN, OTHER, (Kind.NOTICE,)),
        (GIVEN, replace(GIVEN, airport="JFK"), (Kind.NOTICE,)),
        (GIVEN.unsaid(), replace(GIVEN, type="urgent"), (Kind.NOTICE_URGENT,)),
        (GIVEN, GIVEN.withdrawn(), (Kind.NOTICE_WITHDRAWN,)),
        (URGENT_ONE, URGENT_ONE.withdrawn(), (Kind.NOTICE_URGENT_WITHDRAWN,)),
        (GIVEN.withdrawn(), GIVEN, (Kind.NOTICE,)),
        (GIVEN, GIVEN, ()),
        (GIVEN, LATER, ()),
        (GIVEN, replace(GIVEN, type="urgent"), ()),
        (GIVEN.unsaid(), GIVEN.withdrawn(), ()),
        (GIVEN.withdrawn(), OTHER.withdrawn(), ()),
    ],
)
def test_what_is_news_is_told_to_both_roles_until_it_expires(
    heard: NoticeValue, want: NoticeValue, kinds: tuple[Kind, ...]
) -> None:
    assert notice_value.differences(heard, want) == kinds
    for role in (Role.TRAVELLER, Role.FOLLOWER):
        decided = notice_value.decide(heard, want, role, RULES, NOON)
        if kinds:
            assert decided == Decision(Action.TELL, kinds)
            late = notice_value.decide(heard, want, role, RULES, want.over_at)
            assert late == Decision(Action.SKIP, kinds, "expired")
            deaf = replace(RULES, told={**TOLD_BY_DEFAULT, kinds[0]: frozenset[Role]()})
            assert notice_value.decide(heard, want, role, deaf, NOON).reason == "not_wanted"
        else:
            assert decided.action is Action.SETTLE
    settled = subjects.NOTICE.settled(heard, want)
    assert settled == (heard if kinds else want)


def test_only_the_type_urgent_is_urgent() -> None:
    assert {Kind.NOTICE_URGENT, Kind.NOTICE_URGENT_WITHDRAWN} <= URGENT
    assert not URGENT & {Kind.NOTICE, Kind.NOTICE_WITHDRAWN}


def test_a_notice_is_over_when_it_says_and_no_later_than_the_longest_time() -> None:
    terms = Terms.of(24, 14)
    notice = Notice("info", "Snow", "EWR")
    assert terms.over_at(notice, NOON) == NOON + 24 * HOUR
    assert terms.over_at(replace(notice, expires_at=NOON + HOUR), NOON) == NOON + HOUR
    assert terms.over_at(replace(notice, expires_at=NOON + 900 * HOUR), NOON) == NOON + timedelta(days=14)
    assert Terms.of(24, 0.5).over_at(notice, NOON) == NOON + 12 * HOUR


def test_a_value_is_stored_and_read_as_it_was() -> None:
    for value in (GIVEN, GIVEN.unsaid(), GIVEN.withdrawn(), replace(GIVEN, airport=None, flight="UA407")):
        assert NoticeValue.from_document(value.to_document()) == value


def composed(
    heard: NoticeValue, want: NoticeValue, role: Role = Role.TRAVELLER, *, doubtful: bool = False
) -> Message:
    kinds = notice_value.differences(heard, want) or notice_value.of_state(want)
    news = NoticeNews(heard, want, kinds, role, doubtful, False, NOON, NOON, "https://g.example", True)
    return subjects.NOTICE.compose(news)


@pytest.mark.parametrize(
    ("want", "role", "why"),
    [
        (GIVEN, Role.TRAVELLER, "you hold a booking on a flight from or to Newark (EWR)."),
        (GIVEN, Role.FOLLOWER, "you follow Newark (EWR)."),
        (replace(GIVEN, flight="UA407"), Role.TRAVELLER, "you hold a booking on UA 407."),
        (replace(GIVEN, flight="UA407"), Role.FOLLOWER, "you follow UA 407."),
    ],
)
def test_the_footer_says_why(want: NoticeValue, role: Role, why: str) -> None:
    assert composed(want.unsaid(), want, role).footer[0].endswith(why)


def test_what_may_have_been_heard_is_said_as_it_is_now() -> None:
    message = composed(GIVEN, OTHER, doubtful=True)
    assert message.headline == "Notice for Newark (EWR), as it is now"
    assert message.highlight.old is None
    assert message.sms.startswith("Gatecall: EWR notice now: Ice ")


@given(
    st.text(max_size=MAX_MESSAGE),
    st.sampled_from([None, "UA407"]),
    st.sampled_from([None, "EWR", "TRF"]),
    st.sampled_from(["first", "corrected", "withdrawn", "doubtful"]),
)
def test_whatever_staff_write_is_one_line_without_marks(
    said: str, flight: str | None, airport: str | None, how: str
) -> None:
    want = replace(GIVEN, message=said, flight=flight, airport=airport, local_to=airport or "")
    heard = {"first": want.unsaid(), "corrected": replace(want, message="Old")}.get(how, want)
    message = composed(heard, want.withdrawn() if how == "withdrawn" else want, doubtful=how == "doubtful")
    texts = [
        message.subject,
        message.headline,
        message.opening,
        message.preheader,
        message.highlight.new,
        message.sms,
    ]
    for text in [*texts, *message.more, *message.advice, *message.footer, message.highlight.note or ""]:
        assert text.isprintable() or not text
    assert len(message.subject) < 200
    assert gsm.fits(message.sms)
    assert "g.example/w/" not in message.sms or message.sms.endswith(LINK_SLOT)


@given(st.text(max_size=300), st.integers(min_value=10, max_value=120))
def test_a_cut_ends_at_a_word_and_is_not_too_long(text: str, longest: int) -> None:
    found = cut(text, longest)
    assert len(found) <= longest
    assert found == text or found.endswith("…")


def test_a_cut_keeps_whole_words() -> None:
    assert cut("one two three", 9) == "one two…"
    assert cut("a" * 20, 10) == "a" * 9 + "…"


def test_who_was_told_of_another_place_is_told_why_they_hear_of_this_one() -> None:
    said = composed(GIVEN, replace(GIVEN, airport="JFK"))
    assert said.footer[0] == "You get this because you were told this notice for Newark (EWR)."
