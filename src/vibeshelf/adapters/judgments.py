"""Judgments as events that are only ever added: each grade, change, skip, undo and settlement. What stands is a view of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vibeshelf.adapters.database import Database
from vibeshelf.core.errors import InputError
from vibeshelf.core.judging import Judgment, Made, Pair, Undone
from vibeshelf.core.records import GRADES

_STANDING = "query_id, book_id, grade, rater, at, note, collection, fingerprint, guideline, origin"
_OF_PAIR = "task = ? AND query_id = ? AND book_id = ? AND rater = ?"


@dataclass(frozen=True, slots=True)
class Conflict:
    """An imported judgment that differs from what the same rater has here; what is here stays."""

    here: Judgment
    there: Judgment


@dataclass(frozen=True, slots=True)
class Merged:
    """What an import did: added, found to be here already, or refused because the rater's grade here is another."""

    added: int
    unchanged: int
    conflicts: tuple[Conflict, ...]


class Judgments:
    """The events of a database. Writing is one short transaction each; a returned write is on disk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def grade(self, task: str, pair: Pair, rater: str, grade: int, note: str = "", made: Made | None = None) -> bool:
        """Record a grade, or a changed one; return False when the same grade and note stand already. Raises InputError."""
        return self._record(task, Judgment(pair.query_id, pair.book_id, check_grade(grade), rater, now(), note, made or Made()))

    def skip(self, task: str, pair: Pair, rater: str, reason: str, made: Made | None = None) -> bool:
        """Record that a rater could not grade a pair; return False when that stands already."""
        return self._record(task, Judgment(pair.query_id, pair.book_id, None, rater, now(), reason, made or Made()))

    def undo(self, task: str, rater: str) -> Undone | None:
        """Take back the rater's last grade, change or skip of this task; None when there is none left. Imports stay."""
        with self._database.transaction() as connection:
            last = _take_back(connection, task, rater, "kind <> 'settle'")
            return None if last is None else Undone(*last, _standing_of(connection, task, last[0], rater))

    def undo_settlement(self, task: str, rater: str) -> Undone | None:
        """Take back the rater's last settlement of this task; an earlier one of that pair holds again, where there is one."""
        with self._database.transaction() as connection:
            last = _take_back(connection, task, rater, "kind = 'settle'")
            return None if last is None else Undone(*last, _settled_of(connection, task, last[0]))

    def settle(self, task: str, pair: Pair, rater: str, grade: int, note: str = "", made: Made | None = None) -> None:
        """Record which grade holds for a pair, whatever its raters gave; a later settlement takes the place of an earlier one."""
        with self._database.transaction() as connection:
            _insert(
                connection, "settle", task, Judgment(pair.query_id, pair.book_id, check_grade(grade), rater, now(), note, made or Made())
            )

    def merge(self, task: str, judgments: Iterable[Judgment], settlements: Iterable[Judgment] = ()) -> Merged:
        """Add judgments and settlements from elsewhere, all or none: nothing that stands is changed, what differs is reported."""
        added = unchanged = 0
        conflicts: list[Conflict] = []
        with self._database.transaction() as connection:
            for settles, judgment in [*((False, each) for each in judgments), *((True, each) for each in settlements)]:
                here = (
                    _settled_of(connection, task, judgment.pair)
                    if settles
                    else _standing_of(connection, task, judgment.pair, judgment.rater)
                )
                if here is None:
                    _insert(connection, "settle" if settles else _kind(judgment, None), task, judgment)
                    added += 1
                elif here.grade == judgment.grade:
                    unchanged += 1
                else:
                    conflicts.append(Conflict(here, judgment))
        return Merged(added, unchanged, tuple(conflicts))

    def standing(self, task: str, query_id: str | None = None, rater: str | None = None) -> list[Judgment]:
        """Return what stands, skips among it, in the order of query, book and rater."""
        where, values = "task = ?", [task]
        for column, value in (("query_id", query_id), ("rater", rater)):
            if value is not None:
                where, values = f"{where} AND {column} = ?", [*values, value]
        rows = self._database.fetch(f"SELECT {_STANDING} FROM standing WHERE {where} ORDER BY query_id, book_id, rater", values)
        return [_judgment(row) for row in rows]

    def settled(self, task: str) -> dict[Pair, Judgment]:
        """Return the settlement of every pair that has one."""
        rows = self._database.fetch(f"SELECT {_STANDING} FROM settled WHERE task = ?", (task,))
        return {judgment.pair: judgment for judgment in map(_judgment, rows)}

    def last(self, task: str, rater: str, count: int = 1) -> list[Judgment]:
        """Return the newest grades and skips that the rater made here and did not undo, newest first."""
        rows = self._database.fetch(
            f"SELECT {_STANDING} FROM live WHERE task = ? AND rater = ? AND origin = 'judge' AND kind <> 'settle' "
            "ORDER BY event DESC LIMIT ?",
            (task, rater, count),
        )
        return [_judgment(row) for row in rows]

    def has_grades(self, task: str) -> bool:
        """Return whether a grade of a task stands."""
        return bool(self._database.fetch("SELECT 1 FROM standing WHERE task = ? AND grade IS NOT NULL LIMIT 1", (task,)))

    def count(self, task: str) -> int:
        """Return the number of events of a task, whatever became of them."""
        return int(self._database.fetch("SELECT count(*) FROM events WHERE task = ?", (task,))[0][0])

    def _record(self, task: str, judgment: Judgment) -> bool:
        with self._database.transaction() as connection:
            here = _standing_of(connection, task, judgment.pair, judgment.rater)
            # A key that was pressed twice, or a click that a slow page sent again, is one judgment.
            if here is not None and (here.grade, here.note) == (judgment.grade, judgment.note):
                return False
            _insert(connection, _kind(judgment, here), task, judgment)
            return True


