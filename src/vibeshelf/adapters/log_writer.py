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
_log = logging.getLogger("vibeshelf")


class LogWriter(Generic[Row]):
    """Gives rows to `write` in batches, in the order they were added. `what` names them in a warning.

    A batch that `write` fails on is lost and counted, with one warning until a batch succeeds again; adding never fails.
    """

    def __init__(self, write: Callable[[Sequence[Row]], None], what: str, room: int = ROOM) -> None:
        self._write = write
        self._what = what
        self._room = room
        self._waiting: deque[Row] = deque()
        self._added = self._handled = self._lost = 0
        self._problem: str | None = None
        self._changed = threading.Condition()
        self._something, self._hurry = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """How many rows were added and not handled yet."""
        return self._added - self._handled

    @property
    def lost(self) -> int:
        return self._lost

    @property
    def problem(self) -> str | None:
        """What kept the last batch from being written; None when nothing did."""
        return self._problem

    def add(self, row: Row) -> None:
        """Take a row, or count it as lost when there is no more room."""
        with self._changed:
            if len(self._waiting) >= self._room:
                self._lost += 1
                return
            self._waiting.append(row)
            self._added += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._go_on_writing, name=f"log of {self._what}", daemon=True)
                self._thread.start()
        if not self._something.is_set():
            self._something.set()

    def flush(self, seconds: float) -> bool:
        """Wait until all that was added before is handled; return whether it was, after that time at most."""
        with self._changed:
            wanted = self._added
        deadline = time.monotonic() + seconds
        with self._changed:
            while self._handled < wanted and (left := deadline - time.monotonic()) > 0:
                self._hurry.set()
                self._changed.wait(left)
            return self._handled >= wanted

    def _go_on_writing(self) -> None:
        while True:
            self._something.wait()
            self._hurry.wait(_GATHER_SECONDS)
            self._something.clear()
            self._hurry.clear()
            with self._changed:
                batch = list(self._waiting)
                self._waiting.clear()
            lost = 0 if not batch else self._try(batch)
            with self._changed:
                self._handled += len(batch)
                self._lost += lost
                self._changed.notify_all()

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
