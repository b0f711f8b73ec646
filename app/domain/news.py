"""What is worth telling: the difference between what a person heard and what they should know.

Two questions, asked in two places. The notifier asks what is true of the flight: is this news for anybody,
above the smallest threshold anyone can choose (`is_news`). Delivery asks what is true of the
person: `decide`, between heard and want. So two delays of 10 minutes are one of 20 for somebody whose step
is 15.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.flight import AFTER_DEPARTURE, NOT_FLYING, Flight, Status


class Kind(StrEnum):
    """One kind of news: about a flight, an airport's day or a fare alert, or a notice by staff."""

    CANCELLED = "cancelled"
    REMOVED = "removed"
    REINSTATED = "reinstated"
    DIVERTED = "diverted"
    REROUTED = "rerouted"
    RESCHEDULED = "rescheduled"
    DELAYED = "delayed"
    EARLIER = "earlier"
    GATE = "gate"
    TERMINAL = "terminal"
    BOARDING = "boarding"
    GATE_CLOSED = "gate_closed"
    DEPARTED = "departed"
    ARRIVAL = "arrival"
    LANDED = "landed"
    ARRIVED = "arrived"
    BELT = "belt"
    AIRCRAFT = "aircraft"
    AIRPORT_SEVERE = "airport_severe"
    AIRPORT_DISRUPTED = "airport_disrupted"
    AIRPORT_NORMAL = "airport_normal"
    FARE = "fare"
    FARE_REPORT = "fare_report"
    FARE_ENDED = "fare_ended"
    NOTICE_URGENT = "notice_urgent"
    NOTICE = "notice"
    NOTICE_WITHDRAWN = "notice_withdrawn"
    NOTICE_URGENT_WITHDRAWN = "notice_urgent_withdrawn"


class Role(StrEnum):
    """Why a person hears: they hold a booking on the flight, they follow it or the airport, they agreed to hear when it
    arrives because they pick somebody up, or they asked for the fare alert. Of several the first counts."""

    TRAVELLER = "traveller"
    FOLLOWER = "follower"
    PICKUP = "pickup"
    ALERT = "alert"


URGENT = frozenset(
    {Kind.CANCELLED, Kind.REINSTATED, Kind.DIVERTED, Kind.NOTICE_URGENT, Kind.NOTICE_URGENT_WITHDRAWN}
)
ABOUT_DEPARTURE = frozenset(
    {Kind.RESCHEDULED, Kind.DELAYED, Kind.EARLIER, Kind.GATE, Kind.TERMINAL, Kind.BOARDING, Kind.GATE_CLOSED}
)
NEAR_DEPARTURE = frozenset({Kind.GATE, Kind.TERMINAL})
_OF_DEPARTURE = frozenset({Kind.RESCHEDULED, Kind.DELAYED, Kind.EARLIER})
_OF_FLIGHTS = frozenset(kind for kind in Kind if not kind.startswith(("airport_", "fare", "notice")))
_OF_PLACES = frozenset({Kind.REROUTED, Kind.ARRIVAL})
_ENDS_WAITING = frozenset({Status.BOARDING, Status.GATE_CLOSED, *NOT_FLYING})
_NOT_EXPECTED = frozenset({*NOT_FLYING, Status.DIVERTED, Status.LANDED, Status.ARRIVED})
_THERE = frozenset({Status.LANDED, Status.ARRIVED})
_ON_ITS_WAY = frozenset(Status) - _NOT_EXPECTED
_NOT_YET_BOARDING = frozenset({Status.SCHEDULED, Status.DELAYED})

_EVERYBODY = frozenset({Role.TRAVELLER, Role.FOLLOWER})
_AND_PICKUPS = frozenset({Role.TRAVELLER, Role.FOLLOWER, Role.PICKUP})
_FOLLOWERS = frozenset({Role.FOLLOWER})
_WHO_WAIT = frozenset({Role.FOLLOWER, Role.PICKUP})
_PICKUPS = frozenset({Role.PICKUP})
_ALERTS = frozenset({Role.ALERT})
_NOBODY: frozenset[Role] = frozenset()

