"""A small run of the breaking machine, and proof that its servers and faults do what they say."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import psutil
import pytest
from pymongo.errors import PyMongoError

from app.crash_points import STEPS
from app.store import schema
from scripts.children import wait_until
from scripts.kafka import missing_for_apache
from tests.torture.faults import FAULTS
from tests.torture.machine import SETTINGS, run_seed
from tests.torture.processes import Processes
from tests.torture.registry import draw
from tests.torture.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # a busy machine takes its time


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Servers of this file's own: they are broken here."""
    missing = missing_for_apache()
    if missing:
        pytest.skip(f"Apache Kafka cannot be started: {missing}")
    with Stack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


class TestFaults:
    def test_every_numbered_step_has_a_crash(self) -> None:
        # Other consumers are not in the plan: the tests of their parts kill those who take their steps.
        assert {f"crash at {step}" for step in STEPS if step[0] in "WND"} <= FAULTS.keys()

    def test_a_seed_always_draws_the_same(self) -> None:
        assert draw(Random(7), 3) == draw(Random(7), 3)

    def test_faults_of_one_seed_do_not_meet_in_one_place(self) -> None:
        for seed in range(200):
            groups = [fault.group for fault in draw(Random(seed), 3)]
            assert len(set(groups)) == len(groups) == 3

    def test_every_fault_but_those_for_mutants_is_drawn_sooner_or_later(self) -> None:
        drawn = {fault.name for seed in range(2000) for fault in draw(Random(seed), 3)}
        assert drawn == {name for name, fault in FAULTS.items() if fault.weight}

    def test_a_zombie_sleeps_longer_than_every_lease(self) -> None:
        from tests.torture.faults import ZOMBIE_S

        leases = ("LEASE_S", "CLAIM_LEASE_S", "KAFKA_SESSION_TIMEOUT_S")
        assert ZOMBIE_S[0] > max(float(SETTINGS[name]) for name in leases)


class TestServers:
    def test_a_partitioned_primary_is_replaced_and_comes_back_as_a_secondary(self, stack: Stack) -> None:
        old = stack.mongo_primary()
        stack.proxy.isolate(old, stack.mongo.members[old].pid)
        try:
            assert wait_until(lambda: _is_primary(stack, {0, 1, 2} - {old}), timeout_s=30)
            assert wait_until(lambda: not _is_primary(stack, {old}), timeout_s=30)
        finally:
            stack.heal()
        assert stack.mongo_primary() != old

    def test_a_muted_broker_does_what_it_is_asked_and_nobody_hears_of_it(self, stack: Stack) -> None:
        with stack.kafka_admin() as admin:
            admin.create_topics({"before": {"num_partitions": 1, "replication_factor": -1}})
            for link in stack.kafka_links:
                stack.proxy.mute(link, stack.kafka.pids)
            try:
                with pytest.raises(Exception, match=r"."):
                    admin.create_topics(
                        {"meanwhile": {"num_partitions": 1, "replication_factor": -1}}, timeout_ms=2000
                    )
            finally:
                stack.heal()
        with stack.kafka_admin() as admin:
            topics = {topic["name"] for topic in admin.describe_topics()}
            admin.delete_topics(sorted({"before", "meanwhile"} & topics))
        assert "before" in topics

    def test_the_oplog_forgets_what_was_before_it_rolled_over(self, stack: Stack) -> None:
        stack.client["torture_roll"]["c"].insert_one({})
        before = stack.client.local["oplog.rs"].find_one(sort=[("$natural", 1)])
        stack.roll_oplog()
        after = stack.client.local["oplog.rs"].find_one(sort=[("$natural", 1)])
        stack.client.drop_database("torture_roll")
        assert before is not None
        assert after is not None
        assert after["ts"] > before["ts"]


class TestProcesses:
    def test_an_end_that_nobody_caused_is_noted_and_the_process_started_again(self, tmp_path: Path) -> None:
        processes = Processes({"MONGODB_URI": "nonsense"}, tmp_path, names=("watcher-1",))
        try:
            assert wait_until(lambda: processes.deaths and processes.restarts, timeout_s=120)
        finally:
            processes.stop()
        assert "watcher-1 ended by itself with status 2" in processes.deaths[0]

    def test_a_death_at_a_step_is_not_held_against_a_process_that_need_not_die_any_more(
        self, tmp_path: Path
    ) -> None:
        processes = Processes({"MONGODB_URI": "nonsense"}, tmp_path, names=("watcher-1",))
        try:
            processes.crash_at("watcher-1", "W3.stored")
            for child in psutil.Process().children():
                if "tests.torture.launch" in child.cmdline():
                    child.kill()
            processes.disarm("watcher-1")
            assert wait_until(lambda: processes.restarts, timeout_s=30)
        finally:
            processes.stop()
        assert not [death for death in processes.deaths if "status -9" in death]

    def test_a_process_dies_where_it_is_told_and_is_started_plainly_again(
        self, stack: Stack, tmp_path: Path
    ) -> None:
        name = "torture_processes"
        schema.ensure(stack.client[name])
        settings = SETTINGS | {
            "MONGODB_URI": stack.mongodb_uri(name),
            "KAFKA_BOOTSTRAP_SERVERS": stack.bootstrap_servers,
            "KAFKA_TOPIC_PREFIX": f"{name}.",
        }
        processes = Processes(settings, tmp_path, names=("watcher-1",))
        try:
            assert processes.wait_until_ready(90), processes.unready()
            processes.crash_at("watcher-1", "W3.stored:2")
            assert wait_until(lambda: processes.crashed("watcher-1"), timeout_s=90)
            assert processes.wait_until_ready(90), processes.unready()
        finally:
            processes.stop()
            stack.client.drop_database(name)
        assert processes.deaths == []
        assert [name for name, _ in processes.ends] == ["watcher-1"]
        assert processes.log_of("watcher-1").read_text().count("--- started") == 2


def test_a_small_run_loses_nothing_and_says_nothing_twice(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = 13  # its faults are over soon; `make torture` runs others
    outcome = run_seed(seed, stack, "small", evidence=tmp_path / "evidence")
    with capsys.disabled():
        sys.stdout.write(
            f"\nseed {seed}: {', '.join(outcome.faults)}; {outcome.counts}; {outcome.seconds} s\n"
        )
    assert outcome.problems == [], outcome.log
    assert outcome.counts["messages"] > 0
    assert outcome.counts["announcements"] > 0


def _is_primary(stack: Stack, places: set[int]) -> bool:
    for place in places:
        try:
            with stack.mongo.members[place].client(timeout_ms=500) as client:
                if client.admin.command("hello").get("isWritablePrimary"):
                    return True
        except PyMongoError:
            continue
    return False
