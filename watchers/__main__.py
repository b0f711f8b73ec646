"""`python -m watchers`: the same as `gatecall watch`."""

from __future__ import annotations

import sys

from app import settings as settings_module
from app.domain.errors import SetupError
from app.runtime import configure_logging
from app.settings import SettingsError
from watchers.process import run


def main() -> int:
    """Settings, logging, run. 0: ended as asked; 1: a watcher died; 2: it cannot start, the text says why."""
    try:
        settings = settings_module.load()
        configure_logging(settings, "watchers")
        return run(settings)
    except (SettingsError, SetupError) as error:
        sys.stderr.write(f"The watchers cannot start:\n{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
