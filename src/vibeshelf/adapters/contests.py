"""Blind comparisons as they happened: rounds, picks, verdicts and new beginnings are only ever added."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vibeshelf.adapters.database import Database
from vibeshelf.adapters.judgments import now
from vibeshelf.core.contests import Contender, Contest, Drawn, Round, outcome_of
from vibeshelf.core.errors import InputError

_Fetch = Callable[[str, Sequence[object]], list[Any]]
_LATEST_PICKS = """SELECT place FROM picks p WHERE round = ? AND liked = 1
    AND NOT EXISTS (SELECT 1 FROM picks l WHERE l.round = p.round AND l.place = p.place AND l.pick > p.pick)"""
_TABLES = (
    """CREATE TABLE rounds (
        round TEXT PRIMARY KEY, one_collection TEXT NOT NULL, one_system TEXT NOT NULL, other_collection TEXT NOT NULL,
        other_system TEXT NOT NULL, state TEXT NOT NULL, query TEXT NOT NULL, visitor TEXT NOT NULL, seed TEXT NOT NULL,
        drawn TEXT NOT NULL, at TEXT NOT NULL)""",
    """CREATE TABLE picks (
        pick INTEGER PRIMARY KEY AUTOINCREMENT, round TEXT NOT NULL REFERENCES rounds (round), place INTEGER NOT NULL,
        liked INTEGER NOT NULL CHECK (liked IN (0, 1)), at TEXT NOT NULL)""",
    "CREATE INDEX picks_of_round ON picks (round, place, pick)",
    """CREATE TABLE verdicts (
        verdict INTEGER PRIMARY KEY AUTOINCREMENT, round TEXT NOT NULL UNIQUE REFERENCES rounds (round),
        outcome INTEGER NOT NULL CHECK (outcome IN (-1, 0, 1)), at TEXT NOT NULL)""",
    """CREATE TABLE beginnings (
        beginning INTEGER PRIMARY KEY AUTOINCREMENT, one_collection TEXT NOT NULL, one_system TEXT NOT NULL,
        other_collection TEXT NOT NULL, other_system TEXT NOT NULL, after_verdict INTEGER NOT NULL, at TEXT NOT NULL)""",
    *(
        f"CREATE TRIGGER {table}_{what.lower()} BEFORE {what} ON {table} BEGIN SELECT RAISE(ABORT, '{table} are only added'); END"
        for table in ("rounds", "picks", "verdicts", "beginnings")
        for what in ("UPDATE", "DELETE")
    ),
)
MIGRATIONS = (_TABLES,)
FILE = "contests.sqlite"
_OF_PAIR = "one_collection = ? AND one_system = ? AND other_collection = ? AND other_system = ?"


@dataclass(frozen=True, slots=True)
class Settled:
    """A round that a visitor has finished. `number` grows in the order of verdicts; `again` says that the count began anew since."""

    number: int
    round_id: str
    contest: Contest
    query: str
    visitor: str
    outcome: int
    settled_at: str
    again: bool


class Contests:
    """The blind comparisons of a database; what a call has written is on disk when it returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def deal(self, contest: Contest, query: str, visitor: str, seed: str, drawn: tuple[Drawn, ...]) -> Round:
        """Keep a new round, as it is shown to a visitor."""
        dealt = Round(secrets.token_urlsafe(9), contest, query, visitor, seed, drawn, now())
        shown = json.dumps([asdict(each) for each in drawn], ensure_ascii=False)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO rounds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (dealt.round_id, *_pair(contest), contest.state, query, visitor, seed, shown, dealt.dealt_at),
            )
        return dealt

    def get(self, round_id: str) -> Round | None:
        """Return a round with what was picked so far; None for one that there is not."""
        return _round(self._database.fetch, round_id)

    def pick(self, round_id: str, place: int, liked: bool) -> None:
        """Keep that a book was liked, or no longer; a finished round stays as it is. Raises InputError for what was not dealt."""
        with self._database.transaction() as connection:
            found = _dealt(connection, round_id)
            if not 0 <= place < len(found.drawn):
                raise InputError(f"place {place} of a round of {len(found.drawn)} books; expected 0 to {len(found.drawn) - 1}")
            if found.outcome is None:
                connection.execute("INSERT INTO picks (round, place, liked, at) VALUES (?, ?, ?, ?)", (round_id, place, liked, now()))

    def settle(self, round_id: str) -> Round:
        """Finish a round with what was picked, and return it; one that was finished before stays as it is."""
        with self._database.transaction() as connection:
            found = _dealt(connection, round_id)
            if found.outcome is None:
                connection.execute(
                    "INSERT INTO verdicts (round, outcome, at) VALUES (?, ?, ?)",
                    (round_id, outcome_of(found.drawn, found.picked), now()),
                )
            return _dealt(connection, round_id)

    def settled(self, one: Contender, other: Contender) -> list[Settled]:
        """Return the finished rounds of two contenders, whatever their state was, in the order of their verdicts."""
        pair = (one.collection, one.system, other.collection, other.system)
        since = self._database.fetch(f"SELECT coalesce(max(after_verdict), 0) FROM beginnings WHERE {_OF_PAIR}", pair)[0][0]
        rows = self._database.fetch(
            f"SELECT verdict, v.round, state, query, visitor, outcome, v.at FROM verdicts v JOIN rounds USING (round)"
            f" WHERE {_OF_PAIR} ORDER BY verdict",
            pair,
        )
        return [
            Settled(number, round_id, Contest(one, other, state), query, visitor, outcome, at, number <= since)
            for number, round_id, state, query, visitor, outcome, at in rows
        ]

    def begin_anew(self, one: Contender, other: Contender) -> None:
        """Count two contenders' rounds from here on; those before are kept."""
        pair = (one.collection, one.system, other.collection, other.system)
        with self._database.transaction() as connection:
            last = connection.execute("SELECT coalesce(max(verdict), 0) FROM verdicts").fetchone()[0]
            connection.execute(
                "INSERT INTO beginnings (one_collection, one_system, other_collection, other_system, after_verdict, at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (*pair, last, now()),
            )

    def beginnings(self, one: Contender, other: Contender) -> int:
        """Return how often two contenders' count was begun anew."""
        pair = (one.collection, one.system, other.collection, other.system)
        return int(self._database.fetch(f"SELECT count(*) FROM beginnings WHERE {_OF_PAIR}", pair)[0][0])


