"""D1 to D4' as built: claim, decide, note, hand over, ledger, conversation."""

from __future__ import annotations

from collections.abc import Iterator

from world import LATE, REFUSED, Conversation, State, Worker, World, put

Step = tuple[str, State, bool]


def steps(world: World, state: State, number: int) -> Iterator[Step]:
    """What one worker can do."""
    w: Worker = state.workers[number]
    name = f"D{number}"
    if w.at == "-":
        for who, c in enumerate(state.conversations):
            if c is not None and c.due and not c.failed:
                yield from _claim(world, state, number, who)
        return
    if killed := world.spend(state, "delivery crash"):
        c = state.conversations[w.who]
        if w.at in ("ledger", "settle", "unknown") and c.claim != number + 1 and c.doubt != w.attempt:
            # Accepted late, and dead before D4': the window that the page states.
            told = state.told[w.who]._replace(excused=True)
            killed = killed._replace(told=put(state.told, w.who, told))
            world.counts["window: died before it could say that it was late"] += 1
        yield f"{name} is killed ({w.at})", _idle(killed, number), True
    if w.at == "decided":
        yield f"{name} decides", _decide(world, state, number), False
    elif w.at == "send":
        yield f"{name} hands over {w.heard}->{w.to}", _send(world, state, number, "ledger"), False
        for fault, at in (("later", "later"), ("never", "never")):
            if refused := world.spend(state, fault):
                yield (
                    f"{name} hands over: {fault}",
                    _me(_refuse(world, refused, number), number, w._replace(at=at)),
                    True,
                )
        if unknown := world.spend(state, "unknown"):
            yield (
                f"{name} hands over: answer lost, not taken",
                _me(unknown, number, w._replace(at="unknown")),
                True,
            )
            yield f"{name} hands over: answer lost, taken", _send(world, unknown, number, "unknown"), True
    elif w.at == "ledger":
        yield f"{name} D4 writes the ledger", _record(world, state, number), False
    else:
        yield f"{name} D4 ({w.at})", forgotten(_settle(world, state, number)), False


def _me(state: State, number: int, w: Worker) -> State:
    return state._replace(workers=put(state.workers, number, w))


def _idle(state: State, number: int) -> State:
    return _me(state, number, Worker())


def _write(state: State, who: int, c: Conversation) -> State:
    return state._replace(conversations=put(state.conversations, who, c))


def _claim(world: World, state: State, number: int, who: int) -> Iterator[Step]:
    """D1, and D2's reading: the ledger resolves a doubt."""
    c: Conversation = state.conversations[who]
    base, zombie = state, False
    if c.claim and world.has("D1 exclusive"):
        other = state.workers[c.claim - 1]
        if other.at != "-" and other.who == who:
            if c.claim == number + 1:
                return
            base, zombie = world.spend(state, "delivery zombie"), True
            if base is None:
                return
    rows = dict(state.ledger[who])
    heard, left = c.heard, c.doubt
    if world.has("D2 ledger") and c.doubt in rows:
        heard, left = c.heard if rows[c.doubt] == REFUSED else rows[c.doubt], 0
    used = {c.doubt, *rows, *(a for w in state.workers if w.who == who for a in (w.read, w.left, w.attempt))}
    saved = state.saved[2][who] if state.saved else None
    used |= {saved.doubt} if saved is not None else set()
    attempt = next(a for a in range(1, LATE) if a not in used)
    w = Worker("decided", who, c.want, c.order, heard, c.doubt, left, attempt)
    after = _me(_write(base, who, c._replace(claim=number + 1)), number, w)
    label = f"D{number} claims person {who}: {heard}->{c.want}" + (" from a live worker" if zombie else "")
    if world.scenario.back == "whole":
        after = _decide(world, after, number)
        if after.workers[number].at == "send":
            after = _settle(world, _record(world, _send(world, after, number, "ledger"), number), number)
        after = forgotten(after)
    yield label, after, zombie


