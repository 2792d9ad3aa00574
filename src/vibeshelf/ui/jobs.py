"""Long work behind a page: in a thread of its own, so that the page can show how far it is and call it off."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from vibeshelf.core.errors import Cancelled, VibeshelfError

Result = TypeVar("Result")
Work = Callable[[Callable[[int, int], None], Callable[[], bool]], Result]
_log = logging.getLogger("vibeshelf")


class Job(Generic[Result]):
    """One piece of work. `key` names what was asked for; `done` of `total` is how far it is.

    When it `ended`, it has a `result`, or an `error`, or was `stopped`.
    """

    def __init__(self, key: str, work: Work[Result]) -> None:
        self.key = key
        self.done, self.total = 0, 0
        self.result: Result | None = None
        self.error: VibeshelfError | None = None
        self.stopped = False
        self._work = work
        self._off = threading.Event()
        self._thread = threading.Thread(target=self._carry_out, name=f"job {key}", daemon=True)

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    def start(self) -> Job[Result]:
        """Begin; to be called once."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Call the work off; it ends soon after."""
        self._off.set()

    def wait(self, seconds: float) -> bool:
        """Return whether it has ended, after that time at most."""
        self._thread.join(seconds)
        return self.ended

    def _carry_out(self) -> None:
        try:
            self.result = self._work(self._tell, self._off.is_set)
        except Cancelled:
            self.stopped = True
        except VibeshelfError as error:
            self.error = error
        except Exception:  # noqa: BLE001
            _log.exception("job %s", self.key)
            self.error = VibeshelfError("the work met a defect of ours and ended; the server's log says what happened")

    def _tell(self, done: int, total: int) -> None:
        self.done, self.total = done, total


@dataclass(slots=True)
class BenchDesk:
    """The benchmark of this process, if one was begun, and what it is doing: every visitor sees the same."""

    job: Job[Path] | None = None
    doing: str = ""
