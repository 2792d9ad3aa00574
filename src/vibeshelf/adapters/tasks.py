"""What raters grade: tasks with their queries and pools, and imported runs."""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from vibeshelf.adapters.database import Database
from vibeshelf.adapters.judgments import now
from vibeshelf.core.judging import JudgedQuery, Task

# book id -> source -> rank (from 1)
Ranks = dict[str, dict[str, int]]


class Tasks:
    """The tasks of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Task]:
        """Return the tasks, the oldest first."""
        rows = self._database.fetch("SELECT name, collections, systems, depth, rule FROM tasks ORDER BY since, name")
        return [Task(name, tuple(json.loads(collections)), tuple(json.loads(systems)), *rest) for name, collections, systems, *rest in rows]

    def get(self, name: str) -> Task | None:
        return next((task for task in self.all() if task.name == name), None)

    def save(self, task: Task) -> None:
        """Store a task, in place of what was stored under its name."""
        values = (task.name, json.dumps(task.collections), json.dumps(task.systems), task.depth, task.rule, now())
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO tasks (name, collections, systems, depth, rule, since) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (name) DO UPDATE SET collections = excluded.collections, systems = excluded.systems, "
                "depth = excluded.depth, rule = excluded.rule",
                values,
            )

    def queries(self, task: str) -> list[JudgedQuery]:
        """Return the queries in the order in which they were added."""
        rows = self._database.fetch("SELECT query_id, text, note FROM queries WHERE task = ? ORDER BY position", (task,))
        return [JudgedQuery(*row) for row in rows]

    def add_queries(self, task: str, queries: Iterable[JudgedQuery]) -> None:
        """Add queries, or change those whose ids are there."""
        with self._database.transaction() as connection:
            (last,) = connection.execute("SELECT coalesce(max(position), 0) FROM queries WHERE task = ?", (task,)).fetchone()
            connection.executemany(
                "INSERT INTO queries (task, query_id, position, text, note) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (task, query_id) DO UPDATE SET text = excluded.text, note = excluded.note",
                [(task, query.query_id, last + at, query.text, query.note) for at, query in enumerate(queries, 1)],
            )

    def seed(self, rater: str) -> str:
        """Return what this rater's order of books is drawn from; made at the first call and kept."""
        known = self._database.fetch("SELECT seed FROM raters WHERE name = ?", (rater,))
        if not known:
            with self._database.transaction() as connection:
                connection.execute("INSERT INTO raters VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (rater, secrets.token_hex(8), now()))
            known = self._database.fetch("SELECT seed FROM raters WHERE name = ?", (rater,))
        return str(known[0][0])

    def pool_states(self, task: str) -> dict[str, str]:
        """Return query id -> the state that its stored pool was made in."""
        return dict(self._database.fetch("SELECT query_id, state FROM pools WHERE task = ?", (task,)))

    def pools(self, task: str, query_id: str | None = None) -> dict[str, Ranks]:
        """Return query id -> its pool; queries whose pool was not made yet are absent."""
        one = ("", ()) if query_id is None else (" AND query_id = ?", (query_id,))
        made = self._database.fetch(f"SELECT query_id FROM pools WHERE task = ?{one[0]}", (task, *one[1]))
        found: dict[str, Ranks] = {name: defaultdict(dict) for (name,) in made}
        rows = self._database.fetch(f"SELECT query_id, source, book_id, rank FROM pool_books WHERE task = ?{one[0]}", (task, *one[1]))
        for name, source, book_id, rank in rows:
            if name in found:
                found[name][book_id][source] = rank
        return found

    def save_pool(self, task: str, query_id: str, state: str, found: Mapping[str, Sequence[str]]) -> None:
        """Store a query's pool in place of an earlier one: source -> book ids, best first."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM pool_books WHERE task = ? AND query_id = ?", (task, query_id))
            connection.execute("INSERT OR REPLACE INTO pools VALUES (?, ?, ?)", (task, query_id, state))
            connection.executemany(
                "INSERT INTO pool_books VALUES (?, ?, ?, ?, ?)",
                [(task, query_id, source, book_id, rank) for source, ids in found.items() for rank, book_id in enumerate(ids, 1)],
            )

    def save_run(self, task: str, run: str, ranked: Mapping[str, Sequence[str]]) -> None:
        """Store an imported run, query id -> book ids best first, in place of an earlier one of its name."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM run_books WHERE task = ? AND run = ?", (task, run))
            connection.executemany(
                "INSERT INTO run_books VALUES (?, ?, ?, ?, ?)",
                [(task, run, query_id, book_id, rank) for query_id, ids in ranked.items() for rank, book_id in enumerate(ids, 1)],
            )

    def runs(self, task: str) -> list[str]:
        """Return the names of the imported runs."""
        return [name for (name,) in self._database.fetch("SELECT DISTINCT run FROM run_books WHERE task = ? ORDER BY run", (task,))]

    def run_books(self, task: str, query_id: str, depth: int) -> dict[str, list[str]]:
        """Return run -> its first books for a query, best first."""
        rows = self._database.fetch(
            "SELECT run, book_id FROM run_books WHERE task = ? AND query_id = ? AND rank <= ? ORDER BY run, rank", (task, query_id, depth)
        )
        found: dict[str, list[str]] = defaultdict(list)
        for run, book_id in rows:
            found[run].append(book_id)
        return found
