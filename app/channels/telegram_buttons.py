"""What a button under a message sends back: an action and a keyed digest of what it is about.

What it is about is named by an id that has its person in it (a conversation), or that is found among the person's own
rows (a following, a fare alert). Whoever presses is known by their chat, and only what is theirs is compared: nobody
can press for another. Telegram gives 64 bytes for it; ids are longer.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Sequence
from enum import StrEnum

from app.domain.speech import say, to_say

_PURPOSE = "gatecall telegram button"
_DIGITS = 22  # 132 bits
_STOPS = {"flight": to_say("Stop this flight"), "airport": to_say("Stop this airport")}


class Press(StrEnum):
    """What pressing a button asks for. SEEN, STOP: of a conversation; MUTE, UNMUTE: of a following; PAUSE, RESUME: of a
    fare alert; LINK, REFUSE: of a link that was opened."""

    SEEN = "seen"
    STOP = "stop"
    MUTE = "mute"
    UNMUTE = "unmute"
    PAUSE = "pause"
    RESUME = "resume"
    LINK = "link"
    REFUSE = "refuse"


class Buttons:
    """Makes and reads what buttons send back. keys: the present SECRET_KEY first, then earlier ones."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(keys)

    def data(self, press: Press, what: str) -> str:
        """What the button sends back; "" without a key: then there is no button."""
        return f"{press}.{self._digest(self._keys[0], press, what)}" if self._keys else ""

    def of_conversation(self, conversation: str) -> tuple[tuple[str, str], ...]:
        """What stands under a message of a conversation: words and data of each."""
        kind, _, rest = conversation.partition(":")
        if not self._keys or "|" not in rest:
            return ()
        seen = (say("Got it"), self.data(Press.SEEN, conversation))
        if kind == "alert":
            return seen, (say("Pause this alert"), self.data(Press.PAUSE, rest.partition("|")[0]))
        if kind in _STOPS:
            return seen, (say(_STOPS[kind]), self.data(Press.STOP, conversation))
        return (seen,)

    def meant(self, data: str, candidates: Iterable[str]) -> tuple[Press, str] | None:
        """What was pressed, and which of the candidates it is about; None when it is none of them."""
        word, _, digest = data.partition(".")
        if word not in set(Press) or len(digest) != _DIGITS or not digest.isascii():
            return None
        press = Press(word)
        for what in candidates:
            if any(hmac.compare_digest(self._digest(key, press, what), digest) for key in self._keys):
                return press, what
        return None

    @staticmethod
    def _digest(key: str, press: Press, what: str) -> str:
        made = hmac.digest(key.encode(), f"{_PURPOSE} {press}\n{what}".encode(), "sha256")
        return base64.urlsafe_b64encode(made).decode("ascii")[:_DIGITS]
