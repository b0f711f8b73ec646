"""Why a phone number is none, in the language of the page."""

from __future__ import annotations

import pytest

from app.domain import people
from app.domain.errors import PermanentError
from app.web import refusals


@pytest.mark.parametrize("number", ["0550100142", "+1"])
def test_why_a_phone_number_is_none_is_one_of_the_sentences_that_are_translated(number: str) -> None:
    with pytest.raises(PermanentError) as refused:
        people.phone_number(number)
    assert refusals.as_sentence(f"{refused.value}") in refusals.SENTENCES