def _pair(contest: Contest) -> tuple[str, str, str, str]:
    return contest.one.collection, contest.one.system, contest.other.collection, contest.other.system


def _dealt(connection: sqlite3.Connection, round_id: str) -> Round:
    found = _round(lambda statement, values: connection.execute(statement, values).fetchall(), round_id)
    if found is None:
        raise InputError(f"no round '{round_id[:40]}' was dealt here; begin a new one")
    return found


def _round(fetch: _Fetch, round_id: str) -> Round | None:
    rows = fetch("SELECT * FROM rounds WHERE round = ?", (round_id,))
    if not rows:
        return None
    _, one_collection, one_system, other_collection, other_system, state, query, visitor, seed, drawn, at = rows[0]
    contest = Contest(Contender(one_collection, one_system), Contender(other_collection, other_system), state)
    # The verdict first: once it is there, no pick is added.
    verdicts = fetch("SELECT outcome, at FROM verdicts WHERE round = ?", (round_id,))
    outcome, settled_at = verdicts[0] if verdicts else (None, None)
    picked = frozenset(place for (place,) in fetch(_LATEST_PICKS, (round_id,)))
    shown = tuple(Drawn(**each) for each in json.loads(drawn))
    return Round(round_id, contest, query, visitor, seed, shown, at, picked, outcome, settled_at)
