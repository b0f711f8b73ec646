"""The consumers by name, each a process of its own, and what each is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final, cast

from app.settings import Settings

CONSUMERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "notifier": "reads changes from Kafka, decides what is news and for whom",
        "airports": "counts the flights of airports that people follow",
        "alerts": "reads the fares that people's alerts are about",
        "notices": "tells of staff's notices",
        "delivery": "sends what is due by e-mail, SMS and the other channels that are on",
        "telegram": "listens to what people say to the bot",
    }
)
"""What each does, by name."""

HELP: Final = " ".join(f"{name}: {words}." for name, words in CONSUMERS.items())
"""All of them, for the help of commands."""


def work_of(name: str) -> Callable[[Settings], int]:
    """What runs a consumer until a signal and returns its exit status. Its modules are imported when it is called."""

    def work(settings: Settings) -> int:
        run = import_module(f"consumers.{name}.process").run
        return cast("int", run(settings))

    return work
