"""Each person is told in their own language, with their own clock."""

from __future__ import annotations

from email.message import EmailMessage

from app.domain.speech import speaking
from tests.delivery.world import World, eventually
from tests.domain.pseudo import spoken
from tests.providers import Mailbox


def _read(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    text = body.get_content()
    assert isinstance(text, str)
    return text


def test_the_same_news_is_told_to_each_in_their_language_and_by_their_clock(
    world: World, mailbox: Mailbox
) -> None:
    world.person(1)
    world.person(2, language="ru-RU")
    world.person(3, clock=12)
    world.person(4, language="xx", clock=24)
    for number in range(1, 5):
        world.conversation(number)
    worker = world.worker()

    def all_told() -> bool:
        world.hurry()
        worker.deliver_due()  # as many as there is time for in one lease
        return len(mailbox.mails) == 4

    with spoken(), speaking("en"):  # whoever works speaks English
        eventually(all_told, within_s=60)
    mails = {mail.message["To"].partition("@")[0]: mail.message for mail in mailbox.mails}
    assert set(mails) == {"p1", "p2", "p3", "p4"}
    english, russian, american, unknown = (mails[f"p{number}"] for number in range(1, 5))
    assert english["Subject"].endswith("not C70")
    assert english["Subject"] == unknown["Subject"]
    assert "⟦" in russian["Subject"]
    assert '<html lang="ru">' in _read(russian, "html")
    assert '<html lang="en">' in _read(english, "html")
    for forgotten in ("Gate", "You get this", "Times are local"):
        assert forgotten in _read(english, "plain")
        assert forgotten not in _read(russian, "plain")
    assert " PM " in _read(american, "plain") or " AM " in _read(american, "plain")
    assert not any(f" {half} " in _read(english, "plain") for half in ("AM", "PM"))
