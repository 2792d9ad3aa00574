"""The log of searches: a bounded SQLite table that several processes write to, off the path of the searches themselves.

Beside it lie what is promised of the searches (the objective) and the latencies that later ones are compared with.
"""

from __future__ import annotations

import atexit
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import astuple, fields, replace
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

from vibeshelf.adapters.database import Database, open_database
from vibeshelf.adapters.log_writer import LogWriter
from vibeshelf.adapters.querylog_tables import MIGRATIONS
from vibeshelf.core.errors import StorageError
from vibeshelf.core.searches import KEPT_BOOKS, KEPT_CHARACTERS, Baseline, Conditions, LoggedSearch, LogHealth, Objective
from vibeshelf.core.settings import Settings

# Some 60 MB of usual searches.
MAX_ROWS = 100_000
EXIT_SECONDS = 5.0
_COLUMNS = tuple(field.name for field in fields(LoggedSearch))
_values = attrgetter(*_COLUMNS)
_AT, _FILTERS, _BOOK_IDS = map(_COLUMNS.index, ("at", "filters", "book_ids"))
# What somebody may have typed.
_TYPED = tuple(map(_COLUMNS.index, ("text", "system", "collection", "source", "model")))
_CONDITIONS = tuple(field.name for field in fields(Conditions))
_INSERT = f"INSERT INTO searches ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_TRIM = "DELETE FROM searches WHERE search <= (SELECT max(search) FROM searches) - ?"


class QueryLog:
    """The log of a data folder. Adding costs a search some microseconds and never fails; reading sees what was written."""

    def __init__(self, path: Path, keeps_text: bool = True, max_rows: int = MAX_ROWS) -> None:
        self.path = path
        self.keeps_text = keeps_text
        self._max_rows = max_rows
        self._database: Database | None = None
        self._lock = threading.Lock()
        self._writer: LogWriter[Callable[[], LoggedSearch]] = LogWriter(self._write, f"searches in {path}")

    def add(self, search: LoggedSearch) -> None:
        """Take a search to be kept, without its text where none are kept."""
        shortened = self._as_kept(search)
        self._writer.add(lambda: shortened)

    def add_made(self, make: Callable[[], LoggedSearch]) -> None:
        """Take what makes a search to be kept; the thread that writes makes it, so that the one that searched need not."""
        self._writer.add(make)

    def flush(self, seconds: float = EXIT_SECONDS) -> bool:
        """Wait until all that was added is on its way to the disk; return False when that took longer."""
        return self._writer.flush(seconds)

    def read(self, since: datetime | None = None, limit: int = MAX_ROWS, collection: str | None = None) -> list[LoggedSearch]:
        """Return the newest searches, in the order of time. Raises StorageError for a log that cannot be read."""
        if not self.path.is_file():
            return []
        wanted: dict[str, object] = {"at >= ?": since and _text(since), "collection = ?": collection}
        conditions = {condition: value for condition, value in wanted.items() if value is not None}
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._open().fetch(
            f"SELECT {', '.join(_COLUMNS)} FROM searches {where} ORDER BY at DESC, search DESC LIMIT ?", [*conditions.values(), limit]
        )
        return [_search(row) for row in reversed(rows)]

    def texts(self, limit: int, collection: str | None = None) -> list[str]:
        """Return the latest different texts that were searched and kept whole, newest first."""
        if not self.path.is_file():
            return []
        where, values = ("AND collection = ?", [collection]) if collection is not None else ("", [])
        rows = self._open().fetch(
            f"SELECT text, max(search) AS latest FROM searches WHERE text IS NOT NULL AND error IS NULL AND characters <= ? {where} "
            "GROUP BY lower(text) ORDER BY latest DESC LIMIT ?",
            [KEPT_CHARACTERS, *values, limit],
        )
        return [text for text, _ in rows]

    def health(self) -> LogHealth:
        """Return how the log is; never raises."""
        writer = self._writer
        about = (self._size(), writer.waiting, writer.lost, self.keeps_text)
        try:
            rows = self._open().fetch("SELECT count(*), min(at) FROM searches") if self.path.is_file() else [(0, None)]
        except StorageError as error:
            return LogHealth(None, self._max_rows, None, *about, problem=writer.problem or str(error))
        return LogHealth(rows[0][0], self._max_rows, rows[0][1] and datetime.fromisoformat(rows[0][1]), *about, problem=writer.problem)

    def objective(self) -> Objective:
        """Return what is promised, the default when nobody chose."""
        rows = self._open().fetch("SELECT share, milliseconds FROM objective") if self.path.is_file() else []
        return Objective(*rows[0]) if rows else Objective()

    def promise(self, objective: Objective) -> None:
        """Keep an objective in the place of the one before. Raises StorageError."""
        with self._open().transaction() as connection:
            connection.execute("REPLACE INTO objective VALUES (1, ?, ?)", (objective.share, objective.milliseconds))

    def record(self, baseline: Baseline) -> None:
        """Keep a baseline; the newest of its conditions is the one that counts. Raises StorageError."""
        times = [_text(at) for at in (baseline.recorded_at, baseline.since, baseline.until)]
        values = [*astuple(baseline.conditions), baseline.machine, *times, json.dumps(baseline.samples_ms)]
        columns = f"{', '.join(_CONDITIONS)}, machine, recorded_at, since, until, samples_ms"
        with self._open().transaction() as connection:
            connection.execute(f"INSERT INTO baselines ({columns}) VALUES ({', '.join('?' * len(values))})", values)

    def baseline(self, conditions: Conditions, machine: str) -> Baseline | None:
        """Return the newest baseline of these conditions on this machine."""
        if not self.path.is_file():
            return None
        where = " AND ".join(f"{name} = ?" for name in (*_CONDITIONS, "machine"))
        rows = self._open().fetch(
            f"SELECT recorded_at, since, until, samples_ms FROM baselines WHERE {where} ORDER BY baseline DESC LIMIT 1",
            [*astuple(conditions), machine],
        )
        return _baseline(conditions, machine, rows[0]) if rows else None

    def _write(self, searches: Sequence[Callable[[], LoggedSearch]]) -> None:
        rows = [_row(self._as_kept(made())) for made in searches]
        try:
            with self._open().transaction() as connection:
                connection.executemany(_INSERT, rows)
                connection.execute(_TRIM, (self._max_rows,))
        except BaseException:
            # Opened when its file could not be written, a connection stays so for ever: the next batch opens another.
            self._close()
            raise

    def _as_kept(self, search: LoggedSearch) -> LoggedSearch:
        return _cut(search) if self.keeps_text else _without_text(search)

    def _open(self) -> Database:
        """Return the database, opened at the first use, and again when its file was moved away."""
        if not self.path.is_file():
            self._close()
        with self._lock:
            if self._database is None:
                opened = open_database(self.path, MIGRATIONS, durable=False)
                if not self.keeps_text:
                    _forget_texts(opened)
                self._database = opened
            return self._database

    def _close(self) -> None:
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _size(self) -> int:
        size = 0
        for path in (self.path, self.path.with_name(f"{self.path.name}-wal")):
            with suppress(OSError):
                size += path.stat().st_size
        return size


