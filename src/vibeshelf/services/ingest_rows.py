"""What an ingest keeps track of while it reads: rows in batches, ids that were met, rows that were rejected."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from vibeshelf.adapters.catalog import SourceRow
from vibeshelf.core.errors import SourceError, StorageError
from vibeshelf.core.records import Rejected

# Rows that travel together: enough to sort by length, few enough that a killed ingest loses seconds.
BATCH_ROWS = 256


class Batches:
    """Rows in batches; where the source breaks off, the rows before are still given, and `error` says why it ended."""

    def __init__(self, rows: Iterator[SourceRow]) -> None:
        self._rows = rows
        self.error: SourceError | None = None

    def __iter__(self) -> Iterator[list[SourceRow]]:
        batch: list[SourceRow] = []
        try:
            for row in self._rows:
                batch.append(row)
                if len(batch) == BATCH_ROWS:
                    yield batch
                    batch = []
        except SourceError as error:
            self.error = error
        if batch:
            yield batch


class SeenIds:
    """The ids that this run has met, in a temporary file: memory does not grow with the source."""

    def __init__(self) -> None:
        # An empty name is a file that SQLite unlinks as it opens it: nothing is left behind by an ingest that was killed.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; CREATE TABLE seen (id TEXT PRIMARY KEY) WITHOUT ROWID;")

    def __enter__(self) -> SeenIds:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def add(self, book_ids: Sequence[str]) -> set[int]:
        """Remember the ids and return the positions of those that were met before, here or in an earlier batch."""
        self._db.execute("BEGIN")
        again = {
            at for at, book_id in enumerate(book_ids) if not self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (book_id,)).rowcount
        }
        self._db.execute("COMMIT")
        return again

    def has(self, book_id: str) -> bool:
        return self._db.execute("SELECT 1 FROM seen WHERE id = ?", (book_id,)).fetchone() is not None


class RejectsFile:
    """JSON lines of the rows that were not used; the file exists only when there are any."""

    def __init__(self, data_dir: Path, collection: str) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        self.path = data_dir / "rejects" / f"{collection}-{stamp}.jsonl"
        self._file: TextIO | None = None
        self._first = ""

    def __enter__(self) -> RejectsFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    @property
    def kept_path(self) -> str | None:
        return str(self.path) if self._first else None

    @property
    def first_reason(self) -> str:
        return f", the first: {self._first}; see {self.path}" if self._first else ""

    def write(self, rejected: Sequence[Rejected]) -> None:
        try:
            for row in rejected:
                if self._file is None:
                    self.path.parent.mkdir(parents=True, exist_ok=True)
                    self._file = self.path.open("w", encoding="utf-8")
                    self._first = f"line {row.line}: {row.reason}"
                self._file.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
        except OSError as error:
            raise StorageError(
                f"cannot write {self.path} ({error.strerror}); the rejected rows must not be lost, so nothing more was read"
            ) from None