def check_grade(grade: int) -> int:
    """Return the grade. Raises InputError for another than 0, 1, 2 or 3."""
    if grade not in GRADES:
        raise InputError(f"grade {grade!r}; expected one of {', '.join(map(str, GRADES))}")
    return grade


def now() -> str:
    """Return the time as judgments carry it: UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _kind(judgment: Judgment, here: Judgment | None) -> str:
    if judgment.grade is None:
        return "skip"
    return "grade" if here is None or here.grade is None else "change"


def _take_back(connection: sqlite3.Connection, task: str, rater: str, which: str) -> tuple[Pair, int | None] | None:
    """Undo the rater's last such event that was made here; return its pair and grade, or None where there is none."""
    last = connection.execute(
        f"SELECT event, query_id, book_id, grade FROM live WHERE task = ? AND rater = ? AND origin = 'judge' AND {which} "
        "ORDER BY event DESC LIMIT 1",
        (task, rater),
    ).fetchone()
    if last is None:
        return None
    event, query_id, book_id, grade = last
    _insert(connection, "undo", task, Judgment(query_id, book_id, None, rater, now()), undoes=event)
    return Pair(query_id, book_id), grade


def _insert(connection: sqlite3.Connection, kind: str, task: str, judgment: Judgment, undoes: int | None = None) -> None:
    made = judgment.made
    connection.execute(
        "INSERT INTO events (kind, task, query_id, book_id, rater, grade, note, at, recorded_at, collection, fingerprint, guideline, "
        "origin, undoes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            kind, task, judgment.query_id, judgment.book_id, judgment.rater, judgment.grade, judgment.note, judgment.judged_at, now(),
            made.collection, made.fingerprint, made.guideline, made.origin, undoes,
        ),
    )  # fmt: skip


def _standing_of(connection: sqlite3.Connection, task: str, pair: Pair, rater: str) -> Judgment | None:
    row = connection.execute(f"SELECT {_STANDING} FROM standing WHERE {_OF_PAIR}", (task, pair.query_id, pair.book_id, rater)).fetchone()
    return _judgment(row) if row else None


def _settled_of(connection: sqlite3.Connection, task: str, pair: Pair) -> Judgment | None:
    row = connection.execute(
        f"SELECT {_STANDING} FROM settled WHERE task = ? AND query_id = ? AND book_id = ?", (task, pair.query_id, pair.book_id)
    ).fetchone()
    return _judgment(row) if row else None


def _judgment(row: Any) -> Judgment:
    query_id, book_id, grade, rater, judged_at, note, *made = row
    return Judgment(query_id, book_id, grade, rater, judged_at, note, Made(*made))
