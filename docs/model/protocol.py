"""All actors together, and the database under them: the script's next step, backup and restore."""

from __future__ import annotations

from collections.abc import Iterator

import delivering
import notifying
import watching
from world import RESTORED, Conversation, Notifier, State, Watcher, Worker, World

Step = tuple[str, State, bool]


class Protocol(World):
    """What `search` explores."""

    def steps(self, state: State) -> Iterator[Step]:
        """Every step that somebody can take now, and whether it is a fault."""
        s = self.scenario
        if state.done < len(s.script):
            yield from self._happens(state)
        if s.front == "steps":
            for number in range(s.watchers):
                yield from watching.steps(self, state, number)
            yield from watching.topic_is_made_again(self, state)
            for number in range(s.notifiers):
                yield from notifying.steps(self, state, number)
        for number in range(s.workers):
            yield from delivering.steps(self, state, number)

    def _happens(self, state: State) -> Iterator[Step]:
        word = self.scenario.script[state.done]
        after = state._replace(done=state.done + 1)
        if word == "backup":
            after = after._replace(
                saved=(state.token, state.known, state.conversations, state.ledger, state.booked)
            )
        elif word == "restore":
            yield "restore", self._restored(after, watchers=False), False
            if survivor := self.spend(after, "survivor"):
                yield (
                    "restore, and a watcher that was frozen goes on",
                    self._restored(survivor, watchers=True),
                    True,
                )
            return
        elif self.scenario.front == "whole":
            after = notifying.at_once(self, after, after.done)
        yield f"database: {word}", after, False

    def _restored(self, state: State, *, watchers: bool) -> State:
        """MongoDB is as it was; `gatecall restore` has run. Kafka, and what people heard, are as they are."""
        assert state.saved is not None, "a restore needs a backup"
        token, known, conversations, ledger, _ = state.saved
        incarnation = self.incarnation[state.done]
        changed = token is None or token[1] != state.topic or known is None or state.published > known[0]
        found = [self._marked(c, incarnation, changed) for c in conversations]
        if known is not None and self.has("raised orders"):
            known = ((incarnation, 0, known[0]), *known[1:])
        state = state._replace(
            token=None if self.has("W2 incarnation") else token,
            known=known,
            conversations=tuple(found),
            ledger=ledger,
            booked=0,  # bookings are read anew
            saved=None,
            workers=(Worker(),) * len(state.workers),
        )
        state = state._replace(notifiers=(Notifier(),) * len(state.notifiers))
        return state if watchers else state._replace(watchers=(Watcher(),) * len(state.watchers))

    def _marked(self, c: Conversation | None, incarnation: int, changed: bool) -> Conversation | None:
        """One that was unsettled, or about a flight that changed in the lost past, is in doubt; all are raised."""
        if c is None:
            return None
        if self.has("restored doubt") and (changed or c.due or c.claim or c.doubt or c.heard != c.want):
            c = c._replace(doubt=RESTORED, claim=0, due=not c.failed)
        return c._replace(order=(incarnation, 0, c.order)) if self.has("raised orders") else c
