"""Reading the next batch while the last one is published: a thread between the stream and its user."""

from __future__ import annotations

import queue
import threading

from app.domain.errors import ResumeTokenLostError, TransientError
from watchers.stream import Batch, ChangeStream

# Batches read ahead. More would only take memory: one is being published, one is ready, one is being read.
_AHEAD = 2
_TURN_S = 0.2


class Prefetch:
    """Reads batches of a stream ahead, in a thread of its own, until closed."""

    def __init__(self, stream: ChangeStream, name: str) -> None:
        self._stream = stream
        self._batches: queue.Queue[Batch | Exception] = queue.Queue(_AHEAD)
        self._closed = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._read, name=f"{name} reader", daemon=True)
        self._thread.start()

    def ready(self) -> Batch | None:
        """The next batch when it is already there, else None. Raises as `wait` does."""
        try:
            return self._opened(self._batches.get_nowait())
        except queue.Empty:
            return None

    def wait(self, timeout_s: float) -> Batch | None:
        """The next batch; None when none came in time.

        Raises what the stream raised: ResumeTokenLostError, TransientError; the latter also when the thread that
        reads is dead.
        """
        try:
            return self._opened(self._batches.get(timeout=timeout_s))
        except queue.Empty:
            if not self._thread.is_alive() and self._batches.empty() and not self._ended:
                # Nothing else would ever say so: no change would come, and all would look quiet.
                raise TransientError("the thread that reads the changes is dead") from None
            return None

    def close(self) -> None:
        """End the thread and close the stream; takes as long as one idle read at most."""
        self._closed.set()
        self._thread.join(10)

    @staticmethod
    def _opened(item: Batch | Exception) -> Batch:
        if isinstance(item, Batch):
            return item
        raise item

    def _read(self) -> None:
        try:
            while not self._closed.is_set():
                batch = self._stream.next_batch()
                self._put(batch)
                if batch.ended:
                    self._ended = True
                    return
        except (ResumeTokenLostError, TransientError) as error:
            self._put(error)
        except Exception as error:  # noqa: BLE001 - a thread's loop: its user must learn of everything
            self._put(TransientError(f"reading changes failed: {type(error).__name__}: {error}"))
        finally:
            self._stream.close()

    def _put(self, item: Batch | Exception) -> None:
        while not self._closed.is_set():
            try:
                self._batches.put(item, timeout=_TURN_S)
            except queue.Full:
                continue
            return
