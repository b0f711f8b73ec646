"""Phone numbers and addresses are masked wherever somebody reads words of others; days and ids are not."""

from __future__ import annotations

import pytest

from app.domain.people import masked_words, parse, speaking_as_chosen
from app.domain.speech import speaking


@pytest.mark.parametrize(
    ("words", "masked"),
    [
        ("550 <ada@example.org> unknown", "550 <a***@example.org> unknown"),
        ("call +1 555 010 4217 now", "call ends in 42 17 now"),
        ("call (555) 010-4217", "call (555) ends in 42 17"),
        ("to 15550104217.", "to ends in 42 17."),
        ("555.010.4217", "ends in 42 17"),
        ("whatsapp+15550104217", "whatsappends in 42 17"),
        ("to=+15550104217abc", "to=ends in 42 17abc"),
        ("2013-02-3042", "ends in 30 42"),
        ("+45 2013-02-12", "ends in 02 12"),
        ("1555 010 4217 2013-02-08", "ends in 42 17 2013-02-08"),
    ],
)
def test_what_reaches_a_person_is_masked(words: str, masked: str) -> None:
    assert masked_words(words) == masked


@pytest.mark.parametrize(
    "words",
    [
        "departure_date: '2013-02-30' cannot be understood; there is no such day",
        "UA 1545 2013-02-08 EWR",
        "2013-02-08T14:45:10.123456+00:00 and 2013-02-08 14:45",
        "from 2013-02-08 to 2013-02-09",
        "SM12345678901234567890123456789012",
        "flight:65f1234567890123456789ab",
        "550 5.1.1 unknown, 30003",
    ],
)
def test_days_and_ids_stay_readable(words: str) -> None:
    assert masked_words(words) == words


def test_of_an_imported_person_every_address_counts_and_of_one_who_signed_up_what_is_verified() -> None:
    written = {"_id": "p", "name": "P", "email": "Ada@example.org", "phone": "+15550100142"}
    imported = parse(written)
    assert (imported.email, imported.phone, imported.unverified) == (
        "Ada@example.org",
        "+15550100142",
        frozenset(),
    )
    halfway = parse(written | {"verified": {"email": "ada@example.org"}})
    assert (halfway.email, halfway.phone, halfway.unverified) == ("Ada@example.org", None, {"sms"})
    for nothing in ({}, None, True, {"email": None}, {"email": "eve@example.org", "phone": ""}):
        assert parse(written | {"verified": nothing}).unverified == {"email", "sms"}


@pytest.mark.parametrize(
    ("chosen", "spoken"),
    [("ru-RU", "ru"), ("fr", "de"), (None, "de"), ("", "de"), (7, "de"), ("en-GB", "en")],
)
def test_a_language_that_nobody_speaks_here_chooses_nothing(chosen: object, spoken: str) -> None:
    with speaking("de"), speaking_as_chosen({"language": chosen}) as speech:
        assert speech.language == spoken