TOLD_BY_DEFAULT: Mapping[Kind, frozenset[Role]] = {
    Kind.CANCELLED: _AND_PICKUPS,
    Kind.REMOVED: _AND_PICKUPS,
    Kind.REINSTATED: _AND_PICKUPS,
    Kind.DIVERTED: _AND_PICKUPS,
    Kind.REROUTED: _AND_PICKUPS,
    Kind.RESCHEDULED: _EVERYBODY,
    Kind.DELAYED: _EVERYBODY,
    Kind.EARLIER: _EVERYBODY,
    Kind.GATE: _EVERYBODY,
    Kind.TERMINAL: _EVERYBODY,
    Kind.BOARDING: _EVERYBODY,
    Kind.GATE_CLOSED: _NOBODY,
    Kind.DEPARTED: _FOLLOWERS,
    Kind.ARRIVAL: _PICKUPS,
    Kind.LANDED: _WHO_WAIT,
    Kind.ARRIVED: _WHO_WAIT,
    Kind.BELT: _AND_PICKUPS,
    Kind.AIRCRAFT: _NOBODY,
    Kind.AIRPORT_SEVERE: _FOLLOWERS,
    Kind.AIRPORT_DISRUPTED: _FOLLOWERS,
    Kind.AIRPORT_NORMAL: _FOLLOWERS,
    Kind.FARE: _ALERTS,
    Kind.FARE_REPORT: _ALERTS,
    Kind.FARE_ENDED: _ALERTS,
    Kind.NOTICE_URGENT: _EVERYBODY,
    Kind.NOTICE: _EVERYBODY,
    Kind.NOTICE_WITHDRAWN: _EVERYBODY,
    Kind.NOTICE_URGENT_WITHDRAWN: _EVERYBODY,
}

OF_PICKUPS = frozenset(kind for kind, roles in TOLD_BY_DEFAULT.items() if Role.PICKUP in roles)
"""All that somebody who picks up ever hears, whatever they chose: whether, when and where it arrives."""

USEFUL_AFTER_DEPARTURE = timedelta(hours=24)
"""How long after its departure anything about a flight is still worth a message."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Thresholds of the times of a flight."""

    delay: timedelta
    reschedule: timedelta


@dataclass(frozen=True, slots=True)
class Rules:
    """What one person wants to hear.

    gate_window: gate and terminal are told from this long before departure on.
    told: for each kind, the roles that hear of it; a kind that is missing is told to nobody.
    """

    steps: Steps
    gate_window: timedelta
    told: Mapping[Kind, frozenset[Role]] = field(default_factory=lambda: TOLD_BY_DEFAULT)


class Action(StrEnum):
    """TELL now; WAIT until a time; SETTLE in silence; SKIP what has become useless, on the record."""

    TELL = "tell"
    WAIT = "wait"
    SETTLE = "settle"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Decision:
    """kinds: what is told (TELL), or would have been (WAIT, SKIP), most important first.

    reason: a constant code, None with TELL. until: aware UTC on the domain clock, only with WAIT.
    """

    action: Action
    kinds: tuple[Kind, ...] = ()
    reason: str | None = None
    until: datetime | None = None


def differences(heard: Flight, want: Flight, steps: Steps) -> tuple[Kind, ...]:
    """All news between two states of a flight, most important first; () when nothing reaches its step.

    A first gate, terminal, belt or aircraft is no change for gate, terminal and aircraft; a first belt is
    news, since nobody could know it before. That the arrival moves with the departure is no news of its own.
    """
    kinds: set[Kind] = set()
    if want.status in NOT_FLYING:
        if want.status is not heard.status and not (
            heard.status in NOT_FLYING and want.status is Status.REMOVED
        ):
            kinds.add(Kind.CANCELLED if want.status is Status.CANCELLED else Kind.REMOVED)
        return _sorted(kinds)
    if heard.status in NOT_FLYING:
        kinds.add(Kind.REINSTATED)
    kinds |= _progress(heard, want) | _taken_back(heard, want) | _route(heard, want)
    kinds |= _times(heard, want, steps)
    kinds |= _places(heard, want)
    if not kinds & _OF_DEPARTURE:
        kinds |= _arrival(heard, want, steps)
    return _sorted(kinds)


def _progress(heard: Flight, want: Flight) -> set[Kind]:
    kinds = set()
    if want.status is Status.DIVERTED and (heard.status, heard.diverted_to) != (
        want.status,
        want.diverted_to,
    ):
        kinds.add(Kind.DIVERTED)
    elif want.status is not heard.status and not (
        want.status is Status.DEPARTED and heard.status in AFTER_DEPARTURE
    ):
        by_status = {
            Status.BOARDING: Kind.BOARDING,
            Status.GATE_CLOSED: Kind.GATE_CLOSED,
            Status.DEPARTED: Kind.DEPARTED,
            Status.LANDED: Kind.LANDED,
            Status.ARRIVED: Kind.ARRIVED,
        }
        if want.status in by_status:
            kinds.add(by_status[want.status])
    return kinds


