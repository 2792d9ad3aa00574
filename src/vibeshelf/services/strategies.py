"""What a rater is given, and in which order. The order tells nothing of systems, ranks or scores, and differs between raters."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from vibeshelf.adapters.tasks import Ranks
from vibeshelf.core.judging import Judgment, Pair

SECOND_OPINION_SHARE = 0.2
# Holes are looked for where the usual measures look, and come in blocks: shuffled within, so that no rank can be guessed.
_HOLE_DEPTH, _HOLE_BLOCK = 10, 10


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one query of a task when a rater sits down: its pool, what others gave, thumbs, this rater's skips."""

    query_id: str
    ranks: Ranks
    others: Mapping[str, list[int]]
    settled: Collection[str]
    thumbs: Collection[str]
    skipped: Collection[str]


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to choose pairs: `choose` gives them in blocks, which are shuffled one by one."""

    label: str
    choose: Callable[[Known], list[list[str]]]


def whole_pool(known: Known) -> list[list[str]]:
    return [list(known.ranks)]


def holes_first(known: Known) -> list[list[str]]:
    """Return what nobody has graded and the systems rank differently near the top, where that changes the measured difference most."""
    weights = {book_id: hole_weight(ranks) for book_id, ranks in known.ranks.items() if book_id not in known.others}
    matter = sorted((book_id for book_id, weight in weights.items() if weight > 0), key=lambda book_id: (-weights[book_id], book_id))
    return [matter[start : start + _HOLE_BLOCK] for start in range(0, len(matter), _HOLE_BLOCK)]


def weight_of_holes(known: Known) -> float:
    """Return how far the grades that nobody gave can move the systems apart on a query."""
    return sum(hole_weight(ranks) for book_id, ranks in known.ranks.items() if book_id not in known.others)


def disagreements(known: Known) -> list[list[str]]:
    """Return what others gave different grades, unless that was settled."""
    return [[book_id for book_id, grades in known.others.items() if len(set(grades)) > 1 and book_id not in known.settled]]


def second_opinion(known: Known) -> list[list[str]]:
    """Return a fixed sample of what exactly one other rater graded: the same pairs for everybody."""
    return [
        [
            book_id
            for book_id, grades in known.others.items()
            if len(grades) == 1 and _draw("second", known.query_id, book_id) < SECOND_OPINION_SHARE * 2**64
        ]
    ]


def suggested(known: Known) -> list[list[str]]:
    """Return what got a thumb, up or down, for these words."""
    return [list(known.thumbs)]


def skipped_before(known: Known) -> list[list[str]]:
    """Return what this rater could not grade before."""
    return [list(known.skipped)]


STRATEGIES = {
    "pool": Strategy("Everything in the pool", whole_pool),
    "holes": Strategy("Holes first: ungraded, and the systems differ", holes_first),
    "disagreements": Strategy("Where others disagree", disagreements),
    "second": Strategy("A second opinion on a fifth", second_opinion),
    "thumbs": Strategy("Suggested by thumbs from searches", suggested),
    "skipped": Strategy("What I skipped", skipped_before),
}
# The strategies that need a query's pool; the others go by what was graded or suggested.
POOLED = ("pool", "holes")


def chosen(strategy: str, seed: str, known: Known) -> list[str]:
    """Return the book ids for a rater in the rater's own order."""
    blocks = STRATEGIES[strategy].choose(known)
    return [book_id for block in blocks for book_id in shuffled(seed, known.query_id, block)]


def shuffled(seed: str, query_id: str, book_ids: Iterable[str]) -> list[str]:
    """Return the ids in an order that depends on seed and query alone: a pool that grows keeps the order of what it had."""
    return sorted(book_ids, key=lambda book_id: (_draw(seed, query_id, book_id), book_id))


def hole_weight(ranks: Mapping[str, int]) -> float:
    """Return how far a book's grade can move two systems apart: the largest difference of its rank discounts.

    A source that did not find the book discounts it to 0, and one that is alone is compared with that.
    """
    discounts = [1 / math.log2(rank + 1) if rank <= _HOLE_DEPTH else 0.0 for rank in ranks.values()]
    return max(discounts, default=0.0) - min(discounts, default=0.0)


def known_of(
    query_id: str, ranks: Mapping[str, Mapping[str, int]], sources: int, standing: Iterable[Judgment], rater: str,
    settled: Collection[Pair], thumbs: Collection[str],
) -> Known:  # fmt: skip
    """Gather what is known of a query; `sources` is how many there are, so that a source that missed a book is seen as one."""
    others: dict[str, list[int]] = defaultdict(list)
    skipped = []
    for judgment in standing:
        if judgment.rater != rater and judgment.grade is not None:
            others[judgment.book_id].append(judgment.grade)
        if judgment.rater == rater and judgment.grade is None:
            skipped.append(judgment.book_id)
    absent = _HOLE_DEPTH + 1
    padded = {book_id: {**found, **({"": absent} if len(found) < sources else {})} for book_id, found in ranks.items()}
    return Known(query_id, padded, others, {pair.book_id for pair in settled if pair.query_id == query_id}, thumbs, skipped)


def _draw(*parts: str) -> int:
    """Return a number below 2**64 that is drawn from the parts."""
    return int.from_bytes(hashlib.blake2b("\x00".join(parts).encode(), digest_size=8).digest(), "big")
