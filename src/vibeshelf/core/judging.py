"""The records of judging: what is to be graded, what was done, and what stands."""

from __future__ import annotations

from dataclasses import dataclass, field

# How the grades of several raters become one; ties and even numbers go to the lower grade.
RULES = ("median", "majority", "strictest")


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A query of a task; `note` says what its writer meant, for raters."""

    query_id: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """What raters grade: queries over the books that systems and run files find. `collections` are of the same books; the first shows them.

    `depth` is how many books each source gives a query, `rule` how grades of several raters become one.
    """

    name: str
    collections: tuple[str, ...]
    systems: tuple[str, ...]
    depth: int = 20
    rule: str = RULES[0]


@dataclass(frozen=True, slots=True)
class Pair:
    """A book that was, or is to be, graded for a query."""

    query_id: str
    book_id: str


@dataclass(frozen=True, slots=True)
class Made:
    """Under what an event happened: the collection's fingerprint and the guideline; None where nobody knows (imports)."""

    collection: str | None = None
    fingerprint: str | None = None
    guideline: int | None = None
    origin: str = "judge"


@dataclass(frozen=True, slots=True)
class Judgment:
    """What stands of one rater's work on one pair. `grade` is None for a skipped pair, whose note is the reason."""

    query_id: str
    book_id: str
    grade: int | None
    rater: str
    judged_at: str
    note: str = ""
    made: Made = field(default_factory=Made)

    @property
    def pair(self) -> Pair:
        return Pair(self.query_id, self.book_id)


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo took back, and what stands again since: None when the pair is ungraded now."""

    pair: Pair
    grade: int | None
    standing: Judgment | None
