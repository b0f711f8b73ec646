"""One of several processes that take places of a person's day as fast as they can.

`python -m tests.delivery.daily_taker URI DATABASE CHANNEL COUNT MOST`: it begins when a line comes, and writes how many
places it got.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

from pymongo import MongoClient

from app.store.digests import Counted, DailyCounts


def main() -> None:
    """Take, and say how many."""
    uri, name, channel, count, most = sys.argv[1:]
    client: MongoClient[dict[str, Any]]
    with MongoClient(uri, tz_aware=True) as client:
        counts = DailyCounts(client[name])
        client.admin.command("ping")
        _say("ready")
        sys.stdin.readline()
        taken = [
            number
            for number in range(int(count))
            if counts.take(
                Counted("p1", "2026-12-01", f"flight:f{number}|p1|{channel}@1"), int(most), datetime.now(UTC)
            )
        ]
    _say(str(len(taken)))


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
