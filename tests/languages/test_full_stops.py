"""Sentences end in the full stop of their language, and in one alone."""

from __future__ import annotations

from app.domain import why_words
from app.domain.news import Role
from app.domain.speech import speaking
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
