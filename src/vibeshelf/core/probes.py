"""The records of an examination: what each probe saw, what it expected, what that means and what mends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

PASS, WARN, FAIL, NOT_APPLICABLE = "pass", "warn", "fail", "not_applicable"
# From the best to the worst; what does not apply says nothing either way.
STATUSES = (NOT_APPLICABLE, PASS, WARN, FAIL)
GROUPS = ("towers", "vectors", "geometry", "index", "drift")
# What a chart is drawn from: a number, a word, or a column of them; columns that belong together have the same length.
Figure = float | int | str | tuple[float, ...] | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A book that shows what a probe means, with what was seen of it."""

    book_id: str
    title: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one probe says of a collection. `id` is 'group.name'; `fix` is a command or a step, empty where nothing is to be done.

    `repair` names the repair of `services.repair` that mends it, or is empty; `book_ids` are the books that it would touch, all of them.
    """

    id: str
    group: str
    status: str
    observed: str
    expected: str
    meaning: str
    fix: str = ""
    examples: tuple[Example, ...] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict)
    repair: str = ""
    book_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Examination:
    """All that was found of a collection at one time.

    `status` is the worst of its results. `fingerprint` names the encoder that built the collection and `revision` the state of its
    books, None where no manifest could be read. `examined_at` is ISO 8601 in UTC. `cheap`: only the probes that run at every start.
    `changes` says, a sentence each, what is otherwise than at the last examination of the same kind.
    """

    collection: str
    status: str
    results: tuple[ProbeResult, ...]
    seconds: float
    examined_at: str
    fingerprint: str | None
    revision: int | None
    count: int | None
    cheap: bool = False
    changes: tuple[str, ...] = ()

    @property
    def when(self) -> str:
        """The minute it was made, as people read it: '2026-11-24 10:00 UTC'."""
        return f"{self.examined_at[:10]} {self.examined_at[11:16]} UTC"


def worst(statuses: Sequence[str]) -> str:
    """Return the verdict over several: the worst of them; 'not_applicable' only when all are."""
    return max(statuses, key=STATUSES.index, default=NOT_APPLICABLE)
