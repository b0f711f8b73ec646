"""Messages about flights in other languages: nothing of them stays English, and texts fit their alphabet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.channels import rendering
from app.domain import gsm, places, speech
from app.domain.flight import Flight
from app.domain.mail_lists import MailList
from app.domain.news import Role
from app.domain.wording import FlightNews, compose
from tests.domain.news_examples import LATE, NOW, UA407, news
from tests.domain.pseudo import TAG, Pseudo, spoken, texts, unmarked, untranslated
from tests.domain.wording_examples import EXAMPLES

_WAYS: list[dict[str, Any]] = [
    {},
    {"doubtful": True},
    {"found_late": True, "often": True, "times": 5},
    {"short_link": True},
]


def _all(language: str, **more: Any) -> Iterator[tuple[str, FlightNews]]:
    """Every example in every way, to everybody, near and far from its departure; of an airline with a name and one
    without."""
    for name, heard, want, *_ in EXAMPLES:
        for way in _WAYS:
            for role in (Role.TRAVELLER, Role.FOLLOWER, Role.PICKUP):
                for now in (NOW, NOW - timedelta(days=300)):
                    values: dict[str, Any] = {**way, "now": now, "language": language, **more}
                    yield name, news(heard, want, role, **values)
            nameless = replace(heard, airline="Q9"), replace(want, airline="Q9")
            yield name, news(*nameless, language=language, **{**way, **more})


def _values(heard: Flight, want: Flight) -> list[str]:
    """What a message takes over as it is."""
    found = ["Gatecall", "United", "EST EDT CST CDT MST MDT UTC", "https://gatecall.example/f/w/" + "W" * 10]
    for flight in (heard, want):
        codes = (flight.origin, flight.destination, flight.diverted_to)
        found += [f"{places.city(code)} {code}" for code in codes if code]
        found += [str(value) for value in flight.to_document().values() if value]
        found += [flight.flight_number[:2], (flight.status_reason or "").capitalize()]
    return found


def test_no_message_about_a_flight_says_anything_that_is_not_translated() -> None:
    with spoken():
        for name, one in _all(TAG):
            message = compose(one)
            assert not untranslated(texts(message), _values(one.heard, one.want)), name
            assert "⟦" in message.sms, name


def test_every_sentence_about_a_flight_is_a_translation_as_a_whole() -> None:
    with spoken():
        for name, one in _all(TAG):
            message = compose(one)
            said = [message.subject, message.headline, message.opening, message.link[0]]
            said += [*message.advice, *message.footer, *message.more, *(label for label, _ in message.facts)]
            for text in said:
                assert not unmarked(text).strip(), (name, text)


@pytest.mark.parametrize("has_why", [True, False])
def test_what_a_mail_says_around_its_message_is_in_the_language_of_the_message(has_why: bool) -> None:
    with spoken():
        message = compose(news(*EXAMPLES[8][1:3], language=TAG))
        outer = speech.current()
    assert message.language == TAG
    assert outer.language == TAG
    with spoken(), speech.speaking("en"):  # whoever sends speaks to nobody
        text = rendering.as_text(message, has_why=has_why, stops=MailList.BOOKINGS)
        html = rendering.as_html(message, has_why=has_why, stops=MailList.BOOKINGS)
    for english in ("What to do", "Why this", "Every step", "Stop e-mails", "Choose what"):
        assert english not in text
        assert english not in html
    assert f'<html lang="{TAG}">' in html


def test_english_is_the_language_of_a_message_when_nothing_is_said_of_it() -> None:
    assert compose(news(UA407, LATE)).language == "en"
    assert '<html lang="en">' in rendering.as_html(compose(news(UA407, LATE)))


def test_two_languages_and_clocks_of_the_same_news_are_messages_of_their_own() -> None:
    english, german = (compose(news(UA407, LATE, language=tag)) for tag in ("en", "de"))
    american = compose(news(UA407, LATE, clock=12))
    assert english.facts[0][1].startswith("Fri 8 Feb, 15:13 EST")
    assert "Fr" in german.facts[0][1]
    assert "8. Feb" in german.facts[0][1]
    assert american.facts[0][1].startswith("Fri 8 Feb, 3:13 PM EST")
    assert american.highlight.new == "3:13 PM EST"
    assert compose(news(UA407, LATE)) == english


@pytest.mark.parametrize(("language", "letter"), [("en", "e"), ("de", "ü"), ("es", "ñ")])
def test_a_text_in_a_latin_language_is_one_part_of_the_gsm_alphabet(language: str, letter: str) -> None:
    with spoken(Pseudo(letter, marked=False), tag=language):
        for name, one in _all(language, found_late=False):
            sms = compose(one).sms
            assert gsm.is_gsm(sms), name
            assert gsm.parts(sms) == 1, (name, sms)


@pytest.mark.parametrize(("language", "letter"), [("ru", "ж"), ("hi", "क")])
def test_a_text_in_other_letters_keeps_them_and_is_at_most_two_parts(language: str, letter: str) -> None:
    with spoken(Pseudo(letter, marked=False), tag=language):
        for name, one in _all(language):
            sms = compose(one).sms
            assert letter in sms, name
            assert not gsm.is_gsm(sms), name
            assert gsm.parts(sms) <= 2, (name, sms)


@pytest.mark.parametrize("language", list(speech.LANGUAGES))
def test_texts_fit_in_every_language_as_it_is_translated(language: str) -> None:
    for name, one in _all(language):
        sms = compose(one).sms
        assert gsm.parts(sms) <= (1 if gsm.is_gsm(sms) else 2), (name, sms)
        assert (
            speech.LANGUAGES[language].is_latin == gsm.is_gsm(sms) or not speech.LANGUAGES[language].is_latin
        )


def test_a_text_drops_the_least_useful_first_where_letters_take_more_room() -> None:
    with spoken(Pseudo("ж", marked=False)):
        sms = compose(news(UA407, LATE, language=TAG)).sms
    assert "C94" in sms
    assert "15:13 EST" in sms
    assert "gatecall.example" not in sms or "De-icing" not in sms


def test_names_are_written_in_latin_letters_in_the_gsm_alphabet_alone() -> None:
    polish = replace(UA407, destination="LCJ")
    moved = replace(polish, gate="C71")
    with spoken(Pseudo("ж", marked=False)):
        assert "Łódź" in compose(news(polish, moved, language=TAG)).sms
    assert "Lodz" in compose(news(polish, moved, language="de")).sms


def test_whoever_is_told_hears_all_of_it_when_a_translation_is_long() -> None:
    with spoken(Pseudo("ж", stretch=2.5, marked=False)):
        sms = compose(news(UA407, LATE, language=TAG)).sms
    assert "15:13 EST" in sms
    assert "14:45" in sms
