"""A person's choices are changed: over nobody else's change, with the proof of it, and at once for what waits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import structlog
from flask import request
from pymongo.client_session import ClientSession

from app.channels.addresses import address_on
from app.domain import preferences as choices
from app.domain import speech
from app.domain.errors import PermanentError
from app.domain.mail_lists import MailList, about
from app.domain.people import parse
from app.domain.preferences import Preferences
from app.domain.speech import to_say
from app.store import ids
from app.store.client import in_transaction
from app.store.consents import Consents
from app.store.due_alerts import DueAlerts
from app.store.second_looks import SecondLooks
from app.store.suppressions import Suppressions
from app.store.users import ChangedMeanwhileError, Users
from app.web.services import Services

log = structlog.get_logger()

_TRIES = 5

SIGN_UP_WORDS = to_say(
    "News about flights you book or follow, and of your fare alerts, comes to this address. "
    "Every e-mail has a link that stops it at once."
)
PHONE_WORDS = to_say(
    "News about your flights comes to this number by SMS. Answer STOP to end it, START to get it again."
)
"""What is said beside the button that agrees, and kept with the consent, in the language in which it was said."""

Document = Mapping[str, Any]


def chosen(user: Document) -> Preferences:
    """What the person chose."""
    return choices.parse(user.get("preferences"))


def version_of(user: Document) -> int:
    """The version of the person's document; 0 when it has none yet."""
    found = user.get("version")
    return found if isinstance(found, int) else 0


def save(parts: Services, user: Document, wanted: Preferences, version: int, *, way: str) -> None:
    """Keep the person's choices, if nobody changed the person since this version; way: as in `Consent`.

    Raises ChangedMeanwhileError, PyMongoError.
    """

    def words(mail_list: MailList, given: bool) -> str:
        with speech.speaking(speech.ENGLISH):  # the proof reads the same for whoever checks it
            return f"E-mails about {about(mail_list)}: {'yes' if given else 'no'}"

    _keep(parts, user, wanted, version, way=way, words=words)
    look_again(parts, ids.text(user["_id"]))
    if wanted.fare_change != chosen(user).fare_change:
        read_alerts(parts, ids.text(user["_id"]))


def set_stopped(
    parts: Services, person: str, lists: Collection[MailList], *, stopped: bool, way: str, words: str
) -> list[MailList]:
    """Stop these lists, or let them come again, whatever else changes meanwhile. Returns those of which that was not so
    before; none where there is no such person.

    Safe to repeat: what is so already is not proven again. words: what the person saw. Raises ChangedMeanwhileError
    when others change the person all the time, PyMongoError.
    """
    users = Users(parts.database)
    changed: list[MailList] = []
    for number in range(_TRIES):
        user = users.get(person)
        if user is None:
            return []
        before = chosen(user)
        changed = [one for one in lists if (one in before.stopped) != stopped]
        if not changed:
            break
        wanted = before.stopped.symmetric_difference(map(str, changed))
        chosen_now = replace(before, stopped=wanted)
        try:
            _keep(parts, user, chosen_now, version_of(user), way=way, words=lambda *_: words)
            break
        except ChangedMeanwhileError:
            if number == _TRIES - 1:
                raise
    look_again(parts, person)
    return changed


def _keep(
    parts: Services,
    user: Document,
    wanted: Preferences,
    version: int,
    *,
    way: str,
    words: Callable[[MailList, bool], str],
) -> None:
    """Write the choices, and the proof for each list of mail that is stopped or comes again: all of it or nothing."""
    users, before = Users(parts.database), chosen(user)
    document = wanted.to_document() or None

    def all_of_it(session: ClientSession) -> None:
        users.set_fields(ids.text(user["_id"]), {"preferences": document}, version, session)
        for one in MailList:
            given = one not in wanted.stopped
            if given != (one not in before.stopped):
                prove(parts, user, one, given=given, way=way, words=words(one, given), session=session)

    in_transaction(parts.database.client, all_of_it)


def prove(
    parts: Services,
    user: Document,
    what: str,
    *,
    given: bool,
    way: str,
    words: str,
    session: ClientSession | None = None,
) -> None:
    """Keep who agreed or said stop, with the address it is about and the computer it came from, both as hashes.
    session: of the transaction that it is a part of. Raises PyMongoError."""
    hashes = Suppressions(parts.database, parts.settings)
    channel = what if what in choices.CHANNELS else "email"
    try:
        address = hashes.id_of(channel, address_on(channel, parse(user)))
    except PermanentError:
        address = None
    client = hashes.id_of("client", request.remote_addr) if request.remote_addr else None
    person, store = ids.text(user["_id"]), Consents(parts.database)
    store.record(
        person, what, given, way, words, parts.now(), address=address, client=client, session=session
    )
    log.info("consent", person=person, what=str(what), given=given, way=way)


def look_again(parts: Services, person: str) -> None:
    """What waits for the person is decided anew at once. Raises PyMongoError."""
    SecondLooks(parts.database).for_person(person, parts.now())


def reached_again(parts: Services, person: str, channel: str) -> None:
    """The person has another address on the channel, or takes messages there again: what failed there is tried anew,
    and what waits is decided anew. Raises PyMongoError."""
    SecondLooks(parts.database).for_address(person, channel, parts.now())
    look_again(parts, person)


def zone_changed(parts: Services, person: str) -> None:
    """By another zone quiet hours and digests end at another time, and alerts read other days. Raises PyMongoError."""
    look_again(parts, person)
    read_alerts(parts, person)


def read_alerts(parts: Services, person: str) -> None:
    """The person's alerts go by what changed: their zone, or the smallest change of a fare. Raises PyMongoError."""
    DueAlerts(parts.database).ask_for_person(person, parts.now())
