"""What can break. Each fault harms and heals again, blocking, and says in the run's log what it did."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from kafka.errors import KafkaError
from pymongo.database import Database

from app.crash_points import STEPS
from scripts.children import wait_until
from tests.torture import scenes
from tests.torture.oversleeping import last_blow, oversleep
from tests.torture.providers import Providers
from tests.torture.registry import FAULTS, add
from tests.torture.restoring import restored
from tests.torture.run import Run
from tests.torture.stack import MEMBERS, insist

__all__ = ["FAULTS"]

# Longer than every lease and the session of the consumer group (see machine.SETTINGS).
ZOMBIE_S = (8.0, 11.0)
_CRASH_WITHIN_S = 25.0
# Where a zombie does most harm.
ZOMBIES = (
    *("W3.published", "W3.acknowledged", "N1.read", "N3.made", "N3.told", "N4.known"),
    *("D1.claimed", "D2.decided", "D3.noted", "D3.sent", "D4.recorded"),
)

Document = dict[str, Any]


# --- processes ------------------------------------------------------------------------------------------------


def _chosen(run: Run, kind: str, both: bool) -> list[str]:
    names = run.processes.of(kind)
    return names if both else [run.rng.choice(names)]


def _kill(kind: str, *, both: bool) -> Callable[[Run], None]:
    def harm(run: Run) -> None:
        for _ in range(run.rng.randint(1, 3)):
            for name in _chosen(run, kind, both):
                run.processes.kill(name)
                run.say(f"killed {name}")
            run.lasts(1, 4)

    return harm


def _terminate(kind: str) -> Callable[[Run], None]:
    def harm(run: Run) -> None:
        for name in run.processes.of(kind):
            run.processes.terminate(name)
            run.say(f"terminated {name}")
            run.lasts(1, 4)

    return harm


def _freeze(kind: str, *, both: bool) -> Callable[[Run], None]:
    def harm(run: Run) -> None:
        names = _chosen(run, kind, both)
        for name in names:
            run.processes.freeze(name)
            run.say(f"froze {name}")
        run.lasts(*ZOMBIE_S)
        for name in names:
            run.processes.thaw(name)
            run.say(f"{name} goes on")

    return harm


_KIND_OF_STEP = {"W": "watcher", "N": "notifier", "D": "delivery"}


def _crash(step: str) -> Callable[[Run], None]:
    kind = _KIND_OF_STEP[step[0]]

    def harm(run: Run) -> None:
        names = run.processes.of(kind) if run.rng.random() < 0.5 else [run.rng.choice(run.processes.of(kind))]
        if step.startswith("W2") or step == "N6.read":
            _lose_tokens(run)
        for name in names:
            times = run.rng.randint(1, 3)
            run.processes.crash_at(name, f"{step}:{times}")
            run.say(f"{name} is to die at {step} ({times})")
        wait_until(lambda: all(map(run.processes.crashed, names)), timeout_s=_CRASH_WITHIN_S)
        for name in names:
            run.say(f"{name} {'died' if run.processes.crashed(name) else 'did not come'} there")
            run.processes.disarm(name)

    return harm


def _zombie(step: str) -> Callable[[Run], None]:
    """A process stops in the middle of a step for longer than every lease, and goes on as if nothing were."""

    def harm(run: Run) -> None:
        name = run.rng.choice(run.processes.of(_KIND_OF_STEP[step[0]]))
        times = run.rng.randint(1, 6)
        run.processes.freeze_at(name, f"{step}:{times}")
        run.say(f"{name} is to freeze at {step} ({times})")
        if not wait_until(lambda: run.processes.froze(name), timeout_s=_CRASH_WITHIN_S):
            run.say(f"{name} did not come there")
            run.processes.disarm(name)
            return
        run.say(f"{name} froze there")
        run.lasts(*ZOMBIE_S)
        run.processes.thaw(name)
        run.say(f"{name} goes on")

    return harm


def _lose_tokens(run: Run) -> None:
    """Somebody deletes the watchers' positions while they are down."""
    names = run.processes.of("watcher")
    for name in names:
        run.processes.take_down(name)
    run.lossy.add("snapshot")
    insist(lambda: run.database["resume_tokens"].delete_many({}))
    run.say("positions of the watchers deleted")
    for name in names:
        run.processes.bring_back(name)


for _kind in ("watcher", "notifier", "delivery"):
    add(f"kill {_kind}", "processes", _kill(_kind, both=False))
    add(f"kill both {_kind}s", "processes", _kill(_kind, both=True))
    add(f"freeze {_kind}", "processes", _freeze(_kind, both=False))
    add(f"freeze both {_kind}s", "processes", _freeze(_kind, both=True), 1)
    add(f"terminate {_kind}s", "processes", _terminate(_kind), 1)