def _taken_back(heard: Flight, want: Flight) -> set[Kind]:
    """What was told of its way and is not so: it flies to its destination after all, has not landed, has not left."""
    if heard.status is Status.DIVERTED and want.status in _ON_ITS_WAY:
        return {Kind.DIVERTED} if want.diverted_to in (None, want.destination) else set()
    if heard.status in _THERE and want.status in _ON_ITS_WAY:
        return {Kind.LANDED}
    if heard.status is Status.DEPARTED and want.status in _NOT_YET_BOARDING:
        return {Kind.DEPARTED}
    return set()


def _route(heard: Flight, want: Flight) -> set[Kind]:
    """Whether it flies between other airports; before it left, whether under another number."""
    differs = heard.destination != want.destination
    if want.status not in AFTER_DEPARTURE:
        differs |= (heard.flight_number, heard.origin) != (want.flight_number, want.origin)
    return {Kind.REROUTED} if differs else set()


def _times(heard: Flight, want: Flight, steps: Steps) -> set[Kind]:
    kinds = set()
    moved = want.departs_at - heard.departs_at
    later = want.leaves_at - heard.leaves_at
    if abs(moved) >= steps.reschedule:
        kinds.add(Kind.RESCHEDULED)
        later = want.delay - heard.delay  # the rest of the shift is told as the new schedule
    if want.is_delayed_without_time:
        if not heard.is_delayed_without_time:
            kinds.add(Kind.DELAYED)
    elif heard.is_delayed_without_time:  # the first time after "not yet known" is news, whatever it is
        kinds.add(Kind.DELAYED if want.delay > timedelta() else Kind.EARLIER)
    elif later >= steps.delay:
        kinds.add(Kind.DELAYED)
    elif -later >= steps.delay:
        kinds.add(Kind.EARLIER)
    return kinds


def _arrival(heard: Flight, want: Flight, steps: Steps) -> set[Kind]:
    """Whether it is expected at its destination at another time; what has landed or lands elsewhere is not."""
    if {heard.status, want.status} & _NOT_EXPECTED or want.is_delayed_without_time:
        return set()
    before, now = heard.lands_at, want.lands_at
    moved = before and now and abs(now - before) >= steps.delay
    return {Kind.ARRIVAL} if moved else set()


def _places(heard: Flight, want: Flight) -> set[Kind]:
    kinds = set()
    if heard.gate and want.gate and heard.gate != want.gate:
        kinds.add(Kind.GATE)
    if heard.terminal and want.terminal and heard.terminal != want.terminal:
        kinds.add(Kind.TERMINAL)
    if heard.aircraft and want.aircraft and heard.aircraft != want.aircraft:
        kinds.add(Kind.AIRCRAFT)
    if want.belt and want.belt != heard.belt:
        kinds.add(Kind.BELT)
    return kinds


def is_news(announced: Flight, value: Flight, floor: Steps) -> bool:
    """Whether the conversations about a flight must learn of its new state.

    floor: the smallest steps anyone can choose. A first gate, terminal or aircraft counts too: nobody is told
    of it, but what a later change is told against moves with it (`absorb_first_values`).
    """
    return bool(differences(announced, value, floor)) or absorb_first_values(announced, value) != announced


def decide(heard: Flight, want: Flight, role: Role, rules: Rules, now: datetime) -> Decision:
    """What to do for one person about one flight.

    now: the domain clock. Nothing about departure is told once the flight has left or its time has passed, half a day
    later where nobody wrote until when it is delayed; nothing at all later than USEFUL_AFTER_DEPARTURE.
    """
    found = differences(heard, want, rules.steps)
    if not found:
        return Decision(Action.SETTLE, reason="below_threshold" if heard != want else "nothing_new")
    if role is Role.PICKUP:
        found = _of_pickup(found, heard, want, rules.steps)
    else:
        found = tuple(kind for kind in found if kind is not Kind.ARRIVAL)
    mine = tuple(kind for kind in found if role in rules.told.get(kind, _NOBODY))
    if not mine:
        return Decision(Action.SETTLE, reason="not_wanted")
    leaves_by = _leaves_by(heard, want)
    useful = tuple(kind for kind in mine if _still_useful(kind, want, leaves_by, now))
    if not useful:
        left = want.status in AFTER_DEPARTURE or leaves_by <= now
        return Decision(Action.SKIP, mine, reason="departed" if left else "past")
    tellable = tuple(
        k for k in useful if k not in NEAR_DEPARTURE or want.leaves_at - now <= rules.gate_window
    )
    if tellable:
        return Decision(Action.TELL, useful)
    return Decision(Action.WAIT, useful, reason="gate_too_early", until=want.leaves_at - rules.gate_window)


