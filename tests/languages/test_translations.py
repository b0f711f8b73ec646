"""Every sentence of the code has its translation in every language, with the same places and all plural forms."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from functools import cache

import pytest
from babel.messages.catalog import Catalog, Message

from app.channels import telegram_rendering
from app.domain.flight import Flight
from app.domain.speech import ENGLISH, LANGUAGES
from app.domain.wording import compose
from scripts import translations
from tests.domain.news_examples import news
from tests.domain.wording_examples import EXAMPLES

OTHERS = [language for language in LANGUAGES if language != ENGLISH]
SAYING = {"say": 1, "to_say": 1, "say_as": 2, "plural": 2}
"""How many texts these take first: a sentence, a context and a sentence, the one and the many."""


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


def said_in(tree: ast.AST) -> Iterator[tuple[ast.Call, str, list[ast.expr]]]:
    """Each call that says something, its name and its texts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in SAYING:
                yield node, name, node.args[: SAYING[name]]


def modules() -> Iterator[tuple[str, ast.Module]]:
    for top in ("app", "consumers"):
        for path in sorted((translations.ROOT / top).rglob("*.py")):
            yield str(path.relative_to(translations.ROOT)), ast.parse(path.read_text("utf-8"))


def test_the_code_has_sentences() -> None:
    assert len(sentences(code())) > 300


def test_the_reader_of_the_code_finds_every_sentence_that_is_said() -> None:
    """It does not look into f-strings: what is said there would stay English in silence."""
    found = {(context, texts(ids)) for context, ids in sentences(code())}
    unseen = []
    for path, tree in modules():
        for call, name, args in said_in(tree):
            if not all(isinstance(one, ast.Constant) for one in args):
                continue
            values = tuple(str(one.value) for one in args if isinstance(one, ast.Constant))
            key = (values[0], values[1:]) if name == "say_as" else (None, values)
            if key not in found:
                unseen.append(f"{path}:{call.lineno}: {values}")
    assert unseen == [], "say it before the f-string, or join the two"


def test_no_sentence_is_said_within_an_f_string() -> None:
    within = [
        f"{path}:{call.lineno}"
        for path, tree in modules()
        for text in ast.walk(tree)
        if isinstance(text, ast.JoinedStr)
        for call, _, args in said_in(text)
        if any(isinstance(one, ast.Constant) for one in args)
    ]
    assert within == []


def test_no_sentence_is_chosen_or_put_together_within_the_call_that_says_it() -> None:
    """`say("a" if b else "c")` would be found by nobody."""
    chosen = [
        f"{path}:{call.lineno}"
        for path, tree in modules()
        for call, _, args in said_in(tree)
        for one in args
        if isinstance(one, (ast.IfExp, ast.BoolOp, ast.BinOp))
        and any(isinstance(part, (ast.Constant, ast.JoinedStr)) for part in ast.iter_child_nodes(one))
    ]
    assert chosen == []


@pytest.mark.parametrize("word", ["Cancelled", "Diverted", "Delayed", "cancelled", "diverted"])
def test_a_count_of_flights_has_another_word_than_one_flight(word: str) -> None:
    """German says "gestrichen" of both, Spanish and Russian do not."""
    of_one, of_many = (sentences(code())[context, word] for context in (None, "flights"))
    counting = {"app/domain/wording_airport.py", "app/web/pages/board.py"}
    assert not counting & {path for path, _ in of_one.locations}
    assert of_many.locations


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


@pytest.mark.parametrize("language", OTHERS)
def test_a_chat_leaves_out_the_same_facts_in_every_language(language: str) -> None:
    def lines(tag: str, heard: Flight, want: Flight) -> int:
        return telegram_rendering.as_telegram(compose(news(heard, want, language=tag))).count("\n")

    different = [
        name for name, heard, want, *_ in EXAMPLES if lines(language, heard, want) != lines("en", heard, want)
    ]
    assert different == [], "the highlight's label must begin as the fact's that it says already"
