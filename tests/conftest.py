"""Fixtures of all tests: real servers, a database and a topic prefix of each test's own.

With CI=true a test that skips itself fails: what is not run there is not run anywhere.
"""

from __future__ import annotations

import gc
import os
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import hypothesis
import jinja2
import pytest
import structlog
from pymongo import MongoClient
from pymongo.database import Database

from app.domain import places
from app.settings import Settings
from app.store import schema
from scripts.kafka import missing_for_apache
from tests.emptied import emptied
from tests.providers import Mailbox, Twilio, smtp_server, twilio_server
from tests.servers import WARM, Keeper, address_of

IN_CI = os.environ.get("CI") == "true"
_LONG = {name: place for place, name in enumerate(("test_torture.py", "test_failures.py", "test_process.py"))}
_KEEPER: pytest.StashKey[Keeper] = pytest.StashKey()
_DIRECTORY: pytest.StashKey[Path] = pytest.StashKey()

# A slow machine is no reason for a property to fail.
hypothesis.settings.register_profile("gatecall", deadline=None, print_blob=True)
hypothesis.settings.load_profile("gatecall")


def pytest_configure(config: pytest.Config) -> None:
    """Start the keeper in the run's own process; workers of pytest-xdist are told its directory."""
    # The settings of whoever runs the tests are not the tests' settings.
    Settings.model_config["env_file"] = None
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)
    worker_input = getattr(config, "workerinput", None)
    if worker_input is not None:
        config.stash[_DIRECTORY] = Path(worker_input["servers_directory"])
    elif not config.option.collectonly:
        config.stash[_KEEPER] = Keeper()
        config.stash[_DIRECTORY] = config.stash[_KEEPER].directory


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the keeper is."""
    node.workerinput["servers_directory"] = str(node.config.stash[_DIRECTORY])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers when the run is over."""
    keeper = config.stash.get(_KEEPER, None)
    if keeper is not None:
        keeper.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Names are unique. Files that take minutes begin first, so that no worker is left alone with them at the end;
    but the demo, whose clock runs fast and waits for nobody, comes when the machine is nearly idle."""
    twice = [name for name, times in Counter(item.nodeid for item in items).items() if times > 1]
    if twice:  # pytest-xdist would run one of them
        raise pytest.UsageError(f"several tests have one name: {', '.join(twice)}")
    items.sort(key=lambda item: (item.path.name == "test_demo.py", _LONG.get(item.path.name, len(_LONG))))


def pytest_collection_finish() -> None:
    """The garbage collector looks at five thousand collected tests no more."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Any:
    """Turn a skipped test into a failed one in CI."""
    report: pytest.TestReport = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Any:
    """Turn a skipped file into a failed one in CI."""
    report: pytest.CollectReport = yield
    if IN_CI and report.outcome == "skipped":
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def mongo_uri(request: pytest.FixtureRequest) -> str:
    """The URI of a real three-member replica set, shared by all tests: stop or kill none of its members."""
    return address_of("mongo", request.config.stash[_DIRECTORY])


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> str:
    """The bootstrap servers of a real broker (Tansu), shared by all tests."""
    return address_of("kafka", request.config.stash[_DIRECTORY])


@pytest.fixture(scope="session")
def apache_kafka(request: pytest.FixtureRequest) -> str:
    """The bootstrap servers of a one-node Apache Kafka, shared by the tests that depend on it."""
    missing = missing_for_apache()
    if missing and not os.environ.get(WARM["apache_kafka"]):
        pytest.skip(f"Apache Kafka cannot be started: {missing}")
    return address_of("apache_kafka", request.config.stash[_DIRECTORY])


@pytest.fixture(scope="session")
def mongo_client(mongo_uri: str) -> Iterator[MongoClient[dict[str, Any]]]:
    """A client of the shared replica set; datetimes come back aware, in UTC."""
    with MongoClient[dict[str, Any]](mongo_uri, tz_aware=True, appname="gatecall tests") as client:
        yield client


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each test makes a web application of its own, which would compile every template anew."""
    compiled = jinja2.FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    flask.Flask.jinja_options = {"bytecode_cache": compiled}


@pytest.fixture(autouse=True)
def logging_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test that starts a process in this one configures logging: the next test finds none of it."""
    configure = structlog.configure
    never = {"cache_logger_on_first_use": False}
    monkeypatch.setattr(structlog, "configure", lambda **how: configure(**how | never))
    yield
    structlog.reset_defaults()


@pytest.fixture
def database(mongo_client: MongoClient[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """An empty database of this test's own, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield mongo_client[name]
    mongo_client.drop_database(name)


@pytest.fixture(scope="session")
def _with_schema(mongo_client: MongoClient[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """A database with the schema, one for each worker: making it takes longer than most tests."""
    places.load()  # takes a second, which the first test would wait for
    found = mongo_client[f"test_{uuid.uuid4().hex[:12]}"]
    schema.ensure(found)
    yield found
    changed = schema.check(found)
    mongo_client.drop_database(found.name)
    assert not changed, f"a test left it otherwise: {changed}"


@pytest.fixture
def prepared(_with_schema: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    """A database with the schema and without a document. Leave collections and indexes as they are."""
    return emptied(_with_schema)


@pytest.fixture
def database_uri(mongo_uri: str, database: Database[dict[str, Any]]) -> str:
    """The URI of this test's own database, as MONGODB_URI takes it."""
    hosts, _, options = mongo_uri.removeprefix("mongodb://").partition("/")
    return f"mongodb://{hosts}/{database.name}?{options.partition('?')[2]}"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server on this machine, which does what it is told."""
    with smtp_server() as found:
        yield found


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    """A Twilio on this machine, which does what it is told."""
    with twilio_server() as found:
        yield found


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topics and consumer groups that no other test uses, as KAFKA_TOPIC_PREFIX takes it."""
    return f"test-{uuid.uuid4().hex[:12]}."
