"""What people read, by examples: a row for each kind of news, and for the combinations that matter."""

from __future__ import annotations

from dataclasses import replace

from app.domain.flight import Flight, Status
from app.domain.news import Role
from tests.domain.news_examples import LATE, UA407
from tests.domain.wording_corrections_examples import CORRECTIONS

FOLLOWER = Role.FOLLOWER
CANCELLED = replace(UA407, status=Status.CANCELLED)
DEPARTED = replace(UA407, status=Status.DEPARTED)
LANDED = replace(UA407, status=Status.LANDED)
DIVERTED = replace(UA407, status=Status.DIVERTED)
TOMORROW = replace(UA407, departure_date="2013-02-09", arrival_date="2013-02-09")
NO_TIME = replace(UA407, status=Status.DELAYED)
LINK = "gatecall.example/f/UA407/2013-02-08"

# What it is of, heard, want, role; subject, opening, SMS.
EXAMPLES: list[tuple[str, Flight, Flight, Role, str, str, str]] = [
    (
        "a delay",
        UA407,
        LATE,
        Role.TRAVELLER,
        "UA 407 to Denver: 28 min late, leaves 15:13 EST",
        "UA 407 to Denver leaves 28 minutes late: 15:13 EST (was 14:45).",
        (
            "Gatecall: UA 407 to Denver leaves 15:13 EST, 28 min late (was 14:45). Gate C94."
            f" De-icing takes longer in the snow. {LINK}"
        ),
    ),
    (
        "a longer delay and a new gate",
        LATE,
        replace(LATE, estimated_departure_time="16:45", gate="C101", status_reason=None),
        Role.TRAVELLER,
        "UA 407 to Denver: 2 h late, leaves 16:45 EST",
        "UA 407 to Denver leaves 2 hours late: 16:45 EST (was 15:13).",
        f"Gatecall: UA 407 to Denver leaves 16:45 EST, 2 h late (was 15:13). Gate C101 (was C94). {LINK}",
    ),
    (
        "a delay into the next day",
        UA407,
        replace(LATE, estimated_departure_date="2013-02-09", estimated_departure_time="00:16"),
        Role.TRAVELLER,
        "UA 407 to Denver: 9 h 31 min late, leaves Sat 9 Feb, 00:16 EST",
        "UA 407 to Denver leaves 9 hours 31 minutes late: Sat 9 Feb, 00:16 EST (was Fri 8 Feb, 14:45).",
        (
            "Gatecall: UA 407 to Denver leaves Sat 9 Feb 00:16 EST, 9 h 31 min late (was Fri 8 Feb 14:45)."
            f" Gate C94. {LINK}"
        ),
    ),
    (
        "a delay without a time",
        UA407,
        NO_TIME,
        Role.TRAVELLER,
        "UA 407 to Denver is delayed, new time not yet known",
        "UA 407 to Denver is delayed. The new time is not yet known.",
        (
            "Gatecall: UA 407 to Denver, Fri 8 Feb 14:45 EST, is delayed. The new time is not yet known. Gate C94."
            f" {LINK}"
        ),
    ),
    (
        "a delay that gets its time",
        NO_TIME,
        replace(NO_TIME, estimated_departure_time="15:45"),
        Role.TRAVELLER,
        "UA 407 to Denver: 1 h late, leaves 15:45 EST",
        "UA 407 to Denver leaves 1 hour late: 15:45 EST.",
        f"Gatecall: UA 407 to Denver leaves 15:45 EST, 1 h late. Gate C94. {LINK}",
    ),
    (
        "a delay that shrinks",
        replace(LATE, estimated_departure_time="16:00"),
        replace(LATE, estimated_departure_time="15:05"),
        Role.TRAVELLER,
        "UA 407 to Denver leaves earlier: 15:05 EST, 20 min late",
        "UA 407 to Denver leaves 55 minutes earlier than last told: 15:05 EST, 20 minutes late (was 16:00).",
        f"Gatecall: UA 407 to Denver leaves 15:05 EST, 55 min earlier than last told. Gate C94. {LINK}",
    ),
    (
        "a delay that is over",
        LATE,
        UA407,
        Role.TRAVELLER,
        "UA 407 to Denver is on time again, leaves 14:45 EST",
        "UA 407 to Denver is on time again: it leaves 14:45 EST (was 15:13).",
        f"Gatecall: UA 407 to Denver leaves 14:45 EST, on time, 28 min earlier than last told. Gate C94. {LINK}",
    ),
    (
        "an early departure that moves back",
        replace(UA407, estimated_departure_time="14:15"),
        replace(UA407, estimated_departure_time="14:40"),
        Role.TRAVELLER,
        "UA 407 to Denver leaves later: 14:40 EST, 5 min early",
        "UA 407 to Denver leaves 25 minutes later than last told: 14:40 EST, 5 minutes early (was 14:15).",
        f"Gatecall: UA 407 to Denver leaves 14:40 EST, 5 min early (was 14:15). Gate C94. {LINK}",
    ),
    (
        "a cancellation",
        UA407,
        replace(CANCELLED, status_reason="winter storm"),
        Role.TRAVELLER,
        "UA 407 to Denver today is cancelled",
        "UA 407, Newark to Denver, Fri 8 Feb, 14:45 EST, is cancelled.",
        (
            "Gatecall: UA 407 to Denver, Fri 8 Feb 14:45 EST, is cancelled. Do not go to the airport."
            f" Ask United for another flight. {LINK}"
        ),
    ),
    (
        "a deleted flight",
        UA407,
        UA407.removed(),
        FOLLOWER,
        "UA 407 to Denver today is no longer in the schedule",
        "UA 407, Newark to Denver, Fri 8 Feb, 14:45 EST, is no longer in the schedule.",
        f"Gatecall: UA 407 to Denver, Fri 8 Feb 14:45 EST, is no longer in the schedule. {LINK}",
    ),
    (
        "a flight that comes back on the next day, from another gate",
        CANCELLED,
        replace(TOMORROW, gate="C98"),
        Role.TRAVELLER,
        "UA 407 to Denver flies after all: Sat 9 Feb, 14:45 EST",
        "UA 407 to Denver flies after all. It leaves Sat 9 Feb, 14:45 EST (was Fri 8 Feb, 14:45).",
        (
            "Gatecall: UA 407 to Denver flies after all. Sat 9 Feb 14:45 EST. Gate C98 (was C94)."
            " Disregard the cancellation. gatecall.example/f/UA407/2013-02-09"
        ),
    ),
    (
        "a deleted flight that comes back late",
        UA407.removed(),
        LATE,
        FOLLOWER,
        "UA 407 to Denver is back in the schedule: Fri 8 Feb, 15:13 EST",
        "UA 407 to Denver is back in the schedule. It leaves Fri 8 Feb, 15:13 EST, 28 minutes late (was 14:45).",
        (
            "Gatecall: UA 407 to Denver is back in the schedule. Fri 8 Feb 15:13 EST, 28 min late. Gate C94."
            f" {LINK}"
        ),
    ),
    (
        "another day",
        UA407,
        TOMORROW,
        Role.TRAVELLER,
        "UA 407 to Denver moved to Sat 9 Feb, 14:45 EST",
        "UA 407 to Denver moved to Sat 9 Feb, 14:45 EST (was Fri 8 Feb, 14:45).",
        (
            "Gatecall: UA 407 to Denver moved to Sat 9 Feb 14:45 EST (was Fri 8 Feb 14:45). Gate C94."
            " Cannot go? Ask United for a change. gatecall.example/f/UA407/2013-02-09"
        ),
    ),
    (
        "another time and another gate",
        UA407,
        replace(UA407, departure_time="16:00", arrival_time="18:20", gate="C99"),
        FOLLOWER,
        "UA 407 to Denver now leaves 16:00 EST, not 14:45",
        "UA 407 to Denver now leaves 16:00 EST (was 14:45).",
        f"Gatecall: UA 407 to Denver now leaves 16:00 EST (was 14:45). Gate C99 (was C94). {LINK}",
    ),
    (
        "another time, and late against it: the time people need comes first",
        UA407,
        replace(UA407, departure_time="16:00", estimated_departure_time="16:30"),
        FOLLOWER,
        "UA 407 to Denver now leaves 16:30 EST, not 14:45",
        "UA 407 to Denver now leaves 16:30 EST (was 14:45).",
        f"Gatecall: UA 407 to Denver now leaves 16:30 EST (was 14:45). Gate C94. {LINK}",
    ),
    (
        "a schedule that follows a delay already told",
        LATE,
        replace(UA407, departure_time="15:13"),
        FOLLOWER,
        "UA 407 to Denver is now scheduled for 15:13 EST, not 14:45",
        "UA 407 to Denver is now scheduled for 15:13 EST (was 14:45).",
        f"Gatecall: UA 407 to Denver is now scheduled for 15:13 EST (was 14:45). Gate C94. {LINK}",
    ),
    (
        "a new gate while boarding",
        UA407,
        replace(UA407, gate="C71", status=Status.BOARDING),
        Role.TRAVELLER,
        "UA 407 now leaves from gate C71, not C94",
        "New gate for UA 407 to Denver: C71 (was C94).",
        f"Gatecall: UA 407 to Denver has a new gate, C71 (was C94). Leaves 14:45 EST. Boarding now. {LINK}",
    ),
    (
        "a new gate in another terminal",
        UA407,
        replace(UA407, gate="B7", terminal="B"),
        Role.TRAVELLER,
        "UA 407 now leaves from gate B7, not C94",
        "New gate for UA 407 to Denver: B7 in terminal B (was C94 in terminal C).",
        f"Gatecall: UA 407 to Denver has a new gate, B7 in terminal B (was C94). Leaves 14:45 EST. {LINK}",
    ),
    (
        "a new terminal",
        UA407,
        replace(UA407, gate=None, terminal="B"),
        Role.TRAVELLER,
        "UA 407 now leaves from terminal B, not C",
        "UA 407 to Denver now leaves from terminal B (was C).",
        f"Gatecall: UA 407 to Denver has a new terminal, B (was C). Leaves 14:45 EST. {LINK}",
    ),
    (
        "boarding",
        UA407,
        replace(UA407, status=Status.BOARDING),
        Role.TRAVELLER,
        "UA 407 to Denver is boarding at gate C94",
        "UA 407 to Denver is boarding at gate C94.",
        f"Gatecall: UA 407 to Denver is boarding at gate C94. Leaves 14:45 EST. {LINK}",
    ),
    (
        "the gate closed",
        UA407,
        replace(UA407, status=Status.GATE_CLOSED),
        Role.TRAVELLER,
        "UA 407 to Denver: the gate has closed",
        "Gate C94 of UA 407 to Denver has closed.",
        f"Gatecall: UA 407 to Denver: gate C94 has closed. Leaves 14:45 EST. {LINK}",
    ),
    (
        "a departure at a known time",
        UA407,
        replace(DEPARTED, estimated_departure_time="15:13"),
        FOLLOWER,
        "UA 407 to Denver left Newark at 15:13 EST, 28 minutes late",
        "UA 407 to Denver left Newark at 15:13 EST, 28 minutes late.",
        f"Gatecall: UA 407 to Denver left Newark at 15:13 EST, 28 min late. Lands Fri 8 Feb 17:33 MST. {LINK}",
    ),
    (
        "a departure at a time nobody gave",
        UA407,
        DEPARTED,
        FOLLOWER,
        "UA 407 to Denver has left Newark",
        "UA 407 to Denver has left Newark.",
        f"Gatecall: UA 407 to Denver has left Newark. Lands Fri 8 Feb 17:05 MST. {LINK}",
    ),
    (
        "a landing, and the belt",
        DEPARTED,
        replace(LANDED, belt="7", arrival_gate="B22", estimated_arrival_time="18:17"),
        FOLLOWER,
        "UA 407 landed in Denver at 18:17 MST",
        "UA 407 landed in Denver at 18:17 MST.",
        f"Gatecall: UA 407 to Denver landed at 18:17 MST. Gate B22. Bags: belt 7. {LINK}",
    ),
    (
        "an arrival",
        LANDED,
        replace(UA407, status=Status.ARRIVED),
        FOLLOWER,
        "UA 407 has arrived in Denver",
        "UA 407 has arrived in Denver.",
        f"Gatecall: UA 407 to Denver has arrived. {LINK}",
    ),
    (
        "a landing after a diversion: where is not in the data",
        replace(DIVERTED, diverted_to="CYS"),
        replace(LANDED, diverted_to="CYS"),
        FOLLOWER,
        "UA 407 to Denver, diverted to Cheyenne (CYS), has landed",
        "UA 407 to Denver, diverted to Cheyenne (CYS), has landed.",
        f"Gatecall: UA 407 to Denver, diverted to Cheyenne, has landed. {LINK}",
    ),
    (
        "a later arrival, to who picks somebody up",
        DEPARTED,
        replace(DEPARTED, estimated_arrival_time="18:17"),
        Role.PICKUP,
        "UA 407 lands in Denver Fri 8 Feb, 18:17 MST, not 17:05",
        "UA 407 lands in Denver Fri 8 Feb, 18:17 MST (was 17:05).",
        f"Gatecall: UA 407 to Denver now lands Fri 8 Feb 18:17 MST (was 17:05). {LINK}",
    ),
    (
        "a first belt",
        LANDED,
        replace(LANDED, belt="5"),
        Role.TRAVELLER,
        "UA 407 from Newark: bags at belt 5",
        "Bags of UA 407 from Newark come out at belt 5.",
        f"Gatecall: UA 407 to Denver: bags come out at belt 5. {LINK}",
    ),
    (
        "another belt",
        replace(LANDED, belt="5"),
        replace(LANDED, belt="7"),
        Role.TRAVELLER,
        "UA 407 from Newark: bags now at belt 7",
        "Bags of UA 407 from Newark now come out at belt 7 (was 5).",
        f"Gatecall: UA 407 to Denver: bags come out at belt 7 (was 5). {LINK}",
    ),
    (
        "a diversion to a place not yet known",
        DEPARTED,
        DIVERTED,
        FOLLOWER,
        "UA 407 to Denver lands elsewhere",
        "UA 407 to Denver lands elsewhere. Where and when is not yet known.",
        (
            "Gatecall: UA 407 to Denver lands elsewhere. Where and when is not yet known; we tell you as soon as it is."
            f" {LINK}"
        ),
    ),
    (
        "the place of a diversion",
        DIVERTED,
        replace(DIVERTED, diverted_to="CYS"),
        FOLLOWER,
        "UA 407 to Denver lands in Cheyenne (CYS)",
        "UA 407 to Denver lands in Cheyenne (CYS), not in Denver. When is not yet known.",
        f"Gatecall: UA 407 to Denver lands in Cheyenne (CYS) instead. When is not yet known. {LINK}",
    ),
    (
        "a return",
        DEPARTED,
        replace(DIVERTED, diverted_to="EWR"),
        FOLLOWER,
        "UA 407 to Denver returns to Newark",
        "UA 407 to Denver returns to Newark. When it lands is not yet known.",
        f"Gatecall: UA 407 to Denver returns to Newark. When it lands is not yet known. {LINK}",
    ),
    (
        "a diversion within a city",
        replace(DEPARTED, origin="ORD", destination="LGA"),
        replace(DIVERTED, origin="ORD", destination="LGA", diverted_to="JFK"),
        FOLLOWER,
        "UA 407 to New York lands in New York (JFK)",
        "UA 407 to New York lands in New York (JFK), not in New York (LGA). When is not yet known.",
        f"Gatecall: UA 407 to New York lands in New York (JFK) instead. When is not yet known. {LINK}",
    ),
    (
        "a change of aircraft",
        replace(UA407, aircraft="N123UA"),
        replace(UA407, aircraft="N456UA"),
        Role.TRAVELLER,
        "UA 407 to Denver: another aircraft, N456UA",
        "UA 407 to Denver flies with aircraft N456UA (was N123UA).",
        (
            "Gatecall: UA 407 to Denver flies with aircraft N456UA (was N123UA). Look at your seat again."
            f" {LINK}"
        ),
    ),
    *CORRECTIONS,
]
