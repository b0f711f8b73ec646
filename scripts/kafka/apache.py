"""Apache Kafka on this machine (KRaft, no ZooKeeper): one node or several, from the jars of Maven Central.

The jars are fetched once, by Maven, into the user's cache directory. Settings are those of a small machine
with one user, not of production: see docker-compose.yml for that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.children import Child
from scripts.kafka.broker import Broker, BrokerError
from scripts.ports import free_ports, require_free

KAFKA_VERSION = "4.1.1"
_LOG4J_VERSION = "2.24.3"  # the one that Kafka 4.1.1 brings; its binding to SLF4J is not among Kafka's jars
_POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>gatecall</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId>
      <version>{_LOG4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""
_LOG4J = """\
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %p %c{1}: %m%n
rootLogger.level=warn
rootLogger.appenderRef.console.ref=console
"""


class ApacheKafka(Broker):
    """A running Apache Kafka. Node i of `nodes` has node.id i + 1 and is broker and controller at once."""


def missing_for_apache() -> str | None:
    """Return what this machine lacks to run Apache Kafka, in words, or None when nothing."""
    if shutil.which("java") is None:
        return "Java 17 or later (java) is not installed"
    if not _cached_jars() and shutil.which("mvn") is None:
        return "Maven (mvn) is not installed, and is needed once to fetch Kafka's jars"
    return None


def fetch_kafka() -> Path:
    """Return the directory of Kafka's jars, fetching them by Maven the first time (45 MB).

    They stay in $XDG_CACHE_HOME/gatecall (~/.cache/gatecall). Raises BrokerError with the remedy.
    """
    missing = missing_for_apache()
    if missing is not None:
        raise BrokerError(f"{missing}. On Debian: apt-get install default-jre-headless maven")
    cached = _cached_jars()
    if cached is not None:
        return cached
    cache = _cache_dir()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetching-") as name:
        work = Path(name)
        (work / "pom.xml").write_text(_POM, encoding="utf-8")
        done = subprocess.run(
            ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=libs"],
            cwd=work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        if done.returncode != 0:
            tail = "\n".join((done.stdout + done.stderr).splitlines()[-10:])
            raise BrokerError(
                f"Maven could not fetch Kafka {KAFKA_VERSION}; is its repository reachable?\n{tail}"
            )
        try:
            (work / "libs").rename(_jars_dir())
        except OSError:
            if _cached_jars() is None:  # else another process was as fast
                raise
    return _jars_dir()


def start_apache_kafka(
    base_dir: Path,
    ports: Sequence[int],
    *,
    heap_mb: int | None = None,
    overrides: Mapping[str, str] | None = None,
    advertised: Sequence[int] | None = None,
    outlives: bool = False,
) -> ApacheKafka:
    """Start an Apache Kafka node for each port, logs and data under base_dir; returns when all are ready.

    ports: one node's, or three nodes'; controllers take free ports of their own. Data of an earlier run with
        the same ports is used again.
    heap_mb: Java's heap of each node; None gives 512 to one node, 320 to each of several.
    overrides: server properties that win over those set here.
    advertised: at which port each node is reached by clients and the others, when that is not its own (a proxy's).
    outlives: whether the nodes go on when this program ends.

    Raises PortsTakenError, BrokerError (no Java, no jars) or ServerDiedError (with the end of the log).
    """
    jars = fetch_kafka()
    require_free(ports)
    base_dir.mkdir(parents=True, exist_ok=True)
    base_dir = base_dir.resolve()
    controllers = free_ports(len(ports), avoid=ports)
    heap_mb = heap_mb or (512 if len(ports) == 1 else 320)
    java = [
        *("java", f"-Xmx{heap_mb}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"),
        *(f"-Dlog4j2.configurationFile={base_dir / 'log4j2.properties'}", "-Djava.awt.headless=true"),
        *("-cp", f"{jars}/*"),
    ]
    (base_dir / "log4j2.properties").write_text(_LOG4J, encoding="utf-8")
    files = []
    for index in range(len(ports)):
        properties = _properties(base_dir, index, ports, controllers) | dict(overrides or {})
        if advertised is not None:
            properties["advertised.listeners"] = f"PLAINTEXT://127.0.0.1:{advertised[index]}"
        file = base_dir / f"node-{index + 1}.properties"
        file.write_text("".join(f"{name}={value}\n" for name, value in properties.items()), encoding="utf-8")
        files.append(file)
    _format(java, files, base_dir)

    def spawn(index: int) -> Child:
        name = f"Apache Kafka node {index + 1} on port {ports[index]}"
        argv = [*java, "kafka.Kafka", str(files[index])]
        return Child(name, argv, log=base_dir / f"kafka-{index + 1}.log", cwd=base_dir, outlives=outlives)

    return ApacheKafka(ports, spawn, ready_s=90)


def _properties(
    base_dir: Path, index: int, ports: Sequence[int], controllers: Sequence[int]
) -> dict[str, str]:
    copies = min(3, len(ports))
    in_sync = max(1, copies - 1)
    voters = ",".join(f"{number}@127.0.0.1:{port}" for number, port in enumerate(controllers, start=1))
    return {
        "process.roles": "broker,controller",
        "node.id": str(index + 1),
        "controller.quorum.voters": voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://127.0.0.1:{ports[index]},CONTROLLER://127.0.0.1:{controllers[index]}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{ports[index]}",
        "log.dirs": str(base_dir / f"node-{index + 1}"),
        "auto.create.topics.enable": "false",
        "num.partitions": "6",
        "default.replication.factor": str(copies),
        "min.insync.replicas": str(in_sync),
        # Kafka's own topics: with 50 partitions each, the first group waits seconds for their creation.
        "offsets.topic.replication.factor": str(copies),
        "offsets.topic.num.partitions": "3",
        "transaction.state.log.replication.factor": str(copies),
        "transaction.state.log.min.isr": str(in_sync),
        "transaction.state.log.num.partitions": "3",
        # One user: a group need not wait for more members to come, and tests may lose one quickly.
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        "log.index.size.max.bytes": "1048576",
    }


def _format(java: Sequence[str], files: Sequence[Path], base_dir: Path) -> None:
    """Prepare the nodes' data directories, all at once: each takes a Java of its own and two seconds."""
    id_file = base_dir / "cluster.id"
    if not id_file.exists():
        id_file.write_text(urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="), encoding="utf-8")
    cluster_id = id_file.read_text(encoding="utf-8")
    format_ = ["kafka.tools.StorageTool", "format", "--ignore-formatted", f"--cluster-id={cluster_id}"]
    running = [
        subprocess.Popen(
            [*java, *format_, f"--config={file}"],
            cwd=base_dir,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for file in files
        if not (file.with_suffix("") / "meta.properties").exists()
    ]
    outputs = [process.communicate()[0] for process in running]
    for process, output in zip(running, outputs, strict=True):
        if process.returncode != 0:
            raise BrokerError(
                f"Kafka's data directory could not be prepared (Java 17 is needed):\n{output[-2000:]}"
            )


def _cache_dir() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gatecall"


def _jars_dir() -> Path:
    return _cache_dir() / f"kafka-{KAFKA_VERSION}"


def _cached_jars() -> Path | None:
    jars = _jars_dir()
    return jars if (jars / f"kafka_2.13-{KAFKA_VERSION}.jar").exists() else None
