"""One seed: a plan of edits runs, one to three faults happen, all is healed, the system gets quiet, the verdict."""

from __future__ import annotations

import json
import random
import shutil
import threading
import time
import traceback
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from kafka.errors import KafkaError
from pymongo.errors import PyMongoError

from app.store import schema_steps
from scripts.children import wait_until
from tests.torture import edits, verdict
from tests.torture.evidence import Evidence
from tests.torture.faults import FAULTS
from tests.torture.polling import Poller
from tests.torture.processes import Processes
from tests.torture.providers import Providers
from tests.torture.quiet import Quiet
from tests.torture.registry import Fault, draw
from tests.torture.run import Run
from tests.torture.stack import Stack, insist

QUIET_WITHIN_S = 120.0
# When faults begin, as a share of the time of the edits.
_EARLY, _LATE = (0.05, 0.5), (0.8, 0.95)
_READY_WITHIN_S = 90.0
_EDITS_WITHIN_S = 150.0

# Leases and sessions are short, so that a zombie of ten seconds has lost all of them.
SETTINGS = {
    "KAFKA_PARTITIONS": "3",
    "KAFKA_SESSION_TIMEOUT_S": "6",
    "SETTLE_S": "0.5",
    "SETTLE_DELETE_S": "4",
    "LEASE_S": "4",
    "CLAIM_LEASE_S": "6",
    "FLAPPING_MESSAGES": "0",  # the plan changes everything back and forth
    "SEND_TIMEOUT_S": "3",
    "SEND_ATTEMPTS": "60",
    "MAIL_CONNECTIONS": "2",
    "TWILIO_CONNECTIONS": "2",
    "LOG_FORMAT": "json",
    "PUBLIC_URL": "http://localhost:8080",
    "SECRET_KEY": "torture-torture-torture-torture-torture",
}


@dataclass
class Outcome:
    """What one seed brought. counts: of the verdict; problems: empty when all held."""

    seed: int
    size: str
    mutant: str | None
    faults: list[str]
    edits: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def to_line(self) -> str:
        """As one line of JSON."""
        return json.dumps(asdict(self))


def run_seed(
    seed: int,
    stack: Stack,
    size: str,
    *,
    evidence: Path,
    mutant: str | None = None,
    faults: Sequence[Fault] | None = None,
    late: bool = False,
) -> Outcome:
    """Run one seed on a warm stack. faults: None draws one to three by the seed; late: they come near the end.

    evidence: where the logs of the processes are, and, when there are problems, all the rest. Raises nothing:
    a failure of the machine itself is a problem too.
    """
    began = time.monotonic()
    rng = random.Random(seed)
    drawn = draw(rng, rng.randint(1, 3))
    chosen = list(drawn if faults is None else faults)
    outcome = Outcome(seed, size, mutant, [fault.name for fault in chosen])
    shutil.rmtree(evidence, ignore_errors=True)
    evidence.mkdir(parents=True)
    try:
        stack.heal()
        _run(seed, rng, stack, chosen, outcome, evidence, _LATE if late else _EARLY)
    except Exception:  # noqa: BLE001 - told in the table
        outcome.problems.append(f"the machine failed: {traceback.format_exc()}")
    outcome.seconds = round(time.monotonic() - began, 1)
    (evidence / "log.txt").write_text(
        "\n".join([*outcome.log, "", *outcome.problems]) + "\n", encoding="utf-8"
    )
    if not outcome.problems:
        shutil.rmtree(evidence)
    return outcome


def _run(
    seed: int,
    rng: random.Random,
    stack: Stack,
    faults: list[Fault],
    outcome: Outcome,
    evidence: Path,
    when: tuple[float, float],
) -> None:
    name = f"torture_{seed}_{uuid.uuid4().hex[:6]}"
    database = stack.client[name]
    settings = SETTINGS | {
        "MONGODB_URI": stack.mongodb_uri(name),
        "KAFKA_BOOTSTRAP_SERVERS": stack.bootstrap_servers,
        "KAFKA_TOPIC_PREFIX": f"{name}.",
    }
    with Providers(random.Random(seed + 1)) as providers:
        settings |= providers.settings()
        journal = edits.Journal()
        plan = edits.Plan(rng, outcome.size)
        outcome.edits = plan.edits
        insist(lambda: schema_steps.bring_up_to_date(database, lambda _: None))
        edits.prepare(plan, database, journal)
        processes = Processes(settings, evidence / "processes", mutant=outcome.mutant)
        alone = threading.Lock()
        run = Run(rng, stack, processes, providers, database, journal, alone, f"{name}.", log=outcome.log)
        try:
            _under_fire(seed, plan, run, faults, outcome, when)
        except BaseException:
            _keep(evidence, run)
            raise
        finally:
            if outcome.problems:
                _keep(evidence, run)
            processes.stop()
            _clean_up(stack, name)


