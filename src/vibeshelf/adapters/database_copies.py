"""Whole copies of a SQLite file that others may be writing to."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from vibeshelf.core.errors import SourceError, StorageError


def copy_database(source: Path, target: Path) -> None:
    """Make `target` hold what `source` held at one moment, in one transaction; who has `target` open sees it from then on.

    Raises StorageError where either is no database, or is locked.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
    except sqlite3.Error as error:
        raise StorageError(f"{source} cannot be copied to {target}: {error}. Wait until nobody writes to it and try again") from None


def settle_copy(path: Path) -> None:
    """Make one file of a copy, with no log beside it, so that the same content has the same bytes."""
    with closing(sqlite3.connect(path)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("VACUUM")


def counts_of(path: Path, tables: tuple[str, ...]) -> tuple[int, dict[str, int]]:
    """Return (schema version, rows of each table) of a database that is whole. Raises SourceError for any other file."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            if (found := db.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
                raise SourceError(f"{path.name} is a damaged database: {found[:160]}")
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            return version, {table: int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in tables}
    except sqlite3.Error as error:
        raise SourceError(f"{path.name} is no database of judgments: {error}") from None
