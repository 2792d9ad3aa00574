"""The tables of the log of searches, as numbered migrations: a released one is never edited, another follows it."""

from __future__ import annotations

_SEARCHES = (
    """CREATE TABLE searches (
        search INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        source TEXT NOT NULL,
        collection TEXT NOT NULL,
        model TEXT NOT NULL,
        system TEXT NOT NULL,
        k INTEGER NOT NULL,
        filters TEXT NOT NULL,
        device TEXT NOT NULL,
        backend TEXT NOT NULL,
        precision TEXT NOT NULL,
        text TEXT,
        characters INTEGER NOT NULL,
        words INTEGER NOT NULL,
        total_ms REAL NOT NULL,
        encode_ms REAL,
        search_ms REAL,
        hydrate_ms REAL,
        results INTEGER,
        top_score REAL,
        cosine REAL,
        book_ids TEXT NOT NULL,
        remembered INTEGER NOT NULL CHECK (remembered IN (0, 1)),
        repeat INTEGER NOT NULL CHECK (repeat IN (0, 1)),
        error TEXT,
        CHECK ((error IS NULL) = (results IS NOT NULL))
    )""",
    "CREATE INDEX searches_at ON searches (at)",
    "CREATE TABLE objective (one INTEGER PRIMARY KEY CHECK (one = 1), share REAL NOT NULL, milliseconds REAL NOT NULL)",
    """CREATE TABLE baselines (
        baseline INTEGER PRIMARY KEY AUTOINCREMENT,
        collection TEXT NOT NULL, system TEXT NOT NULL, model TEXT NOT NULL, device TEXT NOT NULL, backend TEXT NOT NULL,
        precision TEXT NOT NULL, machine TEXT NOT NULL, recorded_at TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL,
        samples_ms TEXT NOT NULL
    )""",
)

MIGRATIONS = (_SEARCHES,)
