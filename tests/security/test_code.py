"""What can be seen in the code itself: comparisons of secrets, scripts in templates, secrets in the tree, bandit."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "watchers", "consumers")
TEMPLATES = sorted((ROOT / "app").rglob("*.html"))
PAGES = [path for path in TEMPLATES if "channels" not in path.parts]

# Names of values that an attacker would guess byte by byte.
_SECRET = re.compile(
    r"(^|_)(secret|signature|digest|hmac|code_hash|key_hash|csrf|nonce|passw\w*)(_|$)|_token_hash$",
    re.IGNORECASE,
)
# Compared with == for another reason, each with it.
_NO_SECRET = {
    ("app/store/why.py", "order_digest"): "names an order; the link's signature is looked at before",
    ("app/store/why.py", "digest"): "the same",
    (
        "app/web/staff/notices.py",
        "digest",
    ): "of what the same member of staff looked at: it keeps nothing secret",
}
# A macro's parameter: attributes, always written in the template that calls it.
_AS_WRITTEN = {("fields.html", "more|safe"), ("alert_fields.html", "more|safe")}
# Shapes of real credentials. What tests and examples make up has none of them.
_CREDENTIAL = re.compile(
    r"(AKIA[0-9A-Z]{16}"  # Amazon
    r"|-----BEGIN (?:RSA |EC |OPENSSH )?PRIVATE KEY-----"
    r"|gh[pousr]_[A-Za-z0-9]{36}"  # GitHub
    r"|xox[abprs]-[A-Za-z0-9-]{10,}"  # Slack
    r"|sk_live_[A-Za-z0-9]{20,}"  # Stripe
    r"|SG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}"  # SendGrid
    r"|AC[0-9a-f]{32}"  # an account of Twilio
    r"|mongodb(?:\+srv)?://[^:/\s<>{}\"']+:[^@/\s<>{}\"']{3,}@)"
)

_MADE_UP = re.compile(r"example|:(secret|hidden-word)@|AC0{20}", re.IGNORECASE)
"""What tests write to see that it is hidden."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def named(node: ast.expr) -> str:
    """The name that an expression ends in; "" when it has none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Call):
        return named(node.func)
    return ""


def compared_secrets(module: ast.Module) -> list[tuple[int, str]]:
    """Where == or != stands beside something that is named like a secret."""
    found = []
    for node in ast.walk(module):
        if not isinstance(node, ast.Compare):
            continue
        if not any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops):
            continue
        sides = [node.left, *node.comparators]
        if any(isinstance(side, ast.Constant) for side in sides):
            continue  # against a word in the code, which is no secret
        found += [(node.lineno, named(side)) for side in sides if _SECRET.search(named(side))]
    return found


def test_secrets_are_compared_in_constant_time_alone() -> None:
    wrong = [
        f"{path}:{line}: {name}"
        for path, module in sources()
        for line, name in compared_secrets(module)
        if (path, name) not in _NO_SECRET
    ]
    assert not wrong, "compare with hmac.compare_digest"


def test_the_rule_of_comparing_can_fail() -> None:
    assert compared_secrets(ast.parse("if given_signature == expected: pass"))
    assert compared_secrets(ast.parse("ok = self.digest(x) != token.digest"))
    assert not compared_secrets(ast.parse("if hmac.compare_digest(signature, expected): pass"))


def test_where_keys_are_checked_they_are_compared_in_constant_time() -> None:
    using = {
        path
        for path, module in sources()
        for node in ast.walk(module)
        if named_call(node) == "compare_digest"
    }
    assert {"app/web/callback_key.py", "app/web/staff_key.py", "app/channels/links.py"} <= using


def named_call(node: ast.AST) -> str:
    return named(node.func) if isinstance(node, ast.Call) else ""


def test_no_template_has_a_script_or_a_style_in_its_lines() -> None:
    wrong = []
    for path in PAGES:  # mail programs know no other way than styles in lines, and run no scripts
        text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
        for pattern in (
            r"<script(?![^>]*\bsrc=)[^>]*>",
            r"<style\b",
            r"\sstyle\s*=",
            r"\son[a-z]+\s*=\s*[\"']",
            r"javascript:",
        ):
            wrong += [f"{path.name}: {found}" for found in re.findall(pattern, text, re.IGNORECASE)]
    assert len(PAGES) > 20
    assert not wrong


def test_no_template_switches_escaping_off() -> None:
    wrong = [
        f"{path.name}: {found}"
        for path in TEMPLATES
        for found in re.findall(r"[\w.]+\s*\|\s*safe\b|autoescape\s+false", path.read_text())
        if (path.name, found) not in _AS_WRITTEN
    ]
    assert not wrong


def test_what_is_not_escaped_is_written_in_templates_alone() -> None:
    text = "".join(path.read_text() for path in PAGES if path.parent.name == "my")
    given = re.findall(r"""\bmore\s*=\s*('[^']*'|"[^"]*"|[^,)]+)""", text)
    assert all(value[0] == value[-1] and value[0] in "'\"" and "{{" not in value for value in given), given


def test_no_code_evaluates_text_or_builds_queries_of_code() -> None:
    wrong = []
    for path, module in sources():
        for node in ast.walk(module):
            if named_call(node) in {"eval", "exec", "Markup", "from_string", "render_template_string"}:
                wrong.append(f"{path}:{node.lineno}")  # type: ignore[attr-defined]
            if isinstance(node, ast.Constant) and node.value in ("$where", "$function", "$accumulator"):
                wrong.append(f"{path}:{node.lineno}")
    assert not wrong


def test_no_secret_is_in_the_tree() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    wrong = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if not path.is_file() or path == Path(__file__).resolve():
            continue
        wrong += [
            f"{name}: {found[:12]}..."
            for found in _CREDENTIAL.findall(path.read_text(errors="ignore"))
            if not _MADE_UP.search(found)
        ]
        assert path.name != ".env", "settings of a real system"
    assert not wrong


def test_the_search_for_secrets_finds_one() -> None:
    assert _CREDENTIAL.search("mongodb://gatecall:hunter2@db.internal/gatecall")
    assert _CREDENTIAL.search("AC" + "0123456789abcdef" * 2)


def test_bandit_finds_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bandit", "-q", "-r", *PACKAGES, "-c", "pyproject.toml", "-f", "json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    report = json.loads(done.stdout)
    found = [
        f"{r['filename']}:{r['line_number']}: {r['test_id']} {r['issue_text']}" for r in report["results"]
    ]
    assert not report["errors"]
    assert not found


def test_every_exception_from_bandit_says_why() -> None:
    bare = []
    for path in (p for package in PACKAGES for p in (ROOT / package).rglob("*.py")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = re.search(r"#\s*nosec\b(.*)", line)
            if found and not re.match(r"\s+B\d{3}(,B\d{3})*\s+-\s+\S+", found[1]):
                bare.append(f"{path.relative_to(ROOT)}:{number}")
    assert not bare, "write # nosec B123 - the reason"
