"""Made-up gates: each airline in the terminal where travellers of 2013 would have looked for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Pier:
    """Where an airline leaves from. prefix: what stands before the gate's number. gates: their numbers."""

    terminal: str
    prefix: str
    gates: Sequence[int]


_PIERS: dict[tuple[str, str], Pier] = {
    ("EWR", "UA"): Pier("C", "C", range(70, 140)),
    ("EWR", "EV"): Pier("C", "C", range(70, 140)),
    ("EWR", "AA"): Pier("A", "A", range(30, 40)),
    ("EWR", "MQ"): Pier("A", "A", range(30, 40)),
    ("EWR", "US"): Pier("A", "A", range(20, 29)),
    ("EWR", "DL"): Pier("B", "B", range(40, 50)),
    ("EWR", "9E"): Pier("B", "B", range(40, 50)),
    ("EWR", "B6"): Pier("A", "A", range(15, 19)),
    ("EWR", "WN"): Pier("A", "A", range(10, 15)),
    ("EWR", "AS"): Pier("A", "A", range(19, 21)),
    ("JFK", "B6"): Pier("5", "", range(1, 27)),
    ("JFK", "HA"): Pier("5", "", range(1, 4)),
    ("JFK", "AA"): Pier("8", "", range(1, 21)),
    ("JFK", "MQ"): Pier("8", "", range(31, 48)),
    ("JFK", "DL"): Pier("3", "", range(1, 19)),
    ("JFK", "9E"): Pier("2", "", range(19, 30)),
    ("JFK", "EV"): Pier("2", "", range(19, 30)),
    ("JFK", "VX"): Pier("4", "A", range(2, 8)),
    ("JFK", "UA"): Pier("7", "", range(1, 6)),
    ("JFK", "US"): Pier("7", "", range(6, 13)),
    ("LGA", "AA"): Pier("B", "D", range(1, 11)),
    ("LGA", "MQ"): Pier("B", "C", range(1, 15)),
    ("LGA", "UA"): Pier("B", "B", range(4, 9)),
    ("LGA", "WN"): Pier("B", "B", range(1, 4)),
    ("LGA", "FL"): Pier("B", "B", range(1, 4)),
    ("LGA", "F9"): Pier("B", "B", range(1, 4)),
    ("LGA", "B6"): Pier("B", "B", range(4, 7)),
    ("LGA", "DL"): Pier("D", "D", range(1, 12)),
    ("LGA", "9E"): Pier("D", "D", range(1, 12)),
    ("LGA", "EV"): Pier("D", "D", range(1, 12)),
    ("LGA", "US"): Pier("C", "C", range(29, 43)),
    ("LGA", "YV"): Pier("C", "C", range(29, 43)),
}
_ANYWHERE = Pier("B", "B", range(50, 58))


def pier(origin: str, carrier: str) -> Pier:
    """Where an airline leaves from at an airport."""
    return _PIERS.get((origin, carrier), _ANYWHERE)


def gate(origin: str, carrier: str, random: Random, *, other_than: str | None = None) -> str:
    """A gate of the airline's pier, such as "C71"; never `other_than`."""
    place = pier(origin, carrier)
    choice = [f"{place.prefix}{number}" for number in place.gates]
    return random.choice([name for name in choice if name != other_than])


def belt(random: Random) -> str:
    """A baggage belt where the flight lands."""
    return str(random.randint(1, 12))
