"""Fare alerts that people pause from their chat, by the button under a message of theirs, and resume."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from app.channels.telegram_buttons import Buttons, Press
from app.domain import wording_bot as words
from app.domain.clock import Now
from app.domain.speech import say
from app.store.alerts import Alerts, OwnAlert
from app.store.users import ChangedMeanwhileError
from consumers.telegram.answers import Answers

_TRIES = 5


class Pausing:
    """What a person's chat does to their fare alerts. now: the system clock.

    Methods raise PyMongoError, TransientError when the answer cannot be given now, ChangedMeanwhileError when others
    change the alert all the time."""

    def __init__(
        self, database: Database[dict[str, Any]], buttons: Buttons, answers: Answers, now: Now
    ) -> None:
        self._alerts = Alerts(database)
        self._buttons = buttons
        self._answers = answers
        self._now = now

    def candidates(self, person: str) -> list[str]:
        """The ids of the person's fare alerts."""
        return [own.alert.id for own in self._alerts.page(person)]

    def pause(self, chat: str, person: str, alert: str, *, paused: bool) -> None:
        """Pause the person's alert, or resume it. What is so already stays, and is said again: whoever presses twice
        does no harm. One that has ended does not begin again."""
        own = self._set(person, alert, paused=paused)
        if own is None:
            self._answers.say(chat, say(words.NOT_YOURS))
        elif own.is_ended:
            self._answers.say(chat, words.alert_ended(own.alert.title))
        elif paused:
            self._answers.say(chat, words.paused(own.alert.title), self._undo(alert))
        else:
            self._answers.say(chat, words.resumed(own.alert.title))

    def _set(self, person: str, alert: str, *, paused: bool) -> OwnAlert | None:
        """The alert as it stands then; None when it is not there."""
        for number in range(_TRIES):
            own = self._alerts.get(person, alert)
            if own is None or own.is_ended or own.alert.paused == paused:
                return own
            try:
                return self._alerts.pause(person, alert, paused, own.version, self._now())
            except ChangedMeanwhileError:
                if number == _TRIES - 1:
                    raise
        return None

    def _undo(self, alert: str) -> list[list[tuple[str, str]]]:
        data = self._buttons.data(Press.RESUME, alert)
        return [[(say(words.UNDO), data)]] if data else []
