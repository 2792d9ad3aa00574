"""The desk where raters work: tasks, what is left for a rater, and what the rater does to it."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from vibeshelf.adapters.catalog.starter import STARTER, starter_queries
from vibeshelf.adapters.database import open_database
from vibeshelf.adapters.judging_tables import FILE, MIGRATIONS
from vibeshelf.adapters.judgments import Judgments
from vibeshelf.adapters.suggestions import Suggestions
from vibeshelf.adapters.tasks import Tasks
from vibeshelf.core.errors import InputError
from vibeshelf.core.judging import RULES, JudgedQuery, Judgment, Made, Pair, Task, Undone
from vibeshelf.core.records import Book
from vibeshelf.core.settings import Settings
from vibeshelf.services.guideline import VERSION
from vibeshelf.services.pooling import Shelves, books_of, fill_pool, fingerprint
from vibeshelf.services.strategies import POOLED, chosen, known_of, weight_of_holes
from vibeshelf.services.systems import SYSTEMS

MAX_DEPTH = 200
MAX_NAME = 40
# A pause longer than this was no grading; fewer gaps than this tell no pace.
_PAUSE_SECONDS, _GAPS = 120.0, 5


@dataclass(slots=True)
class Workload:
    """What a rater has to do and has done, in one sitting: `queries` in their turn, `queues` with their books in the rater's order."""

    task: Task
    rater: str
    strategy: str
    queries: dict[str, JudgedQuery]
    queues: dict[str, list[str]] = field(default_factory=dict)
    done: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    pooled: set[str] = field(default_factory=set)

    def remaining(self, query_id: str) -> list[str]:
        """Return what is left of a query, in the rater's order."""
        return [book_id for book_id in self.queues.get(query_id, ()) if book_id not in self.done[query_id]]

    @property
    def complete(self) -> bool:
        """Whether all there is to do is known: no pool is still to be made."""
        return self.strategy not in POOLED or len(self.pooled) == len(self.queries)

    def counts(self, query_id: str | None = None) -> tuple[int, int]:
        """Return how much is done, and of how much, of one query or of all."""
        of = self.queues if query_id is None else {query_id: self.queues.get(query_id, [])}
        total = sum(map(len, of.values()))
        return total - sum(len(self.remaining(each)) for each in of), total


