"""The tables of judging, as numbered migrations: a released one is never edited, another follows it."""

from __future__ import annotations

_EVENTS = (
    """CREATE TABLE events (
        event INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL CHECK (kind IN ('grade', 'change', 'skip', 'undo', 'settle')),
        task TEXT NOT NULL,
        query_id TEXT NOT NULL,
        book_id TEXT NOT NULL,
        rater TEXT NOT NULL,
        grade INTEGER CHECK (grade BETWEEN 0 AND 3),
        note TEXT NOT NULL DEFAULT '',
        at TEXT NOT NULL,
        recorded_at TEXT NOT NULL,
        collection TEXT,
        fingerprint TEXT,
        guideline INTEGER,
        origin TEXT NOT NULL,
        undoes INTEGER REFERENCES events (event),
        CHECK ((kind IN ('grade', 'change', 'settle')) = (grade IS NOT NULL)),
        CHECK ((kind = 'undo') = (undoes IS NOT NULL))
    )""",
    "CREATE UNIQUE INDEX event_undone ON events (undoes) WHERE undoes IS NOT NULL",
    "CREATE INDEX events_of_pair ON events (task, query_id, book_id, rater)",
    "CREATE INDEX events_of_rater ON events (task, rater, event)",
    "CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are never changed'); END",
    "CREATE TRIGGER events_remain BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END",
    """CREATE VIEW live AS
        SELECT * FROM events e
        WHERE kind <> 'undo' AND NOT EXISTS (SELECT 1 FROM events u WHERE u.undoes = e.event)""",
    """CREATE VIEW standing AS
        SELECT * FROM live e
        WHERE kind <> 'settle' AND NOT EXISTS (
            SELECT 1 FROM live l
            WHERE l.task = e.task AND l.query_id = e.query_id AND l.book_id = e.book_id AND l.rater = e.rater
              AND l.event > e.event AND l.kind <> 'settle')""",
    """CREATE VIEW settled AS
        SELECT * FROM live e
        WHERE kind = 'settle' AND NOT EXISTS (
            SELECT 1 FROM live l
            WHERE l.task = e.task AND l.query_id = e.query_id AND l.book_id = e.book_id
              AND l.event > e.event AND l.kind = 'settle')""",
)

_TASKS = (
    "CREATE TABLE raters (name TEXT PRIMARY KEY, seed TEXT NOT NULL, since TEXT NOT NULL)",
    """CREATE TABLE tasks (
        name TEXT PRIMARY KEY, collections TEXT NOT NULL, systems TEXT NOT NULL, depth INTEGER NOT NULL,
        rule TEXT NOT NULL, since TEXT NOT NULL)""",
    """CREATE TABLE queries (
        task TEXT NOT NULL REFERENCES tasks (name), query_id TEXT NOT NULL, position INTEGER NOT NULL,
        text TEXT NOT NULL, note TEXT NOT NULL DEFAULT '', PRIMARY KEY (task, query_id))""",
    "CREATE TABLE pools (task TEXT NOT NULL, query_id TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (task, query_id))",
    """CREATE TABLE pool_books (
        task TEXT NOT NULL, query_id TEXT NOT NULL, source TEXT NOT NULL, book_id TEXT NOT NULL, rank INTEGER NOT NULL,
        PRIMARY KEY (task, query_id, source, book_id)) WITHOUT ROWID""",
    """CREATE TABLE run_books (
        task TEXT NOT NULL, run TEXT NOT NULL, query_id TEXT NOT NULL, book_id TEXT NOT NULL, rank INTEGER NOT NULL,
        PRIMARY KEY (task, query_id, run, book_id)) WITHOUT ROWID""",
    """CREATE TABLE thumbs (
        thumb INTEGER PRIMARY KEY AUTOINCREMENT, collection TEXT NOT NULL, query TEXT NOT NULL, book_id TEXT NOT NULL,
        up INTEGER NOT NULL CHECK (up IN (0, 1)), at TEXT NOT NULL)""",
    "CREATE INDEX thumbs_of_query ON thumbs (query)",
)

# Thumbs of visitors who can take back their own.
_SUGGESTIONS = (
    """CREATE TABLE suggestions (
        suggestion INTEGER PRIMARY KEY AUTOINCREMENT, collection TEXT NOT NULL, query TEXT NOT NULL, book_id TEXT NOT NULL,
        visitor TEXT NOT NULL, up INTEGER CHECK (up IN (0, 1)), at TEXT NOT NULL)""",
    "INSERT INTO suggestions SELECT thumb, collection, query, book_id, '', up, at FROM thumbs",
    "DROP TABLE thumbs",
    "CREATE INDEX suggestions_of_result ON suggestions (collection, query, book_id, visitor, suggestion)",
    """CREATE VIEW thumbed AS
        SELECT * FROM suggestions s
        WHERE up IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM suggestions l
            WHERE l.collection = s.collection AND l.query = s.query AND l.book_id = s.book_id AND l.visitor = s.visitor
              AND l.suggestion > s.suggestion)""",
)

MIGRATIONS = (_EVENTS, _TASKS, _SUGGESTIONS)
FILE = "judgments.sqlite"
