"""What is kept of searches: one record each, what was promised of them, and what they are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

# How many of a search's books are kept, and how much of its text.
KEPT_BOOKS, KEPT_CHARACTERS = 10, 2000


@dataclass(frozen=True, slots=True)
class LoggedSearch:
    """One search as it went. What was not measured is None: a remembered query has no time of an encoder.

    `total_ms` is what the asker waited; `cosine` the mean cosine similarity of the first ten books, None where the system looked
    at none; `repeat` says that the same visitor's page asked the same again, as a redrawn page does. `error` is the kind of
    error that ended the search; there are no results then. `text` is None when no texts are kept, and stops after 2,000
    characters; `characters` and `words` are those of the whole.
    """

    at: datetime
    source: str
    collection: str
    model: str
    system: str
    k: int
    filters: tuple[str, ...]
    device: str
    backend: str
    precision: str
    text: str | None
    characters: int
    words: int
    total_ms: float
    encode_ms: float | None = None
    search_ms: float | None = None
    hydrate_ms: float | None = None
    results: int | None = None
    top_score: float | None = None
    cosine: float | None = None
    book_ids: tuple[str, ...] = ()
    remembered: bool = False
    repeat: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Objective:
    """What is promised: this share of searches ends in less than this time."""

    share: float = 0.95
    milliseconds: float = 100.0


@dataclass(frozen=True, slots=True)
class Conditions:
    """What latencies must have in common to be compared."""

    collection: str
    system: str
    model: str
    device: str
    backend: str
    precision: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """Latencies to compare later ones with: milliseconds in the order of their searches, and under what they were measured."""

    conditions: Conditions
    machine: str
    recorded_at: datetime
    since: datetime
    until: datetime
    samples_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LogHealth:
    """How the log itself is. `lost` counts the searches of this process that could not be kept; `problem` is the last reason.

    `kept` and `since` are None when the log cannot be read.
    """

    kept: int | None
    room: int
    since: datetime | None
    size_bytes: int
    waiting: int
    lost: int
    keeps_text: bool
    problem: str | None = None
