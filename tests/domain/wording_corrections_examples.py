"""What people read where something told is not so, and of another airport or number."""

from __future__ import annotations

from dataclasses import replace

from app.domain.flight import Flight, Status
from app.domain.news import Role
from tests.domain.news_examples import UA407

FOLLOWER = Role.FOLLOWER
DEPARTED = replace(UA407, status=Status.DEPARTED)
LANDED = replace(UA407, status=Status.LANDED)
DIVERTED = replace(UA407, status=Status.DIVERTED)
LINK = "gatecall.example/f/UA407/2013-02-08"

# As in wording_examples.
CORRECTIONS: list[tuple[str, Flight, Flight, Role, str, str, str]] = [
    (
        "a diversion that is called off",
        replace(DIVERTED, diverted_to="CYS"),
        DEPARTED,
        Role.TRAVELLER,
        "UA 407 to Denver is no longer diverted",
        "UA 407 to Denver is no longer diverted.",
        f"Gatecall: UA 407 to Denver is no longer diverted. Lands Fri 8 Feb 17:05 MST. {LINK}",
    ),
    (
        "a landing that was none",
        LANDED,
        DEPARTED,
        FOLLOWER,
        "UA 407 to Denver has not landed yet",
        "UA 407 to Denver has not landed yet.",
        f"Gatecall: UA 407 to Denver has not landed yet. Lands Fri 8 Feb 17:05 MST. {LINK}",
    ),
    (
        "a departure that was none",
        DEPARTED,
        UA407,
        FOLLOWER,
        "UA 407 to Denver has not left yet",
        "UA 407 to Denver has not left yet.",
        f"Gatecall: UA 407 to Denver has not left yet. Leaves 14:45 EST. {LINK}",
    ),
    (
        "another airport to leave from",
        UA407,
        replace(UA407, origin="LGA"),
        Role.TRAVELLER,
        "UA 407 to Denver now leaves from New York (LGA), not Newark (EWR)",
        "UA 407 to Denver now leaves from New York (LGA) (was Newark (EWR)).",
        (
            "Gatecall: UA 407 to Denver now leaves from New York (LGA) (was Newark (EWR)). Leaves 14:45 EST."
            f" Gate C94. {LINK}"
        ),
    ),
    (
        "another destination",
        UA407,
        replace(UA407, destination="COS"),
        Role.TRAVELLER,
        "UA 407 now flies to Colorado Springs (COS), not Denver (DEN)",
        "UA 407 now flies to Colorado Springs (COS) (was Denver (DEN)).",
        (
            "Gatecall: UA 407 now flies to Colorado Springs (COS) (was Denver (DEN)). Leaves 14:45 EST."
            f" Gate C94. {LINK}"
        ),
    ),
    (
        "another number",
        UA407,
        replace(UA407, flight_number="UA999"),
        Role.TRAVELLER,
        "UA 999 to Denver has a new number, not UA 407",
        "UA 999 to Denver has a new number (was UA 407).",
        (
            "Gatecall: UA 999 to Denver has a new number (was UA 407). Leaves 14:45 EST. Gate C94."
            " gatecall.example/f/UA999/2013-02-08"
        ),
    ),
]
