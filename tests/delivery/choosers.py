"""People with choices in the small world of delivery, and a digester at hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.runtime import StopFlag
from app.store.leases import Leases
from consumers.delivery.digesting import Digester
from tests.delivery.clocks import Clock
from tests.delivery.world import A, B, World, flight, order

HOUR = timedelta(hours=1)

# The flight of the world leaves in five hours; these leave in nine days.
LATER_DAY = (datetime.now(UTC) + timedelta(days=9)).strftime("%Y-%m-%d")
FAR_A = flight(departure_date=LATER_DAY)
FAR_B = flight(departure_date=LATER_DAY, gate="C71")


def clock_of(moment: datetime, hours: float = 0) -> str:
    """The time of day so many hours after a moment, by clocks on UTC."""
    return f"{moment + hours * HOUR:%H:%M}"


def chooser(world: World, number: int = 1, **preferences: Any) -> str:
    """A person in UTC with these choices and a booking on the flight."""
    return world.person(number, time_zone="UTC", preferences=preferences)


def another_flight(world: World, person: int, flight_number: int, **fields: Any) -> str:
    """The person's booking and due conversation about another flight, "flight:f<number>"; its id."""
    subject, name = f"flight:f{flight_number}", f"p{person}"
    world.database["bookings"].insert_one(
        {
            "_id": f"b{person}-{flight_number}",
            "user_id": name,
            "flight_id": f"f{flight_number}",
            "status": "confirmed",
        }
    )
    now = datetime.now(UTC)
    document = {
        "_id": f"{subject}|{name}|{world.channel.name}",
        "subject": subject,
        "person": name,
        "channel": world.channel.name,
        "heard": replace(FAR_A, flight_number=f"UA{flight_number}").to_document(),
        "want": replace(FAR_B, flight_number=f"UA{flight_number}").to_document(),
        "order": order(1),
        "event_id": f"e{flight_number}",
        "changed_at": now,
        "found_late": False,
        "due_at": now,
        "priority": 2,
        "status": "open",
        "attempts": 0,
        "ends_at": now + timedelta(days=30),
    }
    world.database["conversations"].insert_one(document | fields)
    return str(document["_id"])


def at_gates(world: World) -> None:
    """Gates are told days before, so that only choices hold anything."""
    rules = replace(world.terms.rules, gate_window=timedelta(days=30))
    world.terms = replace(world.terms, rules=rules)


def by_clock(world: World, clock: Clock) -> None:
    """All of the world's time is this clock's."""
    domain = replace(world.terms.domain_clock, system=clock)
    world.terms = replace(world.terms, now=clock, domain_clock=domain)


def digester(world: World, holder: str = "one", **changes: Any) -> Digester:
    """A digester; changes replace what it shares."""
    made = Digester(
        replace(world.terms, **changes),
        Leases(world.database, holder),
        30.0,
        StopFlag(),
        world.settings.public_url,
    )
    world.workers.append(made)  # type: ignore[arg-type]  # it is closed in the same way
    return made


def held(world: World, number: int = 1) -> list[dict[str, Any]]:
    """What delivery put on record about the person, oldest first."""
    rows = world.database["delivery_decisions"].find({"person": f"p{number}"})
    return list(rows.sort("decided_at", 1))


__all__ = [
    "FAR_A",
    "FAR_B",
    "A",
    "B",
    "another_flight",
    "at_gates",
    "by_clock",
    "chooser",
    "clock_of",
    "digester",
    "held",
]
