"""A SQLite file that several threads and processes write to, in short transactions; its tables come by numbered migrations."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vibeshelf.core.errors import StorageError

Migration = tuple[str, ...]
# Others hold the file for milliseconds; who waits this long has met something that will not go away by itself.
_WAIT_SECONDS = 30.0
_PAUSE_SECONDS = 0.02


class Database:
    """An open file. One connection, one statement or transaction at a time; other processes have their own."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.Lock()

    def fetch(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Return the rows of a query."""
        with self._lock, _errors(self.path):
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for writing; all that was written is on disk afterwards, or nothing where an error was raised."""
        with self._lock, _errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled back already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def open_database(path: Path, migrations: Sequence[Migration], *, durable: bool = True) -> Database:
    """Return the database, made or brought to the newest migration where needed.

    `durable`: what was written survives a power cut, not only a killed process; without it a transaction waits for no disk.
    Raises StorageError for a file that is no database of ours, is newer than this program, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot make {path.parent} ({error.strerror}); set VIBESHELF_DATA_DIR to a folder that can be written"
        ) from None
    with _errors(path):
        connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            _switch_to_wal(connection)
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            database = Database(path, connection)
            _migrate(database, migrations)
        except BaseException:
            connection.close()
            raise
    return database


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging, which SQLite refuses, without waiting, while another process does the same."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)


def _migrate(database: Database, migrations: Sequence[Migration]) -> None:
    version = database.fetch("PRAGMA user_version")[0][0]
    if version == len(migrations):
        return
    with database.transaction() as connection:
        # Read again under the lock: another process may have migrated in between.
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(migrations):
            raise StorageError(f"{database.path} is of version {version}; this program knows {len(migrations)}. Update Vibeshelf")
        for statements in migrations[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.Error as error:
        raise StorageError(f"{path}: {error}. {_mend(str(error))}") from None


def _mend(message: str) -> str:
    if "locked" in message:
        return f"Another process held it for more than {_WAIT_SECONDS:.0f} s; wait until that is done and try again"
    if "full" in message:
        return "Make room on that disk and try again; what was stored before is kept"
    if "not a database" in message or "malformed" in message:
        return "Put it aside and import your last export, or restore it from a copy"
    return "Expected a SQLite file in a folder that can be written (VIBESHELF_DATA_DIR)"
