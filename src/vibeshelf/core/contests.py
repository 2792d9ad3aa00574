"""The records of blind comparisons: who competes, what a visitor was shown, what came of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

ONE, OTHER = 0, 1


@dataclass(frozen=True, slots=True)
class Contender:
    """A system on a collection, and so with a model: what can be compared."""

    collection: str
    system: str

    @property
    def name(self) -> str:
        """As in an address and in a file: 'hybrid on starter'."""
        return f"{self.system} on {self.collection}"


@dataclass(frozen=True, slots=True)
class Contest:
    """Two contenders, in the order of their names. `state` names their books, models and weights: another state is another contest."""

    one: Contender
    other: Contender
    state: str

    @property
    def teams(self) -> tuple[Contender, Contender]:
        return self.one, self.other


@dataclass(frozen=True, slots=True)
class Drawn:
    """A book as it was shown in a round, in its `collection`, and the team that it counts for: ONE or OTHER."""

    book_id: str
    collection: str
    title: str
    team: int


@dataclass(frozen=True, slots=True)
class Round:
    """One visitor's blind look at one query. `picked` holds the places (from 0) of the books that were liked.

    `outcome` is None until the visitor is done: then 1 where ONE has won, -1 where OTHER has, 0 for a tie.
    """

    round_id: str
    contest: Contest
    query: str
    visitor: str
    seed: str
    drawn: tuple[Drawn, ...]
    dealt_at: str
    picked: frozenset[int] = field(default_factory=frozenset)
    outcome: int | None = None
    settled_at: str | None = None


def outcome_of(drawn: Collection[Drawn], picked: Collection[int]) -> int:
    """Return 1 where more of ONE's books were picked, -1 where more of OTHER's were, 0 for as many."""
    likes = [each.team for place, each in enumerate(drawn) if place in picked]
    return (likes.count(ONE) > likes.count(OTHER)) - (likes.count(ONE) < likes.count(OTHER))
