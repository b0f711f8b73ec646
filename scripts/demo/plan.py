"""The plan of the replay: which edit an admin makes when. A pure function of the data and a seed.

How each flight ends is real. What was known when is made up, plausibly: cancellations come in waves hours
ahead, delays grow in steps, gates are assigned and changed, and now and then an admin makes a mistake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from scripts.demo import gates, waves
from scripts.demo.data import Departure, local
from scripts.demo.story import Edit, Fields, Identity, Story

STARTS = datetime.fromisoformat("2013-02-08T04:30:00-05:00")
"""What the domain clock shows when the replay begins: half past four in the morning in New York."""

_REASONS = (
    "Winter storm",
    "Winter storm",
    "Winter storm",
    "Snow removal on the runways",
    "Airport closed by snow",
    "Crew not available because of the storm",
)
_DELAYS = ("De-icing", "Snow removal", "Late arriving aircraft", "Traffic flow restrictions", "Late crew")
_DIVERTED_TO = {"STL": "MCI", "PHX": "ABQ", "BOS": "PVD"}
_NOTES = ("called the station", "crew confirmed", "checked with the desk", "catering informed")


@dataclass(frozen=True, slots=True)
class Plan:
    """published: every flight's fields when the demo begins. edits: in order of time."""

    published: dict[Identity, Fields]
    edits: list[Edit]

    @property
    def final(self) -> dict[Identity, Fields]:
        """Every flight's fields after the last edit."""
        ended = dict(self.published)
        ended.update({edit.identity: edit.after for edit in self.edits if edit.after is not None})
        return ended


def make(departures: Sequence[Departure], seed: int = 2013) -> Plan:
    """The plan for these flights; the same for the same seed."""
    random = Random(seed)
    flown = [d for d in departures if not d.cancelled and not d.diverted]
    cancelled_at = waves.announced([d for d in departures if d.cancelled], STARTS, random)
    chosen = _Chosen(flown, random)
    stories = []
    for departure in departures:
        story = Story(departure, _published(departure, chosen, random), STARTS)
        _planned_moves(story, chosen, random)
        if departure.cancelled:
            _cancel(story, cancelled_at[departure], random)
        else:
            _fly(story, chosen, random)
        stories.append(story)
    for story in random.sample(stories, min(90, len(stories))):
        _touch(story, random)
    edits = [edit for story in stories for edit in story.edits]
    edits.sort(key=lambda edit: edit.at)  # stable: edits of one flight keep their order
    return Plan({story.departure.identity: story.published for story in stories}, edits)


class _Chosen:
    """Flights to which something rare happens. Disjoint, so that no two rare things meet in one flight."""

    def __init__(self, flown: Sequence[Departure], random: Random) -> None:
        tomorrow = [d for d in flown if d.departs - STARTS > timedelta(hours=32)]
        picks = random.sample(tomorrow, min(26, len(tomorrow)))
        self.reinstated = set(picks[:8])
        self.deleted = set(picks[8:12])
        self.by_mistake = set(picks[12:14])
        self.rescheduled = set(picks[14:20])
        self.swapped = set(picks[20:26])
        others = [d for d in flown if d not in picks and d.departs - STARTS > timedelta(hours=5)]
        self.gate_typo = set(random.sample(others, min(12, len(others))))
        self.aircraft = sorted({d.aircraft for d in flown if d.aircraft})


def _published(departure: Departure, chosen: _Chosen, random: Random) -> Fields:
    """The schedule as known when the demo begins, with gates for what leaves in the next three hours."""
    departs, arrives = departure.departs, departure.arrives
    if departure in chosen.rescheduled:
        departs, arrives = departs - timedelta(minutes=25), arrives - timedelta(minutes=25)
    day, clock = local(departs, departure.origin)
    arrival_day, arrival_clock = local(arrives, departure.destination)
    fields = {
        "flight_number": departure.flight_number,
        "airline": departure.carrier,
        "origin": departure.origin,
        "destination": departure.destination,
        "departure_date": day,
        "departure_time": clock,
        "arrival_date": arrival_day,
        "arrival_time": arrival_clock,
        "status": "scheduled",
        "terminal": gates.pier(departure.origin, departure.carrier).terminal,
    }
    if departs - STARTS < timedelta(hours=3):
        fields["gate"] = gates.gate(departure.origin, departure.carrier, random)
    if departure in chosen.swapped:
        fields["aircraft"] = random.choice([name for name in chosen.aircraft if name != departure.aircraft])
    elif departure.aircraft:
        fields["aircraft"] = departure.aircraft
    return fields


def _planned_moves(story: Story, chosen: _Chosen, random: Random) -> None:
    """What happens on the first day to flights of the second, in the order of the day."""
    departure = story.departure
    if departure in chosen.rescheduled:
        day, clock = local(departure.departs, departure.origin)
        arrival_day, arrival_clock = local(departure.arrives, departure.destination)
        story.change(
            STARTS + timedelta(hours=random.uniform(3, 10)),
            "rescheduled",
            departure_date=day,
            departure_time=clock,
            arrival_date=arrival_day,
            arrival_time=arrival_clock,
        )
    if departure in chosen.deleted:
        story.delete_and_insert(STARTS + timedelta(hours=random.uniform(4, 12)), timedelta(minutes=15))
    if departure in chosen.swapped:
        story.change(STARTS + timedelta(hours=random.uniform(2, 20)), "aircraft", aircraft=departure.aircraft)
    if departure in chosen.reinstated:
        off = STARTS + timedelta(hours=14.3, seconds=random.uniform(0, 300))
        back = departure.departs - timedelta(hours=random.uniform(4.5, 5.5))
        story.change(off, "cancelled", status="cancelled", status_reason=random.choice(_REASONS))
        story.change(back, "reinstated", status="scheduled", status_reason=None)
    if departure in chosen.by_mistake:
        off = departure.departs - timedelta(hours=random.uniform(4.5, 6))
        story.change(off, "cancelled", status="cancelled", status_reason="Winter storm")
        story.change(off + timedelta(seconds=90), "undone", status="scheduled", status_reason=None)