def _of_pickup(found: tuple[Kind, ...], heard: Flight, want: Flight, steps: Steps) -> tuple[Kind, ...]:
    """A departure that moved is to those who pick up the arrival that moved with it; where it begins is nothing."""
    theirs = {kind for kind in found if kind in OF_PICKUPS} | _arrival(heard, want, steps)
    return _sorted(theirs - ({Kind.REROUTED} if heard.destination == want.destination else set()))


def timely(kinds: tuple[Kind, ...], want: Flight, now: datetime) -> tuple[Kind, ...]:
    """Those of the kinds that are still worth a message at this time of the domain clock, in their order."""
    return tuple(kind for kind in kinds if _still_useful(kind, want, want.leaves_by, now))


def _leaves_by(heard: Flight, want: Flight) -> datetime:
    """Until when it may leave, or might have: whoever waits until nobody knows when hears that it boards, or is off."""
    if heard.is_delayed_without_time and want.status in _ENDS_WAITING:
        return max(want.leaves_by, heard.leaves_by)
    return want.leaves_by


def _still_useful(kind: Kind, want: Flight, leaves_by: datetime, now: datetime) -> bool:
    if kind is Kind.REMOVED:
        return leaves_by > now
    if now - max(leaves_by, want.lands_at or leaves_by) > USEFUL_AFTER_DEPARTURE:
        return False
    if kind is Kind.EARLIER:
        return want.status not in AFTER_DEPARTURE and want.leaves_at > now
    if kind is Kind.ARRIVAL:
        return want.status not in _NOT_EXPECTED and want.lands_at is not None and want.lands_at > now
    if kind in ABOUT_DEPARTURE:
        return want.status not in AFTER_DEPARTURE and leaves_by > now
    return True


def kinds_of_state(want: Flight) -> tuple[Kind, ...]:
    """What is worth saying about a flight when nothing is known of what was said before."""
    if want.status in NOT_FLYING:
        return (Kind.CANCELLED if want.status is Status.CANCELLED else Kind.REMOVED,)
    by_status = {Status.DIVERTED: Kind.DIVERTED, Status.LANDED: Kind.LANDED, Status.ARRIVED: Kind.ARRIVED}
    if want.status in by_status:
        return (by_status[want.status],)
    return (Kind.RESCHEDULED,)


def wanted(kinds: tuple[Kind, ...], role: Role, rules: Rules) -> tuple[Kind, ...]:
    """Those of these kinds that the person wants; RESCHEDULED, which says how a flight is (`kinds_of_state`), for
    whoever wants any news of flights."""
    mine = {kind for kind in _OF_FLIGHTS if role in rules.told.get(kind, _NOBODY)}
    return tuple(kind for kind in kinds if kind in mine or (kind is Kind.RESCHEDULED and mine))


def absorb_first_values(heard: Flight, want: Flight) -> Flight:
    """heard, with the gate, terminal and aircraft that it lacks taken from want.

    First values stand on the boarding pass and the screens, so a later change is told against them; and so is a
    gate that comes after one that was withdrawn.
    """
    return replace(
        heard,
        gate=heard.gate or want.gate,
        terminal=heard.terminal or want.terminal,
        aircraft=heard.aircraft or want.aircraft,
    )


def priority(kinds: tuple[Kind, ...]) -> int:
    """Place in the queue: 0 urgent, 1 times, 2 the rest. Lower goes first."""
    if any(kind in URGENT or kind is Kind.REMOVED for kind in kinds):
        return 0
    return 1 if any(kind in _OF_DEPARTURE or kind in _OF_PLACES for kind in kinds) else 2


def _sorted(kinds: set[Kind]) -> tuple[Kind, ...]:
    order = list(Kind)
    return tuple(sorted(kinds, key=order.index))