add("kill web", "web", _kill("web", both=True))
add("terminate web", "web", _terminate("web"), 1)
add("freeze web", "web", _freeze("web", both=True), 1)
for _step in (s for s in STEPS if s[0] in _KIND_OF_STEP):  # nobody signs in here
    add(f"crash at {_step}", "processes", _crash(_step), 1)
for _step in ZOMBIES:
    add(f"freeze at {_step}", "processes", _zombie(_step), 1)
add("tokens lost", "processes", _lose_tokens, 2)
for _step in ("N3.told", "D3.noted"):  # for mutants alone
    add(f"oversleep at {_step}", "processes", oversleep(_step, _KIND_OF_STEP[_step[0]], ZOMBIE_S), 0)
for _step in ("W3.published", "N1.read", "N3.recorded"):
    add(f"last blow at {_step}", "processes", last_blow(_step, _KIND_OF_STEP[_step[0]]), 1)
scenes.register()


# --- MongoDB --------------------------------------------------------------------------------------------------


def _primary_killed(run: Run) -> None:
    place = run.stack.mongo_primary()
    run.stack.mongo.members[place].kill()
    run.say(f"killed primary {place}")
    run.lasts(4, 9)
    run.stack.mongo.members[place].start()
    run.say(f"member {place} runs again")


def _stepped_down(run: Run) -> None:
    for _ in range(run.rng.randint(1, 3)):
        run.stack.step_down()
        run.say("primary stepped down")
        run.lasts(3, 6)


def _partitioned(run: Run) -> None:
    place = run.stack.mongo_primary()
    run.stack.proxy.isolate(place, run.stack.mongo.members[place].pid)
    run.say(f"primary {place} partitioned")
    run.lasts(8, 14)
    run.stack.proxy.heal(run.stack.mongo_links)
    run.say("partition over")


def _majority_lost(run: Run) -> None:
    primary = run.stack.mongo_primary()
    for place in range(MEMBERS):
        if place != primary:
            run.stack.mongo.members[place].pause()
    run.say("majority frozen")
    time.sleep(20)
    for member in run.stack.mongo.members:
        member.resume()
    run.say("majority is back")


def _slow(run: Run) -> None:
    place = run.stack.mongo_primary()
    run.stack.proxy.delay(place, 0.15)
    run.say(f"primary {place} is slow")
    run.lasts(6, 12)
    run.stack.proxy.heal(run.stack.mongo_links)


def _cut(run: Run) -> None:
    for _ in range(run.rng.randint(2, 5)):
        for link in run.stack.mongo_links:
            run.stack.proxy.cut(link)
        run.say("connections to MongoDB reset")
        run.lasts(0.5, 2)


def _oplog_rolled(run: Run) -> None:
    names = run.processes.of("watcher")
    for name in names:
        run.processes.take_down(name)
    run.say("watchers are down")
    run.lasts(2, 5)
    run.lossy.add("snapshot")
    run.stack.roll_oplog()
    run.say("oplog rolled over")
    for name in names:
        run.processes.bring_back(name)


def _dropped_and_restored(run: Run) -> None:
    """A collection is dropped and restored from the dump that was made just before."""
    from app.store import schema

    run.lossy.add("snapshot")
    name = run.rng.choice(["flights", "bookings", "prices"])
    with run.alone:
        documents, begun = run.journal.current(name), time.time()
        insist(lambda: run.database.drop_collection(name))
        for key in documents:
            run.journal.wrote(name, key, None, begun)
        run.say(f"{name} dropped with {len(documents)} documents")
        run.lasts(0.2, 3)
        insist(lambda: schema.ensure(run.database))
        for key, document in documents.items():
            begun = time.time()
            insist(lambda d=document: _put(run.database, name, d))  # type: ignore[misc]
            run.journal.wrote(name, key, document, begun)
        run.say(f"{name} restored")


def _put(database: Database[Document], name: str, document: Document) -> None:
    database[name].replace_one(
        {"_id": document["_id"]}, document, upsert=True, bypass_document_validation=True
    )


add("primary killed", "mongo", _primary_killed, 4)
add("primary stepped down", "mongo", _stepped_down, 4)
add("primary partitioned", "mongo", _partitioned, 4)
add("majority lost", "mongo", _majority_lost, 2)
add("MongoDB slow", "mongo", _slow, 2)
add("MongoDB connections reset", "mongo", _cut, 2)
add("oplog rolled over", "processes", _oplog_rolled, 3)
add("collection dropped and restored", "data", _dropped_and_restored, 4)
add("database restored from an older copy", "processes", restored, 2)


