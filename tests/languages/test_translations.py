"""Every sentence of the code has its translation in every language, with the same places and all plural forms."""

from __future__ import annotations

import string
from functools import cache

import pytest
from babel.messages.catalog import Catalog, Message

from app.domain.speech import ENGLISH, LANGUAGES
from scripts import translations

OTHERS = [language for language in LANGUAGES if language != ENGLISH]


@cache
def code() -> Catalog:
    return translations.extracted()


def sentences(catalog: Catalog) -> dict[tuple[str | None, object], Message]:
    return {(message.context, message.id): message for message in catalog if message.id}


def texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, (list, tuple)) else ()


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_the_code_has_sentences() -> None:
    assert len(sentences(code())) > 300


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_translated_and_nothing_else(language: str) -> None:
    wanted, there = sentences(code()), sentences(translations.read(language))
    missing = [key for key in wanted if key not in there or not all(texts(there[key].string) or ("",))]
    assert missing == [], "run `make translations`, then translate what it added"
    assert [key for key in there if key not in wanted] == [], "run `make translations`"
    assert [key for key, message in there.items() if message.fuzzy] == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_places_of_its_sentence_in_each_plural_form(language: str) -> None:
    catalog = translations.read(language)
    wrong = []
    for (_, ids), message in sentences(catalog).items():
        wanted = set().union(*map(places, texts(ids)))
        forms = texts(message.string)
        if message.pluralizable and len(forms) != catalog.num_plurals:
            wrong.append((ids, "forms"))
        # a form for one thing may leave its number out, no form may have a place of its own
        counted = {"number"} & wanted if message.pluralizable else set()
        wrong += [(ids, form) for form in forms if places(form) | counted != wanted]
    assert wrong == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_begins_and_ends_like_its_sentence(language: str) -> None:
    wrong = []
    for (_, ids), message in sentences(translations.read(language)).items():
        original = texts(ids)[0]
        for form in texts(message.string):
            same_spaces = (form[:1].isspace(), form[-1:].isspace()) == (
                original[:1].isspace(),
                original[-1:].isspace(),
            )
            if not same_spaces or ("\n" in form) != ("\n" in original):
                wrong.append((original, form))
    assert wrong == []


def test_files_are_as_the_tool_writes_them() -> None:
    wanted = sentences(code())
    for language in OTHERS:
        assert list(sentences(translations.updated(language, code()))) == list(wanted)
