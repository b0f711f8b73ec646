"""The house itself: imports go one way, nothing opens at import, files stay readable."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "watchers", "consumers", "scripts", "benchmarks")

# What each part may import of our own. The longest matching prefix decides.
MAY_IMPORT = {
    "app.domain": ("app.domain",),
    "app.settings": (
        "app.domain",
        "app.crash_points",
        "app.people_settings",
        "app.linked_settings",
        "app.airport_settings",
        "app.alert_settings",
        "app.telegram_settings",
        "app.notice_settings",
        "app.channels.registry",
    ),
    "app.people_settings": ("app.domain",),
    "app.webhook_settings": (),
    "app.linked_settings": (
        "app.telegram_settings",
        "app.webhook_settings",
        "app.apprise_settings",
        "app.inbox_settings",
    ),
    "app.inbox_settings": (),
    "app.apprise_settings": ("app.channels.apprise_schemas",),
    "app.airport_settings": (),
    "app.alert_settings": (),
    "app.telegram_settings": (),
    "app.notice_settings": (),
    "app.metrics": (),
    "app.crash_points": (),
    "app.runtime": ("app.settings", "app.domain", "app.crash_points", "app.metrics"),
    "app.store": ("app.domain", "app.store", "app.settings", "app.metrics", "app.runtime"),
    "app.bus": ("app.domain", "app.bus", "app.settings", "app.metrics", "app.runtime", "app.crash_points"),
    "app.channels": ("app.domain", "app.channels", "app.settings", "app.metrics", "app.runtime"),
    # Its provider is a collection of our own.
    "app.channels.inbox": ("app.domain", "app.channels", "app.settings", "app.store"),
    "app.web": ("app",),
    "watchers": ("app", "watchers"),
    "consumers": ("app", "consumers"),
    "app.check": ("app",),
    "app.restore": ("app",),
    "app.__main__": ("app", "watchers", "consumers"),
    "app.commands": ("app", "watchers", "consumers"),
    "scripts": ("app", "scripts"),
    "benchmarks": ("app", "watchers", "consumers", "scripts", "benchmarks"),
}
NEVER = {
    "watchers": ("app.web", "app.__main__", "app.commands", "consumers"),
    "consumers": ("app.web", "app.__main__", "app.commands", "watchers"),
    "app.web": ("app.__main__", "app.commands"),
}


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def begins(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == p or name.startswith(p + ".") for p in prefixes)


def test_imports_go_one_way() -> None:
    wrong = []
    for module, path in modules():
        owner = max((p for p in MAY_IMPORT if begins(module, (p,))), key=len, default=None)
        if owner is None:
            continue
        for name in imports(path):
            if begins(name, PACKAGES) and (
                not begins(name, MAY_IMPORT[owner]) or begins(name, NEVER.get(owner, ()))
            ):
                if name in {"app", "app.domain"} and any(begins(p, (name,)) for p in MAY_IMPORT[owner]):
                    continue  # "from app import settings" names the parent too
                wrong.append(f"{module} imports {name}")
    assert not wrong


def test_the_rule_of_imports_can_fail() -> None:
    assert not begins("app.web.feed", MAY_IMPORT["app.store"])
    assert begins("app.web.feed", NEVER["watchers"])


@pytest.mark.parametrize(
    "module",
    [
        "app",
        "app.web",
        "app.store.schema",
        "watchers.process",
        "consumers.notifier.process",
        "consumers.delivery.process",
        "consumers.airports.process",
        "consumers.alerts.process",
        "consumers.notices.process",
        "consumers.telegram.process",
        "app.__main__",
    ],
)
def test_importing_opens_no_connection_and_no_thread(module: str) -> None:
    probe = f"""
import socket, threading
def refuse(*a, **k): raise SystemExit("a socket was opened at import")
before = threading.active_count()
connect = socket.socket.connect
socket.socket.connect = refuse
import {module}
assert threading.active_count() == before, "a thread was started at import"
"""
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_files_stay_under_400_lines_and_functions_fit_a_screen() -> None:
    long = []
    for module, path in modules():
        text = path.read_text()
        if text.count("\n") > 400:
            long.append(f"{module}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or 0) - node.lineno + 1
                if size > 60:
                    long.append(f"{module}.{node.name}: {size} lines")
    assert not long


def test_public_functions_have_docstrings() -> None:
    bare = []
    for module, path in modules():
        for node in ast.parse(path.read_text()).body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if public and ast.get_docstring(node) is None:
                bare.append(f"{module}.{node.name}")
    assert not bare
