"""N1 to N7 and N3b as built, one message at a time, each write a step of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from world import RESTORED, UNKNOWN, Conversation, Notifier, State, World, put

Step = tuple[str, State, bool]


class Job(NamedTuple):
    """A message in the middle of its steps. at: the next step. fans, first: as the notifier's Touched."""

    at: str
    order: tuple
    value: str
    fans: bool = False
    first: bool = False
    restored: bool = False
    who: int = -1


def steps(world: World, state: State, number: int) -> Iterator[Step]:
    """What one notifier can do."""
    n: Notifier = state.notifiers[number]
    name = f"N{number}"
    if not n.alive:
        others = any(other.alive for other in state.notifiers)
        base = world.spend(state, "notifier zombie") if others else state
        if base is not None:
            yield f"{name} joins", _me(base, number, _placed(world, state, n)), others
        return
    if killed := world.spend(state, "notifier crash"):
        yield f"{name} is killed", _me(killed, number, Notifier()), True
    if n.job is not None:
        yield from _work(world, state, number)
        return
    if n.topic != state.topic and world.has("N5 topic"):
        yield f"{name} sees another topic", _me(state, number, _placed(world, state, n)), False
        return
    position = n.position if n.position <= len(state.log) else 0  # out of range: the earliest
    if position < len(state.log):
        yield from _take(world, state, number, position)
    if n.booking < len(world.bookings) and world.is_booked(n.booking, state.done):
        job = Job("b read", (), "", who=n.booking)
        yield f"{name} takes booking {n.booking}", _me(state, number, n._replace(job=job)), False


def _placed(world: World, state: State, n: Notifier) -> Notifier:
    offset, topic = state.offset
    position = offset if topic == state.topic or not world.has("N5 topic") else 0
    return n._replace(alive=True, topic=state.topic, position=position, booking=state.booked)


def _me(state: State, number: int, n: Notifier) -> State:
    return state._replace(notifiers=put(state.notifiers, number, n))


def _take(world: World, state: State, number: int, position: int) -> Iterator[Step]:
    """N1 and N2: known is read, and the message compared with it."""
    n: Notifier = state.notifiers[number]
    kind, order, value = state.log[position]
    known, name, done = state.known, f"N{number}", state.done
    label = f"{name} reads {kind} {value} {order}"
    ended = _me(state, number, n._replace(position=position, job=Job("N5", order, value)))
    if world.has("N2 incarnation") and order[0] < world.incarnation[done]:
        yield label + ": of another past", ended, False
        return
    if kind != "marker" and (poisoned := world.spend(ended, "poison")):
        letters = tuple(sorted({*state.letters, order}))
        if world.has("N7") and _newer(world, order, known):
            poisoned = poisoned._replace(known=(order, UNKNOWN, known[2] if known else UNKNOWN))
        yield label + ": a dead letter", poisoned._replace(letters=letters), True
    if kind == "marker":
        unseen = known is not None and known[1] != "-" and known[0] < order
        if not unseen:
            yield label, ended, False
            return
        if world.has("N6 reads"):  # there or gone, it is so at the time of reading
            order, value = (order[0], world.time[done], 99), world.value[done]
        else:
            value = "-"
        read = Job("N6", order, value)
        yield f"{label} and finds {value}", _me(state, number, n._replace(position=position, job=read)), False
        return
    yield label, _compared(world, state, number, position, Job(kind, order, value)), False


def _compared(world: World, state: State, number: int, position: int, job: Job) -> State:
    """N1 and N2: the message, or what a marker made it read, is compared with what is known by now."""
    n: Notifier = state.notifiers[number]
    known, order, value = state.known, job.order, job.value
    if not _newer(world, order, known):
        again = known[0] == order and known[1] == value and world.has("N2 equal")
        job = Job("N4b", order, known[2]) if again else Job("N5", order, value)
        return _me(state, number, n._replace(position=position, job=job))
    differs = known is None or known[1] == UNKNOWN or known[1] != value
    read = job.at != "event"
    job = Job(
        "make" if world.has("N3 before N4") else "N4",
        order,
        value,
        fans=known is None or differs or (read and world.has("N3 snapshot")),
        first=known is None,
        restored=known is not None and known[0][1] == 0,
    )
    return _me(state, number, n._replace(position=position, job=job))


def _newer(world: World, order: tuple, known: tuple | None) -> bool:
    if known is None:
        return True
    return order > known[0] if world.has("N2 order") else order[:2] > known[0][:2]


