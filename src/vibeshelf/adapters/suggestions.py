"""Thumbs that searchers gave to results: hints of what to grade, kept apart from grades."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from vibeshelf.adapters.database import Database
from vibeshelf.adapters.judgments import now


class Suggestions:
    """The thumbs of a database. Each press is a row of its own; of one visitor's thumbs for a result the last one holds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, collection: str, query: str, book_id: str, visitor: str, up: bool | None) -> None:
        """Keep a thumb, up or down; None takes the visitor's earlier one back."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO suggestions (collection, query, book_id, visitor, up, at) VALUES (?, ?, ?, ?, ?, ?)",
                (collection, query, book_id, visitor, up, now()),
            )

    def of_visitor(self, collection: str, query: str, visitor: str) -> dict[str, bool]:
        """Return book id -> whether the thumb is up, of one visitor's thumbs for a query."""
        rows = self._database.fetch(
            "SELECT book_id, up FROM thumbed WHERE collection = ? AND query = ? AND visitor = ?", (collection, query, visitor)
        )
        return {book_id: bool(up) for book_id, up in rows}

    def by_query(self, collections: Sequence[str]) -> dict[str, set[str]]:
        """Return query text -> the books that have a thumb for it, up or down, in these collections; the newest query first."""
        marks = ",".join("?" * len(collections))
        found: dict[str, set[str]] = defaultdict(set)
        statement = f"SELECT query, book_id FROM thumbed WHERE collection IN ({marks}) ORDER BY suggestion DESC"
        for query, book_id in self._database.fetch(statement, list(collections)):
            found[query].add(book_id)
        return found
