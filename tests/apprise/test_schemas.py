"""Which services may be linked: the setting, the fixed list, and the pinned Apprise held against it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from apprise.manager_plugins import NotificationManager

from app.channels.apprise_schemas import DENIED, DENIED_PARAMETERS
from app.channels.apprise_service import load, service_of
from app.channels.apprise_transport import REQUESTS
from app.channels.webhook_guard import NotAllowedError
from app.settings import SettingsError
from tests.apprise.linking import apprise_settings

ALLOWED = frozenset({"ntfy", "ntfys", "json", "slack", "discord", "workflows", "windows"})
_CONNECTS = frozenset(
    (
        *("socket", "ssl", "smtplib", "subprocess", "asyncio", "ctypes", "http", "urllib3", "aiohttp"),
        *("websocket", "multiprocessing", "paho", "slixmpp", "gntp", "pika", "smpplib", "dbus", "gi"),
        *("syslog", "win32api", "hid", "telnetlib", "ftplib", "imaplib"),
    )
)
_FROM_REQUESTS = {"codes", "RequestException", "TooManyRedirects", "get", "post", "put", "delete", "request"}


def modules_of(plugin: type) -> Iterator[tuple[str, str]]:
    """The modules that a plugin is made of, with their paths; the base of all left out."""
    names = {one.__module__ for one in plugin.__mro__ if one.__module__.startswith("apprise.plugins.")}
    packages = {".".join(name.split(".")[:3]) for name in names if name.count(".") > 2}
    names |= {name for name in sys.modules if any(name.startswith(f"{one}.") for one in packages)}
    for name in names - {"apprise.plugins.base"}:
        yield name, str(sys.modules[name].__file__)


def faults_of(path: str) -> Iterator[str]:
    """What a module does besides asking by `requests`."""
    for node in ast.walk(ast.parse(Path(path).read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""] if node.level == 0 else [alias.name for alias in node.names]
        yield from (name for name in names if name.partition(".")[0] in _CONNECTS)
        yield from (
            name for name in names if name in {"HTTPPolicy", "wkd", "requests.sessions", "requests.api"}
        )
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "requests"
            and node.attr not in _FROM_REQUESTS
        ):
            yield f"requests.{node.attr}"


def test_every_plugin_of_the_pinned_apprise_is_denied_or_speaks_by_our_transport() -> None:
    load()
    manager = NotificationManager()
    missing = {}
    for schema in sorted(set(manager.schemas()) - set(DENIED)):
        modules = dict(modules_of(manager[schema]))
        faults = [fault for path in modules.values() for fault in faults_of(path)]
        if not any(getattr(sys.modules[name], "requests", None) is REQUESTS for name in modules):
            faults.append("asks nobody by requests")
        if faults:
            missing[schema] = faults
    assert missing == {}


def test_parameters_that_name_files_are_all_known() -> None:
    load()
    manager = NotificationManager()
    files = {
        schema
        for schema in set(manager.schemas()) - set(DENIED)
        for _, path in modules_of(manager[schema])
        if "self.template = AppriseAttachment" in Path(path).read_text()
    }
    assert files, "what is looked for is still written so"
    assert "template" in DENIED_PARAMETERS


@pytest.mark.parametrize("schema", ["windows", "syslog", "dbus", "file", "mailto", "MQTT://", "fcm"])
def test_staff_cannot_allow_what_is_never_used(schema: str) -> None:
    with pytest.raises(SettingsError) as error:
        apprise_settings(apprise_schemas=f"ntfy,{schema}")
    assert "is never used" in str(error.value)


def test_the_channel_is_off_without_schemas_and_without_a_key() -> None:
    assert "apprise" in apprise_settings().channels
    assert "apprise" not in apprise_settings(apprise_schemas="").channels
    assert "apprise" not in apprise_settings(secret_key=None).channels


@pytest.mark.parametrize(
    "url",
    [
        "gotify://example.org/AbCdEfGh1234567",  # not listed
        "windows://",  # listed here, and never used all the same
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/%23news/%23more",  # two targets
        "ntfys://ntfy.example.org/one/two",  # two targets
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?template=/etc/passwd",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?TEMPLATE=file:///etc/passwd",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?%74emplate=/etc/passwd",
        "ntfys://ntfy.example.org/topic?attach=file:///etc/passwd",
        "slack://",
        "nothing at all",
        "unknown://x/y",
        "ntfys://ntfy.example.org/a\nb",
        "",
        "ntfys://[2001:db8::1]/storm",
        "ntfys://user:pass@[2001:db8::1]/storm",
    ],
)
def test_an_address_that_may_not_be_linked_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(NotAllowedError) as error:
        service_of(url, ALLOWED, "https://gatecall.example")
    words = str(error.value)
    assert words.endswith(".")
    for part in ("passwd", "TIiaj", "JHMHI", "AbCdEf", "example.org"):
        assert part not in words


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("ntfys://ntfy.example.org/topic", "ntfy"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/%23news", "Slack"),
        ("https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "Discord"),
    ],
)
def test_an_address_is_understood_also_as_the_service_itself_gives_it(url: str, name: str) -> None:
    assert service_of(url, ALLOWED, "https://gatecall.example").name == name
