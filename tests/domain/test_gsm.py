"""The alphabet of SMS."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import gsm
from app.domain.speech import speaking


def test_the_alphabet_has_127_characters_and_ten_in_the_extension() -> None:
    every = [chr(c) for c in range(0x2500)]
    lengths = {c: gsm.septets(c) for c in every if _in_alphabet(c)}
    assert sum(length == 1 for length in lengths.values()) == 127
    assert {c for c, length in lengths.items() if length == 2} == set("^{}\\[~]|€\f")


def _in_alphabet(character: str) -> bool:
    try:
        gsm.septets(character)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "length"),
    [("", 0), ("UA 407", 6), ("Zürich", 6), ("10 €", 5), ("[C94]", 7), ("a" * 160, 160)],
)
def test_length_is_counted_in_septets(text: str, length: int) -> None:
    assert gsm.septets(text) == length


def test_a_character_outside_is_refused() -> None:
    with pytest.raises(ValueError, match="'ó'"):
        gsm.septets("Kraków")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kraków", "Krakow"),
        ("Łódź", "Lodz"),
        ("Malmö", "Malmö"),
        ("Malmo\u0308", "Malmö"),
        ("Đà Nẵng", "Dà Nang"),
        ("Иркутск", "Irkutsk"),
        ("UTC−5", "UTC-5"),
        ("snow – and ice", "snow - and ice"),
        ("it’s `late`", "it's 'late'"),
        ("two\nlines\tand\u00a0more", "two lines and more"),
        ("C71\u202e17C\u2066\u200b\x07", "C7117C"),
    ],
)
def test_text_is_written_in_the_alphabet(text: str, expected: str) -> None:
    assert gsm.written(text) == expected


@given(st.text())
def test_whatever_comes_in_what_comes_out_is_in_the_alphabet_on_one_line(text: str) -> None:
    written = gsm.written(text)
    assert gsm.septets(written) >= 0
    assert "\n" not in written
    assert gsm.written(written) == written


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 153, 3),  # a character of two septets is not cut: 152, 152, 2
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),
        ("ж" * 135, 3),
        ("क" * 70, 1),
        ("a" * 66 + "😀" * 34, 3),  # nor one of two code units: 66, 66, 2
    ],
)
def test_parts_are_counted_by_the_alphabet_of_the_text(text: str, number: int) -> None:
    assert gsm.parts(text) == number


def test_languages_of_other_letters_keep_them_on_one_line() -> None:
    with speaking("ru"):
        assert gsm.written("Łódź\nв\u00a0срок\u202e ❄") == "Łódź в срок ❄"
        assert gsm.fits("ж" * 134)
        assert not gsm.fits("ж" * 135)
        assert gsm.most() == 134
    with speaking("de"):
        assert gsm.written("Łódź – müßig, ¿señor?") == "Lodz - müßig, ¿señor?"
        assert not gsm.fits("ж")
        assert gsm.most() == 160


def test_length_is_in_the_units_of_the_alphabet() -> None:
    assert gsm.length("10 €") == 5
    assert gsm.length("ж€😀") == 4
