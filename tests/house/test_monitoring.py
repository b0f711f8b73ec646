"""The files for Prometheus and Grafana name only metrics that exist, and cover what somebody must look at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

import app.metrics  # noqa: F401 - registers the metrics

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "monitoring"
README = (FOLDER / "README.md").read_text()
PROCESSES: dict[str, str] = yaml.safe_load((ROOT / "Procfile").read_text())
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
LABELS_OF_PROMETHEUS = {"le", "job", "instance"}


def expressions() -> Iterator[tuple[str, str]]:
    """Where it stands, and the expression."""
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def exported() -> dict[str, set[str]]:
    """The names that /metrics has, with the labels of each."""
    found: dict[str, set[str]] = {}
    for metric in REGISTRY.collect():
        # A metric without a value yet exports nothing, but its collector knows its labels.
        collector = REGISTRY._names_to_collectors[metric.name]
        labels = set(getattr(collector, "_labelnames", ()))
        for suffix in {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(
            metric.type, ("",)
        ):
            found[metric.name + suffix] = labels
    return found


EXPORTED = exported()


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_every_metric_and_label_of_an_expression_exists(where: str, expression: str) -> None:
    named = set(re.findall(r"\bgatecall_[a-z_]+", expression))
    assert named or "up{" in expression, where
    assert named <= EXPORTED.keys(), where
    labels = {label for name in named for label in EXPORTED[name]} | LABELS_OF_PROMETHEUS
    for grouped in re.findall(r"by \(([^)]*)\)", expression):
        assert {label.strip() for label in grouped.split(",")} <= labels, where
    for selected in re.findall(r"\{([^}]*)\}", expression):
        assert set(re.findall(r"(\w+)\s*(?:=|!=|=~|!~)", selected)) <= labels, where


def test_the_rule_about_names_can_fail() -> None:
    assert "gatecall_watcher_events" not in EXPORTED  # without _total nothing is exported
    assert "gatecall_watcher_events_total" in EXPORTED
    assert EXPORTED["gatecall_due_age_seconds"] == {"channel"}


WATCHED = (
    "gatecall_watcher_behind_seconds",
    "gatecall_consumer_lag_seconds",
    "gatecall_lease_unheld",
    "gatecall_oplog_window_seconds",
    "gatecall_dead_letters_waiting",
    "gatecall_due_age_seconds",
    "gatecall_channel_down",
    "gatecall_doubtful_sends_total",
    "gatecall_watcher_snapshots_total",
    "gatecall_ready",
)


@pytest.mark.parametrize("metric", WATCHED)
def test_what_must_be_looked_at_has_an_alert_and_a_panel(metric: str) -> None:
    assert any(metric in rule["expr"] for rule in RULES)
    assert any(
        metric in expression for where, expression in expressions() if not where.startswith("Gatecall")
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_every_alert_says_what_it_means_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    for part in ("summary", "description"):
        text = rule["annotations"][part]
        assert text
        labels = set(re.findall(r"\$labels\.(\w+)", text))
        grouped = re.search(r"by \(([^)]*)\)", rule["expr"])
        kept = {name.strip() for name in grouped[1].split(",")} if grouped else LABELS_OF_PROMETHEUS
        assert labels <= kept, rule["alert"]


def test_panels_have_numbers_and_places_of_their_own() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_the_readme_has_every_process_scraped() -> None:
    scraped = re.findall(r'"([a-z]+):\d+"', README)
    assert sorted(scraped) == sorted(PROCESSES)


def test_the_readme_names_the_ports_of_make_run() -> None:
    ports = sorted(int(port) for port in re.findall(r"HEALTH_PORT=(\d+)", "\n".join(PROCESSES.values())))
    assert ports == list(range(ports[0], ports[-1] + 1))
    assert f"`make run` uses the ports {ports[0]} to {ports[-1]}." in README