# --- Kafka ----------------------------------------------------------------------------------------------------


def _broker_killed(run: Run) -> None:
    _nodes_killed(run, [run.rng.randrange(MEMBERS)])


def _controller_killed(run: Run) -> None:
    found: list[int] = []
    _insist_kafka(run, lambda _: found.append(run.stack.kafka_controller()))
    _nodes_killed(run, found)


def _all_killed(run: Run) -> None:
    _nodes_killed(run, list(range(MEMBERS)))


def _nodes_killed(run: Run, places: list[int]) -> None:
    for place in places:
        run.stack.kafka.nodes[place].kill()
        run.say(f"killed broker {place + 1}")
    run.lasts(3, 9)
    run.stack.kafka.restart()
    run.say("all brokers run")


def _broker_frozen(run: Run) -> None:
    place = run.rng.randrange(MEMBERS)
    run.stack.kafka.nodes[place].pause()
    run.say(f"froze broker {place + 1}")
    run.lasts(8, 14)
    run.stack.kafka.nodes[place].resume()
    run.say(f"broker {place + 1} goes on")


def _acks_lost(run: Run) -> None:
    pids = list(run.stack.kafka.pids)
    for link in run.stack.kafka_links:
        run.stack.proxy.mute(link, pids)
    run.say("answers of the brokers are lost")
    run.lasts(3, 12)
    run.stack.proxy.heal(run.stack.kafka_links)
    run.say("answers of the brokers come again")


def _topics_made_again(run: Run) -> None:
    """As when a single broker lost its log: the topics come back with another id, and nothing in them."""
    run.lossy.add("feed gap")
    topics = run.topics()
    topics = run.rng.sample(topics, run.rng.randint(1, len(topics)))
    _insist_kafka(run, lambda admin: admin.delete_topics(topics))
    run.say(f"deleted {', '.join(topics)}")
    run.lasts(2, 5)


def _partitions_added(run: Run) -> None:
    run.lossy.add("feed gap")
    topics = run.topics()
    _insist_kafka(run, lambda admin: admin.create_partitions(dict.fromkeys(topics, 5)))
    run.say("every topic got two more partitions")
    run.lasts(2, 5)


def _offsets_reset(run: Run) -> None:
    """The group's offsets are deleted while nobody is in it; all is read again from the start."""
    names = run.processes.of("notifier")
    for name in names:
        run.processes.take_down(name)
    group = f"{run.topic_prefix}notifier"
    _insist_kafka(run, lambda admin: admin.delete_groups([group]))
    run.say("offsets of the group deleted")
    for name in names:
        run.processes.bring_back(name)


def _rebalance_storm(run: Run) -> None:
    for _ in range(6):
        for name in run.processes.of("notifier"):
            run.processes.terminate(name)
            run.lasts(0.5, 2.5)
    run.say("twelve rebalances")


def _insist_kafka(run: Run, work: Callable[[Any], Any]) -> None:
    def tried() -> bool:
        try:
            with run.stack.kafka_admin() as admin:
                work(admin)
        except KafkaError:
            return False
        return True

    if not wait_until(tried, timeout_s=40, interval_s=0.5):
        run.say("Kafka did not allow it in time")


add("broker killed", "kafka", _broker_killed, 4)
add("controller killed", "kafka", _controller_killed, 3)
add("all brokers killed", "kafka", _all_killed, 2)
add("broker frozen", "kafka", _broker_frozen, 3)
add("acks lost", "kafka", _acks_lost, 4)
add("topics made again", "kafka", _topics_made_again, 3)
add("partitions added", "kafka", _partitions_added, 1)
add("offsets reset", "processes", _offsets_reset, 2)
add("rebalance storm", "processes", _rebalance_storm, 2)


# --- providers ------------------------------------------------------------------------------------------------


def _mood(channel: str, mood: str) -> Callable[[Run], None]:
    def harm(run: Run) -> None:
        run.providers.mood(channel, mood)
        run.say(f"{channel}: {mood}")
        run.lasts(5, 15)
        run.providers.mood(channel, None)
        run.say(f"{channel} is well")

    return harm


for _channel, _moods in (("smtp", Providers.SMTP_MOODS), ("twilio", Providers.TWILIO_MOODS)):
    for _name in _moods:
        add(f"{_channel} {_name}", _channel, _mood(_channel, _name), 2)
