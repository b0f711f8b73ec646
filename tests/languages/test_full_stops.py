"""Sentences end in the full stop of their language, and in one alone."""

from __future__ import annotations

from datetime import time

import pytest

from app.domain import why_words
from app.domain.news import Role
from app.domain.speech import clock_time, hours, minutes, say, speaking
from app.domain.speech_templates import in_html
from app.domain.wording import compose
from app.domain.wording_terms import as_sentence
from tests.domain.news_examples import news
from tests.domain.wording_examples import EXAMPLES


def test_free_text_as_a_sentence_ends_as_the_language_ends_one() -> None:
    with speaking("hi"):
        assert as_sentence("snow") == "Snow।"
        assert as_sentence("Snow.") == "Snow."
        assert why_words._sentence("snow") == "Snow।"
    with speaking("de"):
        assert as_sentence("snow") == "Snow."


def test_the_opening_of_a_hindi_message_has_no_latin_stop() -> None:
    for name, heard, want, *_ in EXAMPLES:
        one = news(heard, want, Role.TRAVELLER, language="hi")
        assert not compose(one).opening.endswith("."), name


@pytest.mark.parametrize(("language", "day"), [("de", "8. Feb"), ("es", "8 feb"), ("ru", "8 февр")])
def test_a_value_that_ends_in_a_stop_brings_no_second_one(language: str, day: str) -> None:
    with speaking(language):
        assert f"{day}." in say("{day}, {time}.", day="Fr", time=f"{day}.")
        assert ".." not in say("{day}, {time}.", day="Fr", time=f"{day}.")
        assert say("{day}...", day=f"{day}.") == f"{day}...."


def test_the_spanish_half_of_the_day_brings_no_second_stop() -> None:
    with speaking("es", 12):
        said = say("It was at {time}.", time=clock_time(time(15, 13)))
    assert said.endswith("m.")
    assert not said.endswith("..")


def test_a_stop_is_the_sentences_own_in_html_too() -> None:
    assert in_html("Until <{day}.", day="8 feb.") == "Until &lt;8 feb."


def test_one_hour_in_short_is_one_hour_in_spanish() -> None:
    with speaking("es"):
        assert [hours(1, short=True), hours(5, short=True), minutes(1, short=True)] == ["1 h", "5 h", "1 min"]
