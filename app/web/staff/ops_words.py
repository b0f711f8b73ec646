"""The words of the operators' page. States and figures are known by their English words, which the template says."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.speech import to_say
from app.store import samples

SILENT: Mapping[str, str] = {
    samples.WATCHERS: to_say("no watcher runs"),
    samples.NOTIFIER: to_say("no notifier runs"),
    samples.AIRPORTS: to_say("no airports consumer runs"),
    samples.ALERTS: to_say("no alerts consumer runs"),
    samples.NOTICES: to_say("no notices consumer runs"),
    samples.DELIVERY: to_say("no delivery runs"),
    samples.TELEGRAM: to_say("no bot of Telegram runs"),
}
"""That none of a kind of process takes samples. Findings begin small: titles make the first letter a capital."""

NOT_READY: Mapping[str, str] = {
    samples.WATCHERS: to_say("a watcher is not ready"),
    samples.NOTIFIER: to_say("a notifier is not ready"),
    samples.AIRPORTS: to_say("an airports consumer is not ready"),
    samples.ALERTS: to_say("an alerts consumer is not ready"),
    samples.NOTICES: to_say("a notices consumer is not ready"),
    samples.DELIVERY: to_say("a delivery is not ready"),
    samples.TELEGRAM: to_say("a bot of Telegram is not ready"),
}
"""That one of a kind of process says of itself that it is not ready."""

# Translators: states of a part in a word. "Short": the oplog. "Nobody": nobody watches. "Gap": a time that nobody saw.
WORDS = (to_say("Short"), to_say("Nobody"), to_say("Gap"), to_say("Not ready"), to_say("Ready"))
"""States in a word; those that the public page has, too, stand in `health_words`."""

# Translators: names of figures. "Oplog holds": how far back it reaches. "Waiting": messages. "Oldest": how old it is.
LABELS = (
    to_say("Primary"), to_say("Oplog holds"), to_say("Events"), to_say("Waiting"), to_say("Oldest"),
    to_say("Claims lost"),
)  # fmt: skip
"""Names of figures; the others stand in `health_words`."""