def _assign_gate(story: Story, random: Random, before: datetime) -> None:
    departure = story.departure
    at = departure.departs - timedelta(minutes=random.uniform(125, 240))
    if story.field("gate") is None and at < before:
        story.change(at, "gate", gate=gates.gate(departure.origin, departure.carrier, random))


def _cancel(story: Story, at: datetime, random: Random) -> None:
    """A gate and a delay first, where there is time for them; then the cancellation."""
    departure = story.departure
    _assign_gate(story, random, at)
    if random.random() < 0.25 and departure.departs - at < timedelta(hours=3):
        first = at - timedelta(minutes=random.uniform(20, 70))
        if first > STARTS:
            late = timedelta(minutes=5 * random.randint(4, 15))
            reason = random.choice(_DELAYS)
            story.expect(first, "delay", departure.departs + late, status="delayed", status_reason=reason)
    story.change(at, "cancelled", status="cancelled", status_reason=random.choice(_REASONS))


def _fly(story: Story, chosen: _Chosen, random: Random) -> None:
    """From the gate to the belt, ending as the flight really ended."""
    departure = story.departure
    left = departure.left
    assert left is not None
    _assign_gate(story, random, left - timedelta(hours=1))
    late = (left - departure.departs) // timedelta(minutes=1)
    if departure in chosen.gate_typo:
        _mistype_gate(story, random)
    moves = _delays(departure, late, random)
    if late < 60 and random.random() < 0.12:
        moves.append((left - timedelta(minutes=random.uniform(45, 100)), None))
    for at, leaves in sorted(moves, key=lambda move: move[0]):
        if leaves is None:
            old = story.field("gate")
            new = gates.gate(departure.origin, departure.carrier, random, other_than=old)
            story.change(at, "gate change" if old else "gate", gate=new)
        else:
            story.expect(at, "delay", leaves, status="delayed", status_reason=random.choice(_DELAYS))
    story.change(left - timedelta(minutes=random.uniform(30, 40)), "boarding", status="boarding")
    if random.random() < 0.35:  # most stations do not bother
        story.change(left - timedelta(minutes=random.uniform(7, 12)), "gate closed", status="gate_closed")
    story.expect(left, "departed", left, status="departed")
    if departure.diverted:
        _divert(story, left)
    if departure.arrived is not None:
        _arrive(story, departure.arrived, random)


def _delays(departure: Departure, late: int, random: Random) -> list[tuple[datetime, datetime | None]]:
    """When which departure was expected: one step for every 35 minutes, the last one the truth.

    late: minutes. Nobody announces less than ten.
    """
    if late < 10:
        return []
    left = departure.departs + timedelta(minutes=late)
    steps = min(5, 1 + late // 35)
    first = min(departure.departs - timedelta(minutes=random.uniform(10, 80)), left - timedelta(minutes=60))
    last = left - timedelta(minutes=random.uniform(41, 55))
    moves: list[tuple[datetime, datetime | None]] = []
    for step in range(1, steps + 1):
        known = (
            late
            if step == steps
            else max(10, round(late * step / steps * random.uniform(0.75, 1.15) / 5) * 5)
        )
        at = first + (last - first) * (step - 1) / (steps - 1) if steps > 1 else first
        moves.append((at, departure.departs + timedelta(minutes=known)))
    return moves


def _mistype_gate(story: Story, random: Random) -> None:
    """A wrong gate, mended within seconds."""
    departure, right = story.departure, story.field("gate")
    if right is None:
        return
    wrong = gates.gate(departure.origin, departure.carrier, random, other_than=right)
    at = departure.departs - timedelta(minutes=random.uniform(100, 118))
    story.change(at, "gate change", gate=wrong)
    story.change(at + timedelta(seconds=random.uniform(8, 25)), "undone", gate=right)


def _divert(story: Story, left: datetime) -> None:
    elsewhere = _DIVERTED_TO.get(story.departure.destination, "PHL")
    at = left + (story.departure.arrives - story.departure.departs) * 0.7
    story.change(
        at, "diverted", status="diverted", diverted_to=elsewhere, status_reason="Weather at the destination"
    )


def _arrive(story: Story, arrived: datetime, random: Random) -> None:
    departure = story.departure
    day, clock = local(arrived, departure.destination)
    other_day = day if day != story.field("arrival_date") else None
    estimate = {"estimated_arrival_date": other_day, "estimated_arrival_time": clock}
    if random.random() < 0.5:  # the others are only told of when they are at the gate
        at = arrived - timedelta(minutes=random.uniform(3, 8))
        story.change(at, "landed", status="landed", diverted_to=None, **estimate)
    belt = gates.belt(random) if random.random() < 0.55 else None
    story.change(arrived, "arrived", status="arrived", diverted_to=None, belt=belt, **estimate)


def _touch(story: Story, random: Random) -> None:
    """A save that changes nothing that matters, after everything else that happens to the flight."""
    note = random.choice(_NOTES) if random.random() < 0.6 else None
    at = (story.edits[-1].at if story.edits else STARTS) + timedelta(minutes=random.uniform(1, 30))
    story.touch(at, note)
