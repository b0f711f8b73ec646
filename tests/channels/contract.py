"""What every channel is held to, with one stand for each: a provider on this machine that does what it is told.

A new channel adds a class in the shape of `Stand`, with its provider, and one line in STANDS; `test_contract.py` then
asks of it what it asks of all. A test fails as long as a registered channel has no stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from app.channels import registry
from app.channels.base import Channel
from app.domain.people import Person
from app.settings import Settings, load
from tests.apprise.linking import apprise_link, apprise_settings
from tests.channels.receiver import Receiver, receiver_server, webhook_settings
from tests.inbox.stand import inbox_stand
from tests.providers import Mailbox, Twilio, TwilioAnswer, smtp_server, twilio_server
from tests.telegram.fake import BadTelegram, telegram_server, telegram_settings

_PLAIN: dict[str, Any] = {"mongodb_uri": "mongodb://127.0.0.1/x", "kafka_bootstrap_servers": "127.0.0.1:9"}


class Stand(Protocol):
    """One channel with its provider. person: somebody whom it reaches; user: more of their document."""

    name: str
    person: Person
    user: Mapping[str, Any]

    def settings(self, **more: Any) -> Settings:
        """Settings with which the channel is on and goes to the provider."""
        ...

    def taken(self) -> int:
        """How many messages the provider has taken."""
        ...

    def asked(self) -> int:
        """How many hand-overs came as far as the message itself, taken or not."""
        ...

    def refuse_now(self) -> None:
        """The next message is refused for now."""
        ...

    def refuse_for_good(self) -> None:
        """The next message is refused for good."""
        ...

    def lose_answer(self) -> None:
        """The next message is taken, and the connection ends before the answer."""
        ...

    def dawdle(self) -> None:
        """From now on no answer comes to an end."""
        ...


def channel_of(stand: Stand) -> Channel:
    """The channel, as its registration opens it."""
    return registry.open_channel(stand.name, stand.settings())


class EmailStand:
    name = "email"
    person = Person("p1", "Ada", email="p1@example.org")
    user: Mapping[str, Any] = {}

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._refused = 0

    def settings(self, **more: Any) -> Settings:
        own = {"mail_server": "127.0.0.1", "mail_port": self._mailbox.port, "mail_connections": 1}
        return load(**_PLAIN | own | more)

    def taken(self) -> int:
        return len(self._mailbox.mails)

    def asked(self) -> int:
        return len(self._mailbox.mails) + self._mailbox.refusals

    def refuse_now(self) -> None:
        self._mailbox.once["DATA"] = ["452 4.3.1 full"]

    def refuse_for_good(self) -> None:
        self._mailbox.once["DATA"] = ["554 5.7.1 spam"]

    def lose_answer(self) -> None:
        self._mailbox.drop_after_data = 1

    def dawdle(self) -> None:
        self._mailbox.delay_s = 3


class SmsStand:
    name = "sms"
    person = Person("p1", "Ada", phone="+15550100001")
    user: Mapping[str, Any] = {}

    def __init__(self, twilio: Twilio) -> None:
        self._twilio = twilio
        self._refused = 0

    def settings(self, **more: Any) -> Settings:
        own = {
            "twilio_account_sid": "AC1",
            "twilio_auth_token": "token",
            "twilio_from": "+15550100000",
            "twilio_api_base_url": self._twilio.url,
            "twilio_connections": 1,
        }
        return load(**_PLAIN | own | more)

    def taken(self) -> int:
        return len(self._twilio.messages)

    def asked(self) -> int:
        return len(self._twilio.messages) + self._refused - len(self._twilio.script)

    def refuse_now(self) -> None:
        self._say(TwilioAnswer(503, {"code": 20503, "message": "unavailable", "status": 503}))

    def refuse_for_good(self) -> None:
        self._say(TwilioAnswer(400, {"code": 21211, "message": "invalid number", "status": 400}))

    def lose_answer(self) -> None:
        self._twilio.script.append(TwilioAnswer(drop=True, keep=True))

    def dawdle(self) -> None:
        self._twilio.script += [TwilioAnswer(201, {"x": "y" * 50}, drip_s=0.1)] * 3

    def _say(self, answer: TwilioAnswer) -> None:
        self._twilio.script.append(answer)
        self._refused += 1


class WebhookStand:
    name = "webhook"

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self.person = receiver.person()
        self.user: Mapping[str, Any] = {"linked": receiver.link()}

    def settings(self, **more: Any) -> Settings:
        return webhook_settings(**more)

    def taken(self) -> int:
        return len(self._receiver.posts)

    def asked(self) -> int:
        return self._receiver.requests

    def refuse_now(self) -> None:
        self._receiver.once.append((503, {}))

    def refuse_for_good(self) -> None:
        self._receiver.once.append((400, {}))

    def lose_answer(self) -> None:
        self._receiver.drop = 1

    def dawdle(self) -> None:
        self._receiver.drip = True


class AppriseStand(WebhookStand):
    """ntfy's plugin of Apprise; what it posts is JSON, too."""

    name = "apprise"

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(receiver)
        self.user = {"linked": {"apprise": apprise_link(f"{receiver.url}/gate-news")}}
        link = self.user["linked"]["apprise"]
        self.person = Person(
            "p1", "Ada", linked={"apprise": link["address"]}, sealed={"apprise": link["sealed"]}
        )

    def settings(self, **more: Any) -> Settings:
        return apprise_settings(**more)


