"""What people read, in their language: sentences, counted things, days, times, numbers and money.

Sentences stand in the code in English, whole, with named places: `say("{flight} leaves {time}", flight=..., time=...)`.
Their translations are `app/locales/<language>.po`; a test finds what is missing. docs/languages.md says how to write.

The language is that of the block around: `with speaking("de"):`. Without one it is English. Threads begin without.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from babel import Locale, dates, lists, numbers, units

LOCALES: Final = Path(__file__).parents[1] / "locales"


@dataclass(frozen=True, slots=True)
class Language:
    """tag: BCP 47. name: in the language itself. Then the patterns of its days (Unicode TR 35, Date Field Symbols);
    "" is the locale's own. year_day: with the year. is_latin: written in letters that the alphabet of SMS has."""

    tag: str
    name: str
    day: str = ""
    year_day: str = ""
    long_day: str = ""
    is_latin: bool = True


LANGUAGES: Final[Mapping[str, Language]] = MappingProxyType(
    {
        "en": Language("en", "English", "EEE d MMM", "EEE d MMM y", "EEEE d MMMM y"),
        "de": Language("de", "Deutsch", "EEE d. MMM", "EEE d. MMM y"),
        "es": Language("es", "Español", "EEE d MMM", "EEE d MMM y"),
        "ru": Language("ru", "Русский", "EEE d MMM", "EEE d MMM y", is_latin=False),
        "hi": Language("hi", "हिन्दी", is_latin=False),
    }
)
"""The languages there are, by tag; the first is the one that sentences are written in."""

ENGLISH: Final = "en"


@dataclass(frozen=True, slots=True)
class Speech:
    """A language and a clock: 24 or 12 hours."""

    language: str = ENGLISH
    clock: int = 24


_SPEECH: ContextVar[Speech] = ContextVar("speech", default=Speech())  # noqa: B039 - it is frozen


def language_of(tag: str | None) -> str:
    """The language nearest to a BCP 47 tag: "de" for "de-CH", English for what is not there."""
    found = (tag or "").partition("-")[0].lower()
    return found if found in LANGUAGES else ENGLISH


def current() -> Speech:
    """The speech of the block around."""
    return _SPEECH.get()


@contextmanager
def speaking(tag: str | None, clock: int | None = None) -> Iterator[Speech]:
    """Speak the language nearest to the tag in this block. clock: 24 or 12; None is 24, as airports have it."""
    speech = Speech(language_of(tag), clock or 24)
    before = _SPEECH.set(speech)
    try:
        yield speech
    finally:
        _SPEECH.reset(before)


def say(text: str, /, **places: object) -> str:
    """The sentence in the current language, its places filled. Raises KeyError for a place that is not given, which is
    a defect of the caller or of a translation, found by the tests of translations."""
    return _filled(_catalog(current().language).gettext(text), places)


def say_as(context: str, text: str, /, **places: object) -> str:
    """As `say`, for a short text that means different things: context says which ("button", "of a flight")."""
    return _filled(_catalog(current().language).pgettext(context, text), places)


def plural(one: str, many: str, amount: int, /, **places: object) -> str:
    """The sentence for this amount, `{number}` being the amount as the language writes it."""
    text = _catalog(current().language).ngettext(one, many, amount)
    return _filled(text, {"number": number(amount)} | places)


def to_say(text: str) -> str:
    """The text as it is; marked, so that it is translated where it is said: `say(NAMES[kind])`."""
    return text


def number(amount: float | Decimal) -> str:
    """1,585 or 1.585."""
    return numbers.format_decimal(amount, locale=_locale())


def tenths(amount: float) -> str:
    """0.3 or 0,3: one decimal in any case."""
    return numbers.format_decimal(amount, "#,##0.0", locale=_locale())


def money(amount: Decimal, currency: str) -> str:
    """$1,234.50, in the digits that the currency has; whole amounts without them."""
    locale = _locale()
    if amount % 1:
        return numbers.format_currency(amount, currency, locale=locale)
    pattern = locale.currency_formats["standard"].pattern.replace(".00", "")
    return numbers.format_currency(amount, currency, pattern, locale=locale, currency_digits=False)


def amount(of: Decimal) -> str:
    """1,234.50: money without its currency, all its decimals; whole amounts without them."""
    locale = _locale()
    decimals = max(0, -int(of.as_tuple().exponent)) if of % 1 else 0
    pattern = locale.decimal_formats[None].pattern.partition(".")[0]
    return numbers.format_decimal(of, f"{pattern}{'.' * bool(decimals)}{'0' * decimals}", locale=locale)


def listed(things: Iterable[str], *, last: Literal["and", "or"] = "and") -> str:
    """ "a, b and c". last: "and" or "or"."""
    style: Literal["or", "standard"] = "or" if last == "or" else "standard"
    return lists.format_list(list(things), style, locale=_LIST_LOCALES.get(current().language, _locale()))


