"""A text is left out because a mail's digest says the same. When that mail does not reach the person, the text does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.reports import Refusal
from app.store.suppressions import Suppression
from tests.delivery.both import CANCELLED, Both
from tests.delivery.choosers import FAR_A, FAR_B, clock_of, digester
from tests.delivery.world import Crash, Dying

REFUSED = "552 5.2.2 mailbox full"


@pytest.fixture
def waiting(both: Both) -> Both:
    """A new gate: the digest will say it in two hours, and the text was left out."""
    both.person(digest={"every": "daily", "at": clock_of(both.clock.moment, 2)})
    both.news(FAR_A, FAR_B)
    assert both.told() == (0, 0)
    assert (both.text.stored()["reason"], "due_at" in both.text.stored()) == ("digest", False)
    return both


def digest(both: Both) -> None:
    both.clock.moment += timedelta(hours=2, minutes=1)
    digester(both.mail).send_due()


def texts_of_the_next_days(both: Both) -> int:
    """How many texts there are after the hour of the next digest."""
    both.texts()
    both.clock.moment += timedelta(hours=24)
    return both.texts()


def suppressed(both: Both) -> None:
    """The address came back for something else meanwhile."""
    store = both.mail.terms.suppressions
    store.add(
        [
            Suppression(
                id=store.id_of("email", "p1@example.org"),
                channel="email",
                reason=Refusal.BOUNCED,
                code="5.1.1",
                words="no such user",
                person="p1",
                since=both.clock(),
            )
        ]
    )


def test_what_the_digest_told_is_not_told_by_text(waiting: Both) -> None:
    digest(waiting)
    assert (waiting.mails(), texts_of_the_next_days(waiting)) == (1, 0)


def test_a_digest_that_is_refused_for_good_is_told_by_text(waiting: Both) -> None:
    waiting.mailbox.answers["DATA"] = REFUSED
    digest(waiting)
    assert waiting.mail.stored()["status"] == "failed"
    assert (waiting.mails(), texts_of_the_next_days(waiting)) == (0, 1)
    assert texts_of_the_next_days(waiting) == 1


def test_a_digest_that_is_refused_too_often_is_told_by_text(waiting: Both) -> None:
    waiting.mailbox.answers["DATA"] = "451 4.3.0 not now"
    waiting.mail.terms = replace(waiting.mail.terms, tries=1)
    digest(waiting)
    assert (waiting.mails(), texts_of_the_next_days(waiting)) == (0, 1)


def test_a_digest_that_came_back_is_told_by_text(waiting: Both) -> None:
    digest(waiting)
    waiting.mail_came_back()
    assert (waiting.mails(), texts_of_the_next_days(waiting)) == (1, 1)


def test_a_digest_to_an_address_that_is_of_no_use_by_then_is_told_by_text(waiting: Both) -> None:
    suppressed(waiting)
    digest(waiting)
    assert (waiting.mails(), texts_of_the_next_days(waiting)) == (0, 1)


def test_a_mail_that_fails_while_the_text_is_decided_is_seen(both: Both) -> None:
    both.person(digest={"every": "daily", "at": clock_of(both.clock.moment, 2)})
    both.mailbox.answers["DATA"] = REFUSED
    both.news(FAR_A, FAR_B)
    assert both.mails() == 0

    class Interrupted(Dying):
        def settle(self, *args: Any) -> Any:
            digest(both)
            return self._real.settle(*args)

    both.text.worker(claims=Interrupted(both.text.terms.claims, "", after=False)).deliver_due()
    assert both.mail.stored()["status"] == "failed"
    assert texts_of_the_next_days(both) == 1


@pytest.mark.parametrize("after", [False, True])
def test_a_sender_that_dies_while_the_mail_fails_leaves_nobody_untold(waiting: Both, *, after: bool) -> None:
    waiting.mailbox.answers["DATA"] = REFUSED
    waiting.clock.moment += timedelta(hours=2, minutes=1)
    dying = digester(waiting.mail, claims=Dying(waiting.mail.terms.claims, "failed", after=after))
    with pytest.raises(Crash):
        dying.send_due()
    waiting.clock.moment += timedelta(minutes=5)
    waiting.mail.lapse()
    digester(waiting.mail).send_due()
    assert (waiting.mails(), waiting.mail.stored()["status"]) == (0, "failed")
    assert texts_of_the_next_days(waiting) == 1


def test_news_after_a_refused_digest_is_told_once_on_each(waiting: Both) -> None:
    waiting.mailbox.answers["DATA"] = REFUSED
    digest(waiting)
    waiting.mailbox.answers.clear()
    waiting.wants(CANCELLED, 2)
    waiting.clock.moment += timedelta(hours=24)
    digest(waiting)
    assert waiting.told() == (1, 1)
    assert texts_of_the_next_days(waiting) == 1