class _Logs:
    """One log for each file and process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[Path, bool], QueryLog] = {}

    def get(self, path: Path, keeps_text: bool) -> QueryLog:
        with self._lock:
            known = self._open.get((path, keeps_text))
            if known is None:
                known = self._open[path, keeps_text] = QueryLog(path, keeps_text)
                atexit.register(known.flush)
            return known


_logs = _Logs()


def query_log(settings: Settings) -> QueryLog:
    """Return the log of a data folder; this process has one. It touches no disk before it is used."""
    return _logs.get(settings.query_log_path, settings.query_text)


def _forget_texts(database: Database) -> None:
    """Take out every text that was kept while texts were kept: their bytes too, not only their places."""
    if not database.fetch("SELECT 1 FROM searches WHERE text IS NOT NULL LIMIT 1"):
        return
    database.fetch("PRAGMA secure_delete = ON")
    with database.transaction() as connection:
        rows = connection.execute("SELECT search, filters FROM searches WHERE filters <> '[]'").fetchall()
        connection.executemany("UPDATE searches SET filters = ? WHERE search = ?", [(_keys_only(filters), at) for at, filters in rows])
        connection.execute("UPDATE searches SET text = NULL")
    database.fetch("PRAGMA wal_checkpoint(TRUNCATE)")


def _keys_only(filters: str) -> str:
    return json.dumps(_keys(json.loads(filters)))


def _keys(filters: Iterable[str]) -> tuple[str, ...]:
    return tuple(condition.partition("=")[0] for condition in filters)


def _without_text(search: LoggedSearch) -> LoggedSearch:
    # The values of a filter may be words that somebody typed, too.
    return replace(search, text=None, filters=_keys(search.filters))


def _cut(search: LoggedSearch) -> LoggedSearch:
    return search if search.characters <= KEPT_CHARACTERS else replace(search, text=(search.text or "")[:KEPT_CHARACTERS])


def _row(search: LoggedSearch) -> list[Any]:
    # Not asdict, which copies every value: what this thread takes is taken from the searches that run meanwhile.
    row = list(_values(search))
    row[_AT] = _text(search.at)
    row[_FILTERS] = json.dumps(search.filters)
    row[_BOOK_IDS] = json.dumps(search.book_ids[:KEPT_BOOKS])
    # Half a surrogate pair, which SQLite refuses, must not cost a whole batch.
    for at in _TYPED:
        row[at] = row[at] and row[at].encode("utf-8", "replace").decode()
    return row


def _search(row: Sequence[Any]) -> LoggedSearch:
    values = dict(zip(_COLUMNS, row, strict=True))
    values["at"] = datetime.fromisoformat(values["at"])
    for name in ("filters", "book_ids"):
        values[name] = tuple(json.loads(values[name]))
    return LoggedSearch(**{**values, "remembered": bool(values["remembered"]), "repeat": bool(values["repeat"])})


def _baseline(conditions: Conditions, machine: str, row: Sequence[str]) -> Baseline:
    recorded_at, since, until = map(datetime.fromisoformat, row[:3])
    return Baseline(conditions, machine, recorded_at, since, until, tuple(json.loads(row[3])))


def _text(at: datetime) -> str:
    # All of one length, so that their order as texts is that of time.
    return at.astimezone(UTC).isoformat(timespec="microseconds")
