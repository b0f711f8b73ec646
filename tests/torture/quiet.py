"""When a run is over: all that was written is published, handled and told, and nothing is due any more."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson.timestamp import Timestamp
from kafka import TopicPartition
from kafka.errors import KafkaError
from pymongo.errors import PyMongoError

from app.domain.namespaces import BOOKINGS, FLIGHTS, FOLLOWINGS, WATCHED
from tests.torture.run import Run
from tests.torture.stack import insist

# What is due later than this waits for a clock (a gate a day before departure), not for us.
_SOON = timedelta(seconds=90)
_LOOK_EVERY_S = 0.7
_LOOKS = 3


@dataclass
class Quiet:
    """Looks at one run. busy: why it is not over, the last time somebody looked."""

    run: Run
    busy: str = ""

    def wait(self, timeout_s: float) -> bool:
        """Whether nothing was left to do within the time, several looks in a row."""
        mark = self._mark()
        deadline = time.monotonic() + timeout_s
        looks, before = 0, None
        while time.monotonic() < deadline:
            try:
                self.busy = self._why(mark)
                now = None if self.busy else self._work_done()
            except (PyMongoError, KafkaError) as error:
                self.busy, now = f"cannot look: {type(error).__name__}: {error}"[:200], None
            looks = looks + 1 if now is not None and now == before else 0
            if looks >= _LOOKS:
                return True
            before = now
            time.sleep(_LOOK_EVERY_S)
        return False

    def _mark(self) -> Timestamp:
        """The time of a write after all others."""
        self._pulse()
        answer = insist(lambda: self.run.database.client.admin.command("hello"))
        mark: Timestamp = answer["lastWrite"]["opTime"]["ts"]
        return mark

    def _pulse(self) -> None:
        """A write that concerns nobody, so that MongoDB's time goes on."""
        insist(lambda: self.run.database["torture_pulse"].insert_one({"at": datetime.now(UTC)}))

    def _why(self, mark: Timestamp) -> str:
        self._pulse()
        with self.run.stack.kafka_admin() as admin:
            return self._watchers(admin, mark) or self._notifier(admin) or self._delivery()

    def _watchers(self, admin: Any, mark: Timestamp) -> str:
        """Every collection's position lies behind the mark, and is true of the topic that is there now."""
        names = {self.run.topic_prefix + n.topic: n.collection for n in WATCHED}
        ids = {
            t["name"]: f"{t['topic_id']}/{len(t['partitions'])}" for t in admin.describe_topics(list(names))
        }
        for topic, collection in names.items():
            stored = self.run.database["resume_tokens"].find_one({"_id": collection})
            if stored is None or stored["token"] is None:
                return f"no position in {collection}"
            if stored["topic_id"] != ids.get(topic):
                return f"the position in {collection} is of another topic"
            if _time_of(stored["token"]["_data"]) < mark:
                return f"{collection} is not read to its end"
        return ""

    def _notifier(self, admin: Any) -> str:
        """Every partition is committed to its end."""
        group = f"{self.run.topic_prefix}notifier"
        committed = admin.list_group_offsets(group)
        committed = committed.get(group, committed)
        topics = [self.run.topic_prefix + n.topic for n in (FLIGHTS, BOOKINGS, FOLLOWINGS)]
        for topic in admin.describe_topics(topics):
            for partition in range(len(topic["partitions"])):
                tp = TopicPartition(topic["name"], partition)
                end = admin.list_partition_offsets({tp: -1})[tp].offset
                done = committed[tp].offset if tp in committed else 0
                if done != end:
                    return f"{tp.topic}/{partition} is handled to {done} of {end}"
        return ""

    def _delivery(self) -> str:
        """Nothing is due, and nobody holds a claim."""
        soon = datetime.now(UTC) + _SOON
        open_ = {"status": "open", "$or": [{"due_at": {"$lte": soon}}, {"claim": {"$exists": True}}]}
        conversations = self.run.database["conversations"]
        left = conversations.count_documents(open_)
        return f"{left} conversations are due, like {conversations.find_one(open_)}" if left else ""

    def _work_done(self) -> tuple[int, ...]:
        names = ("announcements", "conversations", "notifications", "dead_letters")
        counts = (self.run.database[name].estimated_document_count() for name in names)
        return (*counts, len(self.run.providers.accepted))


def _time_of(token_data: str) -> Timestamp:
    """The cluster time in a resume token (keystring format: type 0x82, then seconds and increment)."""
    assert token_data.startswith("82"), token_data
    return Timestamp(int(token_data[2:10], 16), int(token_data[10:18], 16))
