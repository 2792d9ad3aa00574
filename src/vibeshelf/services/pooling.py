"""Pools: the books that a query's raters see, united from what systems, models and imported runs found."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Mapping, Sequence

from vibeshelf.adapters.mirror import mirror_key
from vibeshelf.adapters.tasks import Tasks
from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.judging import JudgedQuery, Task
from vibeshelf.core.records import Book
from vibeshelf.services.shelf import Shelf

Shelves = Mapping[str, Shelf]
_log = logging.getLogger("vibeshelf")


def fill_pool(tasks: Tasks, task: Task, query: JudgedQuery, shelves: Shelves) -> bool:
    """Make a query's pool where there is none of the present state; return whether it was made now."""
    runs = tasks.run_books(task.name, query.query_id, task.depth)
    state = _state(task, query, shelves, runs)
    if tasks.pool_states(task.name).get(query.query_id) == state:
        return False
    found: dict[str, Sequence[str]] = {f"run {name}": ids for name, ids in runs.items()}
    for collection in task.collections:
        for system in task.systems:
            result = shelves[collection].run(query.text, task.depth, system)
            # A system that is not ready lets another answer, which must not pass for it.
            found[f"{result.system} {collection}"] = [hit.book_id for hit in result.hits]
    tasks.save_pool(task.name, query.query_id, state, found)
    return True


def fingerprint(shelf: Shelf) -> str:
    """Return what names the state of a collection: its books and what made its vectors."""
    return mirror_key(shelf.manifest)


def books_of(shelf: Shelf, book_ids: Sequence[str]) -> dict[str, Book]:
    """Return the books of these ids; ids that the collection does not have are absent."""
    mirror = shelf.mirror()
    return mirror.books(book_ids) if mirror is not None else shelf.index().books(book_ids)


def _state(task: Task, query: JudgedQuery, shelves: Shelves, runs: Mapping[str, Sequence[str]]) -> str:
    made_by = [(name, fingerprint(shelves[name])) for name in task.collections]
    parts = (task.systems, task.depth, query.text, made_by, sorted(runs.items()))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]


class Filler:
    """Makes the pools of tasks in the background, so that the next query is there when its turn comes."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._lock = threading.Lock()
        self._running: dict[str, threading.Thread] = {}

    def start(self, task: Task, shelves: Shelves) -> None:
        """Begin with a task, unless that is being done."""
        with self._lock:
            running = self._running.get(task.name)
            if running is None or not running.is_alive():
                thread = threading.Thread(target=self._fill, args=(task, shelves), name=f"pools of {task.name}", daemon=True)
                self._running[task.name] = thread
                thread.start()

    def wait(self, task: str, seconds: float = 60) -> None:
        """Return when the task is done, or after that time."""
        if running := self._running.get(task):
            running.join(seconds)

    def _fill(self, task: Task, shelves: Shelves) -> None:
        try:
            for query in self._tasks.queries(task.name):
                fill_pool(self._tasks, task, query, shelves)
        except VibeshelfError as error:
            # The page meets the same error when that query's turn comes, and shows it.
            _log.warning("pools of task %s: %s", task.name, error)
