"""What is installed: pinned, with hashes, from the index alone, and nothing besides.

No database of advisories is asked, and nobody is told here that a pinned version was withdrawn: that needs a network.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
FILES = ("requirements.txt", "requirements-dev.txt")
OURS = {"gatecall"}
BY_THE_VENV = {"pip", "setuptools", "wheel"}

_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def pinned(text: str) -> tuple[dict[str, Requirement], list[str]]:
    """The requirements of a file by name, and the lines that are not `name==version` with sha256 hashes."""
    found, wrong = {}, []
    for line in text.replace("\\\n", " ").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        wanted, *hashes = re.split(r"\s+(?=--hash)", line.strip())
        try:
            requirement = Requirement(wanted)
        except ValueError:  # an option, a file, an address of its own
            wrong.append(wanted)
            continue
        versions = list(requirement.specifier)
        exact = len(versions) == 1 and versions[0].operator == "==" and "*" not in versions[0].version
        if not exact or requirement.url or not hashes or not all(_HASH.fullmatch(one) for one in hashes):
            wrong.append(wanted)
        elif requirement.marker is None or requirement.marker.evaluate():
            found[canonicalize_name(requirement.name)] = requirement
    return found, wrong


@pytest.mark.parametrize("name", FILES)
def test_every_requirement_is_pinned_with_hashes(name: str) -> None:
    found, wrong = pinned((ROOT / name).read_text())
    assert len(found) > 30
    assert not wrong


@pytest.mark.parametrize(
    "line",
    [
        "flask>=3",
        "flask==3.*  --hash=sha256:" + "0" * 64,
        "flask==3.1.3",
        "flask==3.1.3  --hash=md5:" + "0" * 32,
        "flask @ https://example.org/flask.whl  --hash=sha256:" + "0" * 64,
        "--extra-index-url https://example.org/simple",
        "-e .",
    ],
)
def test_what_is_not_pinned_is_found(line: str) -> None:
    assert pinned(line) == ({}, [line.split("  ", maxsplit=1)[0]])


def test_what_is_installed_is_what_is_pinned_and_nothing_besides() -> None:
    wanted, _ = pinned((ROOT / "requirements-dev.txt").read_text())
    there = {canonicalize_name(one.name): one.version for one in metadata.distributions()}
    # A plugin of pytest that somebody tries out changes what tests do.
    others = set(there) - set(wanted) - OURS - BY_THE_VENV
    assert not others, "make install in a new .venv, or `make lock` for what is needed"
    wrong = {
        name: there.get(name) for name, one in wanted.items() if there.get(name, "0") not in one.specifier
    }
    assert not wrong, "make install"


def test_development_has_the_same_versions_as_the_product() -> None:
    product, development = (pinned((ROOT / name).read_text())[0] for name in FILES)
    assert {name: str(one) for name, one in product.items()}.items() <= {
        name: str(one) for name, one in development.items()
    }.items()