def _decide(world: World, state: State, number: int) -> State:
    """D2 without a message, or D3's note: both rest on the claim and on the doubt as read."""
    w: Worker = state.workers[number]
    c: Conversation = state.conversations[w.who]
    mine, as_read = c.claim == number + 1, c.doubt == w.read
    booked = world.is_booked(w.who, state.done) or not world.has("D2 booking")
    if not booked or (w.heard == w.to and not w.left):
        if mine:
            doubt = w.left if as_read or not world.has("D2 as read") else c.doubt
            still = c.order == w.order and (as_read or not world.has("D2 as read"))
            state = _write(state, w.who, c._replace(heard=w.heard, doubt=doubt, claim=0, due=not still))
        return forgotten(_idle(state, number))
    if not mine and world.has("D3 claim"):
        return _idle(state, number)
    if mine and not as_read and world.has("D3 as read"):
        return _idle(_write(state, w.who, c._replace(claim=0)), number)
    doubt = w.attempt if world.has("D3 doubt") else w.left
    return _me(_write(state, w.who, c._replace(heard=w.heard, doubt=doubt)), number, w._replace(at="send"))


def _send(world: World, state: State, number: int, at: str) -> State:
    w: Worker = state.workers[number]
    if not world.is_booked(w.who, state.done) and world.has("D2 booking"):
        # Withdrawn between D2's look and the hand-over: no program can know, so the model looks once more.
        return _me(state, number, w._replace(at="later"))
    return _me(world.accepted(state, number), number, w._replace(at=at))


def _refuse(world: World, state: State, number: int) -> State:
    """D4's first write for what was refused; it resolves no doubt where there was one before. Without it, by a death,
    it is as with an unknown outcome."""
    w: Worker = state.workers[number]
    if not world.has("D4 ledger") or w.left:
        return state
    rows = tuple(sorted({*state.ledger[w.who], (w.attempt, REFUSED)}))
    return state._replace(ledger=put(state.ledger, w.who, rows))


def _record(world: World, state: State, number: int) -> State:
    """D4's first write."""
    w: Worker = state.workers[number]
    if world.has("D4 ledger"):
        rows = tuple(sorted({*state.ledger[w.who], (w.attempt, w.to)}))
        state = state._replace(ledger=put(state.ledger, w.who, rows))
        if state.conversations[w.who].claim == number + 1:
            state = world.written(state, number)
    return _me(state, number, w._replace(at="settle"))


def _settle(world: World, state: State, number: int) -> State:
    """D4's second write, or D4' when the claim was lost."""
    w: Worker = state.workers[number]
    c: Conversation = state.conversations[w.who]
    ours, same = c.doubt == w.attempt, c.order == w.order or not world.has("D4 order")
    restored = w.left if ours else c.doubt
    if c.claim == number + 1:
        if w.at == "settle":
            state = world.written(state, number)
            doubt = 0 if ours or not world.has("D3 doubt") else c.doubt
            c = c._replace(heard=w.to, doubt=doubt, claim=0, due=not (same and not doubt))
        elif w.at == "unknown":
            c = c._replace(claim=0, due=True)
        elif w.at == "later":
            c = c._replace(claim=0, due=True, doubt=restored)
        else:
            c = c._replace(claim=0, due=c.order != w.order, doubt=restored, failed=c.order == w.order)
    elif w.at in ("settle", "unknown") and world.has("D4'"):
        doubt = c.doubt if ours else LATE if world.has("D4' unresolvable") else w.attempt
        c = c._replace(due=True, failed=False, doubt=doubt)
    return _idle(_write(state, w.who, c), number)


def forgotten(state: State) -> State:
    """Ledger rows that no doubt can refer to any more are forgotten, which keeps the states few."""
    if not any(state.ledger):
        return state
    kept = []
    for who, rows in enumerate(state.ledger):
        c = state.conversations[who]
        wanted = {c.doubt if c else 0}
        for w in state.workers:
            if w.at != "-" and w.who == who:
                wanted |= {w.read, w.left, w.attempt}
        if state.saved and state.saved[2][who]:
            wanted.add(state.saved[2][who].doubt)
        kept.append(tuple(row for row in rows if row[0] in wanted))
    return state._replace(ledger=tuple(kept))
