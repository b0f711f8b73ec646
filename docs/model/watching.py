"""W1 to W3 as built: token, snapshot, publish, acknowledge, compare, store."""

from __future__ import annotations

from collections.abc import Iterator

from world import BEFORE_ALL, State, Watcher, World, put

Step = tuple[str, State, bool]


def steps(world: World, state: State, number: int) -> Iterator[Step]:
    """What one watcher can do."""
    w: Watcher = state.watchers[number]
    name = f"W{number}"

    def me(after: State, **change: object) -> State:
        return after._replace(watchers=put(after.watchers, number, w._replace(**change)))

    if w.at == "-":
        yield from _begin(world, state, number)
        return
    if crashed := world.spend(state, "watcher crash"):
        yield f"{name} is killed", crashed._replace(watchers=put(state.watchers, number, Watcher())), True
    done = state.done
    if w.at in ("stream", "dirty"):
        moved = (w.topic != state.topic and world.has("W3 topic")) or (
            w.incarnation != world.incarnation[done] and world.has("W3 incarnation")
        )
        until = world.lost[1] if done >= world.restored_at and w.next < world.lost[1] else world.upto[done]
        if w.next < until:
            (time, place), value, _ = world.events[w.next]
            event = ("event", (w.incarnation, time, place), value)
            if world.has("W3 ack"):
                yield (
                    f"{name} publishes {value}",
                    me(_publish(state, event), at="dirty", next=w.next + 1),
                    False,
                )
            elif w.at == "stream":  # the token before the acknowledgement
                yield f"{name} stores, then publishes", me(_store(state, w, w.next + 1), at="dirty"), False
            else:
                yield (
                    f"{name} publishes {value}",
                    me(_publish(state, event), at="stream", next=w.next + 1),
                    False,
                )
        if moved:
            yield f"{name} sees another topic or past", me(state, at="-"), False
        elif w.at == "dirty" and world.has("W3 ack"):
            yield f"{name} stores its token", me(_store(state, w, w.next), at="stream"), False
    elif w.at == "read":
        value = world.value[done]
        place = 99 if world.has("W2 read after all of its time") else 0
        event = ("snapshot", (w.incarnation, world.time[done], place), value)
        after = _publish(state, event) if value != "-" else state
        yield f"{name} reads and publishes {value}", me(after, at="mark"), False
    elif w.at == "mark":
        event = ("marker", (w.incarnation, w.t0, 0 if world.has("N6 before") else 100), "")
        yield f"{name} publishes the marker of {w.t0}", me(_publish(state, event), at="store"), False
    elif w.topic != state.topic or w.incarnation != world.incarnation[done]:
        yield f"{name} sees another topic or past", me(state, at="-"), False
    else:
        yield f"{name} stores the position of its snapshot", me(_store(state, w, w.next), at="stream"), False


def _begin(world: World, state: State, number: int) -> Iterator[Step]:
    others = any(other.at != "-" for other in state.watchers)
    base = world.spend(state, "watcher zombie") if others else state
    if base is None:
        return
    incarnation = world.incarnation[state.done]
    fresh = Watcher("stream", topic=state.topic, incarnation=incarnation)
    # W2: t0 is the time of clearing the token; what happens from then on, inclusive, is in the stream.
    t0 = world.time[state.done]
    past, restored_at = world.events[: world.upto[state.done]], world.lost_at(state.done)
    first = sum(1 for (time, _), _, step in past if time < t0 or step <= restored_at)
    snapshot = fresh._replace(at="read", next=first, t0=t0)
    cleared = base._replace(token=None, watchers=put(base.watchers, number, snapshot))
    token = state.token
    other_topic = token is not None and token[1] != state.topic and world.has("W2 topic")
    other_past = token is not None and token[2] != incarnation and world.has("W2 incarnation")
    if token is None or other_topic or other_past:
        yield f"W{number} begins a snapshot", cleared, others
        return
    going_on = fresh._replace(next=token[0])
    yield (
        f"W{number} goes on from its token",
        base._replace(watchers=put(base.watchers, number, going_on)),
        others,
    )
    if refused := world.spend(cleared, "token lost"):
        yield f"W{number} is refused its token and begins a snapshot", refused, True


def _publish(state: State, message: tuple) -> State:
    published = max(state.published, message[1]) if message[0] != "marker" else state.published
    return state._replace(log=(*state.log, message), published=published)


def _store(state: State, w: Watcher, position: int) -> State:
    return state._replace(token=(position, w.topic, w.incarnation))


def topic_is_made_again(world: World, state: State) -> Iterator[Step]:
    """Kafka lost the topic: another id, an empty log. Offsets stay with the id they were committed with."""
    if after := world.spend(state, "topic"):
        yield "topic made again", after._replace(topic=state.topic + 1, log=(), published=BEFORE_ALL), True