class Desk:
    """The tasks and judgments of a data folder; safe to share between threads."""

    def __init__(self, tasks: Tasks, judgments: Judgments, suggestions: Suggestions) -> None:
        self.tasks = tasks
        self.judgments = judgments
        self.suggestions = suggestions

    def task(self, name: str) -> Task:
        """Return a task. Raises InputError for one that there is not."""
        found = self.tasks.get(name)
        if found is None:
            have = ", ".join(task.name for task in self.tasks.all())
            raise InputError(
                f"no judging task '{name}'; there: {have}. Make it on the Judge page, or: vibeshelf judge import FILE --task {name}"
            )
        return found

    def workload(self, task: Task, rater: str, strategy: str = "pool") -> Workload:
        """Return what a rater has to do, of the queries whose pools were made."""
        queries = {query.query_id: query for query in self.tasks.queries(task.name)}
        work = Workload(task, rater, strategy, queries)
        standing = defaultdict(list)
        for judgment in self.judgments.standing(task.name):
            standing[judgment.query_id].append(judgment)
        pools, settled, thumbs = self.tasks.pools(task.name), self.judgments.settled(task.name), self.suggestions.by_query(task.collections)
        work.pooled = set(pools)
        sources = len(task.collections) * len(task.systems) + len(self.tasks.runs(task.name))
        seed = self.tasks.seed(rater)
        weights: dict[str, float] = {}
        for query in queries.values():
            of_query = standing[query.query_id]
            known = known_of(query.query_id, pools.get(query.query_id, {}), sources, of_query, rater, settled, thumbs.get(query.text, ()))
            work.queues[query.query_id] = chosen(strategy, seed, known)
            work.done[query.query_id] = _done(of_query, rater, strategy)
            weights[query.query_id] = weight_of_holes(known)
        if strategy == "holes":
            work.queries = dict(sorted(queries.items(), key=lambda item: -weights[item[0]]))
        return work

    def turn(self, work: Workload, shelves: Shelves, wanted: str | None = None) -> str | None:
        """Return the query whose turn it is: `wanted` or the first behind it with something left; None when all is done.

        Pools that the strategy needs and that were not made, or are of an earlier state, are made on the way.
        """
        order = list(work.queries)
        start = order.index(wanted) if wanted in work.queries else 0
        for query_id in order[start:] + order[:start]:
            if work.strategy in POOLED and fill_pool(self.tasks, work.task, work.queries[query_id], shelves):
                self._renew(work)
            if query_id not in work.pooled:
                self.catch_up(work)
            if work.remaining(query_id):
                return query_id
        return None

    def catch_up(self, work: Workload) -> None:
        """Take in the pools that were made in the background since the workload was drawn up."""
        if not work.complete and len(self.tasks.pool_states(work.task.name)) > len(work.pooled):
            self._renew(work)

    def _renew(self, work: Workload) -> None:
        fresh = self.workload(work.task, work.rater, work.strategy)
        work.queues, work.done, work.pooled = fresh.queues, fresh.done, fresh.pooled

    def books(self, work: Workload, query_id: str, shelves: Shelves) -> dict[str, Book]:
        """Return the books of a query. What the collection has lost since it was pooled is taken off the queue."""
        queue = work.queues[query_id]
        found = books_of(shelves[work.task.collections[0]], queue)
        work.queues[query_id] = [book_id for book_id in queue if book_id in found]
        return found

    def grade(self, work: Workload, pair: Pair, grade: int, note: str, made: Made) -> None:
        """Record a grade; it is on disk when this returns."""
        self.judgments.grade(work.task.name, pair, work.rater, grade, note.strip(), made)
        work.done[pair.query_id].add(pair.book_id)

    def skip(self, work: Workload, pair: Pair, reason: str, made: Made) -> None:
        self.judgments.skip(work.task.name, pair, work.rater, reason, made)
        work.done[pair.query_id].add(pair.book_id)

    def undo(self, work: Workload) -> Undone | None:
        """Take back the rater's last step; its pair comes up again. None when there is nothing to take back."""
        undone = self.judgments.undo(work.task.name, work.rater)
        if undone is not None:
            work.done[undone.pair.query_id].discard(undone.pair.book_id)
            queue = work.queues.setdefault(undone.pair.query_id, [])
            # First in line, and present even when this strategy would not have chosen it.
            work.queues[undone.pair.query_id] = [undone.pair.book_id, *(each for each in queue if each != undone.pair.book_id)]
        return undone

    def seconds_left(self, work: Workload) -> float | None:
        """Return how long the rest takes at the rater's pace, or None while there is no pace yet."""
        times = [datetime.fromisoformat(judgment.judged_at) for judgment in self.judgments.last(work.task.name, work.rater, 30)]
        gaps = [(later - earlier).total_seconds() for later, earlier in pairwise(times)]
        working = [gap for gap in gaps if 0 < gap <= _PAUSE_SECONDS]
        if len(working) < _GAPS:
            return None
        done, total = work.counts()
        return statistics.median(working) * (total - done)


def open_desk(settings: Settings) -> Desk:
    """Return the desk of a data folder, with the starter task in it."""
    database = open_database(settings.data_dir / FILE, MIGRATIONS)
    desk = Desk(Tasks(database), Judgments(database), Suggestions(database))
    if desk.tasks.get(STARTER) is None:
        desk.tasks.save(Task(STARTER, (STARTER,), SYSTEMS))
        desk.tasks.add_queries(STARTER, [JudgedQuery(*row) for row in starter_queries().items()])
    return desk


def made_under(shelves: Shelves, task: Task) -> Made:
    """Return under what a grade is given now."""
    collection = task.collections[0]
    return Made(collection, fingerprint(shelves[collection]), VERSION)


def check_rater(name: str) -> str:
    """Return a rater's name in one line. Raises InputError for one that is empty, too long or unprintable."""
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > MAX_NAME or not cleaned.isprintable():
        raise InputError(f"rater name {cleaned[:60]!r}; expected 1 to {MAX_NAME} printable characters")
    return cleaned


def check_task(task: Task) -> Task:
    """Return a task. Raises InputError for one that cannot be worked on."""
    if not task.name.strip() or len(task.name) > MAX_NAME or not task.name.isprintable():
        raise InputError(f"task name {task.name[:60]!r}; expected 1 to {MAX_NAME} printable characters")
    if not task.collections:
        raise InputError(f"task '{task.name}' has no collection; expected at least one, to show the books from")
    if not 1 <= task.depth <= MAX_DEPTH:
        raise InputError(f"depth is {task.depth}; expected 1 to {MAX_DEPTH} books from each source")
    for kind, value, known in [("system", system, SYSTEMS) for system in task.systems] + [("rule", task.rule, RULES)]:
        if value not in known:
            raise InputError(f"unknown {kind} '{value}'; known: {', '.join(known)}")
    return task


def _done(standing: list[Judgment], rater: str, strategy: str) -> set[str]:
    """Return the books of a query that need nothing more of this rater: graded, or skipped unless skips are gone through again."""
    mine = [judgment for judgment in standing if judgment.rater == rater]
    return {judgment.book_id for judgment in mine if judgment.grade is not None or strategy != "skipped"}
