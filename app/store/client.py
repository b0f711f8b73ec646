"""The connection to MongoDB: how long anything may take, what a write is worth, and what must be there.

Every call has a time-out, writes wait for a majority of the members, times are aware UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from app.domain.errors import SetupError, TransientError
from app.runtime import StopFlag
from app.settings import Settings

log = structlog.get_logger()

Document = dict[str, Any]
Client = MongoClient[Document]
T = TypeVar("T")

START_HINT = "python -m scripts.mongo_replset start"
INITIATE_HINT = "python -m scripts.mongo_replset initiate HOST:PORT"

# What an admin stored must not keep a whole batch from being read: half characters become U+FFFD, dates that
# Python cannot hold become DatetimeMS.
CODEC = CodecOptions[Document](
    tz_aware=True,
    unicode_decode_error_handler="replace",
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 15.0
# A member that was elected answers within seconds; a read that takes longer than this hangs.
_SOCKET_TIMEOUT_S = 30.0
# A majority that does not confirm within this time is no majority; the caller tries again.
_WRITE_TIMEOUT_MS = 20_000


def connect(settings: Settings, *, app_name: str, timeout_s: float = 10.0, **more: Any) -> Client:
    """A client of its own pool; it connects when first used.

    app_name: shown in the server's log and in currentOp. timeout_s: how long to look for a usable server.
    What is set here wins over the options of MONGODB_URI, and more, further options of MongoClient, over both.
    """
    options: dict[str, Any] = {
        "appname": app_name,
        "tz_aware": True,
        "unicode_decode_error_handler": "replace",
        "datetime_conversion": "DATETIME_AUTO",
        "w": "majority",
        "wTimeoutMS": _WRITE_TIMEOUT_MS,
        "readConcernLevel": "majority",
        "retryWrites": True,
        "retryReads": True,
        "serverSelectionTimeoutMS": int(timeout_s * 1000),
        "connectTimeoutMS": 5_000,
        "socketTimeoutMS": int(_SOCKET_TIMEOUT_S * 1000),
        "waitQueueTimeoutMS": int(_SOCKET_TIMEOUT_S * 1000),
    }
    return MongoClient(settings.mongodb_uri.get_secret_value(), **options | more)


def database(client: Client, settings: Settings) -> Database[Document]:
    """The database named in MONGODB_URI: majority reads and writes, aware UTC times."""
    return client.get_database(
        settings.database,
        codec_options=CODEC,
        read_concern=ReadConcern("majority"),
        write_concern=WriteConcern(w="majority", wtimeout=_WRITE_TIMEOUT_MS),
    )


def in_transaction(client: Client, work: Callable[[ClientSession], T]) -> T:
    """Do all of it or nothing, and return what it returns; it is begun anew when another write was in the way.

    work: gives the session to each of its reads and writes, and may be called several times. Raises what it raises,
    and PyMongoError: then it may have been done all the same.
    """
    with client.start_session() as session:
        return session.with_transaction(work)


def wait_until_reachable(
    client: Client, stop: StopFlag, *, longest_pause_s: float = _LONGEST_PAUSE_S
) -> bool:
    """Wait with growing pauses until a primary answers; False when the process is to end before that.

    Raises SetupError when a server answers that can never do (no replica set, wrong password).
    """
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            client.admin.command("ping")
        except ConnectionFailure as error:
            _refuse_uninitiated(client)
            log.warning("MongoDB is not reachable, waiting", retry_in_s=pause_s, why=_first_line(error))
        except OperationFailure as error:
            raise SetupError(f"MongoDB refuses: {_first_line(error)}. Mend MONGODB_URI.") from error
        else:
            return True
        if stop.wait(pause_s):
            return False
        pause_s = min(pause_s * 2, longest_pause_s)


def check_replica_set(client: Client) -> None:
    """Make sure that change streams can work. Raises SetupError with the command that mends it.

    Raises PyMongoError when no server answers.
    """
    try:
        hello = client.admin.command("hello")
        version = client.server_info()["versionArray"]
    except ConnectionFailure:
        _refuse_uninitiated(client)
        raise
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise SetupError(
            "MongoDB runs as a single server without a replica set; change streams need one.\n"
            f"Start one on this machine with: {START_HINT}\n"
            f"or restart mongod with --replSet rs0 and run: {INITIATE_HINT}"
        )
    if version[0] < 6:
        raise SetupError(
            f"MongoDB {'.'.join(map(str, version[:3]))} keeps no pre-images; Gatecall needs 6.0 or later.\n"
            f"Start one on this machine with: {START_HINT}"
        )


@dataclass(frozen=True, slots=True)
class OplogReach:
    """What the oplog holds. window_s: seconds from its first entry to its last. is_whole: nothing has left it yet,
    so that a short window says only that the replica set is young."""

    window_s: float
    is_whole: bool


def oplog_window_s(client: Client) -> float | None:
    """How far back the oplog reaches, in seconds; None where it may not be read (mongos, no privilege).

    A watcher that stands still for longer has to read its collections again.
    """
    reach = oplog_reach(client)
    return None if reach is None else reach.window_s


def oplog_reach(client: Client) -> OplogReach | None:
    """What the oplog of the primary holds; None where it may not be read. Raises PyMongoError."""
    oplog = client.get_database("local", read_concern=ReadConcern("local"))["oplog.rs"]
    try:
        first = oplog.find_one({}, {"ts": 1, "o.msg": 1}, sort=[("$natural", 1)])
        last = oplog.find_one({}, {"ts": 1}, sort=[("$natural", -1)])
    except OperationFailure:
        return None
    if not first or not last:
        return None
    # What the server writes when a replica set is initiated (its source, replication_coordinator_impl.cpp).
    is_whole = (first.get("o") or {}).get("msg") == "initiating set"
    return OplogReach(float(last["ts"].time - first["ts"].time), is_whole)


@contextmanager
def waited_for() -> Iterator[None]:
    """What MongoDB does not take now is a TransientError: whoever reads messages waits, and no message is at fault."""
    try:
        yield
    except PyMongoError as error:
        raise TransientError(f"MongoDB: {type(error).__name__}: {error}") from error


def _refuse_uninitiated(client: Client) -> None:
    servers = client.topology_description.server_descriptions().values()
    ghosts = [f"{s.address[0]}:{s.address[1]}" for s in servers if s.server_type_name == "RSGhost"]
    if ghosts:
        raise SetupError(
            f"{', '.join(ghosts)} was started with --replSet, but the replica set was never initiated.\n"
            f"Initiate it with: python -m scripts.mongo_replset initiate {' '.join(ghosts)}"
        )


def _first_line(error: PyMongoError) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
