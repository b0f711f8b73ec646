"""What is searched: scenarios that must hold, and mutants - a step taken out - that must be found."""

from __future__ import annotations

from world import Scenario

BACK = {"front": "whole", "back": "steps"}  # delivery alone in single steps


def _f(watcher: str = "", notifier: str = "", delivery: str = "", **others: int) -> dict[str, int]:
    """How many faults of each kind: "c" killed, "z" a live one is taken for dead; spaces for underscores."""
    faults = {name.replace("_", " "): count for name, count in others.items()}
    for who, which in (("watcher", watcher), ("notifier", notifier), ("delivery", delivery)):
        for letter, fault in (("c", "crash"), ("z", "zombie")):
            if letter in which:
                faults[f"{who} {fault}"] = which.count(letter)
    return faults


SCENARIOS = {
    s.name: s
    for s in (
        # watcher and notifier step by step, delivery in one
        Scenario("one edit", ["B"], _f("cc", "cc")),
        Scenario("crashes", ["B", "A"], _f("c", "cc")),
        Scenario("three edits", ["B", "C", "A"], _f("c", "c")),
        Scenario("zombie watcher", ["B", "A"], _f("cz"), watchers=2),
        Scenario("zombie notifier", ["B", "A", "B"], _f(notifier="z"), notifiers=2),
        Scenario("transaction", ["BC"], _f(notifier="cz"), notifiers=2),
        Scenario("transaction, token lost", ["BC"], _f("c", token_lost=1)),
        Scenario("first start", ["B", "A"], _f("c"), known=False),
        Scenario("token lost", ["B", "A"], _f("c", token_lost=1)),
        Scenario("token lost, notifier killed", ["B"], _f("c", "c", token_lost=1)),
        Scenario("token lost, booked", ["B", "book"], _f("c", token_lost=1), seen=0),
        Scenario("deleted", ["-", "B"], _f("c", token_lost=1)),
        Scenario("deleted, zombie", ["B", "-", "B"], _f("z"), watchers=2),
        Scenario("topic made again", ["B", "A"], _f(topic=1)),
        Scenario("topic made again, zombie", ["B"], _f("z", topic=1), watchers=2),
        Scenario("topic made again, offsets", ["B", "C"], _f(topic=1), trim=False),
        Scenario("poison", ["B", "A"], _f(notifier="c", poison=1)),
        Scenario("poison, token lost", ["B", "A"], _f("c", poison=1, token_lost=1)),
        Scenario("booking", ["B", "book", "A"], _f(notifier="cc")),
        Scenario(
            "booking, shown before", ["B", "book"], _f(notifier="cz"), notifiers=2, booked=False, seen=0
        ),
        Scenario("booking, shown before, undone", ["B", "book", "A"], _f(notifier="c"), booked=False, seen=0),
        Scenario("booking, shown after two edits", ["B", "C", "book"], _f(notifier="c"), booked=False),
        Scenario("booking withdrawn", ["B", "unbook", "A"], _f(notifier="c")),
        Scenario("restore", ["backup", "B", "restore", "C"], _f("c")),
        Scenario("restore, nothing after it", ["backup", "B", "restore"], _f("c", "c")),
        Scenario("restore, same value again", ["backup", "B", "restore", "B"], _f()),
        Scenario("restore, clock back", ["backup", "B", "restore", "C"], _f(), clock_back=True),
        Scenario(
            "restore, booked before", ["book", "backup", "B", "restore"], _f(notifier="c"), booked=False
        ),
        Scenario("restore, news under way", ["B", "backup", "C", "restore"], _f()),
        Scenario("restore, frozen watcher", ["backup", "B", "restore"], _f("z", survivor=1), watchers=2),
        # delivery step by step, the rest in one
        Scenario("delivery", ["B", "A", "C"], _f(delivery="cc", later=1), workers=2, **BACK),
        Scenario("answers", ["B", "A"], _f(delivery="c", unknown=1, never=1, later=1), workers=2, **BACK),
        Scenario("zombie sender", ["B", "A"], _f(delivery="zz"), workers=3, **BACK),
        Scenario("zombie sender, answer lost", ["B"], _f(delivery="zz", unknown=1), workers=2, **BACK),
        Scenario("zombie sender, later", ["B", "C", "A"], _f(delivery="z", later=1), workers=2, **BACK),
        Scenario("zombie sender, killed", ["B", "A"], _f(delivery="cz"), workers=2, **BACK),
        Scenario(
            "bookings come and go",
            ["B", "book", "A", "unbook", "C"],
            _f(delivery="c", later=1),
            workers=2,
            **BACK,
        ),
        # everything step by step
        Scenario("end to end", ["B", "A"], _f("c", "", "c"), back="steps"),
        Scenario("end to end, restore", ["backup", "B", "restore"], _f(delivery="c"), back="steps"),
    )
}
QUICK = ("crashes", "token lost", "topic made again", "restore", "zombie sender, killed")

# What is taken out, and where it must be found. Joined by +: each alone is mended by the other.
MUTANTS = (
    ("W2 topic", "topic made again"),
    ("W2 read after all of its time", "transaction, token lost"),
    ("W2 incarnation", "restore"),
    ("W3 ack", "crashes"),
    ("W3 topic", "topic made again, zombie"),
    ("N2 order", "transaction"),
    ("N2 equal", "booking, shown before"),
    ("N3 before N4", "one edit"),
    ("N3 snapshot + N3b", "token lost, booked"),
    ("N3b", "booking, shown before"),
    ("N3b made first", "booking, shown before"),
    ("N4 condition + N4 again", "zombie notifier"),
    ("N4 again", "booking, shown before"),
    ("N5 topic + N6 reads", "topic made again, offsets"),
    ("N6 before + N6 reads", "token lost"),
    ("N7 + N4 again", "poison"),
    ("seen", "booking, shown before, undone"),
    ("seen order", "booking, shown after two edits"),
    ("gone stays known + N4 again", "deleted, zombie"),
    ("incarnation", "restore"),
    ("N2 incarnation + raised orders", "restore"),
    ("restored doubt", "restore, news under way"),
    ("restored bookings", "restore, booked before"),
    ("D1 exclusive", "delivery"),
    ("D2 ledger", "delivery"),
    ("D2 booking", "bookings come and go"),
    ("D2 as read", "zombie sender"),
    ("D3 claim", "zombie sender, killed"),
    ("D3 as read", "zombie sender, later"),
    ("D3 doubt", "delivery"),
    ("D4 order", "delivery"),
    ("D4'", "zombie sender"),
    ("D4' unresolvable", "zombie sender"),
)