def _work(world: World, state: State, number: int) -> Iterator[Step]:
    """The next step of a job."""
    n: Notifier = state.notifiers[number]
    job: Job = n.job
    name = f"N{number}"

    def then(after: State, at: str) -> State:
        return _me(after, number, n._replace(job=job._replace(at=at)))

    order_of_steps = world.has("N3 before N4")
    if job.at == "N6":
        yield f"{name} compares {job.value}", _compared(world, state, number, n.position, job), False
    elif job.at == "make":
        after = _make(world, state, job) if job.fans else state
        yield f"{name} N3 makes what is missing", then(after, "tell"), False
    elif job.at == "tell":
        after = _tell(state, job.order, job.value) if job.fans else state
        yield f"{name} N3 tells {job.value}", then(after, "N4" if order_of_steps else "N4b"), False
    elif job.at == "N4":
        after = state
        if _newer(world, job.order, state.known) or not world.has("N4 condition"):
            gone = job.value == "-" and not world.has("gone stays known")
            after = state._replace(known=None if gone else (job.order, job.value, job.value))
        yield f"{name} N4 known {job.value}", then(after, "N4b" if order_of_steps else "make"), False
    elif job.at == "N4b":
        after = state
        if world.has("N4 again"):
            after = _make(world, after, job) if job.first else after
            after = _tell(after, job.order, job.value)
        yield f"{name} N4 tells once more", then(after, "N5"), False
    elif job.at == "N5":
        moved = n._replace(position=n.position + 1, job=None)
        after = state._replace(offset=(moved.position, n.topic if world.has("N5 topic") else state.topic))
        after = _me(after, number, moved)
        yield f"{name} N5 commits {moved.position}", trimmed(after) if world.scenario.trim else after, False
    else:
        yield from _book(world, state, number, job)


def _book(world: World, state: State, number: int, job: Job) -> Iterator[Step]:
    """N3b: known is read, the conversation made, known read again and told, the offset committed."""
    n: Notifier = state.notifiers[number]
    name, known = f"N{number}", state.known
    if job.at == "b read":
        if known is None or not world.has("N3b"):
            after = job._replace(at="b commit")
        else:
            made = job._replace(order=known[0], value=known[2], restored=known[0][1] == 0)
            after = made._replace(at="b make" if world.has("N3b made first") else "b tell")
        yield f"{name} N3b reads known", _me(state, number, n._replace(job=after)), False
    elif job.at == "b make":
        after = _insert(world, state, job.who, job)
        at = "b tell" if world.has("N3b made first") else "b commit"
        yield f"{name} N3b makes", _me(after, number, n._replace(job=job._replace(at=at))), False
    elif job.at == "b tell":
        after = state
        if known is not None and known[1] != UNKNOWN:
            after = _tell(state, known[0], known[2], only=job.who)
        at = "b commit" if world.has("N3b made first") else "b make"
        yield f"{name} N3b tells", _me(after, number, n._replace(job=job._replace(at=at))), False
    else:
        after = state._replace(booked=max(state.booked, job.who + 1))
        yield (
            f"{name} commits booking {job.who}",
            _me(after, number, n._replace(booking=job.who + 1, job=None)),
            False,
        )


def _make(world: World, state: State, job: Job) -> State:
    for who in range(len(world.bookings)):
        if world.is_booked(who, state.done):
            state = _insert(world, state, who, job)
    return state


def _insert(world: World, state: State, who: int, job: Job) -> State:
    """A missing conversation, as those told already would be: it starts with what the booking showed."""
    if state.conversations[who] is not None:
        return state
    _, _, seen, order = world.bookings[who]
    order = (job.order[0], *order[1:]) if world.has("seen order") else (job.order[0], 0, 0)
    heard = seen if world.has("seen") else (state.known[2] if state.known else seen)
    new = Conversation(heard, heard, order)
    if job.value != UNKNOWN and order < job.order:
        new = new._replace(want=job.value, order=job.order, due=heard != job.value)
    if job.restored and world.has("restored bookings"):
        new = new._replace(doubt=RESTORED, due=True)
    return state._replace(conversations=put(state.conversations, who, new))


def _tell(state: State, order: tuple, want: str, only: int = -1) -> State:
    """N3's update, in the server: where the order is smaller."""
    for who, c in enumerate(state.conversations):
        if c is None or not c.order < order or only not in (-1, who):
            continue
        due = c.heard != want or bool(c.doubt) or bool(c.claim)
        failed = c.failed and not (c.heard != want or c.doubt)
        told = c._replace(want=want, order=order, due=due and not failed, failed=failed)
        state = state._replace(conversations=put(state.conversations, who, told))
    return state


def trimmed(state: State) -> State:
    """Messages that nobody will read again are forgotten, which keeps the states few."""
    marks = [n.position for n in state.notifiers if n.alive and n.topic == state.topic]
    if any(n.alive and n.topic != state.topic for n in state.notifiers) or state.offset[1] != state.topic:
        return state
    least = min([state.offset[0], *marks])
    if least <= 0:
        return state
    moved = tuple(n._replace(position=n.position - least) if n.alive else n for n in state.notifiers)
    offset = (state.offset[0] - least, state.topic)
    return state._replace(log=state.log[least:], offset=offset, notifiers=moved)


def at_once(world: World, state: State, step: int) -> State:
    """For scenarios about delivery alone: all that follows from one step of the script, in one step."""
    for (time, place), value, happened in world.events:
        if happened == step:
            order = (world.incarnation[step], time, place)
            job = Job("", order, value)
            state = _tell(_make(world, state, job), order, value)._replace(known=(order, value, value))
    for who, (since, _, _, _) in enumerate(world.bookings):
        if since == step and state.known is not None:
            job = Job("", state.known[0], state.known[2])
            state = _insert(world, state, who, job)
    return state
