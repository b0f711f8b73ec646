"""Apprise itself: an address becomes a service that is handed one message. Importing it takes a second."""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Collection
from functools import cache
from typing import Any
from urllib.parse import unquote

import apprise
import requests
from apprise.manager_plugins import NotificationManager
from apprise.plugins import NotifyBase, url_to_dict

from app.channels.apprise_address import LONGEST
from app.channels.apprise_schemas import DENIED, DENIED_PARAMETERS
from app.channels.apprise_transport import REQUESTS, Carrier
from app.channels.webhook_guard import NotAllowedError

_WORDS = 120
_SECRET = 3
"""Parts of an address with so many characters are taken out of what a plugin logs."""
_lock = threading.Lock()


@cache
def _manager() -> NotificationManager:
    """All plugins, with our transport in place of theirs, and silent: what they log holds topics and tokens."""
    logging.getLogger("apprise").propagate = False
    manager = NotificationManager()  # type: ignore[no-untyped-call]
    manager.load_modules()  # type: ignore[no-untyped-call]
    for name, module in list(sys.modules.items()):
        if name.startswith("apprise.") and getattr(module, "requests", None) is requests:
            vars(module)["requests"] = REQUESTS
    return manager


def load() -> None:
    """Read all plugins, once in a process."""
    with _lock:
        _manager()


class Service:
    """One service of a person: an address that was understood and may be used."""

    def __init__(self, schema: str, plugin: NotifyBase, url: str) -> None:
        self.schema = schema
        self._plugin = plugin
        self._url = url

    @property
    def name(self) -> str:
        """What the service is called: "ntfy", "Slack"."""
        return str(self._plugin.service_name)

    def hand_over(self, title: str, text: str, carrier: Carrier) -> tuple[bool, str]:
        """Whether the plugin says that it was taken, and the last of what it complained of, without secrets.

        The last line of the text is kept when others are too long for the service. Raises nothing of the plugin's.
        """
        setattr(self._plugin, "throttle", lambda last_io=None, wait=None: carrier.pause(wait or 0.0))  # noqa: B010
        made = apprise.Apprise(asset=self._plugin.asset)
        made.add(self._plugin)
        result = made.notify(
            body=self._fitted(title, text), title=title, body_format=apprise.NotifyFormat.TEXT
        )
        complaints = [entry.message for entry in result.logs()]
        return bool(result), self._masked(complaints[-1]) if complaints else ""

    def _fitted(self, title: str, text: str) -> str:
        """Whole lines, as many as the service takes; its own cut would go through the link."""
        plugin = self._plugin
        room = plugin.body_maxlen - (len(title) + 2 if plugin.title_maxlen <= 0 else 0)
        *lines, last = text.split("\n")
        if plugin.body_max_line_count:
            lines = lines[: plugin.body_max_line_count - 1]
        while lines and len("\n".join((*lines, last))) > room:
            cut = room - len(last) - 2
            lines = (
                [f"{lines[0][:cut]}…"] if len(lines) == 1 and cut > 1 and len(lines[0]) > cut else lines[:-1]
            )
        return "\n".join((*lines, last))

    def _masked(self, words: str) -> str:
        """A plugin's words without any part of the address."""
        parts = {part for text in (self._url, unquote(self._url)) for part in re.split(r"[^\w.~-]+", text)}
        parts |= {inner for part in parts for inner in re.split(r"[._~-]+", part)}
        for part in sorted(parts, key=len, reverse=True):
            if len(part) >= _SECRET and part.casefold() != self.name.casefold():
                words = re.sub(re.escape(part), "***", words, flags=re.IGNORECASE)
        words = re.sub(r"https?://\S+", "***", words)
        return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:_WORDS]


# Apprise knows no IPv6 addresses without a name: it takes them for something else, some plugins for the name of a topic
# at their service's public server, where anybody could read along.
_NUMBERED_HOST = re.compile(r"[^:/]+://(?:[^/@]*@)?\[")


def service_of(url: str, allowed: Collection[str], public_url: str) -> Service:
    """The service behind an address. Connects to nothing.

    allowed: schemas. Raises NotAllowedError, with a sentence for whoever wrote the address and nothing of it.
    """
    url = url.strip()
    if not url or len(url) > LONGEST or any(not c.isprintable() or c.isspace() for c in url):
        raise NotAllowedError(
            "The address is empty, too long, or has characters that an address cannot have."
        )
    with _lock:
        manager = _manager()
        parsed = url_to_dict(url) if "://" in url else None  # type: ignore[no-untyped-call]
    found: dict[str, Any] | None = parsed
    if found is None or _NUMBERED_HOST.match(url):
        raise NotAllowedError("That is no address that Apprise understands.")
    schema = str(found.get("schema", "")).lower()
    if schema in DENIED or schema not in allowed:
        raise NotAllowedError("Services of this kind cannot be linked here.")
    if DENIED_PARAMETERS & {*found, *found.get("qsd", {})}:
        raise NotAllowedError("The address may not name files.")
    plugin = _made(manager, found, public_url)
    if plugin is None:
        raise NotAllowedError(
            "The address lacks something that its service needs, or something in it is wrong."
        )
    if len(plugin) > 1:
        raise NotAllowedError("The address names several targets. Link one.")
    if not _speaks_by_us(plugin):
        raise NotAllowedError("Services of this kind cannot be linked here.")
    return Service(schema, plugin, url)


def _made(manager: NotificationManager, found: dict[str, Any], public_url: str) -> NotifyBase | None:
    """The plugin; what an address may ask of Apprise, but not of us, is set back."""
    asset = apprise.AppriseAsset(
        app_id="Gatecall",
        app_desc="Gatecall",
        app_url=public_url,
        image_url_mask="",
        image_url_logo="",
        secure_logging=True,
        http_redirects=False,
        service_timeout=0,
        allow_templates=False,
        pgp_autogen=False,
        pem_autogen=False,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )
    if not manager[found["schema"]].enabled:
        return None
    plugin = apprise.Apprise.instantiate(found, asset=asset)
    if plugin is None:
        return None
    plugin.optional = False  # a failure would be a success
    plugin.retry, plugin.wait = 0, 0.0
    plugin.verify_certificate, plugin.redirects = True, False
    plugin.overflow_mode = apprise.OverflowMode.TRUNCATE
    plugin.persistent_storage = False
    if hasattr(plugin, "e2ee"):
        plugin.e2ee = False  # it would be a new device of the account with each message
    return plugin


def _speaks_by_us(plugin: NotifyBase) -> bool:
    """Whether the plugin's requests go our way."""
    modules = (sys.modules.get(one.__module__) for one in type(plugin).__mro__)
    return any(getattr(module, "requests", None) is REQUESTS for module in modules)
