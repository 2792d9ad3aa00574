"""The logbook of a data folder: a SQLite table that only grows, so that "what changed?" has an answer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vibeshelf.adapters.database import Database, Migration, open_database
from vibeshelf.core.errors import StorageError
from vibeshelf.core.logbook import Entry
from vibeshelf.core.settings import Settings

FILE = "logbook.sqlite"
_COLUMNS = "at, kind, collection, version, fingerprint, model, summary, figures"
_MIGRATIONS: tuple[Migration, ...] = (
    (
        """CREATE TABLE entries (
            number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL, collection TEXT, version TEXT,
            fingerprint TEXT, model TEXT, summary TEXT NOT NULL, figures TEXT NOT NULL
        )""",
        "CREATE INDEX entries_at ON entries (at)",
        # What happened has happened: not even a defect of ours changes it.
        "CREATE TRIGGER entries_stay BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'the logbook only grows'); END",
        "CREATE TRIGGER entries_remain BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'the logbook only grows'); END",
    ),
)


class Logbook:
    """The entries of one data folder. Its file is opened for each use and is not there before the first entry."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, entry: Entry) -> None:
        """Put an entry behind the others. Raises StorageError."""
        values = (entry.at.astimezone(UTC).isoformat(timespec="milliseconds"), entry.kind, entry.collection, entry.version)
        more = (entry.fingerprint, entry.model, entry.summary, json.dumps(dict(entry.figures), ensure_ascii=False))
        with self._opened() as database, database.transaction() as connection:
            connection.execute(f"INSERT INTO entries ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*values, *more))

    def entries(
        self, kind: str | None = None, since: datetime | None = None, collection: str | None = None, limit: int | None = None
    ) -> list[Entry]:
        """Return the entries that pass, the newest first. Raises StorageError for a file that cannot be read."""
        if not self.path.is_file():
            return []
        at = since and since.astimezone(UTC).isoformat(timespec="milliseconds")
        wanted = {"kind = ?": kind, "at >= ?": at, "collection = ?": collection}
        conditions = {condition: value for condition, value in wanted.items() if value is not None}
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        # A negative LIMIT is none.
        values = [*conditions.values(), -1 if limit is None else limit]
        with self._opened() as database:
            rows = database.fetch(f"SELECT {_COLUMNS}, number FROM entries {where} ORDER BY number DESC LIMIT ?", values)
        return [_entry(row) for row in rows]

    @contextmanager
    def _opened(self) -> Iterator[Database]:
        database = open_database(self.path, _MIGRATIONS)
        try:
            yield database
        except sqlite3.IntegrityError as error:
            raise StorageError(f"{self.path}: {error}") from None
        finally:
            database.close()


def open_logbook(settings: Settings) -> Logbook:
    """Return the logbook of a data folder; nothing is read yet."""
    return Logbook(settings.data_dir / FILE)


def _entry(row: Any) -> Entry:
    at, kind, collection, version, fingerprint, model, summary, figures, number = row
    return Entry(datetime.fromisoformat(at), kind, collection, version, fingerprint, model, summary, json.loads(figures), number)
