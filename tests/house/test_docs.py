"""README, docs and code say the same: every setting, topic, command and metric is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from prometheus_client import REGISTRY

import app.metrics  # noqa: F401 - registers the metrics
from app.__main__ import main
from app.domain.namespaces import WATCHED
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
DOCS = {
    path.name: path.read_text() for path in (ROOT / "docs").glob("*.*") if path.suffix in {".md", ".yaml"}
}


def test_the_settings_page_is_what_the_command_prints() -> None:
    printed = CliRunner().invoke(main, ["settings", "--markdown"])
    assert printed.exit_code == 0
    assert DOCS["settings.md"] == printed.output


def test_the_example_environment_names_only_real_settings_and_all_required_ones() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = {m[1].lower() for line in lines if (m := re.match(r"#?\s?([A-Z][A-Z0-9_]+)=", line))}
    assert named <= set(Settings.model_fields)
    assert {n for n, f in Settings.model_fields.items() if f.is_required()} <= named


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"gatecall {command}" in README


def test_make_commands_of_the_readme_are_targets() -> None:
    wanted = set(re.findall(r"make ([a-z-]+)", README))
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    assert wanted
    assert wanted <= targets


def test_gatecall_commands_of_readme_and_docs_exist() -> None:
    text = README + "".join(DOCS.values())
    used = set(re.findall(r"`?gatecall ([a-z][a-z-]+)`", text))
    assert used <= set(main.commands) | {"consume"}


@pytest.mark.parametrize("namespace", WATCHED, ids=lambda n: n.collection)
def test_every_topic_is_described(namespace: object) -> None:
    assert namespace.topic in DOCS["asyncapi.yaml"]  # type: ignore[attr-defined]
    assert namespace.topic in README  # type: ignore[attr-defined]


def test_every_metric_is_in_the_operating_manual() -> None:
    ours = {m.name for m in REGISTRY.collect() if m.name.startswith("gatecall_")}
    assert ours
    missing = {name for name in ours if name not in DOCS["operating.md"]}
    assert not missing


def test_links_between_documents_lead_somewhere() -> None:
    dead = []
    for name, text in {"README.md": README, **{f"docs/{n}": t for n, t in DOCS.items()}}.items():
        targets = re.findall(r"\]\(([^)#]+)", text)
        folder = (ROOT / name).parent
        dead += [f"{name}: {t}" for t in targets if "://" not in t and not (folder / t).exists()]
    assert not dead
