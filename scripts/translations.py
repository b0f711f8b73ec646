"""The translations: what is to be translated is read from the code, and the files are brought up to it.

`python -m scripts.translations` adds what is new, empty, to each file and takes out what is no longer said. It never
guesses: a sentence that changed is a new one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from app.domain.speech import ENGLISH, LANGUAGES, LOCALES

ROOT = Path(__file__).parents[1]
_METHODS = (("**.py", "python"), ("**/templates/**.html", "jinja2"))
_KEYWORDS = {
    **dict.fromkeys(("say", "to_say", "_", "_html")),
    **dict.fromkeys(("plural", "_n"), (1, 2)),
    **dict.fromkeys(("say_as", "_as"), ((1, "c"), 2)),
}
_WHERE = ("app", "consumers")
_HEADER = """\
# Gatecall's translations. Written by hand; `python -m scripts.translations` adds what is new in the code.
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural}\\n"

"""
"""Without the times that tools write there: they change with every run and say nothing."""


def extracted() -> Catalog:
    """Every sentence in the code, with the names of the files it stands in."""
    catalog = Catalog(project="Gatecall", charset="utf-8")
    for top in _WHERE:
        found = extract_from_dir(
            str(ROOT / top),
            method_map=list(_METHODS),
            options_map={"**/templates/**.html": {"silent": "false"}},
            keywords=_KEYWORDS,
            comment_tags=("Translators:",),
            strip_comment_tags=True,
        )
        for file, _, text, comments, context in found:
            catalog.add(text, None, [(f"{top}/{file}", 0)], auto_comments=comments, context=context)
    return catalog


def read(language: str) -> Catalog:
    """The file of a language. Raises OSError when there is none."""
    with path_of(language).open("rb") as source:
        return read_po(source, locale=language)


def path_of(language: str) -> Path:
    """Where its file is."""
    return LOCALES / f"{language}.po"


def updated(language: str, wanted: Catalog) -> Catalog:
    """What is wanted, with the translations that there are."""
    there = read(language) if path_of(language).exists() else Catalog(locale=language)
    made = Catalog(locale=language, project="Gatecall", charset="utf-8", fuzzy=False)
    for message in _messages(wanted):
        known = there.get(message.id[0] if message.pluralizable else message.id, message.context)
        same = known is not None and known.id == message.id
        made.add(
            message.id,
            known.string if known is not None and same else None,
            message.locations,
            auto_comments=message.auto_comments,
            context=message.context,
        )
    return made


def _messages(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def _is_open(message: Message) -> bool:
    texts = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return not texts or not all(texts)


@click.command(help=__doc__)
def main() -> None:
    """Bring all files up to the code."""
    wanted = extracted()
    for language in LANGUAGES:
        if language == ENGLISH:
            continue
        catalog = updated(language, wanted)
        written = io.BytesIO(_HEADER.format(language=language, plural=catalog.plural_forms).encode())
        written.seek(0, io.SEEK_END)
        write_po(written, catalog, width=110, omit_header=True, include_lineno=False, sort_by_file=True)
        path_of(language).write_bytes(written.getvalue())
        messages = list(_messages(catalog))
        click.echo(f"{language}: {len(messages)} sentences, {sum(map(_is_open, messages))} not translated")


if __name__ == "__main__":
    main()
