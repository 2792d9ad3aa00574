"""Examinations that were made, kept in the data folder: the latest of each collection, and which books the first one met."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from vibeshelf.adapters.database import Database, Migration, open_database
from vibeshelf.core.probes import Examination, Example, ProbeResult
from vibeshelf.core.settings import Settings

FILE = "health.sqlite"
# So many of each collection and kind are kept.
KEPT = 200
_MIGRATIONS: tuple[Migration, ...] = (
    (
        """CREATE TABLE examinations (
            id INTEGER PRIMARY KEY, collection TEXT NOT NULL, cheap INTEGER NOT NULL, examined_at TEXT NOT NULL, content BLOB NOT NULL
        )""",
        "CREATE INDEX examinations_of ON examinations (collection, cheap, id)",
        """CREATE TABLE known (
            collection TEXT NOT NULL, fingerprint TEXT NOT NULL, ids BLOB NOT NULL, PRIMARY KEY (collection, fingerprint)
        )""",
    ),
)


class Examinations:
    """The history of a data folder."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, examination: Examination) -> None:
        """Keep an examination; the oldest beyond KEPT go."""
        content = zlib.compress(json.dumps(asdict(examination), ensure_ascii=False).encode())
        values = (examination.collection, int(examination.cheap))
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO examinations (collection, cheap, examined_at, content) VALUES (?, ?, ?, ?)",
                (*values, examination.examined_at, content),
            )
            connection.execute(
                "DELETE FROM examinations WHERE collection = ? AND cheap = ? AND id NOT IN "
                "(SELECT id FROM examinations WHERE collection = ? AND cheap = ? ORDER BY id DESC LIMIT ?)",
                (*values, *values, KEPT),
            )

    def latest(self, collection: str, cheap: bool = False, limit: int = KEPT) -> list[Examination]:
        """Return the examinations of a collection, the newest first."""
        rows = self._database.fetch(
            "SELECT content FROM examinations WHERE collection = ? AND cheap = ? ORDER BY id DESC LIMIT ?", (collection, int(cheap), limit)
        )
        return [_read(json.loads(zlib.decompress(content))) for (content,) in rows]

    def count(self, collection: str) -> int:
        """Return how many full examinations there have been, those that were dropped left out."""
        return int(self._database.fetch("SELECT count(*) FROM examinations WHERE collection = ? AND cheap = 0", (collection,))[0][0])

    def known_ids(self, collection: str, fingerprint: str) -> frozenset[str] | None:
        """Return the books that the first full examination of this collection and encoder met, or None."""
        rows = self._database.fetch("SELECT ids FROM known WHERE collection = ? AND fingerprint = ?", (collection, fingerprint))
        return frozenset(json.loads(zlib.decompress(rows[0][0]))) if rows else None

    def know(self, collection: str, fingerprint: str, book_ids: Iterable[str]) -> None:
        """Remember the books of a first full examination; what was remembered stays."""
        ids = zlib.compress(json.dumps(sorted(book_ids), ensure_ascii=False).encode())
        with self._database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO known VALUES (?, ?, ?)", (collection, fingerprint, ids))

    def close(self) -> None:
        self._database.close()


def open_examinations(settings: Settings) -> Examinations:
    """Return the history. Raises StorageError where it cannot be read or made."""
    return Examinations(open_database(settings.data_dir / FILE, _MIGRATIONS))


def _read(content: dict[str, Any]) -> Examination:
    results = tuple(_read_result(each) for each in content.pop("results"))
    return replace(Examination(results=(), **{**content, "changes": tuple(content["changes"])}), results=results)


def _read_result(content: dict[str, Any]) -> ProbeResult:
    figures = {name: tuple(value) if isinstance(value, list) else value for name, value in content["figures"].items()}
    examples = tuple(Example(**each) for each in content["examples"])
    return ProbeResult(**{**content, "figures": figures, "examples": examples, "book_ids": tuple(content["book_ids"])})
