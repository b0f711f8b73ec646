"""docker-compose.yml, Dockerfile, Procfile and .env.example say what the programs know.

No Docker daemon can be had where the tests run: what can go wrong short of starting containers is looked for
here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
import yaml

from app.__main__ import main as gatecall
from app.settings import Settings
from scripts.kafka import KAFKA_VERSION

ROOT = Path(__file__).resolve().parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
# Lines like `watchers: HEALTH_PORT=9101 gatecall watch`, their variables taken off.
PROCFILE = {
    name: re.sub(r"^(\w+=\S* )*", "", command)
    for name, command in re.findall(r"^(\w+): *(.+)$", (ROOT / "Procfile").read_text(), re.MULTILINE)
}
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "gatecall"}
NAMES = {name.upper() for name in Settings.model_fields}
# The stack's own servers, which ask for no password, and what only the demo and tests may set.
NOT_FOR_THE_STACK = {
    *(name for name in NAMES if name.startswith(("KAFKA_SASL_", "KAFKA_SSL_", "DEMO"))),
    "KAFKA_SECURITY_PROTOCOL",
    "CRASH_AT",
    "WEBHOOK_ALLOW_LOCAL",
    "APPRISE_ALLOW_LOCAL",
}
# Where its servers are, and where its own processes listen.
THE_STACKS_OWN = {"MONGODB_URI", "KAFKA_BOOTSTRAP_SERVERS", "HOST", "PORT", "HEALTH_PORT", "LOG_FORMAT"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_docker_compose_accepts_the_file() -> None:
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed")
    assert SERVICES.keys() == as_docker_compose_reads_it()["services"].keys()


def as_docker_compose_reads_it(**environment: str) -> dict[str, Any]:
    """The file with everything filled in from this environment."""
    with NamedTemporaryFile() as nothing:  # in place of a .env that may be there
        done = subprocess.run(
            ["docker-compose", "--env-file", nothing.name, "config"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = yaml.safe_load(done.stdout)
    return found


@pytest.mark.parametrize("name", OURS)
def test_every_setting_reaches_a_service(name: str) -> None:
    given: dict[str, str | None] = OURS[name]["environment"]
    assert given.keys() == NAMES - NOT_FOR_THE_STACK
    taken = {key for key, value in given.items() if value is None or value.startswith(f"${{{key}:-")}
    assert taken == given.keys() - THE_STACKS_OWN


def test_what_the_environment_says_is_what_a_process_gets() -> None:
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed")
    wanted = {name: f"value-of-{name}" for name in NAMES - NOT_FOR_THE_STACK - THE_STACKS_OWN}
    read = as_docker_compose_reads_it(**wanted)["services"]
    for name in OURS:
        assert wanted.items() <= read[name]["environment"].items()
    silent = as_docker_compose_reads_it()["services"]["delivery"]["environment"]
    assert silent["MAIL_SERVER"] == "mailpit"
    assert not silent.get("TWILIO_RATE")


def test_every_process_of_the_procfile_is_a_service_with_the_same_command() -> None:
    assert PROCFILE.keys() == {
        "web",
        "watchers",
        "notifier",
        "airports",
        "alerts",
        "notices",
        "delivery",
        "telegram",
    }
    assert {name: " ".join(SERVICES[name]["command"]) for name in PROCFILE} == PROCFILE


def test_every_command_is_one_that_gatecall_knows() -> None:
    setup = [line.strip() for line in SERVICES["setup"]["command"][2].split("&&")]
    for line in [*PROCFILE.values(), *setup]:
        program, *words = line.split()
        assert program == "gatecall"
        context = click.Context(gatecall)
        name, command, rest = gatecall.resolve_command(
            context, words
        )  # raises for a command it does not know
        assert command is not None
        command.make_context(name, rest, parent=context)  # raises for an argument it does not know


def test_processes_on_one_machine_have_health_ports_of_their_own() -> None:
    ports = re.findall(r"HEALTH_PORT=(\d+)", (ROOT / "Procfile").read_text())
    assert len(ports) == len(PROCFILE) - 1  # the web has PORT
    assert len(set(ports)) == len(ports)


@pytest.mark.parametrize("name", OURS)
def test_the_settings_of_a_service_exist_and_fit_together(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, str | None] = OURS[name]["environment"]
    environment = {key: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for key, value in given.items() if value}
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    settings = Settings()  # raises for values that are wrong
    assert settings.database == "gatecall"
    assert settings.channels == ("email",)


@pytest.mark.parametrize("name", PROCFILE)
def test_a_process_is_watched_restarted_and_given_time_to_end(name: str) -> None:
    service = SERVICES[name]
    url = urlsplit(re.search(r"'(http://[^']+)'", service["healthcheck"]["test"][-1])[1])  # type: ignore[index]
    assert url.path == "/health/ready"
    environment = service["environment"]
    assert str(url.port) == environment["PORT" if name == "web" else "HEALTH_PORT"]
    assert service["restart"] == "unless-stopped"
    grace_s = int(service["stop_grace_period"].removesuffix("s"))
    assert grace_s > Settings.model_fields["send_timeout_s"].default


@pytest.mark.parametrize(
    "name", [name for name in SERVICES if SERVICES[name].get("restart") == "unless-stopped"]
)
def test_every_server_has_a_health_check(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period"} <= check.keys()


@pytest.mark.parametrize("name", OURS)
def test_our_services_run_without_rights(name: str) -> None:
    service = OURS[name]
    assert service["user"] == re.search(r"^USER (\d+)$", DOCKERFILE, re.MULTILINE)[1]  # type: ignore[index]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


def test_ports_are_published_to_this_machine_alone() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
    port = Settings.model_fields["port"].default
    assert SERVICES["web"]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_the_members_that_are_initiated_are_the_ones_that_run_and_are_connected_to() -> None:
    members = SERVICES["mongo-init"]["command"][4:]
    assert SERVICES["mongo-init"]["command"][:4] == ["python", "-m", "scripts.mongo_replset", "initiate"]
    running = [name for name, service in SERVICES.items() if service["image"].startswith("mongo:")]
    assert [member.split(":")[0] for member in members] == running
    uri = SERVICES["web"]["environment"]["MONGODB_URI"]
    assert urlsplit(uri).netloc.split(",") == members


def test_kafka_is_the_version_that_the_tests_run_on() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"
    advertised = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert advertised == f"PLAINTEXT://{SERVICES['web']['environment']['KAFKA_BOOTSTRAP_SERVERS']}"


def test_the_image_gets_what_it_copies_and_only_pinned_requirements() -> None:
    copied = set(re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE))
    files = {name for line in copied for name in line.split()}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert files == allowed
    assert all((ROOT / name).exists() for name in files)
    assert "--require-hashes" in DOCKERFILE
    assert "requirements-dev" not in DOCKERFILE


def test_every_requirement_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for file, wanted in {
        "requirements.txt": project["project"]["dependencies"],
        "requirements-dev.txt": [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]],
    }.items():
        pinned = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / file).read_text(), re.MULTILINE))
        names = {re.match(r"[a-zA-Z0-9-]+", text)[0].lower() for text in wanted}  # type: ignore[index]
        assert names <= pinned, f"{file} is behind pyproject.toml: make lock"


def test_the_example_settings_exist_and_are_enough_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    shown = [match for line in lines if (match := re.fullmatch(r"#?([A-Z_]+)=(.*)", line))]
    assert {match[1] for match in shown} <= NAMES
    for match in shown:
        if not match[0].startswith("#"):
            monkeypatch.setenv(match[1], match[2])
    assert Settings().database == "gatecall"
