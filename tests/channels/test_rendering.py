"""The e-mail's two parts: what they look like, that they say the same, and that nothing in them is ever markup."""

from __future__ import annotations

import html
from dataclasses import fields, replace
from html.parser import HTMLParser

import pytest

from app.channels.rendering import WIDTH, as_html, as_sms, as_text
from app.domain.flight import Flight, Status
from app.domain.news import Role
from app.domain.wording import Message, compose
from tests.domain.news_examples import LATE, UA407, news

MESSAGES = {
    "a delay": compose(news(UA407, LATE)),
    "a cancellation": compose(
        news(UA407, replace(UA407, status=Status.CANCELLED, status_reason="winter storm"))
    ),
    "a deletion": compose(news(UA407, UA407.removed(), Role.FOLLOWER, found_late=True)),
    "a new gate": compose(news(UA407, replace(UA407, gate="C71", status=Status.BOARDING))),
    "a landing": compose(
        news(
            replace(UA407, status=Status.DEPARTED),
            replace(UA407, status=Status.LANDED, belt="7"),
            Role.FOLLOWER,
        )
    ),
    "a doubt": compose(news(UA407, LATE, doubtful=True)),
}
VOID = {"meta", "br", "img"}


class Page(HTMLParser):
    """Reads a page: its visible words, its tags, and whether each is closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.classes: set[str] = set()
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = dict(attrs)
        assert not any(name.startswith("on") for name in values)
        self.classes |= set((values.get("class") or "").split())
        if "href" in values:
            self.links.append(values["href"] or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_the_text_of_a_delay() -> None:
    assert as_text(MESSAGES["a delay"]) == (
        "UA 407 to Denver leaves 28 minutes late: 15:13 EST (was 14:45).\n"
        "De-icing takes longer in the snow.\n"
        "\n"
        "Leaves   Fri 8 Feb, 15:13 EST, 28 minutes late, Newark (EWR)\n"
        "Gate     C94, terminal C, unchanged\n"
        "Arrives  Fri 8 Feb, 17:33 MST (was 17:05), Denver (DEN)\n"
        "\n"
        "Stay near the gate: a delay can shrink.\n"
        "\n"
        "https://gatecall.example/f/UA407/2013-02-08\n"
        "\n"
        "--\n"
        "You get this because you hold a booking on UA 407.\n"
        "Changed by the airline at 14:41 EST, sent at 14:42 EST.\n"
        "Times are local to the airport. The airline decides; Gatecall passes on\n"
        "what it says.\n"
    )


def test_the_text_of_a_cancellation() -> None:
    assert as_text(MESSAGES["a cancellation"]) == (
        "UA 407, Newark to Denver, Fri 8 Feb, 14:45 EST, is cancelled.\n"
        "Winter storm. We tell you if it flies after all.\n"
        "\n"
        "Was to leave   Fri 8 Feb, 14:45 EST, Newark (EWR)\n"
        "Was to arrive  Fri 8 Feb, 17:05 MST, Denver (DEN)\n"
        "\n"
        "What to do\n"
        "Do not go to the airport for this flight. Ask United for another flight,\n"
        "or for your money back.\n"
        "\n"
        "https://gatecall.example/f/UA407/2013-02-08\n"
        "\n"
        "--\n"
        "You get this because you hold a booking on UA 407.\n"
        "Changed by the airline at 14:41 EST, sent at 14:42 EST.\n"
        "Times are local to the airport. The airline decides; Gatecall passes on\n"
        "what it says.\n"
    )


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
def test_both_parts_say_the_same(message: Message) -> None:
    page, text = Page(as_html(message)), " ".join(as_text(message).split())
    for part in [
        *message.more,
        *(value for row in message.facts for value in row),
        *message.advice,
        *message.footer,
        *([message.highlight.note] if message.highlight.note else []),
    ]:
        assert part in page.text
        assert part in text
    assert message.highlight.new in page.text
    assert message.headline in page.text
    assert page.links == [message.link[1]]
    assert message.link[1] in as_text(message).splitlines()
    assert not page.open


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
def test_lines_of_the_text_are_at_most_72_characters(message: Message) -> None:
    for line in as_text(message).splitlines():
        assert len(line) <= WIDTH or line.startswith("https://")
        assert line == line.rstrip()


def test_a_long_reason_and_a_long_word_are_wrapped() -> None:
    want = replace(LATE, status_reason="x" * 200, gate="ABCDEFGHIJ", terminal="ABCDEFGHIJ", destination="UPN")
    lines = as_text(compose(news(replace(want, gate="C1", terminal="C1"), want))).splitlines()
    assert all(len(line) <= WIDTH for line in lines)


def test_yellow_means_a_change_red_bad_news_and_progress_is_plain() -> None:
    def mark(name: str) -> set[str]:
        return Page(as_html(MESSAGES[name])).classes & {"gc-chg", "gc-bad", "gc-pl"}

    assert mark("a delay") == mark("a new gate") == {"gc-chg"}
    assert mark("a cancellation") == mark("a deletion") == {"gc-bad"}
    assert mark("a landing") == {"gc-pl"}


def test_an_old_value_is_struck_through_unless_there_is_doubt() -> None:
    assert "del" in Page(as_html(MESSAGES["a delay"])).tags
    assert "del" not in Page(as_html(MESSAGES["a doubt"])).tags


def test_the_inbox_line_comes_first_and_the_title_is_the_subject() -> None:
    page = Page(as_html(MESSAGES["a delay"]))
    assert page.text.startswith(f"{MESSAGES['a delay'].subject} {MESSAGES['a delay'].preheader}")


ATTACK = """<script>alert(1)</script>"><img src=x onerror=alert(1)>'{{7*7}}{% raw %}"""


