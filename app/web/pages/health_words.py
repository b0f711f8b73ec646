"""The words of the health page. Parts and states are known by their English words, which the template says."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.speech import to_say

SENTENCES: Mapping[str, str] = {
    "MongoDB: Down": to_say(
        "MongoDB does not answer: boards cannot be drawn, and no change is seen until it does."
    ),
    "MongoDB: No primary": to_say(
        "MongoDB has no primary: nothing can be saved until its members elect one."
    ),
    "Watchers: Never ran": to_say("No watcher has run yet, so no change is seen. Start one: gatecall watch"),
    "Watchers: Behind": to_say(
        "The watchers stand still: changes wait in MongoDB and are told once they run."
    ),
    "Watchers: Starting": to_say("Some collections have no watcher yet."),
    "Kafka: Silent": to_say("Kafka does not answer this process: boards are marked STALE until it does."),
    "Delivery: Behind": to_say("Messages are late; each is tried again and none is lost."),
    "Delivery: Off": to_say("No channel is switched on: nobody is sent a message."),
}
"""What a state of a part means, by both."""

FINDINGS: Mapping[str, str] = {
    "MongoDB: Down": to_say("MongoDB is down"),
    "MongoDB: No primary": to_say("MongoDB has no primary"),
    "Watchers: Never ran": to_say("Watchers never ran"),
    "Watchers: Behind": to_say("Watchers are behind"),
    "Kafka: Silent": to_say("Kafka is silent"),
    "Delivery: Behind": to_say("Delivery is behind"),
}
"""The same as the title says it; what is not here the title leaves to the list."""

WORDS = (
    to_say("Well"), to_say("Down"), to_say("Off"), to_say("Behind"), to_say("Look"), to_say("Growing"),
    to_say("Silent"), to_say("Starting"), to_say("Never ran"), to_say("No primary"), to_say("Not known"),
    to_say("Over"), to_say("Open"),
)  # fmt: skip
"""States in a word."""

LABELS = (
    to_say("Watchers"), to_say("Notifier"), to_say("Delivery"), to_say("State"), to_say("Answers"),
    to_say("Members"), to_say("Flights"), to_say("Collections"), to_say("Leases held"), to_say("Gaps, 24 h"),
    to_say("Oldest token"), to_say("Answered"), to_say("Updates"), to_say("Last one"), to_say("Decisions"),
    to_say("Dead letters"), to_say("Sent"), to_say("Due now"), to_say("Oldest due"),
)  # fmt: skip
"""Names of parts, and of their figures."""

CAUSES: Mapping[str, str] = {
    "start": to_say("no position was stored"),
    "token": to_say("MongoDB could not go on from the stored position"),
    "topic": to_say("the topic was made again or has other partitions"),
    "restore": to_say("MongoDB was restored from a backup"),
    "asked": to_say("a comparison was asked for"),
}
"""Why changes were not seen."""