class TelegramStand:
    name = "telegram"
    person = Person("p1", "Ada", linked={"telegram": "42"})
    user: Mapping[str, Any] = {"linked": {"telegram": {"address": "42"}}}

    def __init__(self, telegram: BadTelegram) -> None:
        self._telegram = telegram
        telegram.write(42, "/start")  # a bot may write only to those who wrote to it

    def settings(self, **more: Any) -> Settings:
        return telegram_settings(self._telegram.url, **{"telegram_connections": 1} | more)

    def taken(self) -> int:
        return len(self._telegram.texts(42))

    def asked(self) -> int:
        return len(self._telegram.of("sendMessage"))

    def refuse_now(self) -> None:
        self._telegram.refuse("sendMessage", 429, "Too Many Requests: retry after 1", retry_after=1)

    def refuse_for_good(self) -> None:
        self._telegram.refuse("sendMessage", 400, "Bad Request: message text is empty")

    def lose_answer(self) -> None:
        self._telegram.drop = 1

    def dawdle(self) -> None:
        self._telegram.delay_s = 3


@contextmanager
def _email(_mongo_uri: str) -> Iterator[Stand]:
    with smtp_server() as mailbox:
        yield EmailStand(mailbox)


@contextmanager
def _sms(_mongo_uri: str) -> Iterator[Stand]:
    with twilio_server() as twilio:
        yield SmsStand(twilio)


@contextmanager
def _webhook(_mongo_uri: str) -> Iterator[Stand]:
    with receiver_server() as receiver:
        yield WebhookStand(receiver)


@contextmanager
def _apprise(_mongo_uri: str) -> Iterator[Stand]:
    with receiver_server() as receiver:
        yield AppriseStand(receiver)


@contextmanager
def _telegram(_mongo_uri: str) -> Iterator[Stand]:
    with telegram_server() as telegram:
        yield TelegramStand(telegram)


@contextmanager
def _inbox(mongo_uri: str) -> Iterator[Stand]:
    with inbox_stand(mongo_uri) as stand:
        yield stand


class _Opener(Protocol):
    def __call__(self, mongo_uri: str, /) -> AbstractContextManager[Stand]: ...


STANDS: Mapping[str, _Opener] = {
    "email": _email,
    "sms": _sms,
    "telegram": _telegram,
    "webhook": _webhook,
    "apprise": _apprise,
    "inbox": _inbox,
}
"""A stand for every channel of `app/channels/registry.py`."""