def _under_fire(
    seed: int, plan: Any, run: Run, faults: list[Fault], outcome: Outcome, when: tuple[float, float]
) -> None:
    """From the start of the processes to the verdict."""
    processes = run.processes
    if not processes.wait_until_ready(_READY_WITHIN_S):
        outcome.problems.append(f"not ready before anything broke: {processes.unready()}")
        return
    if not Quiet(run).wait(QUIET_WITHIN_S):
        outcome.problems.append("not quiet before anything broke")
        return
    run.say("all is well, it begins")
    pollers = [Poller(f"poller {n}", processes.base_url(), wait_s=n, limit=100 * n) for n in (1, 2)]
    if not all(poller.wait_for_first(30) for poller in pollers):
        outcome.problems.append("the feed gives no answer before anything broke")
        return
    _break(seed, plan, run, faults, outcome, when)
    run.say("healing")
    _heal(run)
    run.say("healed")
    quiet = Quiet(run)
    if not quiet.wait(QUIET_WITHIN_S):
        outcome.problems.append(f"not quiet {QUIET_WITHIN_S:.0f} s after healing: {quiet.busy}")
    run.say("quiet")
    run.polls += [poller.finish(30) for poller in pollers]
    evidence = Evidence(
        journal=run.journal,
        accepted=run.providers.accepted,
        database=run.database,
        polls=run.polls,
        faults=outcome.faults,
        settings=processes.settings,
        deaths=processes.deaths,
        unready=processes.unready(),
        lossy=run.lossy,
        restored=run.restored,
        refused=run.providers.refused,
        claims_lost=processes.claims_lost(),
        senders_ended=[at for name, at in processes.ends if name in processes.of("delivery")],
    )
    report = verdict.judge(evidence)
    outcome.counts = dict(report.counts)
    outcome.problems += report.problems


def _break(
    seed: int, plan: Any, run: Run, faults: list[Fault], outcome: Outcome, when: tuple[float, float]
) -> None:
    """Edits and faults at the same time, until all edits are made and all faults over."""
    stop = threading.Event()
    failed: list[str] = []

    def guarded(name: str, work: Any) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 - told in the table
            failed.append(f"{name} failed: {traceback.format_exc()}")

    def edit() -> None:
        try:
            edits.run(plan, run.database, run.journal, stop, run.alone)
        finally:
            run.edited.set()

    def harm(fault: Fault) -> None:
        own = replace(run, rng=random.Random(f"{seed} {fault.name}"))
        time.sleep(own.rng.uniform(*when) * plan.duration_s)
        fault.harm(own)

    threads = [
        threading.Thread(target=guarded, args=(f.name, lambda f=f: harm(f)), daemon=True) for f in faults
    ]
    editing = threading.Thread(target=guarded, args=("editing", edit), daemon=True)
    for thread in (editing, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    editing.join(_EDITS_WITHIN_S)
    if editing.is_alive():
        failed.append(f"the edits were not made within {_EDITS_WITHIN_S:.0f} s after the faults")
        stop.set()
        editing.join(30)
    outcome.problems += failed


def _heal(run: Run) -> None:
    for channel in ("smtp", "twilio"):
        run.providers.mood(channel, None)
    run.stack.heal()
    run.processes.heal()
    run.processes.wait_until_ready()


def _keep(directory: Path, run: Run) -> None:
    """Write down all that can be known about a failing run."""
    _write(directory / "journal.jsonl", run.journal.dump())
    _write(directory / "providers.jsonl", run.providers.dump())
    for polled in run.polls:
        _write(directory / f"{polled.name}.jsonl", polled.updates)
    (directory / "settings.json").write_text(json.dumps(run.processes.settings, indent=1), encoding="utf-8")
    with suppress(PyMongoError):
        for name in sorted(run.database.list_collection_names()):
            if not name.startswith(("system.", "torture_")):
                _write(directory / "database" / f"{name}.jsonl", run.database[name].find())


def _write(file: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8") as lines:
        for row in rows:
            lines.write(json.dumps(row, default=str) + "\n")


def _clean_up(stack: Stack, name: str) -> None:
    """The stack stays warm: what this seed made there goes."""

    def cleaned() -> bool:
        try:
            stack.client.drop_database(name)
            with stack.kafka_admin() as admin:
                topics = [t if isinstance(t, str) else t["name"] for t in admin.list_topics()]
                admin.delete_topics([topic for topic in topics if topic.startswith(name)])
        except (PyMongoError, KafkaError):
            return False
        return True

    wait_until(cleaned, timeout_s=30, interval_s=1)


def fault(name: str) -> Fault:
    """A fault by its name. Raises LookupError with the names there are."""
    if name not in FAULTS:
        raise LookupError(f"no fault {name!r}; there are {', '.join(sorted(FAULTS))}")
    return FAULTS[name]
