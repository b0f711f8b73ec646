"""Service messages are said in the language of the person, or of the browser that asked."""

from __future__ import annotations

from app.domain.speech import Speech
from consumers.delivery.service_messages import ServiceSender
from tests.domain.pseudo import TAG, spoken
from tests.identity.conftest import ADA, Browser, Place
from tests.providers import Mailbox


def asking(place: Place, language: str) -> Browser:
    browser = place.browser()
    browser.headers["Accept-Language"] = language
    return browser


def subject(mailbox: Mailbox) -> str:
    return str(mailbox.mails[-1].message["Subject"])


def test_a_sign_in_mail_to_somebody_unknown_is_in_the_language_of_the_browser(
    mail_place: Place, by_mail: ServiceSender, mailbox: Mailbox
) -> None:
    with spoken():
        assert asking(mail_place, TAG).ask().status_code == 303
        assert by_mail.send_next()
    assert "⟦" in subject(mailbox)
    assert asking(mail_place, "en").ask("bob@example.org").status_code == 303
    assert by_mail.send_next()
    assert subject(mailbox) == "Your sign-in link for Gatecall"


def test_a_sign_in_mail_is_in_the_language_that_its_person_chose(
    mail_place: Place, by_mail: ServiceSender, mailbox: Mailbox
) -> None:
    mail_place.database["users"].insert_one(
        {"name": "Ada", "email": ADA, "verified": {"email": ADA}, "language": TAG, "clock": 12}
    )
    with spoken():
        assert asking(mail_place, "en").ask().status_code == 303
        assert by_mail.send_next()
    assert "⟦" in subject(mailbox)


def test_a_sign_in_mail_names_the_browser_in_its_language(
    mail_place: Place, by_mail: ServiceSender, mailbox: Mailbox
) -> None:
    for agent, name in (("curl/8.5.0 (Windows)", "Браузер, Windows"), ("Firefox/140.0", "Firefox")):
        browser = asking(mail_place, "ru")
        browser.headers["User-Agent"] = agent
        assert browser.ask(f"{len(name)}@example.org").status_code == 303
        assert by_mail.send_next()
        text = mailbox.mails[-1].message.get_body(("plain",))
        assert text is not None
        assert name in text.get_content()
        assert "A browser" not in text.get_content()


def test_what_was_written_without_a_language_is_said_in_english(mail_place: Place) -> None:
    assert asking(mail_place, "en").ask().status_code == 303
    messages = mail_place.database["service_messages"]
    row = messages.find_one()
    assert row is not None
    seal = mail_place.messages._seal
    opened = seal.decrypt(row["sealed"])
    before = opened.replace(b'"speech":{"language":"en","clock":24}', b'"tries":0')
    assert before != opened
    messages.update_one({"_id": row["_id"]}, {"$set": {"sealed": seal.encrypt(before)}})
    message = mail_place.mail()
    assert message is not None
    assert message.speech == Speech("en", 24)