def measured(amount: float, decimals: int) -> str:
    """0.16 or 0,16: so many decimals in any case."""
    pattern = f"#,##0{'.' * bool(decimals)}{'0' * decimals}"
    return numbers.format_decimal(amount, pattern, locale=_locale())


def clock_time(at: time | datetime, *, seconds: bool = False) -> str:
    """15:13, or 3:13 PM for who chose 12 hours. Local time as it is given. seconds: 15:13:07."""
    with_seconds = ":ss" if seconds else ""
    pattern = f"HH:mm{with_seconds}" if current().clock != 12 else f"h:mm{with_seconds} a"
    return dates.format_time(at.time() if isinstance(at, datetime) else at, pattern, locale=_locale())


def day(of: date, *, year: bool = False) -> str:
    """Fri 8 Feb; with the year where it is asked for."""
    own = LANGUAGES[current().language]
    pattern = own.year_day if year else own.day
    if pattern:
        return dates.format_date(of, pattern, locale=_locale())
    return dates.format_skeleton("yMMMEd" if year else "MMMEd", of, locale=_locale())


def short_day(of: date, *, year: bool = False) -> str:
    """8 Feb; with the year where it is asked for."""
    if current().language == ENGLISH:
        return dates.format_date(of, "d MMM y" if year else "d MMM", locale=_locale())
    return dates.format_skeleton("yMMMd" if year else "MMMd", of, locale=_locale())


def long_day(of: date) -> str:
    """Friday 8 February 2013."""
    pattern = LANGUAGES[current().language].long_day or "full"
    return dates.format_date(of, pattern, locale=_locale())


def weekday_of(of: date) -> str:
    """Friday 8 February, or as short as the language has it with the day of the week."""
    if current().language == ENGLISH:
        return dates.format_date(of, "EEEE d MMMM", locale=_locale())
    return dates.format_skeleton("MMMMEEEEd", of, locale=_locale())


def date_of(of: date) -> str:
    """8 February 2013."""
    return dates.format_date(of, "d MMMM y" if current().language == ENGLISH else "long", locale=_locale())


def short_date(of: date) -> str:
    """8 February."""
    if current().language == ENGLISH:
        return dates.format_date(of, "d MMMM", locale=_locale())
    return dates.format_skeleton("MMMMd", of, locale=_locale())


def month_of(of: date) -> str:
    """February 2013."""
    if current().language == ENGLISH:
        return dates.format_date(of, "MMMM y", locale=_locale())
    return dates.format_skeleton("yMMMM", of, locale=_locale())


def hours(amount: int, *, short: bool = False) -> str:
    """1 hour, 5 hours; in short 5 h."""
    return _unit(amount, "hour", short=short)


def minutes(amount: int, *, short: bool = False) -> str:
    """1 minute, 5 minutes; in short 5 min."""
    return _unit(amount, "minute", short=short)


_LIST_LOCALES = {ENGLISH: Locale("en", "GB")}
"""Where there is no comma before "and"."""
_SIGNS = {"hour": "h", "minute": "min"}
_WITH_SIGNS = {ENGLISH, "es"}
"""Where hours and minutes in short are signs; of one hour, the short Spanish of CLDR is a plural."""
_BEFORE_STOP = re.compile(r"\{(\w+)\}\.(?!\.)")


def _unit(amount: int, name: str, *, short: bool) -> str:
    if short and current().language in _WITH_SIGNS:  # of the SI, as airports show them
        return f"{amount} {_SIGNS[name]}"
    return units.format_unit(amount, f"duration-{name}", "short" if short else "long", locale=_locale())


def _filled(text: str, places: Mapping[str, object]) -> str:
    return text.format_map(one_stop(text, places)) if places else text


def one_stop(text: str, places: Mapping[str, object]) -> Mapping[str, object]:
    """The places without a stop of their own ("8 feb.", "p. m.") where the sentence has one right behind them."""
    before = [
        name
        for name in _before_stop(text)
        if isinstance(value := places.get(name), str) and value.endswith(".")
    ]
    return {**places, **{name: str(places[name])[:-1] for name in before}} if before else places


@lru_cache(maxsize=8192)
def _before_stop(text: str) -> tuple[str, ...]:
    return tuple(_BEFORE_STOP.findall(text))


def _locale() -> Locale:
    return _parsed(current().language)


@cache
def _parsed(language: str) -> Locale:
    return Locale.parse(language)


@cache
def _catalog(language: str) -> NullTranslations:
    """Read from the .po file, once: a few hundredths of a second, and no compiled file to forget."""
    if language == ENGLISH:
        return NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with (LOCALES / f"{language}.po").open("rb") as source:
        catalog = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)
