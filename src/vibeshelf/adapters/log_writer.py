"""Rows written behind the back of those who add them: a bounded queue and one thread, so that nobody waits for a disk."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Row = TypeVar("Row")
# Some MB of rows; a disk that takes none for so long takes none at all.
ROOM = 10_000
# Rows are gathered for so long, so that a busy time costs few transactions, and one search none beside it.
_GATHER_SECONDS = 0.2
# To wake a thread costs a search more than all the rest of this, so the writer looks for itself until nothing has come for so long.
_AWAKE_SECONDS = 60.0
_log = logging.getLogger("vibeshelf")


class LogWriter(Generic[Row]):
    """Gives rows to `write` in batches, in the order they were added. `what` names them in a warning.

    A batch that `write` fails on is lost and counted, with one warning until a batch succeeds again; adding never fails.
    """

    def __init__(self, write: Callable[[Sequence[Row]], None], what: str, room: int = ROOM) -> None:
        self._write = write
        self._what = what
        self._room = room
        # Rows, and between them events of those who wait until what was added before is handled.
        self._waiting: deque[Row | threading.Event] = deque()
        self._in_hand = self._lost = 0
        self._problem: str | None = None
        self._awake, self._hurry = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """How many rows were added and not handled yet."""
        return len(self._waiting) + self._in_hand

    @property
    def lost(self) -> int:
        return self._lost

    @property
    def problem(self) -> str | None:
        """What kept the last batch from being written; None when nothing did."""
        return self._problem

    def add(self, row: Row) -> None:
        """Take a row, or count it as lost when there is no more room.

        No lock where there is room: a search pays for this, and a deque takes one row after the other by itself.
        """
        if len(self._waiting) >= self._room:
            with self._lock:
                self._lost += 1
            return
        self._waiting.append(row)
        if not self._awake.is_set():
            self._wake()

    def flush(self, seconds: float) -> bool:
        """Wait until all that was added before is handled; return whether it was, after that time at most."""
        if not self.waiting:
            return True
        handled = threading.Event()
        self._waiting.append(handled)
        self._hurry.set()
        self._wake()
        return handled.wait(seconds)

    def _wake(self) -> None:
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._go_on_writing, name=f"log of {self._what}", daemon=True)
                    self._thread.start()
        self._awake.set()

    def _go_on_writing(self) -> None:
        busy = time.monotonic()
        while True:
            self._hurry.wait(_GATHER_SECONDS)
            self._hurry.clear()
            if self._waiting:
                self._handle(self._taken())
                busy = time.monotonic()
            elif time.monotonic() - busy > _AWAKE_SECONDS:
                self._sleep()
                busy = time.monotonic()

    def _sleep(self) -> None:
        self._awake.clear()
        # Who added just before that saw it awake, and wakes nobody.
        if not self._waiting:
            self._awake.wait()
        self._awake.set()

    def _taken(self) -> list[Row | threading.Event]:
        """Return what waits now; it counts as waiting until it is handled."""
        self._in_hand = len(self._waiting)
        return [self._waiting.popleft() for _ in range(self._in_hand)]

    def _handle(self, taken: Sequence[Row | threading.Event]) -> None:
        batch = [each for each in taken if not isinstance(each, threading.Event)]
        lost = self._try(batch) if batch else 0
        with self._lock:
            self._lost += lost
        self._in_hand = 0
        for each in taken:
            if isinstance(each, threading.Event):
                each.set()

    def _try(self, batch: Sequence[Row]) -> int:
        """Write a batch; return how many rows were lost."""
        try:
            self._write(batch)
        except Exception as error:  # noqa: BLE001
            # Whatever it is, the searches go on; the health of the log tells.
            if self._problem is None:
                _log.warning("%s are not kept: %s", self._what, error)
            self._problem = str(error)
            return len(batch)
        self._problem = None
        return 0
