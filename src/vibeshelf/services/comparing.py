"""Two rankings side by side: which books moved, by how much, and which only one of them has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vibeshelf.core.records import Hit


@dataclass(frozen=True, slots=True)
class Moved:
    """A book of one ranking and its rank in the other; None where that one does not have it as far down as was looked."""

    hit: Hit
    other_rank: int | None

    @property
    def up(self) -> int | None:
        """How many places higher it stands here than there; negative for lower, None for a book that is not there."""
        return None if self.other_rank is None else self.other_rank - self.hit.rank


@dataclass(frozen=True, slots=True)
class Comparison:
    """The first `k` books of two rankings, each with its rank in the other, which was looked at down to `depth`."""

    left: tuple[Moved, ...]
    right: tuple[Moved, ...]
    k: int
    depth: int

    @property
    def shared(self) -> int:
        """How many of the books that are shown on the left are shown on the right too."""
        return sum(each.other_rank is not None and each.other_rank <= self.k for each in self.left)


def compare(left: Sequence[Hit], right: Sequence[Hit], k: int = 10) -> Comparison:
    """Return the first k of both with their moves; the hits beyond k tell where a book went that left the first k."""
    left_keys, right_keys = keys_of(left, right)
    on_left, on_right = first_of(left_keys, left), first_of(right_keys, right)
    return Comparison(_moved(left_keys[:k], left, on_right), _moved(right_keys[:k], right, on_left), k, max(len(left), len(right)))


def keys_of(left: Sequence[Hit], right: Sequence[Hit]) -> tuple[list[str], list[str]]:
    """Return what tells whether a book of one ranking is a book of the other: its id within one corpus, else title and author.

    They are of one corpus where all ids that both have stand for books of the same title.
    """
    titles = {hit.book_id: _name(hit) for hit in left}
    common = [hit for hit in right if hit.book_id in titles]
    one_corpus = bool(common) and all(titles[hit.book_id] == _name(hit) for hit in common)
    if one_corpus:
        return [hit.book_id for hit in left], [hit.book_id for hit in right]
    return [_name(hit) or hit.book_id for hit in left], [_name(hit) or hit.book_id for hit in right]


def first_of(keys: Sequence[str], hits: Sequence[Hit]) -> dict[str, Hit]:
    """Return the best hit of every key."""
    return dict(zip(reversed(keys), reversed(hits), strict=True))


def _moved(keys: Sequence[str], hits: Sequence[Hit], elsewhere: Mapping[str, Hit]) -> tuple[Moved, ...]:
    there = (elsewhere.get(key) for key in keys)
    return tuple(Moved(hit, other.rank if other else None) for hit, other in zip(hits, there, strict=False))


def _name(hit: Hit) -> str:
    first = hit.book.authors[0] if hit.book.authors else ""
    return f"{' '.join(hit.title.split())}\n{' '.join(first.split())}".casefold().strip()