def _attacked(name: str) -> Flight:
    kept = {"origin", "destination", "departure_date", "departure_time", "status", "diverted_to"}
    clocks = {f.name for f in fields(Flight) if f.name.endswith(("_time", "_date"))}
    return UA407 if name in kept | clocks else replace(UA407, **{name: ATTACK})


@pytest.mark.parametrize("name", [f.name for f in fields(Flight)])
def test_no_field_of_a_flight_can_be_markup(name: str) -> None:
    """The fields left as they are cannot hold it: a flight with such a date or airport cannot be made."""
    want = replace(_attacked(name), status=Status.DELAYED, estimated_departure_time="16:00")
    for heard in (UA407, replace(UA407, **{name: getattr(want, name)})):
        message = compose(news(heard, want))
        page = Page(as_html(message))
        assert "script" not in page.tags
        assert "img" not in page.tags
        assert page.links == [message.link[1]]
        assert "49" not in page.text.replace("&#847;", "")


@pytest.mark.parametrize(
    "name",
    ["subject", "headline", "preheader", "opening", "label", "old", "new", "note", "fact", "advice", "more"],
)
def test_no_part_of_a_message_can_be_markup(name: str) -> None:
    message = MESSAGES["a cancellation"]
    if name in {"label", "old", "new", "note"}:
        marks = [
            replace(message.highlight, tone=tone, **{name: ATTACK}) for tone in ("change", "bad", "plain")
        ]
        attacked = [replace(message, highlight=mark) for mark in marks]
    elif name == "fact":
        attacked = [
            replace(message, facts=((ATTACK, ATTACK),), footer=(ATTACK, ATTACK), link=(ATTACK, ATTACK))
        ]
    else:
        several = name in {"advice", "more"}
        attacked = [replace(message, **{name: (ATTACK, ATTACK) if several else ATTACK})]
    for each in attacked:
        page = Page(as_html(each))
        assert "script" not in page.tags
        assert "img" not in page.tags
        assert not page.open


def test_characters_of_every_script_stay_as_they_are() -> None:
    want = replace(LATE, status_reason="Hélas: снег & 雪 <20 cm")
    message = compose(news(UA407, want))
    assert "Hélas: снег & 雪 <20 cm." in as_text(message)
    assert html.escape("Hélas: снег & 雪 <20 cm.") in as_html(message)
    assert as_sms(message) == message.sms
