"""Which schemas of Apprise are never used, whatever the settings say, and why.

What is not here speaks with its service by `requests`, and so by our transport (`apprise_transport`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_LOCAL = "it acts on the machine that sends, not on the person's"
_OWN_WAY = "it opens connections of its own, past the guard and the deadline"
_FILES = "it reads or writes files of the machine that sends"

DENIED: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(
        ("dbus", "gio", "glib", "gnome", "kde", "qt", "macosx", "windows", "blink1", "syslog"), _LOCAL
    )
    | dict.fromkeys(("file", "exec", "shell", "python"), _LOCAL)
    | dict.fromkeys(("amqp", "amqps", "aprs", "deltachat", "deltachats", "growl", "irc", "ircs"), _OWN_WAY)
    | dict.fromkeys(("mailto", "mailtos", "mqtt", "mqtts", "nostr", "rsyslog", "smpp", "smpps"), _OWN_WAY)
    | dict.fromkeys(("xmpp", "xmpps"), _OWN_WAY)
    | dict.fromkeys(("fcm", "vapid"), _FILES)
)
"""Schema -> the reason."""

DENIED_PARAMETERS: Final = frozenset({"attach", "filename", "keyfile", "subfile", "template"})
"""Parts of an address that name files, which Apprise would read on the machine that sends."""


def listed(text: str) -> tuple[str, ...]:
    """The schemas of a setting: comma separated, small letters, without "://". Raises ValueError with the reason when
    one of them is never used."""
    found = tuple(one.strip().lower().removesuffix("://") for one in text.split(",") if one.strip())
    for schema in found:
        if schema in DENIED:
            raise ValueError(f"{schema} is never used: {DENIED[schema]}")
    return found
