"""A three-member MongoDB replica set: started on this machine, or initiated and checked anywhere.

Change streams exist on replica sets only, and what can go wrong with them (elections, lost members, a small
oplog) goes wrong on real ones only. So development and tests use three real mongods, not one and not a fake.

    python -m scripts.mongo_replset start          three local mongods with a primary; prints the URI
    python -m scripts.mongo_replset initiate ...   the same steps for members that run already, in containers
"""

from scripts.mongo_replset.local import Member, ReplicaSet, find_mongod, start_replica_set
from scripts.mongo_replset.steps import (
    MemberState,
    ReplicaSetError,
    Report,
    check,
    initiate,
    replica_set_uri,
)

__all__ = [
    "Member",
    "MemberState",
    "ReplicaSet",
    "ReplicaSetError",
    "Report",
    "check",
    "find_mongod",
    "initiate",
    "replica_set_uri",
    "start_replica_set",
]
