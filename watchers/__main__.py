"""`python -m watchers`: the same as `gatecall watch`."""

from __future__ import annotations

import sys

from app.runtime import start
from watchers.process import run


def main() -> int:
    """Settings, logging, run. 0: ended as asked; 1: a watcher died; 2: it cannot start, the text says why."""
    return start("watchers", run)


if __name__ == "__main__":
    sys.exit(main())
